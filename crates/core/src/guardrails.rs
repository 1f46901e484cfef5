//! What may be granted at all: one reviewed file, checked when Snowgate is built.
//!
//! The file is TOML. An unreadable or contradictory file fails the build, not a request. Its
//! digest is bound into every approval, so that a change of the guardrails between approval and
//! provisioning shows.

mod actions;
mod file;

pub use actions::{ActionPattern, ActionPatternError};
pub use file::GuardrailsError;

use serde::Serialize;

use crate::account::{ATTACHED_QUOTA, PolicyFacts, PrincipalFacts};
use crate::arn::PolicyArn;
use crate::id::{AccountId, Digest, SysId};
use crate::record::RefusalCode;
use crate::request::{AccessDuration, AccessRequest, Grant, TableName};

/// The guardrails, read and found to hold together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guardrails {
    pub(crate) digest: Digest,
    pub(crate) partition: String,
    pub(crate) mail_domains: Vec<String>,
    pub(crate) tables: Vec<TableName>,
    pub(crate) security_group: SysId,
    pub(crate) maximum_duration: AccessDuration,
    pub(crate) approvers_per_slot: usize,
    pub(crate) approvers_per_request: usize,
    pub(crate) principal_paths: Vec<String>,
    pub(crate) boundary: String,
    pub(crate) never: Vec<ActionPattern>,
    pub(crate) grants: Vec<AllowedGrant>,
}

/// Policies that may be granted in some accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedGrant {
    pub(crate) accounts: Vec<AccountId>,
    pub(crate) policies: Vec<PolicyArn>,
    pub(crate) maximum_duration: AccessDuration,
    pub(crate) risk: Risk,
}

/// How much harm a grant can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// An owner decides from an e-mail.
    Low,
    /// Needs an approver who signs in. Until there is a sign-in, it is refused.
    High,
}

/// Something in a request that the guardrails do not allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// JSON pointer to the place in the request (RFC 6901).
    pub pointer: String,
    /// What it is, for programs.
    pub code: FindingCode,
    /// What it is, for people.
    pub detail: String,
}

/// The kinds of findings on a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingCode {
    /// The table may not ask for access.
    TableNotAllowed,
    /// The account is not one that access is granted in.
    AccountNotAllowed,
    /// The policy may not be granted in this account.
    PolicyNotAllowed,
    /// The grant needs an approver who signs in.
    NeedsSignIn,
    /// The access would last too long.
    TooLong,
}

impl Guardrails {
    /// The digest of the file.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The partition of AWS that all accounts are in, such as `aws`.
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// The mail domains that letters may go to, in lowercase.
    #[must_use]
    pub fn mail_domains(&self) -> &[String] {
        &self.mail_domains
    }

    /// The group that is asked where nobody nearer can decide.
    #[must_use]
    pub const fn security_group(&self) -> &SysId {
        &self.security_group
    }

    /// How many people are asked for one slot at most.
    #[must_use]
    pub const fn approvers_per_slot(&self) -> usize {
        self.approvers_per_slot
    }

    /// How many people are asked for one request at most, over all its slots.
    #[must_use]
    pub const fn approvers_per_request(&self) -> usize {
        self.approvers_per_request
    }

    /// The ARN of the permissions boundary that every principal in this account must have.
    #[must_use]
    pub fn boundary_in(&self, account: &AccountId) -> String {
        format!(
            "arn:{}:iam::{account}:policy/{}",
            self.partition, self.boundary
        )
    }

    /// Every policy that may be granted in an account, for the member role's own list.
    #[must_use]
    pub fn policies_in(&self, account: &AccountId) -> Vec<&PolicyArn> {
        let here = self
            .grants
            .iter()
            .filter(|grant| grant.accounts.contains(account));
        here.flat_map(|grant| &grant.policies).collect()
    }

    /// What of a request can be judged by itself: table, account, policies, duration. All
    /// findings at once; none means that the request may be looked at further.
    #[must_use]
    pub fn judge_request(&self, request: &AccessRequest) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut find = |pointer: String, code, detail: &str| {
            findings.push(Finding {
                pointer,
                code,
                detail: detail.to_owned(),
            });
        };
        if !self.tables.contains(&request.source.table) {
            let detail = "records of this table may not ask for access";
            find(
                "/source/table".to_owned(),
                FindingCode::TableNotAllowed,
                detail,
            );
        }
        let account = &request.target.account_id;
        if self.policies_in(account).is_empty() {
            let detail = "no access is granted in this account";
            find(
                "/target/account_id".to_owned(),
                FindingCode::AccountNotAllowed,
                detail,
            );
            return findings;
        }
        let mut longest = self.maximum_duration;
        for (index, grant) in request.grants.iter().enumerate() {
            let Grant::AttachManagedPolicy { policy_arn } = grant;
            let pointer = format!("/grants/{index}/policy_arn");
            match self.allowed(account, policy_arn) {
                None => {
                    let detail = "this policy may not be granted in this account";
                    find(pointer, FindingCode::PolicyNotAllowed, detail);
                }
                Some(allowed) if allowed.risk == Risk::High => {
                    let detail =
                        "this policy needs an approver who signs in, which is not offered yet";
                    find(pointer, FindingCode::NeedsSignIn, detail);
                }
                Some(allowed) => longest = longest.min(allowed.maximum_duration),
            }
        }
        if request.duration > longest {
            let detail = format!("this access may last at most {longest}");
            find("/duration".to_owned(), FindingCode::TooLong, &detail);
        }
        findings
    }

    /// What can be judged only with what IAM holds: enrolment, quota, and what the policies
    /// really allow.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn judge_facts(
        &self,
        request: &AccessRequest,
        principal: &PrincipalFacts,
        policies: &[PolicyFacts],
    ) -> Result<(), RefusalCode> {
        let boundary = self.boundary_in(&request.target.account_id);
        let enrolled = self.principal_paths.contains(&principal.path)
            && principal.boundary.as_deref() == Some(boundary.as_str())
            && principal.owner().is_some();
        if !enrolled {
            return Err(RefusalCode::NotEnrolled);
        }
        let new = policies
            .iter()
            .filter(|policy| !principal.has(&policy.arn))
            .count();
        if principal.attached.len() + new > ATTACHED_QUOTA {
            return Err(RefusalCode::QuotaReached);
        }
        if policies
            .iter()
            .any(|policy| actions::reaches(&policy.document, &self.never))
        {
            return Err(RefusalCode::NeverGranted);
        }
        Ok(())
    }

    fn allowed(&self, account: &AccountId, policy: &PolicyArn) -> Option<&AllowedGrant> {
        self.grants
            .iter()
            .find(|grant| grant.accounts.contains(account) && grant.policies.contains(policy))
    }
}

#[cfg(test)]
pub(crate) mod tests;
