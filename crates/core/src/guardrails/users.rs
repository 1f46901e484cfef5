//! What the guardrails say about users that requests create.

use std::str::FromStr;

use jiff::SignedDuration;
use serde::Deserialize;

use super::Guardrails;
use super::permit::Permit;
use crate::arn::{PolicyArn, is_path};
use crate::body::pointer_token;
use crate::finding::{Finding, FindingCode};
use crate::id::AccountId;
use crate::identity::NewUser;
use crate::kind::GrantKind;
use crate::markup::code;
use crate::principal::PrincipalName;
use crate::request::{AccessDuration, AccessRequest, DurationError, UserTags};

/// What is said of all users that requests create.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserRules {
    /// The path that they have; one of those that are enrolled.
    pub(crate) path: String,
    /// What their names begin with; nothing in particular where this is left out.
    #[serde(default)]
    pub(crate) prefix: String,
    /// The keys of tags that they may have, compared without regard to case, as IAM does.
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    /// How long they are kept after their end, denied everything.
    #[serde(default)]
    pub(crate) grace: GracePeriod,
}

/// How long a user is kept after its end: nothing (`PT0S`), or as long as access may last; a week
/// where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct GracePeriod(SignedDuration);

impl GracePeriod {
    /// As a span of time.
    #[must_use]
    pub const fn as_signed(self) -> SignedDuration {
        self.0
    }
}

impl Default for GracePeriod {
    fn default() -> Self {
        Self(SignedDuration::from_hours(7 * 24))
    }
}

impl FromStr for GracePeriod {
    type Err = DurationError;
    fn from_str(text: &str) -> Result<Self, DurationError> {
        match text {
            "PT0S" => Ok(Self(SignedDuration::ZERO)),
            _ => Ok(Self(text.parse::<AccessDuration>()?.as_signed())),
        }
    }
}

impl TryFrom<String> for GracePeriod {
    type Error = DurationError;
    fn try_from(text: String) -> Result<Self, DurationError> {
        text.parse()
    }
}

impl UserRules {
    /// What of it does not hold together; `enrolled` are the paths of those that may receive access.
    pub(super) fn contradictions(&self, enrolled: &[String]) -> Vec<String> {
        let mut found = Vec::new();
        if !is_path(&self.path) || !enrolled.contains(&self.path) {
            let path = code(&self.path);
            found.push(format!(
                "`users.path` {path} is none of `principals.paths`: nothing could be granted to its users"
            ));
        }
        let starts_a_name = self.prefix.is_empty() || self.prefix.parse::<PrincipalName>().is_ok();
        if !starts_a_name || self.prefix.len() > 32 {
            found.push(format!(
                "`users.prefix` {} begins no name, or is longer than 32",
                code(&self.prefix)
            ));
        }
        for (index, key) in self.tags.iter().enumerate() {
            if let Err(error) = UserTags::check_key(key) {
                found.push(format!("`users.tags`: {}: {error}", code(key)));
            }
            let mut earlier = self.tags.iter().take(index);
            if earlier.any(|one| one.eq_ignore_ascii_case(key)) {
                found.push(format!("`users.tags`: {} is listed above", code(key)));
            }
        }
        found
    }
}

impl Guardrails {
    /// What the user is to be that a request creates; none where it creates none, and where no user can
    /// be created.
    #[must_use]
    pub fn new_user(&self, request: &AccessRequest) -> Option<NewUser> {
        let rules = self.users.as_ref().filter(|_| request.creates_user())?;
        let (tags, owner) = request.user()?;
        let boundary = self.boundary_in(&request.target.account_id);
        let boundary: PolicyArn = boundary.parse().ok()?;
        Some(NewUser {
            account_id: request.target.account_id.clone(),
            name: request.target.name.clone(),
            path: rules.path.clone(),
            owner: owner.clone(),
            tags: tags.as_map().clone(),
            boundary,
        })
    }

    /// The path and the tag keys of users that can be created in an account, for the member role; none where
    /// no user can.
    #[must_use]
    pub fn users_in(&self, account: &AccountId) -> Option<(&str, &[String])> {
        let created = Permit::Every(GrantKind::CreateUser);
        let mut permits = self.in_account(account).flat_map(|grant| &grant.permits);
        let rules = self
            .users
            .as_ref()
            .filter(|_| permits.any(|one| *one == created))?;
        Some((&rules.path, &rules.tags))
    }

    /// How long users are kept after their end.
    #[must_use]
    pub fn grace(&self) -> GracePeriod {
        let rules = self.users.as_ref();
        rules.map_or_else(GracePeriod::default, |rules| rules.grace)
    }

    /// Judges the name and the tags of a user that is to be created.
    pub(super) fn judge_user(
        &self,
        request: &AccessRequest,
        pointer: &str,
        tags: &UserTags,
        findings: &mut Vec<Finding>,
    ) {
        // Without rules no such grant is listed, which was told.
        let Some(rules) = &self.users else {
            return;
        };
        let name = &request.target.name;
        if !name.as_str().starts_with(&rules.prefix) {
            let detail = format!("names of new users begin with {}", code(&rules.prefix));
            let pointer = "/target/principal/name";
            findings.push(Finding::new(pointer, FindingCode::NameNotAllowed, detail));
        }
        for key in tags.as_map().keys() {
            let mut listed = rules.tags.iter();
            if !listed.any(|listed| listed.eq_ignore_ascii_case(key)) {
                let detail = match rules.tags.is_empty() {
                    true => "the guardrails permit no tags for new users".to_owned(),
                    false => {
                        let listed: Vec<String> = rules.tags.iter().map(|key| code(key)).collect();
                        let listed = listed.join(", ");
                        format!("the guardrails permit only these tag keys for new users: {listed}")
                    }
                };
                let pointer = format!("{pointer}/tags/{}", pointer_token(key));
                findings.push(Finding::new(pointer, FindingCode::TagNotAllowed, detail));
            }
        }
    }
}
