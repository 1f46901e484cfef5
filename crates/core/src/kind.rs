//! The kinds of grants, each with what is said of it, once.
//!
//! What a kind does is code, in the few functions that `xtask/src/checks/kinds.rs` lists.

use std::fmt;

/// A kind of grant, in the order of [`crate::request::Grant`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GrantKind {
    /// A managed policy is attached.
    AttachManagedPolicy,
    /// The statements that the request carries are put as an inline policy.
    InlinePolicy,
    /// A role is to be assumed.
    AssumeRole,
    /// A user becomes a member of a group.
    GroupMembership,
    /// A user is created.
    CreateUser,
}

/// What is said of a kind of grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindRow {
    /// Its name in bodies, records and documents: `group_membership`.
    pub wire: &'static str,
    /// The member that says what is granted, to which findings point; `type` where there is none.
    pub member: &'static str,
    /// The members that a grant of this kind may have beside these.
    pub optional: &'static [&'static str],
    /// What it is to people, before the name of what is granted: `membership in group`.
    pub noun: &'static str,
    /// What a requester wants who asks for one such grant, before its name: `to join group`. None
    /// where that says too little.
    pub wish: Option<&'static str>,
    /// Why only users can have it; none where roles can, too.
    pub only_users: Option<&'static str>,
    /// Why a request can have one such grant only; none where it can have several.
    pub only_once: Option<&'static str>,
    /// What permits it in the guardrails: the setting that lists what may be granted, or says that
    /// anything of this kind may.
    pub permit: &'static str,
}

impl GrantKind {
    /// Every kind, in order.
    pub const ALL: [Self; 5] = [
        Self::AttachManagedPolicy,
        Self::InlinePolicy,
        Self::AssumeRole,
        Self::GroupMembership,
        Self::CreateUser,
    ];

    /// What is said of it.
    #[must_use]
    pub const fn row(self) -> KindRow {
        match self {
            Self::AttachManagedPolicy => KindRow {
                wire: "attach_managed_policy",
                member: "policy_arn",
                optional: &[],
                noun: "policy",
                wish: Some("policy"),
                only_users: None,
                only_once: None,
                permit: "policies",
            },
            Self::InlinePolicy => KindRow {
                wire: "inline_policy",
                member: "document",
                optional: &[],
                noun: "an inline policy",
                wish: None,
                only_users: None,
                only_once: Some(
                    "a request can have one inline policy, with any number of statements",
                ),
                permit: "inline_policies",
            },
            Self::AssumeRole => KindRow {
                wire: "assume_role",
                member: "role_arn",
                optional: &[],
                noun: "role",
                wish: Some("to assume"),
                only_users: None,
                only_once: None,
                permit: "roles",
            },
            Self::GroupMembership => KindRow {
                wire: "group_membership",
                member: "group",
                optional: &[],
                noun: "membership in group",
                wish: Some("to join group"),
                only_users: Some("only IAM users can be members of groups"),
                only_once: None,
                permit: "groups",
            },
            Self::CreateUser => KindRow {
                wire: "create_user",
                member: "type",
                optional: &["tags", "owner"],
                noun: "a new IAM user",
                wish: Some("a new IAM user"),
                only_users: Some("only IAM users can be created"),
                only_once: Some("a request can create one user, which is its target"),
                permit: "users",
            },
        }
    }
}

/// A text that is the name of no kind of grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantKindError;

/// Names all that there are: ``a grant is `…`, `…` or `…` ``.
impl fmt::Display for GrantKindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = GrantKind::ALL.len() - 1;
        f.write_str("a grant is ")?;
        for (index, kind) in GrantKind::ALL.iter().enumerate() {
            let before = match index {
                0 => "",
                _ if index == last => " or ",
                _ => ", ",
            };
            write!(f, "{before}`{}`", kind.row().wire)?;
        }
        Ok(())
    }
}

impl std::error::Error for GrantKindError {}

impl std::str::FromStr for GrantKind {
    type Err = GrantKindError;
    fn from_str(text: &str) -> Result<Self, GrantKindError> {
        let mut kinds = Self::ALL.into_iter();
        let found = kinds.find(|kind| kind.row().wire == text);
        found.ok_or(GrantKindError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::{request_for_a_new_user, request_of_all_kinds};
    use crate::request::Grant;

    #[test]
    fn every_kind_has_a_row_of_its_own_and_a_grant() {
        let mut grants = request_of_all_kinds().grants;
        grants.extend(request_for_a_new_user().grants.split_off(1));
        // The order of grants in a digest is that of the kinds.
        grants.sort();
        let kinds: Vec<GrantKind> = grants.iter().map(Grant::kind).collect();
        assert_eq!(kinds, GrantKind::ALL);
        for grant in &grants {
            let value = serde_json::to_value(grant).unwrap();
            let KindRow { wire, member, .. } = grant.kind().row();
            assert_eq!(value["type"], wire);
            let optional = grant.kind().row().optional;
            assert!(value.get(member).is_some(), "{wire}");
            for name in value.as_object().unwrap().keys().map(String::as_str) {
                let is_known = ["type", member].contains(&name) || optional.contains(&name);
                assert!(is_known, "{wire} {name}");
            }
            assert_eq!(wire.parse(), Ok(grant.kind()));
        }
        assert_eq!("".parse::<GrantKind>(), Err(GrantKindError));
        assert_eq!(
            GrantKindError.to_string(),
            "a grant is `attach_managed_policy`, `inline_policy`, `assume_role`, `group_membership` or `create_user`"
        );
    }
}
