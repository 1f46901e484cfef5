//! What may be granted at all: one reviewed file, checked when Snowgate is built.
//!
//! The file is TOML. An unreadable or contradictory file fails the build, not a request. Its
//! digest is bound into every approval, so that a change of the guardrails between approval and
//! provisioning shows.

mod difference;
mod file;
mod items;
mod judge;
mod manager;
mod member;
mod permit;
mod reference;
mod seen;
mod users;

pub use difference::Widening;
pub use file::GuardrailsError;
pub use items::MappedItem;
pub use judge::Unenrolled;
pub use manager::{ManagerPart, ManagerRule, NoManager, WithoutManager};
pub use reference::Reference;
pub use users::GracePeriod;

use permit::Permit;
use seen::SeenAccounts;
use users::UserRules;

use crate::arn::RoleArn;
use crate::finding::{Finding, FindingCode};
use crate::id::{AccountId, ClientId, Digest, SysId};
use crate::inline_policy::{NoPlace, inline_policy};
use crate::markup::code;
use crate::principal::PrincipalType;
use crate::request::{AccessDuration, AccessRequest, Grant, TableName};
use crate::volume::VolumeLimits;

/// The guardrails, read and found to hold together.
#[derive(Debug, Clone)]
pub struct Guardrails {
    pub(crate) digest: Digest,
    pub(crate) partition: String,
    pub(crate) mail_domains: Vec<String>,
    pub(crate) tables: Vec<TableName>,
    pub(crate) security_group: SysId,
    pub(crate) maximum_duration: AccessDuration,
    pub(crate) maximum_total: Option<AccessDuration>,
    pub(crate) approvers_per_slot: usize,
    pub(crate) approvers_per_request: usize,
    pub(crate) principal_paths: Vec<String>,
    pub(crate) boundary: String,
    pub(crate) references: Vec<Reference>,
    pub(crate) grants: Vec<AllowedGrant>,
    pub(crate) items: Vec<MappedItem>,
    pub(crate) security_clients: Vec<ClientId>,
    pub(crate) volume: Option<VolumeLimits>,
    pub(crate) users: Option<UserRules>,
    pub(crate) seen: Vec<SeenAccounts>,
}

/// What may be granted to principals in some accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedGrant {
    pub(crate) accounts: Vec<AccountId>,
    pub(crate) permits: Vec<Permit>,
    pub(crate) accepted_exposures: Vec<String>,
    pub(crate) longest_session: Option<AccessDuration>,
    pub(crate) maximum_duration: AccessDuration,
    pub(crate) risk: Risk,
    pub(crate) manager: ManagerRule,
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

impl AllowedGrant {
    /// Whether it lists the grant, for a principal of the account.
    fn lists(&self, account: &AccountId, grant: &Grant) -> bool {
        let mut permits = self.permits.iter();
        self.accounts.contains(account) && permits.any(|permit| permit.lists(account, grant))
    }

    /// The roles that it lists.
    fn roles(&self) -> impl Iterator<Item = &RoleArn> {
        self.permits.iter().filter_map(Permit::role)
    }

    /// Whether an exposure by this action was looked at and accepted.
    fn accepts(&self, action: &str) -> bool {
        self.accepted_exposures
            .iter()
            .any(|accepted| accepted.eq_ignore_ascii_case(action))
    }
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

    /// The mail domains that e-mail may go to, in lowercase.
    #[must_use]
    pub fn mail_domains(&self) -> &[String] {
        &self.mail_domains
    }

    /// The group that is asked where nobody nearer can decide.
    #[must_use]
    pub const fn security_group(&self) -> &SysId {
        &self.security_group
    }

    /// Whether this client belongs to the security team: it may end any access that is
    /// active, by the request's id, and do nothing else with requests of others.
    #[must_use]
    pub fn is_security(&self, client: &ClientId) -> bool {
        self.security_clients.contains(client)
    }

    /// How much is usual; none where nothing is counted.
    #[must_use]
    pub const fn volume(&self) -> Option<&VolumeLimits> {
        self.volume.as_ref()
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

    /// Judges what can be judged from the request alone: table, account, policies, duration. All
    /// findings at once; none means that the request may be looked at further.
    #[must_use]
    pub fn evaluate_request(&self, request: &AccessRequest) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut find = |pointer: String, code, detail: &str| {
            findings.push(Finding::new(pointer, code, detail));
        };
        if !self.tables.contains(&request.source.table) {
            let table = code(request.source.table.as_str());
            let detail = format!("records of table {table} can't request access");
            find(
                "/source/table".to_owned(),
                FindingCode::TableNotAllowed,
                &detail,
            );
        }
        let account = &request.target.account_id;
        if !self
            .grants
            .iter()
            .any(|grant| grant.accounts.contains(account))
        {
            let detail = format!("the guardrails grant no access in AWS account {account}");
            find(
                "/target/account_id".to_owned(),
                FindingCode::AccountNotAllowed,
                &detail,
            );
            return findings;
        }
        let mut longest = self.maximum_duration;
        for (index, grant) in request.grants.iter().enumerate() {
            let pointer = format!("/grants/{index}/{}", grant.member());
            match self.allowed(account, grant) {
                None => {
                    let detail = format!(
                        "the guardrails don't permit {grant} for users and roles of AWS account {account}"
                    );
                    find(pointer, FindingCode::GrantNotAllowed, &detail);
                }
                Some(allowed) if allowed.risk == Risk::High => {
                    let detail = format!(
                        "{grant} needs an approver who signs in, which isn't supported yet"
                    );
                    find(pointer, FindingCode::NeedsSignIn, &detail);
                }
                Some(allowed) => longest = longest.min(allowed.maximum_duration),
            }
        }
        if request.duration > longest {
            let detail = format!(
                "{} is too long: the guardrails permit at most {} for this access",
                request.duration.in_words(),
                longest.in_words()
            );
            find("/duration".to_owned(), FindingCode::TooLong, &detail);
        }
        self.judge_total(request, &mut findings);
        self.judge_grants(request, &mut findings);
        findings
    }

    /// How long an access may last that is extended again and again.
    fn judge_total(&self, request: &AccessRequest, findings: &mut Vec<Finding>) {
        if request.extends.is_none() {
            return;
        }
        let detail = match (self.maximum_total, request.total()) {
            (Some(most), Some(total)) if total <= most => return,
            (Some(most), _) => {
                let total = request.total();
                let total =
                    total.map_or_else(String::new, |total| format!(" of {}", total.in_words()));
                format!(
                    "the total{total} with all extensions is too long: the guardrails permit at \
                     most {}",
                    most.in_words()
                )
            }
            (None, _) => "the guardrails don't permit extensions".to_owned(),
        };
        let code = FindingCode::TooLongInTotal;
        findings.push(Finding::new("/duration", code, detail));
    }

    /// Judges what can be judged from the grants alone: who can have them, and what an inline
    /// policy allows.
    fn judge_grants(&self, request: &AccessRequest, findings: &mut Vec<Finding>) {
        let account = &request.target.account_id;
        for (index, grant) in request.grants.iter().enumerate() {
            let pointer = format!("/grants/{index}/{}", grant.member());
            if let Some(detail) = grant.kind().row().only_users
                && request.target.kind != PrincipalType::User
            {
                findings.push(Finding::new(&pointer, FindingCode::OnlyUsers, detail));
            }
            if let Some((tags, _)) = grant.named().user()
                && self.allowed(account, grant).is_some()
            {
                let pointer = format!("/grants/{index}");
                self.judge_user(request, &pointer, tags, findings);
            }
            if let Some(document) = grant.named().written()
                && let Some(allowed) = self.allowed(account, grant)
            {
                self.judge_inline(account, &pointer, document, allowed, findings);
            }
        }
        // What has no place for its accounts, its statement has been told already.
        let inline = inline_policy(request, jiff::Timestamp::UNIX_EPOCH);
        if let Err(error @ NoPlace::ForTheEnd(_)) = inline {
            findings.push(Finding::new(
                "/grants",
                FindingCode::CannotEnd,
                error.to_string(),
            ));
        }
    }

    fn allowed(&self, account: &AccountId, grant: &Grant) -> Option<&AllowedGrant> {
        self.grants
            .iter()
            .find(|allowed| allowed.lists(account, grant))
    }

    /// The reference policy of an account: the most that any grant there may allow.
    #[must_use]
    pub fn reference(&self, account: &AccountId) -> Option<&Reference> {
        self.references
            .iter()
            .find(|reference| reference.is_of(account))
    }
}

#[cfg(test)]
pub(crate) mod tests;
