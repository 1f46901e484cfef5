//! In which accounts a policy acts: the owner of each decides on an inline policy, and is told of
//! with every other.

use std::collections::BTreeSet;

use iam_policy::document::{Document, Effect, PolicyType};
use iam_policy::evaluate::{ResourceAccount, required_accounts};

use crate::finding::{Finding, FindingCode};
use crate::guardrails::reference::Judged;
use crate::id::AccountId;
use crate::inline_policy::{LeftOpen, accounts_of, can_be_limited, left_open};
use crate::markup::code;

/// A statement of an inline policy that leaves open in which accounts it acts is limited to those whose
/// owners decide, or whoever asks could choose them by how they spell an ARN. Where there is no place
/// for that condition, the request is refused.
pub(super) fn judge_accounts(
    judged: &Judged<'_>,
    document: &Document<'_>,
    home: &AccountId,
    findings: &mut Vec<Finding>,
) {
    for statement in document.statements() {
        let Some(LeftOpen { resources, action }) = left_open(statement) else {
            continue;
        };
        let accounts = accounts_of(statement, home);
        let accounts: Vec<&str> = accounts.iter().map(AccountId::as_str).collect();
        let accounts = accounts.join(", ");
        let (finding, what) = match can_be_limited(statement) {
            true => (
                FindingCode::LimitedToAccounts,
                format!("Snowgate limits the statement to {accounts}, by the condition"),
            ),
            false => (
                FindingCode::AccountNotNamed,
                "write ARNs with the account in each, or numbers in the condition".to_owned(),
            ),
        };
        findings.extend(resources.into_iter().map(|(place, resource)| {
            let detail = format!(
                "{resource} leaves open in which AWS accounts {action} acts; {what} \
                 `StringEqualsIfExists` on `aws:ResourceAccount`"
            );
            judged.finding(finding, detail, &place, None)
        }));
    }
}

/// The accounts that a policy of IAM names beside its own: their owners are not asked because of it.
pub(super) fn tell_accounts(own: &AccountId, judged: &Judged<'_>) -> Option<Finding> {
    let document = Document::parse(judged.text, PolicyType::Identity).ok()?;
    let statements = document.statements().iter();
    let allowed = statements.filter(|statement| statement.effect() == Effect::Allow);
    let others: BTreeSet<String> = allowed
        .flat_map(|statement| {
            let resources = statement.resources().filter(|found| !found.is_negated());
            let texts = resources.into_iter().flat_map(|found| found.list().texts());
            let required = required_accounts(statement).unwrap_or_default();
            let required = required.into_iter().filter_map(|id| id.parse().ok());
            let required = required.filter(|id: &AccountId| id != own);
            let named = texts.filter_map(|text| other_account(text, own));
            named.chain(required.map(|id| id.to_string()))
        })
        .collect();
    if others.is_empty() {
        return None;
    }
    let others: Vec<String> = others.into_iter().collect();
    let detail = format!(
        "it names resources in other AWS accounts, whose owners aren't asked about it: {}",
        others.join(", ")
    );
    Some(judged.finding(FindingCode::NamesOtherAccounts, detail, "", None))
}

/// The account that a pattern names, where it is another one: its number, or a pattern with digits.
fn other_account(text: &str, own: &AccountId) -> Option<String> {
    match ResourceAccount::of(text) {
        ResourceAccount::Named(account) | ResourceAccount::Open(account) => {
            let digits = account.contains(|c: char| c.is_ascii_digit());
            let variable = account.contains('$');
            if !digits || variable || account == own.as_str() {
                return None;
            }
            let number = account.parse::<AccountId>();
            Some(number.map_or_else(|_| code(account), |number| number.to_string()))
        }
        ResourceAccount::Unnamed => None,
    }
}
