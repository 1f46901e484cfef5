//! Which approvals a request needs, who is asked for each, and what was decided: the same for all
//! approvers, without a name.

use crate::approval::Verdict;
use crate::id::SysId;
use crate::markup::{Text, code, whole};
use crate::quotation::Quotation;
use crate::record::{ApprovalRound, DecisionRecord, RequestRecord};
use crate::slots::{OwnedResource, OwnedResourceKind, Slot, accounts_in_words};
use crate::wording::date_time;

/// An approval that is needed.
#[derive(Debug, Clone)]
pub struct ReviewSlot {
    /// What it is for.
    pub resource: OwnedResource,
    /// The name that the CMDB has for it; empty where it has none.
    pub name: String,
    /// What it is for: ``AWS account `payments` (210987654321)``.
    pub what: Text,
    /// Whether the reader's answer decides it.
    pub yours: bool,
    /// Who is asked, by role: `its owner, and a delegate`.
    pub who: String,
    /// How many people are asked for it.
    pub asked: usize,
    /// What was decided, once somebody did.
    pub decision: Option<PastDecision>,
}

/// A decision that was made.
#[derive(Debug, Clone)]
pub struct PastDecision {
    /// `Approved` or `Denied`.
    pub verdict: &'static str,
    /// When, in words.
    pub at: String,
    /// What was typed.
    pub reason: Quotation,
}

impl PastDecision {
    fn new(decided: &DecisionRecord) -> Self {
        let decision = &decided.signed.decision;
        Self {
            verdict: match decision.verdict {
                Verdict::Approve => "Approved",
                Verdict::Deny => "Denied",
            },
            at: jiff::Timestamp::from_second(decision.at)
                .map(date_time)
                .unwrap_or_default(),
            reason: Quotation::new(decided.reason.as_str()),
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
        let name = names.get(index).cloned().unwrap_or_default();
        let decided = record.decision_of(&slot.id);
        ReviewSlot {
            resource: slot.resource.clone(),
            what: Text::new(what(&slot.resource, &name)),
            name,
            yours: decided.is_none() && slot.approver(reader).is_some(),
            who: who(slot),
            asked: slot.approvers.len(),
            decision: decided.map(PastDecision::new),
        }
    };
    asked.slots.iter().enumerate().map(review).collect()
}

/// Why the reader is asked. Where it is not for the target account alone, with the name of what
/// it is for.
pub(super) fn role(record: &RequestRecord, reader: &SysId, slots: &[ReviewSlot]) -> Text {
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
        // Whom the access is for stands in the reason already.
        let known = slot.resource.kind() == OwnedResourceKind::Beneficiary;
        reasons.push(match known || slot.resource == target {
            true => why,
            false => format!("{why} ({})", what(&shown.resource, &shown.name)),
        });
    }
    Text::new(reasons.join(", and "))
}

fn what(resource: &OwnedResource, name: &str) -> String {
    match resource {
        OwnedResource::Account { account_id } if name.is_empty() => {
            format!("AWS account {account_id}")
        }
        OwnedResource::Account { account_id } => {
            format!("AWS account {} ({account_id})", code(name))
        }
        OwnedResource::Item { instead_of, .. } => {
            let item = match name.is_empty() {
                true => "The configuration item".to_owned(),
                false => format!("Configuration item {}", code(name)),
            };
            if instead_of.is_empty() {
                return item;
            }
            let (accounts, names) = accounts_in_words(instead_of);
            format!("{item}, in place of {accounts} {names}")
        }
        OwnedResource::Beneficiary { .. } => "The person the access is for".to_owned(),
    }
}

fn who(slot: &Slot) -> String {
    let own = slot.approvers.iter().filter(|a| a.on_behalf_of.is_none());
    let role = slot.approvers.first().map(|a| a.role.of_others());
    let role = role.unwrap_or("no one yet: new approvers are being looked for");
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

/// The approvals of a request in lines, for pages that must do without the CMDB; none where only
/// one is needed.
#[must_use]
pub fn approval_lines(record: &RequestRecord) -> Vec<Text> {
    let slots = record.slots();
    if slots.len() < 2 {
        return Vec::new();
    }
    let line = |slot: &Slot| {
        let what = what(&slot.resource, "");
        Text::new(match record.decision_of(&slot.id) {
            Some(decided) => {
                let PastDecision { verdict, at, .. } = PastDecision::new(decided);
                let verdict = verdict.to_lowercase();
                let words: Vec<&str> = decided.reason.as_str().split_whitespace().collect();
                let reason = whole(&words.join(" "));
                format!("{what}: {verdict} on {at}. Reason: {reason}")
            }
            None => format!("{what}: no decision."),
        })
    };
    slots.iter().map(line).collect()
}
