//! What a dry run found, as a note on the ticket; programs ask the service API.

use crate::markup::{Text, code};
use crate::preview::{PlannedChange, Preview, PreviewSlot};
use crate::slots::OwnedResource;
use crate::wording;

/// A line for each change, each approval, and each thing to check.
pub(super) fn lines(preview: &Preview) -> Vec<Text> {
    let changes = preview.changes.iter().map(change);
    let approvals = preview.slots.iter().map(approval);
    let lines = changes.chain(approvals);
    let lines = lines.map(|line| Text::new(format!("- {line}")));
    let found = wording::findings(preview.findings.iter()).into_iter();
    lines
        .chain(found.map(|found| found.after("- To check: ")))
        .collect()
}

fn change(planned: &PlannedChange) -> String {
    let what = planned.change.in_words();
    match planned.already_there {
        true => format!("Already in place, would stay: {what}"),
        false => format!("Would add: {what}"),
    }
}

fn approval(slot: &PreviewSlot) -> String {
    let of = match &slot.resource {
        OwnedResource::Account { account_id } => format!("AWS account {account_id}"),
        OwnedResource::Item { sys_id, .. } => {
            format!("configuration item {}", code(sys_id.as_str()))
        }
        OwnedResource::Beneficiary { .. } => "the person the access is for".to_owned(),
    };
    let who = match (slot.would_ask.first(), slot.would_ask.len()) {
        (Some(first), 1) => format!("1 approver, {}", first.in_words(&slot.resource)),
        (Some(first), many) => format!(
            "{many} approvers, any one of whom can decide, each {}",
            first.in_words(&slot.resource)
        ),
        (None, _) => "no approver found, so it would not be granted".to_owned(),
    };
    let passed_over = match slot.passed_over.len() {
        0 => String::new(),
        count => format!("; {count} not eligible"),
    };
    format!("Approval for {of}: {who}{passed_over}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_named_in_quotes() {
        let item = "cc".repeat(16);
        let resource = OwnedResource::Item {
            sys_id: item.parse().unwrap(),
            instead_of: Vec::new(),
        };
        let slot = PreviewSlot {
            id: resource.slot_id(),
            resource,
            known: true,
            would_ask: Vec::new(),
            passed_over: Vec::new(),
        };
        let named = format!(
            "Approval for configuration item `{item}`: no approver found, so it would not be granted"
        );
        assert_eq!(approval(&slot), named);
    }
}
