//! What has to be changed in IAM, and what may be undone. Planning and applying are separate:
//! these functions decide, the provisioner does.

use jiff::Timestamp;

use crate::account::{PolicyFacts, PrincipalFacts};
use crate::approval::Verdict;
use crate::binding::{Binding, content_digest};
use crate::effect::{Effect, EffectChange};
use crate::guardrails::Guardrails;
use crate::id::{Digest, RequestId, SysId};
use crate::record::{Asked, FailureCode, Kept, KeptBecause, PROVISION_WITHIN, RequestRecord};
use crate::request::Grant;
use crate::slots::{Touched, touched};

/// Checks that what was approved is what is there: that every slot that is touched has an
/// approval by somebody who was asked, on exactly this content, and that the guardrails of today
/// allow it. Signatures are verified besides.
///
/// # Errors
/// What does not hold.
pub fn check(
    record: &RequestRecord,
    principal: &PrincipalFacts,
    policies: &[PolicyFacts],
    guardrails: &Guardrails,
    now: Timestamp,
) -> Result<(), FailureCode> {
    let asked = record.asked.as_ref().ok_or(FailureCode::UnprovenDecision)?;
    // The signed time, so that old decisions cannot be put to use again.
    let decided = record
        .decisions
        .iter()
        .map(|decided| decided.signed.decision.at)
        .max();
    let newest = decided.and_then(|at| Timestamp::from_second(at).ok());
    if newest.is_none_or(|at| now.duration_since(at) > PROVISION_WITHIN * 2) {
        return Err(FailureCode::UnprovenDecision);
    }
    let there = Binding {
        principal: principal.bound(),
        policies: policies.iter().map(PolicyFacts::bound).collect(),
        guardrails: guardrails.digest().clone(),
    };
    let content = content_digest(&record.request, &there, &asked.slots);
    if content.ok().as_ref() != Some(&asked.content) {
        return Err(FailureCode::ContentChanged);
    }
    let approved = |needed: &Touched| is_approved(record, asked, needed, principal.owner());
    let needed = touched(&record.request, &[]);
    if !needed.iter().all(approved) || needed.len() != asked.slots.len() {
        return Err(FailureCode::UnprovenDecision);
    }
    let outside = !guardrails.judge_request(&record.request).is_empty()
        || guardrails
            .judge_facts(&record.request, principal, policies)
            .is_err();
    if outside {
        Err(FailureCode::OutsideGuardrails)
    } else {
        Ok(())
    }
}

/// Whether what is touched has its slot, approved on this content by somebody who was asked and
/// is not involved.
fn is_approved(
    record: &RequestRecord,
    asked: &Asked,
    needed: &Touched,
    owner: Option<SysId>,
) -> bool {
    let slot = asked
        .slots
        .iter()
        .find(|slot| slot.touched == *needed && slot.id == needed.slot_id());
    let decided = slot.and_then(|slot| record.decision_of(&slot.id));
    let (Some(slot), Some(decided)) = (slot, decided) else {
        return false;
    };
    let decision = &decided.signed.decision;
    let Some(approver) = slot.approver(&decision.approver) else {
        return false;
    };
    // Nobody decides on what they ask for or receive, nor through somebody who stands in.
    let involved =
        |person: &SysId| *person == record.request.requested_by || owner.as_ref() == Some(person);
    decision.verdict == Verdict::Approve
        && decision.request == record.id
        && decision.content == asked.content
        && decision.reason == Digest::of(decided.reason.as_str().as_bytes())
        && !involved(&approver.sys_id)
        && !approver.on_behalf_of.as_ref().is_some_and(involved)
}

/// The effects that a request is to have, to be recorded before anything is changed.
///
/// An effect counts as there before us where the policy is attached and no other request gives
/// it, or where a request that still has it found it there. What is not attached now was not
/// there, whatever another request found. What was recorded before a crash stays as it was
/// recorded.
#[must_use]
pub fn effects(
    record: &RequestRecord,
    principal: &PrincipalFacts,
    live: &[Effect],
    now: Timestamp,
) -> Vec<Effect> {
    let plan = |grant: &Grant| {
        let Grant::AttachManagedPolicy { policy_arn } = grant;
        let change = EffectChange::PolicyAttached {
            policy_arn: policy_arn.clone(),
        };
        let mine = live
            .iter()
            .find(|effect| effect.change == change && effect.request == record.id);
        if let Some(recorded) = mine {
            return recorded.clone();
        }
        let given: Vec<bool> = others(&change, &record.id, live)
            .map(|e| e.preexisting)
            .collect();
        let found_there = given.is_empty() || given.contains(&true);
        let preexisting = found_there && principal.has(policy_arn);
        Effect {
            request: record.id.clone(),
            principal: record.request.target.clone(),
            change,
            preexisting,
            since: now,
        }
    };
    record.request.grants.iter().map(plan).collect()
}

/// Whether an effect is undone when its request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// The change is taken back.
    Remove,
    /// It was there before us, and stays.
    StaysAsItWas,
    /// Another request still gives it, and it stays.
    StillGiven,
}

/// What is to be done about an effect when its request ends. `live` are all live effects on the
/// principal.
#[must_use]
pub fn undo(effect: &Effect, live: &[Effect]) -> Undo {
    if effect.preexisting {
        Undo::StaysAsItWas
    } else if others(&effect.change, &effect.request, live).any(|other| !other.preexisting) {
        Undo::StillGiven
    } else {
        Undo::Remove
    }
}

/// Which of a request's effects stay when it ends, and why.
#[must_use]
pub fn kept(mine: &[Effect], live: &[Effect]) -> Vec<Kept> {
    let stays = |effect: &Effect| {
        let because = match undo(effect, live) {
            Undo::Remove => return None,
            Undo::StaysAsItWas => KeptBecause::ThereBefore,
            Undo::StillGiven => KeptBecause::StillGiven,
        };
        let change = effect.change.clone();
        Some(Kept { change, because })
    };
    mine.iter().filter_map(stays).collect()
}

fn others<'a>(
    change: &'a EffectChange,
    request: &'a RequestId,
    live: &'a [Effect],
) -> impl Iterator<Item = &'a Effect> {
    live.iter()
        .filter(move |effect| effect.change == *change && effect.request != *request)
}

#[cfg(test)]
mod tests;
