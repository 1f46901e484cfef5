//! In which AWS accounts a statement of an inline policy acts: the owner of each decides, so a
//! statement that leaves it open acts in theirs alone.

use iam_policy::document::{Document, PolicyType, Statement};
use iam_policy::evaluate::{ResourceAccount, action_in_accounts, required_accounts};
use serde_json::{Map, Value};

use crate::id::AccountId;
use crate::markup::code;

/// Requests that are about no resource lack the key, and a few others (IAM User Guide, "AWS global
/// condition context keys", `aws:ResourceAccount`): these are not limited.
const OPERATOR: &str = "StringEqualsIfExists";
const KEY: &str = "aws:ResourceAccount";

/// What a statement leaves open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftOpen {
    /// Which of its resources name no single account: where each stands, and what it is, in words.
    pub(crate) resources: Vec<(String, String)>,
    /// An action of it that can be about resources in other accounts, quoted.
    pub(crate) action: String,
}

/// What a statement leaves open of the accounts that it acts in; none where it names each by its
/// number, or can be about no resource that has one.
pub(crate) fn left_open(statement: &Statement<'_>) -> Option<LeftOpen> {
    let resources = open_resources(statement);
    if resources.is_empty() || is_limited(statement) {
        return None;
    }
    let action = code(&action_in_accounts(statement.actions())?);
    Some(LeftOpen { resources, action })
}

/// The accounts whose owners decide on a statement: those that its resources and its condition name,
/// and `home` wherever a resource names none. Each once, in order.
pub(crate) fn accounts_of(statement: &Statement<'_>, home: &AccountId) -> Vec<AccountId> {
    let required = required_accounts(statement).unwrap_or_default();
    let required = required.into_iter().filter_map(|id| id.parse().ok());
    let mut accounts: Vec<AccountId> = required.collect();
    let account = |text: &str| match ResourceAccount::of(text) {
        ResourceAccount::Named(id) => id.parse().unwrap_or_else(|_| home.clone()),
        ResourceAccount::Unnamed | ResourceAccount::Open(_) => home.clone(),
    };
    match statement.resources().filter(|found| !found.is_negated()) {
        Some(resources) => accounts.extend(resources.list().texts().map(account)),
        None => accounts.push(home.clone()),
    }
    accounts.sort();
    accounts.dedup();
    accounts
}

/// Whether the condition that limits a statement has a place in it.
pub(crate) fn can_be_limited(statement: &Statement<'_>) -> bool {
    let mut conditions = statement.conditions().iter();
    !conditions.any(|condition| {
        let mut entries = condition.entries().iter();
        condition.operator().text().eq_ignore_ascii_case(OPERATOR)
            && entries.any(|entry| entry.key().text().eq_ignore_ascii_case(KEY))
    })
}

/// The statements of a policy, those that leave accounts open limited to the accounts whose owners
/// decide. None where the policy cannot be read, or one of them has no place for the condition.
pub(super) fn limited(document: &str, home: &AccountId) -> Option<Vec<Value>> {
    let read = Document::parse(document, PolicyType::Identity).ok()?;
    let mut written = super::statements_of(document);
    if written.len() != read.statements().len() {
        return None;
    }
    for (statement, written) in read.statements().iter().zip(&mut written) {
        if left_open(statement).is_some() {
            limit(written, &accounts_of(statement, home))?;
        }
    }
    Some(written)
}

fn limit(statement: &mut Value, accounts: &[AccountId]) -> Option<()> {
    let conditions = super::conditions_of(statement)?;
    let written = super::written_as(conditions, OPERATOR);
    let keys = conditions
        .entry(written)
        .or_insert_with(|| Value::Object(Map::new()))
        .as_object_mut()?;
    if keys.keys().any(|key| key.eq_ignore_ascii_case(KEY)) {
        return None;
    }
    let accounts = accounts.iter().map(|account| Value::from(account.as_str()));
    keys.insert(KEY.to_owned(), accounts.collect());
    Some(())
}

/// What of a statement's resources names no single account.
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
    let what = |text: &str| format!("the resource {}", code(text));
    open.map(|(nth, text)| (statement.resource_path(nth).to_string(), what(text)))
        .collect()
}

/// Whether a condition names the accounts, each by its number. One without values limits nothing (IAM
/// User Guide, "Access Analyzer policy check reference", "Empty array condition").
fn is_limited(statement: &Statement<'_>) -> bool {
    let is_number = |account: &&str| account.parse::<AccountId>().is_ok();
    required_accounts(statement)
        .is_some_and(|accounts| !accounts.is_empty() && accounts.iter().all(is_number))
}
