//! Everything that IAM holds about a request's principal and grants, read once and judged as a
//! whole.

use crate::account::{
    GroupFacts, InlineFacts, PolicyFacts, PrincipalFacts, PrincipalQuotas, RoleFacts,
};
use crate::arn::PolicyArn;
use crate::binding::Binding;
use crate::finding::Evidence;
use crate::id::{AccountId, Digest};
use crate::identity::NewUser;
use crate::request::{Grant, Named};

/// What IAM holds about one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IamFacts {
    /// Who is to receive the grants, or will be where the request creates it.
    pub principal: PrincipalFacts,
    /// What the request creates; none where the principal exists.
    pub creates: Option<NewUser>,
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

/// Who is to receive the grants of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A user or role, as IAM has it.
    Existing(PrincipalFacts),
    /// A user that the request creates.
    New(NewUser),
}

/// What IAM holds about one grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantFacts {
    /// A managed policy.
    Policy(PolicyFacts),
    /// Nothing: the request holds all that there is.
    InRequest,
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
        let principal = match &self.creates {
            Some(user) => user.bound(self.boundary.as_ref()),
            None => self.principal.bound(),
        };
        let mut binding = Binding::new(principal, guardrails.clone());
        for grants in &self.grants {
            match grants {
                GrantFacts::Policy(policy) => binding.policies.push(policy.bound()),
                GrantFacts::InRequest => {}
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

/// What a grant brings, as far as rules ask, whatever it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts<'f> {
    /// The managed policies that it brings.
    managed: &'f [PolicyFacts],
    /// The inline policies that it brings.
    inline: &'f [InlineFacts],
    /// The account that its policies act in, where that is not the target's.
    pub(crate) elsewhere: Option<&'f AccountId>,
    /// Whether it gives power that its policies do not say all of, as a role does that others name.
    pub(crate) has_power_of_its_own: bool,
    /// The managed policy that the principal has with it.
    pub(crate) attached: Option<&'f PolicyArn>,
    /// The unique id of the group that the principal is in with it.
    pub(crate) joined: Option<&'f str>,
}

impl GrantFacts {
    /// What it brings.
    pub(crate) fn parts(&self) -> Parts<'_> {
        let nothing = Parts {
            managed: &[],
            inline: &[],
            elsewhere: None,
            has_power_of_its_own: false,
            attached: None,
            joined: None,
        };
        match self {
            Self::Policy(policy) => Parts {
                managed: std::slice::from_ref(policy),
                attached: Some(&policy.arn),
                ..nothing
            },
            Self::InRequest => nothing,
            Self::Role { role, policies, .. } => Parts {
                managed: policies,
                inline: &role.inline,
                elsewhere: Some(role.arn.account()),
                has_power_of_its_own: true,
                ..nothing
            },
            Self::Group { group, policies } => Parts {
                managed: policies,
                inline: &group.inline,
                joined: Some(&group.unique_id),
                ..nothing
            },
        }
    }

    /// The policies that it brings, by name. Those of a role are what the role may do; its trust
    /// policy is not among them.
    #[must_use]
    pub fn documents(&self) -> Vec<(&str, &str)> {
        let Parts {
            managed, inline, ..
        } = self.parts();
        let managed = managed.iter();
        let managed = managed.map(|policy| (policy.arn.as_str(), policy.document.as_str()));
        let inline = inline.iter();
        let inline = inline.map(|policy| (policy.name.as_str(), policy.document.as_str()));
        managed.chain(inline).collect()
    }

    /// Whether they are of such a grant.
    pub(crate) const fn are_of(&self, grant: &Grant) -> bool {
        matches!(
            (self, grant.named()),
            (Self::Policy(_), Named::Policy(_))
                | (Self::InRequest, Named::Written(_) | Named::Target { .. })
                | (Self::Role { .. }, Named::Role(_))
                | (Self::Group { .. }, Named::Group(_))
        )
    }

    /// The policies that say what the principal can do with the grant, by name: those that it
    /// brings, or the one that the request holds. None where no policies say it all.
    #[must_use]
    pub(crate) fn texts<'a>(&'a self, grant: &'a Grant) -> Option<Vec<(&'a str, &'a str)>> {
        if self.parts().has_power_of_its_own {
            return None;
        }
        let written = grant.named().written();
        let written = written.map(|document| (Evidence::INLINE_POLICY, document.as_str()));
        Some(written.into_iter().chain(self.documents()).collect())
    }
}
