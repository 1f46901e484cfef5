//! What a request is, in the words that matter to one reader.

use super::ReviewSlot;
use crate::id::AccountId;
use crate::markup::{Text, code};
use crate::request::{AccessRequest, Grant};
use crate::slots::OwnedResource;
use crate::ticket::PersonName;

/// Who wants what, as far as it affects what the reader decides on.
pub(super) fn title(
    request: &AccessRequest,
    requester: &PersonName,
    beneficiary: Option<&PersonName>,
    yours: &[&ReviewSlot],
) -> Text {
    let requester = requester.in_words();
    let place = place(request, yours);
    let touching: Vec<&Grant> = request
        .grants
        .iter()
        .filter(|grant| yours.iter().any(|slot| touches(request, grant, slot)))
        .collect();
    let wish = match touching.as_slice() {
        _ if request.extends.is_some() => format!("wants to extend access to {place}"),
        [one] => match (one.kind().row().wish, one.named().name()) {
            (Some(wish), Some(name)) => format!("wants {wish} {} in {place}", code(name)),
            _ => format!("wants access to {place}"),
        },
        _ => format!("wants access to {place}"),
    };
    let whom = beneficiary.map(|person| format!(" for {}", person.in_words()));
    Text::new(format!("{requester} {wish}{}", whom.unwrap_or_default()))
}

/// Who, where and for how long, short enough for the subject of an e-mail.
pub(super) fn subject(
    request: &AccessRequest,
    requester: &PersonName,
    yours: &[&ReviewSlot],
) -> Text {
    let mut places = places(request, yours).into_iter();
    let place = places.next().unwrap_or_default();
    let more = match places.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (duration, number) = (request.duration.in_words(), request.source.number.as_str());
    let requester = requester.in_words();
    Text::new(format!("{requester}, {place}{more}, {duration} ({number})"))
}

/// Whether a grant affects what an approval is for. A configuration item stands for all of them.
pub(super) fn touches(request: &AccessRequest, grant: &Grant, slot: &ReviewSlot) -> bool {
    match &slot.resource {
        OwnedResource::Account { account_id } => {
            grant.accounts(&request.target).contains(account_id)
        }
        OwnedResource::Item { .. } => true,
    }
}

/// The accounts and items that the reader decides on, by name.
fn place(request: &AccessRequest, yours: &[&ReviewSlot]) -> String {
    crate::wording::list(&places(request, yours))
}

fn places(request: &AccessRequest, yours: &[&ReviewSlot]) -> Vec<String> {
    match yours {
        [] => vec![account(&request.target.account_id)],
        yours => yours.iter().map(|slot| known(slot)).collect(),
    }
}

fn known(slot: &ReviewSlot) -> String {
    match &slot.resource {
        _ if !slot.name.is_empty() => code(&slot.name),
        OwnedResource::Account { account_id } => account(account_id),
        OwnedResource::Item { .. } => "a configuration item".to_owned(),
    }
}

fn account(account_id: &AccountId) -> String {
    format!("AWS account {account_id}")
}
