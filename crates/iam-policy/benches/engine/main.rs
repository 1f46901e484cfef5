//! The speed of the engine, in three ways.
//!
//! - Without words: times, by criterion; `iam-rs` and `serde_json` beside it do the same on the same
//!   inputs. Ratios within one run are what counts: times depend on the machine.
//! - `count JOB TIMES`: does a job so often and nothing else, for a tool that counts instructions.
//! - `write FILE`: writes the policies as a JSON list, for peers that are not written in Rust.
//!
//! The policies are generated, always the same; those of `CORPORA` are used instead where it is set.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench ends where its own inputs are wrong"
)]
#![expect(clippy::print_stdout, reason = "a command for a terminal")]

mod corpus;
mod count;
mod decide;
mod read;

use criterion::Criterion;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["count", job, times] => count::run(job, times.parse().expect("a number of times")),
        ["write", file] => {
            let policies = corpus::policies();
            let text = serde_json::to_string(&policies).unwrap();
            std::fs::write(file, text).expect("a file that can be written");
            let bytes: usize = policies.iter().map(String::len).sum();
            println!(
                "{} policies, {} bytes each",
                policies.len(),
                bytes / policies.len()
            );
        }
        _ => {
            let mut criterion = Criterion::default().configure_from_args();
            read::benches(&mut criterion);
            decide::benches(&mut criterion);
            criterion.final_summary();
        }
    }
}
