//! The guardrails file: reading it, and finding what contradicts itself.

mod contradictions;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::items::ItemRow;
use super::permit::Permit;
use super::reference::{Reference, ReferenceError};
use super::seen::SeenAccounts;
use super::users::UserRules;
use super::{AllowedGrant, Guardrails, ManagerPart, ManagerRule, Risk, WithoutManager};
use crate::arn::{GroupArn, PolicyArn, RoleArn};
use crate::id::{AccountId, ClientId, Digest, SysId};
use crate::kind::GrantKind;
use crate::request::{AccessDuration, TableName};
use crate::volume::{VolumeLimits, VolumeRow};

/// What is wrong with a guardrails file.
#[derive(Debug, thiserror::Error)]
pub enum GuardrailsError {
    /// Not TOML, or not of the shape of a guardrails file.
    #[error("the guardrails cannot be read: {0}")]
    Unreadable(#[from] toml::de::Error),
    /// Not what was made of a guardrails file that was checked.
    #[error("the guardrails of this build cannot be read")]
    Unchecked(#[from] serde_json::Error),
    /// Readable, but it does not hold together; all contradictions.
    #[error("the guardrails contradict themselves: {}", .0.join("; "))]
    Contradiction(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    partition: String,
    maximum_duration: AccessDuration,
    maximum_total: Option<AccessDuration>,
    servicenow: ServiceNow,
    approvers: Approvers,
    principals: Principals,
    never: Never,
    reference: Vec<ReferenceFor>,
    grants: Vec<Grants>,
    #[serde(default)]
    items: Vec<ItemRow>,
    #[serde(default)]
    security: Security,
    volume: Option<VolumeRow>,
    users: Option<UserRules>,
    #[serde(default)]
    directory: Vec<SeenAccounts>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReferenceFor {
    accounts: Vec<AccountId>,
    statements: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceNow {
    tables: Vec<TableName>,
    security_group: SysId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Approvers {
    mail_domains: Vec<String>,
    per_slot: usize,
    #[serde(default = "Approvers::per_request")]
    per_request: usize,
}

impl Approvers {
    /// Where the file does not say how many people are asked for one request.
    const fn per_request() -> usize {
        20
    }
}

/// The security team.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Security {
    clients: Vec<ClientId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Principals {
    paths: Vec<String>,
    boundary: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Never {
    actions: Vec<String>,
    policies: Vec<PolicyArn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grants {
    accounts: Vec<AccountId>,
    #[serde(default)]
    policies: Vec<PolicyArn>,
    #[serde(default)]
    roles: Vec<RoleArn>,
    #[serde(default)]
    groups: Vec<GroupArn>,
    #[serde(default)]
    inline_policies: bool,
    #[serde(default)]
    users: bool,
    #[serde(default)]
    accepted_exposures: Vec<String>,
    longest_session: Option<AccessDuration>,
    maximum_duration: AccessDuration,
    risk: Risk,
    #[serde(default)]
    manager: ManagerPart,
    without_manager: Option<WithoutManager>,
}

impl Guardrails {
    /// Reads a guardrails file and checks that it holds together.
    ///
    /// # Errors
    /// Where it is not of the shape of a guardrails file, or contradicts itself.
    pub fn parse(text: &str) -> Result<Self, GuardrailsError> {
        let file: File = toml::from_str(text)?;
        let contradictions = file.contradictions();
        match contradictions.is_empty() {
            true => file.read(Digest::of(text.as_bytes())),
            false => Err(GuardrailsError::Contradiction(contradictions)),
        }
    }

    /// Checks a guardrails file as [`Self::parse`] does, and writes it down for
    /// [`Self::parse_checked`]: as JSON, which functions read anyway and sooner than TOML, with the digest
    /// of the file.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn check(text: &str) -> Result<String, GuardrailsError> {
        let checked = CheckedFile {
            digest: Self::parse(text)?.digest,
            file: toml::from_str::<Value>(text)?,
        };
        Ok(serde_json::to_string(&checked)?)
    }

    /// Reads what [`Self::check`] wrote when this program was built. It does not look up every action
    /// among those of AWS again, which is most of the work and would be done at each start.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn parse_checked(checked: &str) -> Result<Self, GuardrailsError> {
        let CheckedFile { digest, file } = serde_json::from_str::<CheckedFile<File>>(checked)?;
        file.read(digest)
    }
}

/// A guardrails file that was checked.
#[derive(Serialize, Deserialize)]
struct CheckedFile<F> {
    /// The digest of the file as it was written.
    digest: Digest,
    /// What it says.
    file: F,
}

impl Grants {
    /// What it permits, one by one.
    fn permits(&self) -> Vec<Permit> {
        let policies = self.policies.iter().cloned().map(Permit::Policy);
        let roles = self.roles.iter().cloned().map(Permit::Role);
        let groups = self.groups.iter().cloned().map(Permit::Group);
        let inline = self.inline_policies;
        let inline = inline.then_some(Permit::Every(GrantKind::InlinePolicy));
        let users = self.users.then_some(Permit::Every(GrantKind::CreateUser));
        let every = inline.into_iter().chain(users);
        policies.chain(roles).chain(groups).chain(every).collect()
    }

    /// What is wanted of the beneficiary's manager. A manager who is to approve is not left out in
    /// silence; one who is only notified stops nothing.
    fn manager_rule(&self) -> ManagerRule {
        let by_default = match self.manager {
            ManagerPart::None | ManagerPart::Notify => WithoutManager::Proceed,
            ManagerPart::Approve => WithoutManager::Refuse,
        };
        ManagerRule {
            part: self.manager,
            without: self.without_manager.unwrap_or(by_default),
        }
    }
}

impl From<Grants> for AllowedGrant {
    fn from(grants: Grants) -> Self {
        Self {
            permits: grants.permits(),
            manager: grants.manager_rule(),
            accounts: grants.accounts,
            accepted_exposures: grants.accepted_exposures,
            longest_session: grants.longest_session,
            maximum_duration: grants.maximum_duration,
            risk: grants.risk,
        }
    }
}

impl ReferenceFor {
    fn read(&self, never: &[String]) -> Result<Reference, ReferenceError> {
        Reference::new(&self.accounts, &self.statements, never)
    }
}

/// An error with its source: what the engine says is the part that helps.
fn reported(index: usize, error: &ReferenceError) -> String {
    let why = std::error::Error::source(error).map_or_else(String::new, |why| format!(": {why}"));
    format!("reference[{index}]: {error}{why}")
}

impl File {
    /// How much is usual, and what is wrong with that.
    fn usual(&self, found: &mut Vec<String>) -> Option<VolumeLimits> {
        let read = self.volume.as_ref().map(VolumeLimits::new)?;
        read.map_err(|wrong| found.extend(wrong)).ok()
    }

    /// The guardrails, where what they are made of can be made.
    fn read(self, digest: Digest) -> Result<Guardrails, GuardrailsError> {
        let mut found = Vec::new();
        let mut references = Vec::new();
        for (index, row) in self.reference.iter().enumerate() {
            match row.read(&self.never.actions) {
                Ok(reference) => references.push(reference),
                Err(error) => found.push(reported(index, &error)),
            }
        }
        let items = self.mapped(&mut found);
        let volume = self.usual(&mut found);
        if !found.is_empty() {
            return Err(GuardrailsError::Contradiction(found));
        }
        Ok(Guardrails {
            digest,
            partition: self.partition,
            mail_domains: self.approvers.mail_domains,
            tables: self.servicenow.tables,
            security_group: self.servicenow.security_group,
            maximum_duration: self.maximum_duration,
            maximum_total: self.maximum_total,
            approvers_per_slot: self.approvers.per_slot,
            approvers_per_request: self.approvers.per_request,
            principal_paths: self.principals.paths,
            boundary: self.principals.boundary,
            references,
            grants: self.grants.into_iter().map(AllowedGrant::from).collect(),
            items,
            security_clients: self.security.clients,
            volume,
            users: self.users,
            seen: self.directory,
        })
    }
}
