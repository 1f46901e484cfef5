//! In which accounts a policy acts: the owner of each decides on an inline policy, and is told of
//! with every other.

use std::collections::BTreeSet;

use iam_policy::document::{Document, Effect, PolicyType, Statement};
use iam_policy::evaluate::{ResourceAccount, action_in_accounts, required_accounts};

use crate::finding::{Finding, FindingCode};
use crate::guardrails::reference::Judged;
use crate::id::AccountId;
use crate::markup::code;

/// An inline policy names the accounts that it acts in, or whoever asks could choose whose owner
/// decides by how they spell an ARN.
pub(super) fn judge_accounts(
    judged: &Judged<'_>,
    document: &Document<'_>,
    findings: &mut Vec<Finding>,
) {
    for statement in document.statements() {
        let open = open_resources(statement);
        if open.is_empty() || is_limited(statement) {
            continue;
        }
        let Some(action) = action_in_accounts(statement.actions()) else {
            continue;
        };
        let action = code(&action);
        findings.extend(open.into_iter().map(|(place, what)| {
            let detail = format!(
                "{what} leaves open in which AWS accounts {action} acts; write ARNs with an account \
                 in each (or with none, as those of S3 buckets), or add the condition \
                 `StringEqualsIfExists` on `aws:ResourceAccount`"
            );
            judged.finding(FindingCode::AccountNotNamed, detail, &place, None)
        }));
    }
}

/// What of a statement's resources names no single account: where it stands, and what it is.
fn open_resources(statement: &Statement<'_>) -> Vec<(String, String)> {
    let Some(resources) = statement.resources() else {
        return Vec::new();
    };
    if resources.is_negated() {
        let place = format!("{}.{}", statement.path(), resources.element());
        return vec![(place, "the statement".to_owned())];
    }
    let texts = resources.list().texts().enumerate();
    let open =
        texts.filter(|(_, text)| matches!(ResourceAccount::of(text), ResourceAccount::Open(_)));
    open.map(|(nth, text)| (statement.resource_path(nth).to_string(), code(text)))
        .collect()
}

/// Whether a condition names the accounts, each by its number.
fn is_limited(statement: &Statement<'_>) -> bool {
    required_accounts(statement).is_some_and(|accounts| {
        let mut accounts = accounts.iter();
        accounts.all(|account| account.parse::<AccountId>().is_ok())
    })
}

/// The accounts that a policy of IAM names beside its own: their owners are not asked because of it.
pub(super) fn tell_accounts(own: &AccountId, judged: &Judged<'_>) -> Option<Finding> {
    let document = Document::parse(judged.text, PolicyType::Identity).ok()?;
    let statements = document.statements().iter();
    let allowed = statements.filter(|statement| statement.effect() == Effect::Allow);
    let resources = allowed.filter_map(Statement::resources);
    let texts = resources.filter(|found| !found.is_negated());
    let texts = texts.flat_map(|found| found.list().texts());
    let others: BTreeSet<String> = texts.filter_map(|text| other_account(text, own)).collect();
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
