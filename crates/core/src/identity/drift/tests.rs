//! What is told of one difference, of none and of many.

use jiff::SignedDuration;

use super::*;
use crate::account::{InlineFacts, Membership};
use crate::effect::EffectChange;
use crate::id::RequestId;
use crate::identity::tests::{UNIQUE_ID, user};
use crate::identity::{DescribedKey, IdentityEvent, LIFE_POLICY_NAME, MadeUser};
use crate::lifecycle::Actor;
use crate::record::tests::at;

const POLICY: &str = "arn:aws:iam::210987654321:policy/reports-read";
const END: i64 = 36_000;
const NOW: i64 = 9_000;

fn request() -> RequestId {
    RequestId::from_random([1; 16])
}

fn then(record: &IdentityRecord, event: IdentityEvent, second: i64) -> IdentityRecord {
    let change = record.apply(event, Actor::Provisioner, at(second));
    change.unwrap().record
}

/// A user that went live long ago.
fn live() -> IdentityRecord {
    let begun = IdentityRecord::begin(request(), user(), Actor::Provisioner, at(0));
    let unique_id = UNIQUE_ID.to_owned();
    let seen = then(
        &begun.unwrap().record,
        IdentityEvent::UserCreated { unique_id },
        1,
    );
    then(&seen, IdentityEvent::WentLive { until: at(END) }, 2)
}

/// The same after its end.
fn ended() -> IdentityRecord {
    let ending = then(&live(), IdentityEvent::EndingStarted, END);
    let grace_until = at(END + 99_999);
    then(&ending, IdentityEvent::Ended { grace_until }, END + 1)
}

fn effect(change: EffectChange) -> RecordedEffect {
    RecordedEffect {
        request: request(),
        principal_key: live().principal_key(),
        principal: user().principal(),
        change,
        preexisting: false,
        since: at(0),
        latest_end: Some(at(END)),
        signature: None,
    }
}

fn effects() -> Vec<RecordedEffect> {
    let (name, group) = (user().name, "analysts".parse().unwrap());
    let unique_id = Some("AGPAEXAMPLE".to_owned());
    let changes = [
        EffectChange::UserCreated {
            name,
            ends_at: at(END),
        },
        EffectChange::PolicyAttached {
            policy_arn: POLICY.parse().unwrap(),
        },
        EffectChange::GroupJoined { group, unique_id },
        EffectChange::inline_policy(&request(), "{}".to_owned(), at(END)),
    ];
    changes.map(effect).into()
}

fn life(policy: LifePolicy) -> InlineFacts {
    InlineFacts {
        name: LIFE_POLICY_NAME.to_owned(),
        document: policy.document(),
    }
}

/// Just what is recorded.
fn found() -> DescribedUser {
    let user = user();
    let own = InlineFacts {
        name: format!("snowgate-{}", request()),
        document: "{ }".to_owned(),
    };
    let facts = crate::account::PrincipalFacts {
        unique_id: UNIQUE_ID.to_owned(),
        attached: vec![POLICY.to_owned()],
        inline: vec![life(LifePolicy::Until(at(END))), own],
        groups: vec![Membership {
            name: "renamed".to_owned(),
            unique_id: "AGPAEXAMPLE".to_owned(),
        }],
        ..user.to_be()
    };
    let made = MadeUser {
        name: user.name.clone(),
        unique_id: UNIQUE_ID.to_owned(),
        path: user.path.clone(),
        boundary: Some(user.boundary.as_str().to_owned()),
        tags: user.tags_for(&request()),
        created_at: at(1),
    };
    DescribedUser {
        made,
        facts,
        signed_in_at: None,
        keys: Some(vec![DescribedKey {
            id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            is_active: true,
            created_at: at(5),
            last_use: None,
        }]),
    }
}

fn told(
    record: &IdentityRecord,
    effects: &[RecordedEffect],
    found: &DescribedUser,
    second: i64,
) -> Vec<Drift> {
    let recorded = RecordedUser {
        record,
        effects,
        removals: &[],
    };
    drift(recorded, Some(found), at(second))
}

/// What is told after this change of what IAM has.
fn after(change: impl FnOnce(&mut DescribedUser)) -> Vec<Drift> {
    let mut found = found();
    change(&mut found);
    told(&live(), &effects(), &found, NOW)
}

#[test]
fn what_is_as_recorded_is_no_drift() {
    assert_eq!(told(&live(), &effects(), &found(), NOW), []);
    // Tags that an account adds by machine are no matter.
    let tagged = |found: &mut DescribedUser| {
        found
            .made
            .tags
            .insert("aws-created-by".to_owned(), "x".to_owned());
    };
    assert_eq!(after(tagged), []);
}

#[test]
fn each_difference_is_told_and_nothing_else() {
    use DriftCode::{Beside, Boundary, LifePolicy, NotThere, Path, Tag};
    assert_eq!(
        after(|found| found.made.path = "/".to_owned()),
        [Path.into()]
    );
    assert_eq!(after(|found| found.made.boundary = None), [Boundary.into()]);
    let untagged = |found: &mut DescribedUser| found.made.tags.retain(|key, _| key != "team");
    assert_eq!(after(untagged), [Tag.of("`team`")]);
    let no_life = |found: &mut DescribedUser| {
        found
            .facts
            .inline
            .retain(|one| one.name != LIFE_POLICY_NAME);
    };
    assert_eq!(after(no_life), [LifePolicy.into()]);
    let detached = |found: &mut DescribedUser| found.facts.attached.clear();
    assert_eq!(after(detached), [NotThere.of("policy `reports-read`")]);
    let rewritten = |found: &mut DescribedUser| {
        for one in found.facts.inline.iter_mut().skip(1) {
            one.document = "[]".to_owned();
        }
    };
    let own = format!("inline policy `snowgate-{}`", request());
    assert_eq!(after(rewritten), [NotThere.of(own)]);
    let left = |found: &mut DescribedUser| found.facts.groups.clear();
    assert_eq!(after(left), [NotThere.of("membership in group `analysts`")]);
    let more = |found: &mut DescribedUser| {
        let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
        found.facts.attached.push(arn.to_owned());
        found.facts.groups.push(Membership {
            name: "operators".to_owned(),
            unique_id: "AGPAOTHER".to_owned(),
        });
        let document = "{}".to_owned();
        let name = "by-hand".to_owned();
        found.facts.inline.push(InlineFacts { name, document });
    };
    let beside = [
        "policy `AdministratorAccess`",
        "inline policy `by-hand`",
        "membership in group `operators`",
    ];
    assert_eq!(after(more), beside.map(|what| Beside.of(what)));
}

#[test]
fn a_user_that_is_gone_or_another_has_nothing_else_told_of_it() {
    let (record, effects) = (live(), effects());
    let recorded = RecordedUser {
        record: &record,
        effects: &effects,
        removals: &[],
    };
    assert_eq!(drift(recorded, None, at(NOW)), [DriftCode::Missing.into()]);
    let another = |found: &mut DescribedUser| {
        found.made.unique_id = "AIDAEXAMPLEUSER000009".to_owned();
        found.made.path = "/".to_owned();
    };
    assert_eq!(after(another), [DriftCode::AnotherUser.into()]);
}

#[test]
fn after_its_end_a_user_is_denied_everything_and_has_nothing() {
    let late = END + 9_000;
    let mut left = found();
    left.facts.inline = vec![life(LifePolicy::Over)];
    left.facts.attached.clear();
    left.facts.groups.clear();
    left.keys = None;
    assert_eq!(told(&ended(), &[], &left, late), []);
    let codes: Vec<_> = told(&ended(), &[], &found(), late)
        .into_iter()
        .map(|one| one.code)
        .collect();
    use DriftCode::{ActiveKey, Beside, LifePolicy as Life};
    assert_eq!(codes, [Life, ActiveKey, Beside, Beside, Beside]);
}

#[test]
fn nothing_is_told_of_what_may_be_on_its_way() {
    let bare = DescribedUser {
        facts: crate::account::PrincipalFacts {
            unique_id: UNIQUE_ID.to_owned(),
            ..user().to_be()
        },
        ..found()
    };
    let settles = SETTLES_WITHIN.as_secs();
    assert_eq!(told(&live(), &effects(), &bare, 2 + settles - 1), []);
    assert_ne!(told(&live(), &effects(), &bare, 2 + settles), []);
    let mut young = effects();
    for effect in &mut young {
        effect.since = at(NOW) - SignedDuration::from_secs(settles - 1);
    }
    assert_eq!(told(&live(), &young, &bare, NOW), []);
    // What is over is being removed.
    assert_eq!(told(&live(), &effects(), &bare, END), []);
    // What was just removed may still be listed.
    let (record, found) = (live(), found());
    let kept: Vec<_> = effects()
        .into_iter()
        .filter(|one| one.change.is_of_user())
        .collect();
    let removals: Vec<_> = effects()
        .iter()
        .filter_map(|one| one.removal(at(NOW)))
        .collect();
    let recorded = RecordedUser {
        record: &record,
        effects: &kept,
        removals: &removals,
    };
    let shown = drift(recorded, Some(&found), at(NOW + 1));
    assert_eq!(shown, []);
    let moving = then(&live(), IdentityEvent::EndingStarted, END);
    assert_eq!(told(&moving, &effects(), &bare, END + 9_000), []);
}
