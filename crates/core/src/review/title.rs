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
    (account, yours): (&str, &[&ReviewSlot]),
) -> Text {
    let requester = requester.in_words();
    let place = crate::wording::list(&places(request, account, yours));
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
    (account, yours): (&str, &[&ReviewSlot]),
) -> Text {
    let mut places = places(request, account, yours).into_iter();
    let place = places.next().unwrap_or_default();
    let more = match places.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (duration, number) = (request.duration.in_words(), request.source.number.as_str());
    let requester = requester.in_words();
    Text::new(format!("{requester}, {place}{more}, {duration} ({number})"))
}

/// Whether a grant affects what an approval is for. A configuration item stands for all of them, and a
/// manager looks at all that their people get.
pub(super) fn touches(request: &AccessRequest, grant: &Grant, slot: &ReviewSlot) -> bool {
    match &slot.resource {
        OwnedResource::Account { account_id } => {
            grant.accounts(&request.target).contains(account_id)
        }
        OwnedResource::Item { .. } | OwnedResource::Beneficiary { .. } => true,
    }
}

/// The accounts and items that the reader decides on, by name, each once; for somebody's manager the
/// target account, whose name this is.
fn places(request: &AccessRequest, account: &str, yours: &[&ReviewSlot]) -> Vec<String> {
    let target = &request.target.account_id;
    let mut places: Vec<String> = Vec::new();
    for slot in yours {
        let place = match &slot.resource {
            _ if !slot.name.is_empty() => code(&slot.name),
            OwnedResource::Account { account_id } => numbered(account_id),
            OwnedResource::Item { .. } => "a configuration item".to_owned(),
            OwnedResource::Beneficiary { .. } => match account.is_empty() {
                false if account != target.as_str() => code(account),
                _ => numbered(target),
            },
        };
        if !places.contains(&place) {
            places.push(place);
        }
    }
    match places.is_empty() {
        true => vec![numbered(target)],
        false => places,
    }
}

fn numbered(account_id: &AccountId) -> String {
    format!("AWS account {account_id}")
}
