//! What a request that was begun has in IAM, as its record says. The effects in the ledger only
//! point from a principal to its requests: a row that is missing, unreadable or made up changes
//! neither what a request gave nor what is removed at its end.

use jiff::Timestamp;

use super::{changes, effect, named_changes};
use crate::account::PrincipalFacts;
use crate::approval::Verdict;
use crate::binding::Binding;
use crate::effect::{EffectChange, RecordedEffect};
use crate::id::RequestId;
use crate::principal::PrincipalKey;
use crate::record::{
    AuditRow, DecisionRecord, Deviation, Event, PROVISION_WITHIN, Phase, RequestRecord,
};
use crate::request::AccessDuration;
use crate::slots::Slot;
use crate::time::shifted;

/// The effects of a request that was begun, and has not ended; none of any other.
#[must_use]
pub fn effects_of_begun(record: &RequestRecord) -> Vec<RecordedEffect> {
    let ends_at = inline_ends_at(record);
    ends_at.map_or_else(Vec::new, |ends_at| effects_until(record, ends_at))
}

/// The effects that a request had that is said to have ended, where something is left of it; none
/// of any other. Whether it was begun at all, its trail says.
#[must_use]
pub fn effects_of_ended(record: &RequestRecord) -> Vec<RecordedEffect> {
    match record.state().is_terminal() {
        true => effects_until(record, record.since()),
        false => Vec::new(),
    }
}

fn effects_until(record: &RequestRecord, ends_at: Timestamp) -> Vec<RecordedEffect> {
    // An inline policy could be made when it was begun. Where it cannot any more, its name counts.
    let changes = changes(record, ends_at).unwrap_or_else(|_| by_name(record, ends_at));
    let found = |change: &EffectChange| {
        let mut found = record.preexisting().iter();
        found.any(|one| one.key() == change.key())
    };
    let effects = changes.into_iter().map(|change| {
        // A user is never there before the request that creates it.
        let preexisting = found(&change) && !change.is_of_user();
        effect(record, change, preexisting, record.since())
    });
    effects.collect()
}

/// The changes that a request asks for, begun or not; of the inline policy its name alone.
#[must_use]
pub fn changes_asked(record: &RequestRecord) -> Vec<EffectChange> {
    by_name(record, Timestamp::MIN)
}

fn by_name(record: &RequestRecord, ends_at: Timestamp) -> Vec<EffectChange> {
    let mut changes = named_changes(record, ends_at);
    let inline = EffectChange::inline_policy(record.id(), String::new(), ends_at);
    changes.push(inline);
    changes
}

/// What a request may have given whose record is lost: what was bound when its approvers were asked,
/// and the inline policy that is named for it.
#[must_use]
pub fn changes_of_bound(id: &RequestId, binding: &Binding) -> Vec<EffectChange> {
    let policies = binding.policies.iter();
    let policies = policies.map(|policy| EffectChange::PolicyAttached {
        policy_arn: policy.arn.clone(),
    });
    let groups = binding.groups.iter().filter_map(|group| {
        Some(EffectChange::GroupJoined {
            group: group.arn.name().parse().ok()?,
            unique_id: Some(group.unique_id.clone()),
        })
    });
    let inline = EffectChange::inline_policy(id, String::new(), Timestamp::MIN);
    policies.chain(groups).chain([inline]).collect()
}

/// When access must have ended at the latest whose record is lost, as its trail says.
#[must_use]
pub fn latest_end_of(trail: &[AuditRow]) -> Timestamp {
    let mut ends = trail.iter().filter_map(|row| match &row.event {
        Event::Activated { until } => Some(*until),
        Event::Decided { decision } => {
            let at = Timestamp::from_second(decision.signed.decision.at).ok()?;
            Some(shifted(at, AccessDuration::LONGEST.as_signed()))
        }
        _ => None,
    });
    // The end of access that was activated is known; else it may have been as long as any.
    ends.next_back()
        .map_or(Timestamp::MAX, |end| shifted(end, PROVISION_WITHIN))
}

/// When the inline policy of a request that was begun ends by itself.
fn inline_ends_at(record: &RequestRecord) -> Option<Timestamp> {
    match record.phase() {
        Phase::Provisioning(_) => {
            let duration = record.request().duration.as_signed();
            Some(shifted(record.since(), duration))
        }
        Phase::Active(access) | Phase::Revoking(access) => {
            let revocation = access.revocation.as_ref();
            Some(revocation.map_or(access.until, |revocation| revocation.instead_of))
        }
        _ => None,
    }
}

/// The effects of another request on a principal: of one that is live, on this very principal, and
/// agrees with itself.
#[must_use]
pub fn live_effects(other: &RequestRecord, principal: &PrincipalKey) -> Vec<RecordedEffect> {
    match other.principal_key() == *principal && is_self_consistent(other) {
        true => effects_of_begun(other),
        false => Vec::new(),
    }
}

/// What an abandoned request gave to this very principal, and nobody has removed since; none of any
/// other request. It is not live, but neither was it there before.
#[must_use]
pub fn abandoned_effects(other: &RequestRecord, principal: &PrincipalKey) -> Vec<RecordedEffect> {
    let is_abandoned = other.is_abandoned() && other.principal_key() == *principal;
    let mut effects = match is_abandoned && is_self_consistent(other) {
        true => effects_of_ended(other),
        false => Vec::new(),
    };
    effects.retain(|effect| !effect.preexisting);
    effects
}

/// Whether a record agrees with itself: its content is that of its request, binding and slots, and
/// every slot has an approval of this very request on it. Signatures are verified besides.
#[must_use]
pub fn is_self_consistent(record: &RequestRecord) -> bool {
    let (Some(content), Some(round)) = (record.content(), record.round()) else {
        return false;
    };
    let approves = |decided: &DecisionRecord| {
        let decision = &decided.signed.decision;
        decision.request == *record.id()
            && decision.content == *content
            && decision.verdict == Verdict::Approve
    };
    let is_decided = |slot: &Slot| record.decision_of(&slot.id).is_some();
    !round.slots.is_empty()
        && record.decisions().iter().all(approves)
        && round.slots.iter().all(is_decided)
}

/// What of these effects is not in IAM as it was made.
#[must_use]
pub fn deviations(effects: &[RecordedEffect], principal: &PrincipalFacts) -> Vec<Deviation> {
    let missing = effects.iter().filter(|one| !principal.shows(&one.change));
    let missing = missing.map(|one| Deviation::Missing {
        change: one.change.clone(),
    });
    missing.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Digest;
    use crate::lifecycle::Actor;
    use crate::plan::tests::{approved, of_three_kinds, principal};
    use crate::plan::{effects, until};
    use crate::record::tests::at;

    #[test]
    fn only_live_requests_on_the_principal_give_anything() {
        let record = approved();
        let key = record.principal_key();
        assert_eq!(live_effects(&record, &key), [], "not begun");
        let started = Event::ProvisioningStarted {
            preexisting: Vec::new(),
        };
        let begun = record.apply(started, Actor::Provisioner, at(5));
        let begun = begun.unwrap().record;
        assert_eq!(live_effects(&begun, &key).len(), 1);
        let other = begun.request().target.key_by_id("AIDAOTHER");
        assert_eq!(live_effects(&begun, &other), []);
        let mut forged = begun.clone();
        forged.round_mut().binding.principal.path = "/elsewhere/".into();
        assert_eq!(
            live_effects(&forged, &key),
            [],
            "does not agree with itself"
        );
        let mut moved = begun.clone();
        moved.decisions_mut()[0].signed.decision.content = Digest::of(b"other");
        assert_eq!(live_effects(&moved, &key), [], "decided on something else");
        let mut borrowed = begun.clone();
        borrowed.decisions_mut()[0].signed.decision.request = RequestId::from_random([9; 16]);
        assert_eq!(
            live_effects(&borrowed, &key),
            [],
            "decided on another request"
        );
        let mut denied = begun.clone();
        denied.decisions_mut()[0].signed.decision.verdict = Verdict::Deny;
        assert_eq!(live_effects(&denied, &key), [], "denied");
        let mut undecided = begun;
        undecided.decisions_mut().clear();
        assert_eq!(live_effects(&undecided, &key), [], "not decided");
    }

    #[test]
    fn what_was_begun_is_the_same_whenever_one_looks() {
        let record = of_three_kinds();
        let made = effects(&record, &principal(), &[], at(5)).unwrap();
        // A second run makes the same policy as the first, with the same end, and so does whoever looks
        // for it while it is active.
        assert_eq!(effects_of_begun(&record), []);
        let preexisting = vec![made[0].change.clone()];
        let started = Event::ProvisioningStarted { preexisting };
        let begun = record.apply(started, Actor::Provisioner, at(5)).unwrap();
        let again = effects_of_begun(&begun.record);
        let changes = |effects: &[RecordedEffect]| -> Vec<(EffectChange, bool)> {
            let effects = effects.iter();
            effects
                .map(|one| (one.change.clone(), one.preexisting))
                .collect()
        };
        let expected = [
            (made[0].change.clone(), true),
            (made[1].change.clone(), false),
        ];
        assert_eq!(changes(&again), expected);
        let until = until(&begun.record, &again, at(500));
        let activated = Event::Activated { until };
        let active = begun
            .record
            .apply(activated, Actor::Provisioner, at(500))
            .unwrap();
        assert_eq!(changes(&effects_of_begun(&active.record)), expected);
        let early = Event::RevocationRequested {
            by: crate::record::RevokedBy::Client,
            reason: None,
            signature: None,
        };
        let ending = active
            .record
            .apply(early, Actor::Provisioner, at(600))
            .unwrap();
        assert_eq!(changes(&effects_of_begun(&ending.record)), expected);
    }
}
