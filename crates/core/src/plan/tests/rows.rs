//! Rows of effects that we did not write.

use super::*;

/// Whatever a row under the key of a change holds, what is put follows from the request alone: before
/// it is begun, and after.
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
        let planned = effects(&record, &principal(), &[of_group.clone(), row], at(5));
        assert_eq!(planned.as_ref(), Ok(&made));
    }
    // A row under the key of the group, with another spelling of its name: ours is what counts.
    let row = RecordedEffect {
        change: EffectChange::GroupJoined {
            group: "ANALYSTS".parse().unwrap(),
            unique_id: None,
        },
        ..of_group
    };
    let planned = effects(&record, &principal(), &[row, of_policy], at(5));
    assert_eq!(planned, Ok(made));
}
