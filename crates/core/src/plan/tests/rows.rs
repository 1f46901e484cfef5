//! Rows of effects that we did not write.

use super::*;

#[test]
fn no_row_decides_what_is_put() {
    let record = of_three_kinds();
    let made = effects(&record, &principal(), &[], at(5)).unwrap();
    let (of_group, of_policy) = (made[0].clone(), made[1].clone());
    let EffectChange::InlinePolicyPut {
        name,
        document,
        ends_at,
    } = &of_policy.change
    else {
        panic!("another change")
    };
    let all =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let put = |document: &str, ends_at| EffectChange::InlinePolicyPut {
        name: name.clone(),
        document: document.to_owned(),
        ends_at,
    };
    let later = *ends_at + jiff::SignedDuration::from_hours(1);
    for forged in [put(all, *ends_at), put(document, later), put(all, later)] {
        let row = RecordedEffect {
            change: forged,
            ..of_policy.clone()
        };
        let planned = effects(&record, &principal(), &[of_group.clone(), row], at(9));
        assert_eq!(planned, Err(FailureCode::ContentChanged));
    }
    // A row under the key of the group, with another spelling of its name: ours is what counts.
    let row = RecordedEffect {
        change: EffectChange::GroupJoined {
            group: "ANALYSTS".parse().unwrap(),
        },
        ..of_group
    };
    let planned = effects(&record, &principal(), &[row, of_policy.clone()], at(9)).unwrap();
    assert_eq!(planned[0].change, made[0].change);
    assert_eq!(planned[1], of_policy);
}
