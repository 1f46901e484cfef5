//! What has to be changed in IAM, and what may be undone. Planning and applying are separate:
//! these functions decide, the provisioner does.

use jiff::Timestamp;

use crate::account::PrincipalFacts;
use crate::approval::Verdict;
use crate::binding::{Binding, BoundGroup};
use crate::effect::{EffectChange, RecordedEffect, inline_policy_name};
use crate::facts::IamFacts;
use crate::finding::refusal;
use crate::guardrails::{Guardrails, ManagerPart};
use crate::id::{Digest, RequestId, SysId};
use crate::inline_policy::inline_policy;
use crate::lifecycle::State;
use crate::person::InvolvedMarks;
use crate::principal::Principal;
use crate::record::{
    ApprovalRound, FailureCode, PROVISION_WITHIN, RequestRecord, RetainedBecause, RetainedChange,
};
use crate::request::Grant;
use crate::slots::{ApproverRole, OwnedResource};

mod begun;

pub use begun::{
    abandoned_effects, changes_asked, changes_of_bound, deviations, effects_of_begun,
    effects_of_ended, is_self_consistent, latest_end_of, live_effects,
};

/// Checks that what was approved is what is there: that every required slot is approved by somebody
/// who was asked, on exactly this content, and that the guardrails of today allow it. Signatures
/// are verified by the provisioner.
///
/// # Errors
/// What does not hold.
pub fn check(
    record: &RequestRecord,
    survey: &IamFacts,
    guardrails: &Guardrails,
    now: Timestamp,
) -> Result<(), FailureCode> {
    let round = record.round().ok_or(FailureCode::UnprovenDecision)?;
    // The signed time, so that old decisions cannot be put to use again, and none before its time.
    let decided = || {
        record
            .decisions()
            .iter()
            .map(|decided| &decided.signed.decision)
    };
    let newest = decided().map(|decision| decision.at).max();
    let newest = newest.and_then(|at| Timestamp::from_second(at).ok());
    if newest.is_none_or(|at| now.duration_since(at) > PROVISION_WITHIN * 2)
        || decided().any(|decision| decision.is_from_the_future(now))
    {
        return Err(FailureCode::UnprovenDecision);
    }
    let there = survey.binding(guardrails.digest());
    let content = there.content_digest(record.request(), &round.slots);
    if content.ok().as_ref() != Some(&round.content) {
        return Err(FailureCode::ContentChanged);
    }
    let owner = survey.principal.owner();
    let involved = involved(record, owner.clone())?;
    let approved = |needed: &OwnedResource| is_approved(record, round, needed, &involved);
    let mut needed = guardrails.owned_resources(record.request(), survey);
    needed.extend(of_the_manager(guardrails, record, round, owner));
    if !needed.iter().all(approved) || needed.len() != round.slots.len() {
        return Err(FailureCode::UnprovenDecision);
    }
    let mut findings = guardrails.evaluate_request(record.request());
    // What an earlier try of this very request put there takes no room from it.
    let mut without_own = survey.clone();
    let own = inline_policy_name(record.id());
    without_own
        .principal
        .inline
        .retain(|inline| inline.name != own);
    if record.state() == State::Provisioning && record.request().creates_user() {
        without_own.quotas.users_there = survey.quotas.users_there.saturating_sub(1);
    }
    findings.extend(guardrails.evaluate_facts(record.request(), &without_own));
    match refusal(&findings) {
        Some(_) => Err(FailureCode::OutsideGuardrails),
        None => Ok(()),
    }
}

/// The beneficiary, whose manager must have approved. Where the guardrails let a request proceed without
/// a manager, whether there was one is known in ServiceNow alone: what counts then is what was asked,
/// which is part of the content that everybody else signed.
fn of_the_manager(
    guardrails: &Guardrails,
    record: &RequestRecord,
    round: &ApprovalRound,
    owner: Option<SysId>,
) -> Option<OwnedResource> {
    let rule = guardrails.manager_rule(record.request());
    let beneficiary = OwnedResource::Beneficiary { sys_id: owner? };
    let mut slots = round.slots.iter();
    let asked = rule.part == ManagerPart::Approve
        && (rule.needs_approval() || slots.any(|slot| slot.resource == beneficiary));
    asked.then_some(beneficiary)
}

/// Everybody who was involved when any of the decisions was made.
///
/// # Errors
/// Where a decision does not say, or leaves out the requester or the owner of the principal, or
/// somebody by whom nothing is known: it cannot be seen who decided for themselves.
fn involved(
    record: &RequestRecord,
    owner: Option<SysId>,
) -> Result<Vec<InvolvedMarks>, FailureCode> {
    let mut all = Vec::new();
    for decided in record.decisions() {
        let identities = decided.signed.decision.identities.as_ref();
        let people = identities.map_or(&[][..], |identities| &identities.involved);
        let names = |person: &SysId| people.iter().any(|one| one.sys_id == *person);
        let known = people.iter().all(|one| !one.marks.is_empty());
        if !known || !names(&record.request().requested_by) || !owner.iter().all(names) {
            return Err(FailureCode::UnprovenDecision);
        }
        all.extend_from_slice(people);
    }
    Ok(all)
}

/// Whether this resource's slot is approved on this content by somebody who was asked and is not
/// involved.
fn is_approved(
    record: &RequestRecord,
    round: &ApprovalRound,
    needed: &OwnedResource,
    involved: &[InvolvedMarks],
) -> bool {
    let slot = round
        .slots
        .iter()
        .find(|slot| slot.resource == *needed && slot.id == needed.slot_id());
    let decided = slot.and_then(|slot| record.decision_of(&slot.id));
    let (Some(slot), Some(decided)) = (slot, decided) else {
        return false;
    };
    let decision = &decided.signed.decision;
    let (Some(approver), Some(identities)) =
        (slot.approver(&decision.approver), &decision.identities)
    else {
        return false;
    };
    // Nobody decides on what they ask for or receive, nor through somebody who stands in, nor
    // under another record.
    let is_involved = |person: &SysId| involved.iter().any(|one| one.sys_id == *person);
    decision.verdict == Verdict::Approve
        && decision.request == *record.id()
        && decision.content == round.content
        && decision.reason == Digest::of(decided.reason.as_str().as_bytes())
        && !is_involved(&approver.sys_id)
        && !approver.on_behalf_of.as_ref().is_some_and(is_involved)
        && !identities.deciders.is_empty()
        && !identities.decided_by_one_of(involved)
        && (approver.role == ApproverRole::SecurityGroup
            || involved.iter().all(|one| one.has_mailbox))
}

/// The effects that an approved request is to have, to be recorded before anything is changed.
/// `now` is when the access begins to count, `live` are the effects of the other live requests on
/// the principal.
///
/// An effect counts as there before us where it is to be seen and no live effect gives it: what
/// somebody attached by hand, and what only requests have that found it there themselves. What is
/// not to be seen now was not there, whatever another request found.
///
/// # Errors
/// Where something that we did not make is in the place of an inline policy, or the guardrails
/// would refuse the request.
pub fn effects(
    record: &RequestRecord,
    principal: &PrincipalFacts,
    live: &[RecordedEffect],
    now: Timestamp,
) -> Result<Vec<RecordedEffect>, FailureCode> {
    let mut effects = Vec::new();
    for change in changes(record, now + record.request().duration.as_signed())? {
        let there = principal.has_in_place(&change);
        if there && change.is_for_one_request() {
            return Err(FailureCode::ContentChanged);
        }
        let given = others(&change, record.id(), live).any(|effect| !effect.preexisting);
        let preexisting = there && !given && !change.is_of_user();
        effects.push(effect(record, change, preexisting, now));
    }
    Ok(effects)
}

fn effect(
    record: &RequestRecord,
    change: EffectChange,
    preexisting: bool,
    since: Timestamp,
) -> RecordedEffect {
    RecordedEffect {
        request: record.id().clone(),
        principal_key: record.principal_key(),
        principal: record.request().target.clone(),
        change,
        preexisting,
        since,
        latest_end: record.latest_end(),
        signature: None,
    }
}

/// The changes that the grants of a request come to: one for each policy and group, and one inline
/// policy for all the others together, which ends at this time and never later than the signed
/// decisions let it.
///
/// # Errors
/// Where no end can be added to an inline policy; the guardrails refuse such a request.
fn changes(record: &RequestRecord, ends_at: Timestamp) -> Result<Vec<EffectChange>, FailureCode> {
    let ends_at = not_after_latest(record, ends_at);
    let inline = inline_policy(record.request(), ends_at);
    let inline = inline.map_err(|_| FailureCode::OutsideGuardrails)?;
    let mut changes = named_changes(record, ends_at);
    changes
        .extend(inline.map(|document| EffectChange::inline_policy(record.id(), document, ends_at)));
    Ok(changes)
}

/// The changes that are named by what is granted: policies, groups and the user itself.
fn named_changes(record: &RequestRecord, ends_at: Timestamp) -> Vec<EffectChange> {
    let (target, binding) = (&record.request().target, record.binding());
    let grants = record.request().grants.iter();
    let comes_to = grants.filter_map(|grant| grant.comes_to(target, binding, ends_at));
    let mut changes: Vec<EffectChange> = comes_to.collect();
    // A user ends by itself before it is given anything.
    changes.sort_by_key(|change| !change.is_of_user());
    changes
}

impl Grant {
    /// The change that the grant comes to; none where it is a part of the inline policy of its
    /// request. A group is the one that was bound, by its unique id.
    pub(crate) fn comes_to(
        &self,
        target: &Principal,
        bound: Option<&Binding>,
        ends_at: Timestamp,
    ) -> Option<EffectChange> {
        match self {
            Self::AttachManagedPolicy { policy_arn } => Some(EffectChange::PolicyAttached {
                policy_arn: policy_arn.clone(),
            }),
            Self::GroupMembership { group } => {
                let bound = bound.map_or(&[][..], |bound| &bound.groups);
                let is_it = |one: &&BoundGroup| one.arn.name().eq_ignore_ascii_case(group.as_str());
                Some(EffectChange::GroupJoined {
                    group: group.clone(),
                    unique_id: bound
                        .iter()
                        .find(is_it)
                        .map(|group| group.unique_id.clone()),
                })
            }
            Self::CreateUser { .. } => Some(EffectChange::UserCreated {
                name: target.name.clone(),
                ends_at,
            }),
            Self::InlinePolicy { .. } | Self::AssumeRole { .. } => None,
        }
    }
}

/// These effects as they are to be forgotten at the end: what stays in IAM, because another request gives
/// it, leaves no [`Removal`](crate::effect::Removal), as what was there before leaves none.
#[must_use]
pub fn forgotten(mine: Vec<RecordedEffect>, live: &[RecordedEffect]) -> Vec<RecordedEffect> {
    let stays = |effect: &RecordedEffect| undo(effect, live) != Undo::Remove;
    let forgotten = mine.into_iter().map(|effect| RecordedEffect {
        preexisting: stays(&effect),
        ..effect
    });
    forgotten.collect()
}

/// When the access ends: when its inline policy does, else so long after now as was approved; and
/// at the latest when the signed decisions let it.
#[must_use]
pub fn until(record: &RequestRecord, effects: &[RecordedEffect], now: Timestamp) -> Timestamp {
    let ends = effects.iter().find_map(|effect| effect.change.ends_at());
    let until = ends.unwrap_or_else(|| now + record.request().duration.as_signed());
    not_after_latest(record, until)
}

fn not_after_latest(record: &RequestRecord, end: Timestamp) -> Timestamp {
    record.latest_end().map_or(end, |latest| end.min(latest))
}

/// Whether an effect is undone when its request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// The change is removed.
    Remove,
    /// It was there before us, and stays.
    StaysAsItWas,
    /// Another request still grants it, and it stays.
    StillGranted,
}

/// What is to be done about an effect when its request ends. `live` are all live effects on the
/// principal.
#[must_use]
pub fn undo(effect: &RecordedEffect, live: &[RecordedEffect]) -> Undo {
    if effect.preexisting {
        Undo::StaysAsItWas
    } else if others(&effect.change, &effect.request, live).any(|other| !other.preexisting) {
        Undo::StillGranted
    } else {
        Undo::Remove
    }
}

/// Whether the user that a request created or extended ends with it: no other request gives it more time.
#[must_use]
pub fn ends_user(mine: &[RecordedEffect], live: &[RecordedEffect]) -> bool {
    let mut users = mine.iter().filter(|effect| effect.change.is_of_user());
    users.any(|effect| undo(effect, live) == Undo::Remove)
}

/// Which of a request's effects stay when it ends, and why.
#[must_use]
pub fn retained(mine: &[RecordedEffect], live: &[RecordedEffect]) -> Vec<RetainedChange> {
    let stays = |effect: &RecordedEffect| {
        let because = match undo(effect, live) {
            Undo::Remove => return None,
            Undo::StaysAsItWas => RetainedBecause::ThereBefore,
            Undo::StillGranted => RetainedBecause::StillGranted,
        };
        let change = effect.change.clone();
        Some(RetainedChange { change, because })
    };
    mine.iter().filter_map(stays).collect()
}

fn others<'a>(
    change: &'a EffectChange,
    request: &'a RequestId,
    live: &'a [RecordedEffect],
) -> impl Iterator<Item = &'a RecordedEffect> {
    live.iter()
        .filter(move |effect| effect.change.key() == change.key() && effect.request != *request)
}

#[cfg(test)]
pub(crate) mod tests;
