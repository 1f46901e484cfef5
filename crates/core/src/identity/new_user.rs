//! What a user is to be that a request creates.

use std::collections::BTreeMap;

use iam_policy::document::PolicyType;

use crate::account::{PolicyFacts, PrincipalFacts};
use crate::arn::PolicyArn;
use crate::binding::BoundPrincipal;
use crate::id::{AccountId, SysId};
use crate::policy_digest::policy_digest;
use crate::principal::{Principal, PrincipalName, PrincipalType};

/// A user that is to be created. It is computed from the request and the guardrails alone, and never
/// from what IAM has, so that it is the same before and after the user is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// The account that is to hold it.
    pub account_id: AccountId,
    /// Its name, as the request has it.
    pub name: PrincipalName,
    /// Its path, such as `/snowgate/`.
    pub path: String,
    /// The person whom it belongs to.
    pub owner: SysId,
    /// Its tags beside Snowgate's own, by key.
    pub tags: BTreeMap<String, String>,
    /// Its permissions boundary.
    pub boundary: PolicyArn,
}

impl NewUser {
    /// The user as a principal.
    #[must_use]
    pub fn principal(&self) -> Principal {
        Principal {
            account_id: self.account_id.clone(),
            kind: PrincipalType::User,
            name: self.name.clone(),
        }
    }

    /// What IAM will have of it once it is created and has nothing yet; it has no unique id before.
    #[must_use]
    pub fn to_be(&self) -> PrincipalFacts {
        let partition = self.boundary.partition();
        let (account, path, name) = (&self.account_id, &self.path, self.name.as_str());
        PrincipalFacts {
            arn: format!("arn:{partition}:iam::{account}:user{path}{name}"),
            unique_id: String::new(),
            path: path.clone(),
            boundary: Some(self.boundary.to_string()),
            owner_tag: Some(self.owner.to_string()),
            attached: Vec::new(),
            inline: Vec::new(),
            groups: Vec::new(),
        }
    }

    /// What of it is bound by an approval, with the document of its boundary where the account has that.
    #[must_use]
    pub fn bound(&self, boundary: Option<&PolicyFacts>) -> BoundPrincipal {
        let document = |policy: &PolicyFacts| policy_digest(&policy.document, PolicyType::Boundary);
        BoundPrincipal {
            unique_id: None,
            path: self.path.clone(),
            boundary: Some(self.boundary.to_string()),
            owner: Some(self.owner.clone()),
            tags: Some(self.tags.clone()),
            boundary_document: boundary.map(document),
        }
    }
}
