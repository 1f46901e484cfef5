//! What became of a request: the same for the ticket and for the requester's e-mail.

use crate::approval::Verdict;
use crate::finding::FindingCode;
use crate::lifecycle::State;
use crate::markup::{Text, code};
use crate::quotation::Quotation;
use crate::record::{
    DecisionRecord, Deviation, EndReason, RequestRecord, RetainedChange, RevokedBy,
};
use crate::slots::OwnedResource;

/// What is said beside what became of a request whose audit trail is broken.
const BROKEN_TRAIL: &str =
    "Someone changed the stored record of this request. The operators are alerted.";

/// What became of a request.
pub(crate) struct Outcome {
    /// What it means for the requester, as the title of an e-mail.
    pub(crate) title: &'static str,
    /// The same, as the first word of a note on the ticket.
    pub(crate) status: &'static str,
    /// What happened, and what to do now.
    pub(crate) lines: Vec<Text>,
}

/// What somebody gave as a reason.
pub(crate) struct Quote {
    /// Who gave it, or for what: `The owner of AWS account 210987654321 denied it`.
    pub(crate) label: Text,
    /// As it was typed.
    pub(crate) reason: Quotation,
}

/// What became of a request that came to this state; none for states that nobody is notified of.
pub(crate) fn outcome(record: &RequestRecord, state: State) -> Option<Outcome> {
    let (title, status, lines) = match state {
        State::Active => ("Your access is ready", "Access granted", active(record)),
        State::Denied => (
            "Your request was denied",
            "Denied",
            texts(["No access was granted."]),
        ),
        State::Expired => ("Your request has expired", "Expired", expired(record)),
        State::Undeliverable => {
            let lines = vec![
                Text::new("No access was granted."),
                Text::new(format!(
                    "Ask {}, then request the access again.",
                    whoever_is_missing(record)
                )),
            ];
            ("No approver could be found", "No approver found", lines)
        }
        State::Withdrawn => {
            let lines = texts(["It was cancelled in ServiceNow. No access was granted."]);
            ("Your request was cancelled", "Cancelled", lines)
        }
        State::Failed => (
            "Your access was not granted",
            "Not granted",
            refused(record),
        ),
        State::Refused => ("Your request was refused", "Refused", refused(record)),
        State::Revoked => ("Your access has ended", "Access ended", revoked(record)),
        State::Abandoned => (
            "Your access may remain",
            "Access not removed",
            abandoned(record),
        ),
        State::Received
        | State::Pending
        | State::Approved
        | State::Provisioning
        | State::Revoking
        | State::Previewed => return None,
    };
    let mut lines: Vec<Text> = lines;
    if record.trail_fault().is_some() {
        lines.push(Text::new(BROKEN_TRAIL));
    }
    Some(Outcome {
        title,
        status,
        lines,
    })
}

impl Quote {
    /// The reason that was given for what happened: for the denial, for the approvals once they
    /// took effect, for the cancellation, or for ending the access early.
    pub(crate) fn of(record: &RequestRecord, state: State) -> Option<Self> {
        let plain = |label: &str, reason: &str| Self {
            label: Text::new(label),
            reason: Quotation::new(reason),
        };
        match state {
            State::Revoked => {
                let reason = record.revocation()?.reason.as_ref()?;
                Some(plain("Reason", reason.as_str()))
            }
            State::Withdrawn | State::Abandoned => match record.end_reason() {
                Some(EndReason::Withdrawn { reason } | EndReason::Abandoned { reason }) => {
                    Some(plain("Reason", reason.as_str()))
                }
                _ => None,
            },
            State::Denied => {
                let denied = decided(record, Verdict::Deny).next()?;
                let label = Text::new(format!("{} denied it", decider(record, denied)));
                Some(Self {
                    label: label.capitalized(),
                    reason: Quotation::new(denied.reason.as_str()),
                })
            }
            State::Active => {
                let reasons: Vec<&str> = decided(record, Verdict::Approve)
                    .map(|decided| decided.reason.as_str())
                    .collect();
                let reason = reasons.join("\n\n");
                (!reason.is_empty()).then(|| plain("Reason for approval", &reason))
            }
            _ => None,
        }
    }
}

fn texts<const N: usize>(lines: [&str; N]) -> Vec<Text> {
    lines.into_iter().map(Text::from).collect()
}

fn decided(record: &RequestRecord, verdict: Verdict) -> impl Iterator<Item = &DecisionRecord> {
    let decisions = record.decisions().iter();
    decisions.filter(move |decided| decided.signed.decision.verdict == verdict)
}

/// Who decided, without a name: `the owner of AWS account 210987654321`.
fn decider(record: &RequestRecord, decided: &DecisionRecord) -> String {
    let decision = &decided.signed.decision;
    let mut slots = record.slots().iter();
    let slot = slots.find(|slot| slot.id == decision.slot);
    let found = slot.and_then(|slot| Some((slot.approver(&decision.approver)?, &slot.resource)));
    let Some((approver, resource)) = found else {
        return "an approver".to_owned();
    };
    let role = RevokedBy::approver(approver, resource).in_words();
    match resource {
        OwnedResource::Account { account_id } => {
            role.replace("the account", &format!("AWS account {account_id}"))
        }
        OwnedResource::Item { .. } | OwnedResource::Beneficiary { .. } => role,
    }
}

fn active(record: &RequestRecord) -> Vec<Text> {
    let line = match record.until() {
        _ if record.revocation().is_some() => {
            return texts(["It was granted, but someone ended it early: it is being removed now."]);
        }
        Some(until) if record.request().user().is_some() => format!(
            "It ends on {}: the user is denied everything from then on, and is deleted later.",
            super::date_time(until)
        ),
        Some(until) => format!(
            "It ends on {} and is then removed automatically.",
            super::date_time(until)
        ),
        None => "It is active now.".to_owned(),
    };
    let mut lines = vec![Text::new(line)];
    let found = record.findings().iter();
    let nothing = found.filter(|found| found.code == FindingCode::PermitsNothing);
    lines.extend(super::findings(nothing));
    lines.extend(super::how_to_use(record.request()));
    lines
}

fn expired(record: &RequestRecord) -> Vec<Text> {
    let why = match record.decisions().is_empty() {
        true => "No one decided in time. No access was granted.",
        false => "It could not be completed in time. No access was granted.",
    };
    texts([why, "If you still need the access, request it again."])
}

/// Why nothing was granted: the findings themselves, where there are any that forbid it.
fn refused(record: &RequestRecord) -> Vec<Text> {
    match record.end_reason() {
        Some(EndReason::Failed { code }) => {
            let mut lines = vec![Text::new(code.in_words())];
            lines.extend(super::deviation::user_left(record));
            lines
        }
        Some(EndReason::Refused { code, findings }) => {
            let refusing = findings
                .iter()
                .filter(|found| found.code.refusal().is_some());
            let lines = super::findings(refusing);
            match lines.is_empty() {
                true => texts([code.in_words()]),
                false => lines,
            }
        }
        _ => texts(["No access was granted."]),
    }
}

/// Who should record somebody who can approve, and for what.
fn whoever_is_missing(record: &RequestRecord) -> String {
    let slot = match record.end_reason() {
        Some(EndReason::Undeliverable { slot }) => slot.split_once(':'),
        _ => None,
    };
    let of = match slot {
        Some(("account", account)) => format!("AWS account {account}"),
        Some(("item", sys_id)) => format!("the configuration item {}", code(sys_id)),
        Some(("beneficiary", _)) => {
            return "for an active manager to be recorded in ServiceNow for the person the access is \
                    for"
                .to_owned();
        }
        _ => "the requested resources".to_owned(),
    };
    format!("your CMDB team to record an owner for {of}")
}

/// How the access came to its end: before its time or at it.
fn how_it_ended(record: &RequestRecord) -> String {
    match record.revocation() {
        Some(revocation) => format!("It was ended early by {}", revocation.by.in_words()),
        None => "It expired".to_owned(),
    }
}

fn abandoned(record: &RequestRecord) -> Vec<Text> {
    let how = how_it_ended(record);
    let first = format!(
        "{how}, but Snowgate could not remove it, and the security team ended the attempts. It may \
         remain in effect until someone removes it in IAM."
    );
    let mut lines = vec![Text::new(first)];
    lines.extend(super::deviation::abandoned(record));
    lines
}

fn revoked(record: &RequestRecord) -> Vec<Text> {
    let how = how_it_ended(record);
    let retained: Vec<String> = record.retained().iter().map(retained).collect();
    let gone = || record.deviations().any(|one| *one == Deviation::Gone);
    let line = match retained.len() {
        0 if gone() => format!("{how}."),
        0 => format!("{how} and was removed."),
        some if some < record.request().grants.len() => {
            format!("{how} and was removed, except {}.", super::list(&retained))
        }
        _ => format!("{how}. Not removed: {}.", super::list(&retained)),
    };
    let mut lines = vec![Text::new(line)];
    let mut retained = record.retained().iter();
    let lives_on = retained.any(|one| one.change.is_of_user());
    if record.request().user().is_some() && !lives_on && !gone() {
        lines.push(Text::new(format!(
            "{} is denied everything, and its access keys are inactive. It is deleted later.",
            super::principal(&record.request().target)
        )));
    }
    lines.extend(super::deviation::at_the_end(record));
    lines
}

/// A change that stays, and why: ``policy `X`, which another request still grants``.
fn retained(retained: &RetainedChange) -> String {
    let (what, why) = (retained.change.in_words(), retained.because.in_words());
    format!("{what}, {why}")
}
