#![no_main]

#[path = "../../tests/fuzz/policies.rs"]
mod policies;
#[path = "../../tests/fuzz/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::json(data));
