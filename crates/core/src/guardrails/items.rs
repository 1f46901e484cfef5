//! Items of the CMDB that the guardrails map to resources in AWS. Where everything that a request
//! grants is proved to stay within the item's resources, the item's owner stands in for the owner
//! of the account.
//!
//! The request names the item, so nothing here may depend on its word: the file says what an item
//! is in charge of, and the policy engine proves that the texts of the grants reach nothing else.
//! What is not proved is not covered, and then the item only adds an approval.

use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::Ruleset;
use iam_policy::glob::{self, Budget, Glob};
use iam_policy::prove::{CheckResult, check_no_new_access};
use serde::Deserialize;
use serde_json::json;

use super::Guardrails;
use crate::facts::IamFacts;
use crate::id::{AccountId, SysId};
use crate::markup::code;
use crate::request::AccessRequest;
use crate::slots::{OwnedResource, owned_resources};

/// A row `[[items]]` of the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemRow {
    sys_id: SysId,
    accounts: Vec<AccountId>,
    resources: Vec<String>,
}

/// An item with the resources that it is in charge of.
#[derive(Debug, Clone)]
pub struct MappedItem {
    sys_id: SysId,
    accounts: Vec<AccountId>,
    resources: Vec<String>,
    /// Every action, on these resources and nothing else.
    reference: Ruleset,
}

impl Guardrails {
    /// The accounts and items that need an approval, judged with the policy texts as IAM has them
    /// now: the accounts that the grants affect, without those that the named item stands in for,
    /// and the item.
    #[must_use]
    pub fn owned_resources(
        &self,
        request: &AccessRequest,
        survey: &IamFacts,
    ) -> Vec<OwnedResource> {
        owned_resources(request, self.covered(request, survey))
    }

    /// The accounts whose owners the owner of the named item stands in for. None unless the item
    /// is mapped here, every grant brings a text, and every text is proved to allow nothing but
    /// the item's resources.
    #[must_use]
    pub fn covered(&self, request: &AccessRequest, survey: &IamFacts) -> &[AccountId] {
        let named = request.resource.as_ref();
        let mapped = named.and_then(|named| self.items.iter().find(|item| item.is(&named.sys_id)));
        match (mapped, texts(request, survey)) {
            (Some(item), Some(texts)) if texts.iter().all(|text| item.holds(text)) => {
                &item.accounts
            }
            _ => &[],
        }
    }
}

/// Every policy text that the grants bring; none where the power of a grant is not all in texts.
///
/// A role is named in policies that we do not read (those of buckets, of keys, the trust of other
/// roles), so its own texts do not say what it can do. A group without a policy brings nothing
/// that could be proved.
fn texts<'a>(request: &'a AccessRequest, survey: &'a IamFacts) -> Option<Vec<&'a str>> {
    if request.grants.is_empty() || request.grants.len() != survey.grants.len() {
        return None;
    }
    let mut texts = Vec::new();
    for (grant, grants) in request.grants.iter().zip(&survey.grants) {
        let of_grant = grants.texts(grant).filter(|_| grants.are_of(grant))?;
        if of_grant.is_empty() {
            return None;
        }
        texts.extend(of_grant.into_iter().map(|(_, text)| text));
    }
    Some(texts)
}

impl MappedItem {
    /// Reads a row.
    ///
    /// # Errors
    /// Everything that is wrong with it: it would stand for nothing, or for more than things in
    /// its accounts.
    pub(super) fn new(row: &ItemRow, partition: &str) -> Result<Self, Vec<String>> {
        let mut found = Vec::new();
        let patterns: Vec<Result<Pattern<'_>, &str>> = row
            .resources
            .iter()
            .map(|resource| Pattern::parse(resource, partition))
            .collect();
        for (resource, pattern) in row.resources.iter().zip(&patterns) {
            let owner = pattern.as_ref().map(|pattern| pattern.account);
            match owner {
                Err(why) => found.push(format!("{} {why}", code(resource))),
                Ok("") => {}
                Ok(owner) if row.accounts.iter().any(|id| id.as_str() == owner) => {}
                Ok(_) => found.push(format!("{} is in no account of the item", code(resource))),
            }
        }
        let known = found.is_empty();
        for account in row.accounts.iter().filter(|_| known) {
            let mut held = patterns.iter().flatten().map(|pattern| pattern.account);
            if !held.any(|owner| owner.is_empty() || owner == account.as_str()) {
                found.push(format!("it has no resource in account {account}"));
            }
        }
        if row.accounts.is_empty() {
            found.push("it names no account".to_owned());
        }
        let reference = reference(&row.resources);
        if reference.is_none() {
            found.push("its resources make no policy".to_owned());
        }
        match reference {
            Some(reference) if found.is_empty() => Ok(Self {
                sys_id: row.sys_id.clone(),
                accounts: row.accounts.clone(),
                resources: row.resources.clone(),
                reference,
            }),
            _ => Err(found),
        }
    }

    fn is(&self, sys_id: &SysId) -> bool {
        self.sys_id == *sys_id
    }

    /// The item.
    #[must_use]
    pub const fn sys_id(&self) -> &SysId {
        &self.sys_id
    }

    /// The accounts whose owners its owner may stand in for.
    #[must_use]
    pub fn accounts(&self) -> &[AccountId] {
        &self.accounts
    }

    /// Patterns of the ARNs that it is in charge of.
    #[must_use]
    pub fn resources(&self) -> &[String] {
        &self.resources
    }

    /// Whether a text is proved to allow nothing but the item's resources. What cannot be read or
    /// decided is not.
    fn holds(&self, text: &str) -> bool {
        let Ok(document) = Document::parse(text, PolicyType::Identity) else {
            return false;
        };
        let candidate = Ruleset::compile(&document);
        matches!(
            check_no_new_access(&self.reference, &candidate),
            CheckResult::Pass
        )
    }

    /// A resource of this item that is one of the other, too, or could be.
    pub(super) fn common_with<'a>(&'a self, other: &Self) -> Option<&'a str> {
        let mut budget = Budget::default();
        let resources = self.resources.iter();
        resources.map(String::as_str).find(|resource| {
            let one = Glob::new(resource);
            other
                .resources
                .iter()
                .any(|two| !matches!(glob::common(&one, &Glob::new(two), &mut budget), Ok(None)))
        })
    }
}

/// Every action, on these resources and nothing else.
fn reference(resources: &[String]) -> Option<Ruleset> {
    let text = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": resources}
    ]});
    let text = text.to_string();
    let document = Document::parse(&text, PolicyType::Identity).ok()?;
    (!resources.is_empty()).then(|| Ruleset::compile(&document))
}

/// An ARN, or several of one service, region and account.
#[derive(Debug)]
struct Pattern<'a> {
    /// Empty for services whose ARNs name none.
    account: &'a str,
}

/// Services whose resources are power over others and no things that somebody owns.
const POWERS: [&str; 6] = [
    "account",
    "iam",
    "identitystore",
    "organizations",
    "sso",
    "sts",
];

impl<'a> Pattern<'a> {
    /// Wildcards stand in the name alone: anywhere else they would match the colons that follow,
    /// and so reach other accounts. Nor may they begin it. An ARN without an account could be of
    /// anybody's: S3 is the one service where the name of the bucket is unique, so wildcards may
    /// come after it; elsewhere there are none.
    fn parse(resource: &'a str, partition: &str) -> Result<Self, &'static str> {
        const SHAPE: &str = "is not a whole ARN";
        let parts: Vec<&str> = resource.splitn(6, ':').collect();
        let ["arn", of, service, region, account, name] = parts.as_slice() else {
            return Err(SHAPE);
        };
        let plain = |text: &str| !text.contains(['*', '?', '$']);
        if service.is_empty() || name.is_empty() || resource.contains('$') {
            return Err(SHAPE);
        }
        if *of != partition {
            return Err("is of another partition");
        }
        if ![service, region, account]
            .into_iter()
            .all(|text| plain(text))
        {
            return Err("has a wildcard before its name");
        }
        if POWERS.contains(service) {
            return Err("is no thing that an item of the CMDB stands for");
        }
        let bucket = name.split('/').next().unwrap_or_default();
        let narrow = match (account.is_empty(), *service) {
            (false, _) => !name.starts_with(['*', '?']),
            (true, "s3") => !bucket.is_empty() && plain(bucket),
            (true, _) => plain(name),
        };
        match narrow {
            true => Ok(Self { account }),
            false => Err("has a wildcard where it could be a resource of anybody"),
        }
    }
}

#[cfg(test)]
mod tests;
