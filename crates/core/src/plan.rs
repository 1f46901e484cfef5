//! What has to be changed in IAM, and what may be undone. Planning and applying are separate:
//! these functions decide, the provisioner does.

use jiff::Timestamp;

use crate::account::{PolicyFacts, PrincipalFacts};
use crate::approval::Verdict;
use crate::binding::{Binding, content_digest};
use crate::effect::{Effect, EffectChange};
use crate::guardrails::Guardrails;
use crate::id::{Digest, RequestId};
use crate::record::{FailureCode, RequestRecord};
use crate::request::Grant;
use crate::slots::touched;

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
) -> Result<(), FailureCode> {
    let asked = record.asked.as_ref().ok_or(FailureCode::UnprovenDecision)?;
    let there = Binding {
        principal: principal.bound(),
        policies: policies.iter().map(PolicyFacts::bound).collect(),
        guardrails: guardrails.digest().clone(),
    };
    let content = content_digest(&record.request, &there, &asked.slots);
    if content.ok().as_ref() != Some(&asked.content) {
        return Err(FailureCode::ContentChanged);
    }
    for needed in touched(&record.request) {
        let slot = asked
            .slots
            .iter()
            .find(|slot| slot.touched == needed && slot.id == needed.slot_id());
        let slot = slot.ok_or(FailureCode::UnprovenDecision)?;
        let decided = record
            .decision_of(&slot.id)
            .ok_or(FailureCode::UnprovenDecision)?;
        let decision = &decided.signed.decision;
        let proved = decision.verdict == Verdict::Approve
            && decision.request == record.id
            && decision.content == asked.content
            && decision.reason == Digest::of(decided.reason.as_str().as_bytes())
            && slot
                .approvers
                .iter()
                .any(|approver| approver.sys_id == decision.approver)
            && decision.approver != record.request.requested_by
            && principal.owner().as_ref() != Some(&decision.approver);
        if !proved {
            return Err(FailureCode::UnprovenDecision);
        }
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

/// The effects that a request is to have, to be recorded before anything is changed.
///
/// An effect counts as there before us where the policy is attached and no other request gives
/// it, or where a request that still gives it found it there. What was recorded before a crash
/// stays as it was recorded.
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
        let preexisting = match given.is_empty() {
            true => principal.has(policy_arn),
            false => given.contains(&true),
        };
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
    } else if others(&effect.change, &effect.request, live)
        .next()
        .is_some()
    {
        Undo::StillGiven
    } else {
        Undo::Remove
    }
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
