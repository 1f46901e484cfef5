//! A differential test of `prove`: what passes is attacked by requests made for the pair.
//!
//! Pairs come from one policy by small changes: another version, other case, wildcards, variables
//! with and without defaults, elements turned into their opposites, other operators, other types.
//! Every pass is a claim that no request tells the two policies apart in one direction; each
//! request is decided by `evaluate`'s own code. `FUZZ_SECONDS` is the time (20 unless set), `FUZZ_SEED` another
//! sequence.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests"
)]

mod attack;
mod dice;
mod normal;
mod pairs;
mod pools;

use std::time::{Duration, Instant};

use dice::Dice;
use iam_policy::evaluate::{Outcome, Policies, Request, Ruleset, evaluate};
use iam_policy::prove::{CheckResult, check_disjoint, check_equivalent, check_no_new_access};
use pairs::Pair;

/// What came out.
#[derive(Default, Debug)]
struct Tally {
    pairs: u64,
    passed: u64,
    failed: u64,
    undecided: u64,
    checks: u64,
    /// Witnesses that `evaluate` does not confirm with the whole of its rules.
    unconfirmed: u64,
}

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn what_passes_withstands_every_request() {
    let time = Duration::from_secs(number("FUZZ_SECONDS", 20));
    let mut dice = Dice::new(number("FUZZ_SEED", 1));
    let begun = Instant::now();
    let mut tally = Tally::default();
    let mut unsound = Vec::new();
    while begun.elapsed() < time && unsound.len() < 5 {
        let pair = Pair::roll(&mut dice);
        if let Err(fault) = check(&pair, &mut dice, &mut tally) {
            unsound.push(format!("{fault}\n{pair}"));
        }
    }
    println!("{tally:?} in {:?}", begun.elapsed());
    for fault in &unsound {
        eprintln!("{fault}\n");
    }
    assert!(
        unsound.is_empty() && tally.checks > 0,
        "{} unsound",
        unsound.len()
    );
    // Nearly all of these have variables in what one side leaves out, or values that AWS may read
    // otherwise than we do.
    assert!(
        tally.undecided * 20 <= tally.pairs,
        "more than 5 % undecided"
    );
    assert_eq!(tally.unconfirmed, 0, "witnesses that `evaluate` refuses");
}

/// Decides one pair and attacks what passes.
fn check(pair: &Pair, dice: &mut Dice, tally: &mut Tally) -> Result<(), String> {
    let (reference, candidate) = (pair.reference(), pair.candidate());
    tally.pairs += 1;
    let result = check_no_new_access(&reference, &candidate);
    match &result {
        CheckResult::Pass => tally.passed += 1,
        CheckResult::Undecided { .. } => tally.undecided += 1,
        CheckResult::Fail { witness, .. } => {
            tally.failed += 1;
            if !candidate.allows(witness) || reference.allows(witness) {
                return Err(format!("no witness: {witness:?}"));
            }
            if pair.is_identity() && !is_confirmed(witness, &reference, &candidate) {
                tally.unconfirmed += 1;
                eprintln!("unconfirmed {witness:?}\n{pair}\n");
            }
        }
    }
    let disjoint = check_disjoint(&reference, &candidate);
    if let CheckResult::Fail { witness, .. } = &disjoint
        && (!candidate.allows(witness) || !reference.allows(witness))
    {
        return Err(format!("no common request: {witness:?}"));
    }
    if !result.is_pass() && !disjoint.is_pass() {
        return Ok(());
    }
    let equivalent = result.is_pass() && check_equivalent(&reference, &candidate).is_pass();
    for request in attack::requests(pair, dice) {
        tally.checks += 1;
        let (before, after) = (reference.allows(&request), candidate.allows(&request));
        if (result.is_pass() && after && !before) || (equivalent && before != after) {
            return Err(format!("passed, but {request:?}"));
        }
        if disjoint.is_pass() && before && after {
            return Err(format!("disjoint, but {request:?}"));
        }
    }
    Ok(())
}

/// Whether the whole of `evaluate` allows the witness by one policy and not by the other.
fn is_confirmed(witness: &Request, reference: &Ruleset, candidate: &Ruleset) -> bool {
    let allowed = |ruleset: &Ruleset| {
        let policies = Policies {
            identity: vec![ruleset.clone()],
            ..Policies::default()
        };
        evaluate(witness, &policies).outcome == Outcome::Allowed
    };
    // A resource may demand a policy of its own, whatever identities are allowed.
    let needs_resource_policy = witness.action().to_lowercase().starts_with("kms:")
        || witness
            .action()
            .to_lowercase()
            .starts_with("sts:assumerole");
    needs_resource_policy || allowed(candidate) && !allowed(reference)
}
