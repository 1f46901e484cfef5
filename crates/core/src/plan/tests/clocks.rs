//! Clocks that differ.

use super::*;

/// The clock of whoever signed, or of whoever wrote the record, was ahead, or somebody wrote a time
/// of their own.
#[test]
fn what_is_signed_in_the_future_proves_nothing() {
    let record = approved();
    let signed = record.decisions()[0].signed.decision.at - at(0).as_second();
    let checked = |second| check(&record, &surveyed(), &guardrails(), at(second));
    assert_eq!(checked(signed - 120), Ok(()), "clocks differ a little");
    assert_eq!(checked(signed - 121), Err(FailureCode::UnprovenDecision));
    assert_eq!(
        checked(signed - 48 * 3600),
        Err(FailureCode::UnprovenDecision)
    );
}

/// The provisioner's clock may be ahead by days: access ends a day and its duration after the signed
/// decision at the latest, the end that its inline policy carries included.
#[test]
fn access_ends_a_day_and_its_duration_after_the_decision_at_the_latest() {
    let record = approved();
    let signed = record.decisions()[0].signed.decision.at - at(0).as_second();
    let latest = at(signed + (24 + 8) * 3600);
    assert_eq!(record.latest_end(), Some(latest));
    assert_eq!(until(&record, &[], at(100)), at(100 + 8 * 3600));
    for ahead in [24 * 3600 + 60, 90 * 24 * 3600] {
        assert_eq!(until(&record, &[], at(signed + ahead)), latest);
    }
}
