//! Effects of each kind.

use super::{at, attached, id, request};
use crate::approval::MacTag;
use crate::effect::{EffectChange, RecordedEffect, inline_policy_name};

/// An effect of each kind, one that is signed, and one on a principal that is known by name.
pub(in crate::stored::tests) fn effects() -> Vec<(&'static str, RecordedEffect)> {
    let target = request().target;
    let effect = |change| RecordedEffect {
        request: id(),
        principal_key: target.key_by_id("AIDAEXAMPLE"),
        principal: target.clone(),
        change,
        preexisting: false,
        since: at(6),
        latest_end: None,
        signature: None,
    };
    let inline = EffectChange::InlinePolicyPut {
        name: inline_policy_name(&id()),
        document: r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned(),
        ends_at: at(9 * 3600),
    };
    let created = EffectChange::UserCreated {
        name: "ci-billing".parse().unwrap(),
        ends_at: at(9 * 3600),
    };
    let group = |unique_id| EffectChange::GroupJoined {
        group: "analysts".parse().unwrap(),
        unique_id,
    };
    vec![
        ("policy_attached", effect(attached())),
        ("inline_policy_put", effect(inline)),
        ("user_created", effect(created)),
        ("group_joined", effect(group(None))),
        ("group_by_id", effect(group(Some("AGPAEXAMPLE".to_owned())))),
        (
            "signed",
            RecordedEffect {
                signature: Some(MacTag::new(vec![1; 32])),
                ..effect(attached())
            },
        ),
        (
            "by_name",
            RecordedEffect {
                principal_key: target.key_by_name(),
                ..effect(attached())
            },
        ),
    ]
}
