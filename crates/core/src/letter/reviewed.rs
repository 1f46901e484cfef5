//! Which approvals a request needs, who is asked for each, and what was said: the same for all
//! who are asked, without a name.

use super::in_words;
use crate::approval::Verdict;
use crate::id::SysId;
use crate::outcome;
use crate::prose::one_line;
use crate::record::{ApprovalRound, DecisionRecord, RequestRecord};
use crate::slots::{OwnedResource, Slot, accounts_in_words};

/// An approval that is needed.
#[derive(Debug, Clone)]
pub struct ReviewSlot {
    /// What it is for: `AWS account payments (210987654321)`.
    pub what: String,
    /// Whether the reader's answer decides it.
    pub yours: bool,
    /// Who is asked, by their standing: `its owner, and a delegate`.
    pub who: String,
    /// How many people are asked for it.
    pub asked: usize,
    /// What was said, once somebody answered.
    pub said: Option<Said>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Said {
    /// `approved` or `denied`.
    pub verdict: &'static str,
    /// When, in words.
    pub at: String,
    /// What was typed.
    pub reason: String,
}

impl Said {
    fn new(decided: &DecisionRecord) -> Self {
        let decision = &decided.signed.decision;
        Self {
            verdict: match decision.verdict {
                Verdict::Approve => "approved",
                Verdict::Deny => "denied",
            },
            at: jiff::Timestamp::from_second(decision.at)
                .map(in_words)
                .unwrap_or_default(),
            reason: decided.reason.as_str().to_owned(),
        }
    }
}

/// All approvals of a request, as this reader sees them. Names are those of the CMDB, in the
/// order of the slots.
pub(super) fn slots(
    record: &RequestRecord,
    asked: &ApprovalRound,
    reader: &SysId,
    names: &[String],
) -> Vec<ReviewSlot> {
    let review = |(index, slot): (usize, &Slot)| {
        let name = names.get(index).map(String::as_str).unwrap_or_default();
        let decided = record.decision_of(&slot.id);
        ReviewSlot {
            what: what(&slot.resource, name),
            yours: decided.is_none() && slot.approver(reader).is_some(),
            who: who(slot),
            asked: slot.approvers.len(),
            said: decided.map(Said::new),
        }
    };
    asked.slots.iter().enumerate().map(review).collect()
}

/// Why the reader is asked. Where it is not for the target account alone, with the name of what
/// it is for.
pub(super) fn role(record: &RequestRecord, reader: &SysId, slots: &[ReviewSlot]) -> String {
    let target = OwnedResource::Account {
        account_id: record.request().target.account_id.clone(),
    };
    let yours = slots.iter().filter(|slot| slot.yours);
    let mut reasons: Vec<String> = Vec::new();
    for (slot, shown) in record.open_slots_of(reader).zip(yours) {
        let Some(approver) = slot.approver(reader) else {
            continue;
        };
        let why = approver.in_words(&slot.resource);
        reasons.push(match slot.resource == target {
            true => why,
            false => format!("{why} ({})", shown.what),
        });
    }
    reasons.join(", and ")
}

fn what(resource: &OwnedResource, name: &str) -> String {
    let name = one_line(name, 100);
    match resource {
        OwnedResource::Account { account_id } if name.is_empty() => {
            format!("AWS account {account_id}")
        }
        OwnedResource::Account { account_id } => format!("AWS account {name} ({account_id})"),
        OwnedResource::Item { instead_of, .. } => {
            let item = match name.is_empty() {
                true => "the configuration item".to_owned(),
                false => format!("configuration item {name}"),
            };
            if instead_of.is_empty() {
                return item;
            }
            let (accounts, names) = accounts_in_words(instead_of);
            format!("{item}, in place of {accounts} {names}")
        }
    }
}

fn who(slot: &Slot) -> String {
    let own = slot.approvers.iter().filter(|a| a.on_behalf_of.is_none());
    let role = slot.approvers.first().map(|a| a.role.of_others());
    let role = role.unwrap_or("nobody at the moment: others are being looked for");
    let many = match own.clone().count() {
        0 | 1 => String::new(),
        people => format!(" ({people} people)"),
    };
    let delegates = match slot.approvers.len().saturating_sub(own.count()) {
        0 => "",
        1 => ", and a delegate",
        _ => ", and delegates",
    };
    format!("{role}{many}{delegates}")
}

/// What a request asks for, in a line: whoever has several letters must know which one a page is
/// about.
#[must_use]
pub fn asked_line(record: &RequestRecord) -> String {
    let number = record.request().source.number.as_str();
    format!("{number} asked for {}.", outcome::what(record.request()))
}

/// The approvals of a request in lines, for pages that must do without the CMDB; none where only
/// one is needed.
#[must_use]
pub fn slot_lines(record: &RequestRecord) -> Vec<String> {
    let slots = record.slots();
    if slots.len() < 2 {
        return Vec::new();
    }
    let line = |slot: &Slot| {
        let what = what(&slot.resource, "");
        match record.decision_of(&slot.id).map(Said::new) {
            Some(Said {
                verdict,
                at,
                reason,
            }) => format!("{what}: {verdict} on {at}. Reason: {reason}"),
            None => format!("{what}: not decided."),
        }
    };
    slots.iter().map(line).collect()
}
