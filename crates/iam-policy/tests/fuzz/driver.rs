//! Drives a target with deterministic, mutated input for a fixed time, on any toolchain.
//!
//! `FUZZ_SECONDS` is the time for each target (4 unless set), `FUZZ_SEED` chooses another
//! sequence of inputs, and `FUZZ_INPUT` holds one input in hexadecimal to be tried again.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

/// No input may take longer, in a build for development on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// The longest input.
const LONGEST: usize = 4096;

/// What stands in policies and breaks readers; mutations put it in.
const WORDS: [&str; 40] = [
    "\"Effect\":\"Deny\",",
    "\"Action\":",
    "\"NotAction\":",
    "\"Resource\":",
    "\"NotResource\":",
    "\"Principal\":\"*\",",
    "\"NotPrincipal\":",
    "\"Condition\":{",
    "\"Sid\":\"\",",
    "${aws:username}",
    "${",
    "}",
    "{",
    "[",
    "]",
    "\\u0000",
    "\\ud800",
    "\"",
    ",",
    ":",
    "*",
    "?",
    "arn:aws:s3:::",
    "arn:aws:iam::",
    "ForAllValues:",
    "ForAnyValue:",
    "IfExists",
    "StringLike",
    "NumericLessThan",
    "DateGreaterThan",
    "IpAddress",
    "::/0",
    "10.0.0.0/8",
    "2026-05-02T00:00:00Z",
    "-292275055",
    "1e999",
    "null",
    "true",
    "\u{e9}",
    "\u{1f600}",
];

/// A small generator of numbers (SplitMix64): the same seed, the same sequence.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.roll() % limit.max(1) as u64) as usize
    }
}

/// Tries the target on mutations of the seeds until the time is over.
pub(crate) fn drive(name: &str, seeds: &[&[u8]], target: fn(&[u8])) {
    if let Ok(input) = std::env::var("FUZZ_INPUT") {
        return target(&from_hexadecimal(&input));
    }
    let number = |name: &str, default: u64| {
        let text = std::env::var(name).ok();
        text.map_or(default, |text| text.parse().expect("a number"))
    };
    let letters = name.bytes().fold(0, |sum, byte| sum * 31 + u64::from(byte));
    let mut dice = Dice::new(number("FUZZ_SEED", 1).wrapping_mul(0x1_0000_01b3) ^ letters);
    let time = Duration::from_secs(number("FUZZ_SECONDS", 4));
    let begun = Instant::now();
    let mut pool: Vec<Vec<u8>> = seeds.iter().map(|seed| seed.to_vec()).collect();
    let fixed = pool.len();
    pool.extend((0..32).map(|_| random(&mut dice)));
    let mut runs = 0_u64;
    while begun.elapsed() < time {
        let input = mutate(&pool, &mut dice);
        let started = Instant::now();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(&input))) {
            eprintln!(
                "{name} fails after {runs} inputs: FUZZ_INPUT={}",
                hexadecimal(&input)
            );
            resume_unwind(panic);
        }
        let took = started.elapsed();
        assert!(
            took < PATIENCE,
            "{name} took {took:?}: FUZZ_INPUT={}",
            hexadecimal(&input)
        );
        runs += 1;
        // Some of what was tried is built upon.
        if dice.below(8) == 0 {
            if pool.len() < 512 {
                pool.push(input);
            } else {
                let at = fixed + dice.below(pool.len() - fixed);
                pool[at] = input;
            }
        }
    }
    assert!(runs > 0);
    println!("{name}: {runs} inputs in {:?}", begun.elapsed());
}

fn random(dice: &mut Dice) -> Vec<u8> {
    (0..dice.below(512))
        .map(|_| dice.below(256) as u8)
        .collect()
}

fn mutate(pool: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    if dice.below(4) == 0 {
        return random(dice);
    }
    let mut input = pool[dice.below(pool.len())].clone();
    for _ in 0..=dice.below(6) {
        let at = dice.below(input.len() + 1);
        let to = at + dice.below((input.len() - at).min(64) + 1);
        match dice.below(7) {
            0 if !input.is_empty() => {
                let at = dice.below(input.len());
                input[at] = dice.below(256) as u8;
            }
            1 => {
                input.drain(at..to);
            }
            2 => {
                let copy = input[at..to].repeat(1 + dice.below(8));
                input.splice(at..at, copy);
            }
            3 => {
                let other = &pool[dice.below(pool.len())];
                let from = dice.below(other.len() + 1);
                let until = from + dice.below(other.len() - from + 1);
                input.splice(at..to, other[from..until].iter().copied());
            }
            4 => {
                input.truncate(at);
            }
            _ => {
                input.splice(at..at, WORDS[dice.below(WORDS.len())].bytes());
            }
        }
    }
    input.truncate(LONGEST);
    input
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hexadecimal(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or_default(), 16);
    digits
        .map(|pair| byte(pair).expect("hexadecimal digits"))
        .collect()
}
