//! Everything that IAM holds about a request's principal and grants, read once and judged as a
//! whole.

use crate::account::{
    GroupFacts, InlineFacts, PolicyFacts, PrincipalFacts, PrincipalQuotas, RoleFacts,
};
use crate::binding::Binding;
use crate::id::Digest;

/// What IAM holds about one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IamFacts {
    /// Who is to receive the grants.
    pub principal: PrincipalFacts,
    /// How much a principal of its kind may hold in this account.
    pub quotas: PrincipalQuotas,
    /// The principal's permissions boundary.
    pub boundary: Option<PolicyFacts>,
    /// What IAM holds about each grant, in the order of the request's grants.
    pub grants: Vec<GrantFacts>,
    /// The managed policies that the principal holds already, its own and those of its groups.
    pub held: Vec<PolicyFacts>,
    /// The inline policies of the groups that the principal is in.
    pub held_inline: Vec<InlineFacts>,
}

/// What IAM holds about one grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantFacts {
    /// A managed policy.
    Policy(PolicyFacts),
    /// An inline policy: the request holds it.
    Inline,
    /// A role with the managed policies attached to it and its permissions boundary.
    Role {
        /// The role.
        role: RoleFacts,
        /// Its managed policies.
        policies: Vec<PolicyFacts>,
        /// Its permissions boundary.
        boundary: Option<PolicyFacts>,
    },
    /// A group with the managed policies attached to it.
    Group {
        /// The group.
        group: GroupFacts,
        /// Its managed policies.
        policies: Vec<PolicyFacts>,
    },
}

impl IamFacts {
    /// What of it is bound by an approval, with the guardrails that were in force.
    #[must_use]
    pub fn binding(&self, guardrails: &Digest) -> Binding {
        let mut binding = Binding {
            principal: self.principal.bound(),
            policies: Vec::new(),
            roles: Vec::new(),
            groups: Vec::new(),
            guardrails: guardrails.clone(),
        };
        for grants in &self.grants {
            match grants {
                GrantFacts::Policy(policy) => binding.policies.push(policy.bound()),
                GrantFacts::Inline => {}
                GrantFacts::Role { role, policies, .. } => binding.roles.push(role.bound(policies)),
                GrantFacts::Group { group, policies } => binding.groups.push(group.bound(policies)),
            }
        }
        binding
    }

    /// The policy texts whose digests are bound, each once: what approvers are shown.
    #[must_use]
    pub fn documents(&self) -> Vec<String> {
        let mut texts: Vec<String> = self
            .grants
            .iter()
            .flat_map(|grants| grants.documents())
            .map(|(_, text)| text.to_owned())
            .collect();
        texts.sort();
        texts.dedup();
        texts
    }
}

impl GrantFacts {
    /// The policies that it brings, by name. Those of a role are what the role may do; its trust
    /// policy is not among them.
    #[must_use]
    pub fn documents(&self) -> Vec<(&str, &str)> {
        fn managed(policies: &[PolicyFacts]) -> impl Iterator<Item = (&str, &str)> {
            policies
                .iter()
                .map(|policy| (policy.arn.as_str(), policy.document.as_str()))
        }
        fn inline(policies: &[InlineFacts]) -> impl Iterator<Item = (&str, &str)> {
            policies
                .iter()
                .map(|policy| (policy.name.as_str(), policy.document.as_str()))
        }
        match self {
            Self::Policy(policy) => managed(std::slice::from_ref(policy)).collect(),
            Self::Inline => Vec::new(),
            Self::Role { role, policies, .. } => {
                managed(policies).chain(inline(&role.inline)).collect()
            }
            Self::Group { group, policies } => {
                managed(policies).chain(inline(&group.inline)).collect()
            }
        }
    }
}
