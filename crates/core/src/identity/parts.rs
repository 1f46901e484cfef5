//! What a user has that IAM wants gone before the user is deleted, and the order in which it goes.

use super::LIFE_POLICY_NAME;
use crate::account::PrincipalFacts;

/// An access key of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserKey {
    /// Its id (`AKIA…`), which is no secret.
    pub id: String,
    /// Whether calls may be signed with it: it is not `Inactive`.
    pub is_active: bool,
}

/// All that somebody can sign in with, or be told apart by, as a user. Lists are in IAM's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserCredentials {
    /// Its access keys.
    pub keys: Vec<UserKey>,
    /// Whether it has a password for the console.
    pub has_login: bool,
    /// The serial numbers of its MFA devices: an ARN where one is virtual.
    pub mfa_devices: Vec<String>,
    /// The ids of its SSH public keys, for `CodeCommit`.
    pub ssh_keys: Vec<String>,
    /// The ids of its signing certificates.
    pub certificates: Vec<String>,
    /// The ids of its service-specific credentials.
    pub service_credentials: Vec<String>,
}

/// Something that a user has and that stands in the way of its deletion (IAM API Reference, `DeleteUser`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserPart {
    /// An access key, by its id.
    AccessKey(String),
    /// The password for the console.
    LoginProfile,
    /// An MFA device, by its serial number. It is taken from the user; a virtual one stays in the account.
    MfaDevice(String),
    /// An SSH public key, by its id.
    SshKey(String),
    /// A signing certificate, by its id.
    SigningCertificate(String),
    /// A service-specific credential, by its id.
    ServiceCredential(String),
    /// A group that it is in, by its name.
    Group(String),
    /// A managed policy that is attached, by its ARN.
    AttachedPolicy(String),
    /// An inline policy, by its name.
    InlinePolicy(String),
}

impl UserPart {
    /// What kind of thing it is, for logs: what it is called may name somebody.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::AccessKey(_) => "access-key",
            Self::LoginProfile => "login-profile",
            Self::MfaDevice(_) => "mfa-device",
            Self::SshKey(_) => "ssh-key",
            Self::SigningCertificate(_) => "signing-certificate",
            Self::ServiceCredential(_) => "service-credential",
            Self::Group(_) => "group",
            Self::AttachedPolicy(_) => "attached-policy",
            Self::InlinePolicy(_) => "inline-policy",
        }
    }

    /// Whether it is the life policy.
    #[must_use]
    pub fn is_life_policy(&self) -> bool {
        matches!(self, Self::InlinePolicy(name) if name == LIFE_POLICY_NAME)
    }
}

/// All that stands in the way of a user's deletion, in the order in which it goes: first what somebody can
/// sign in with, then what gives rights, and last the life policy, which denies everything until then.
#[must_use]
pub fn parts_in_order(facts: &PrincipalFacts, credentials: &UserCredentials) -> Vec<UserPart> {
    let keys = credentials.keys.iter();
    let mut parts: Vec<_> = keys
        .map(|key| UserPart::AccessKey(key.id.clone()))
        .collect();
    parts.extend(credentials.has_login.then_some(UserPart::LoginProfile));
    let mut listed = |part: fn(String) -> UserPart, names: &mut dyn Iterator<Item = &String>| {
        parts.extend(names.cloned().map(part));
    };
    listed(UserPart::MfaDevice, &mut credentials.mfa_devices.iter());
    listed(UserPart::SshKey, &mut credentials.ssh_keys.iter());
    listed(
        UserPart::SigningCertificate,
        &mut credentials.certificates.iter(),
    );
    listed(
        UserPart::ServiceCredential,
        &mut credentials.service_credentials.iter(),
    );
    listed(
        UserPart::Group,
        &mut facts.groups.iter().map(|group| &group.name),
    );
    listed(UserPart::AttachedPolicy, &mut facts.attached.iter());
    listed(
        UserPart::InlinePolicy,
        &mut facts.inline.iter().map(|policy| &policy.name),
    );
    // Whatever order the others are in.
    parts.sort_by_key(UserPart::is_life_policy);
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::account::{InlineFacts, Membership};

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    fn facts(groups: &[&str], attached: &[&str], inline: &[&str]) -> PrincipalFacts {
        PrincipalFacts {
            arn: "arn:aws:iam::210987654321:user/snowgate/ci-billing".to_owned(),
            unique_id: "AIDAEXAMPLEUSER000001".to_owned(),
            path: "/snowgate/".to_owned(),
            boundary: None,
            owner_tag: None,
            attached: texts(attached),
            inline: inline
                .iter()
                .map(|name| InlineFacts {
                    name: (*name).to_owned(),
                    document: "{}".to_owned(),
                })
                .collect(),
            groups: groups
                .iter()
                .map(|name| Membership {
                    name: (*name).to_owned(),
                    unique_id: format!("AGPA{name}"),
                })
                .collect(),
        }
    }

    fn key(id: &str, is_active: bool) -> UserKey {
        let id = id.to_owned();
        UserKey { id, is_active }
    }

    #[test]
    fn what_signs_in_goes_first_and_the_life_policy_last() {
        let credentials = UserCredentials {
            keys: vec![key("AKIA1", true), key("AKIA2", false)],
            has_login: true,
            mfa_devices: texts(&["arn:aws:iam::210987654321:mfa/a", "GAHT1"]),
            ssh_keys: texts(&["APKA1"]),
            certificates: texts(&["CERT1"]),
            service_credentials: texts(&["ACCA1"]),
        };
        let inline = ["a", LIFE_POLICY_NAME, "z"];
        let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        let facts = facts(&["team"], &[arn], &inline);
        let wanted = [
            UserPart::AccessKey("AKIA1".to_owned()),
            UserPart::AccessKey("AKIA2".to_owned()),
            UserPart::LoginProfile,
            UserPart::MfaDevice("arn:aws:iam::210987654321:mfa/a".to_owned()),
            UserPart::MfaDevice("GAHT1".to_owned()),
            UserPart::SshKey("APKA1".to_owned()),
            UserPart::SigningCertificate("CERT1".to_owned()),
            UserPart::ServiceCredential("ACCA1".to_owned()),
            UserPart::Group("team".to_owned()),
            UserPart::AttachedPolicy(arn.to_owned()),
            UserPart::InlinePolicy("a".to_owned()),
            UserPart::InlinePolicy("z".to_owned()),
            UserPart::InlinePolicy(LIFE_POLICY_NAME.to_owned()),
        ];
        assert_eq!(parts_in_order(&facts, &credentials), wanted);
    }

    #[test]
    fn who_has_nothing_has_nothing_in_the_way() {
        let parts = parts_in_order(&facts(&[], &[], &[]), &UserCredentials::default());
        assert_eq!(parts, []);
    }

    proptest! {
        /// Nothing is left out, and only what gives no rights is removed while the life policy is gone.
        #[test]
        fn whatever_it_has_is_removed_and_the_life_policy_last(
            keys in prop::collection::vec(any::<bool>(), 0..3),
            has_login in any::<bool>(),
            counts in prop::array::uniform6(0_usize..4),
            has_life in any::<bool>(),
        ) {
            let named = |kind: &str, count| -> Vec<String> {
                (0..count).map(|n| format!("{kind}{n}")).collect()
            };
            let [mfa, ssh, certificates, service, groups, policies] = counts;
            let credentials = UserCredentials {
                keys: keys.iter().map(|active| key("AKIA", *active)).collect(),
                has_login,
                mfa_devices: named("mfa", mfa),
                ssh_keys: named("ssh", ssh),
                certificates: named("certificate", certificates),
                service_credentials: named("service", service),
            };
            let (groups, attached) = (named("group", groups), named("policy", policies));
            let life = has_life.then_some(LIFE_POLICY_NAME);
            let groups: Vec<_> = groups.iter().map(String::as_str).collect();
            let attached: Vec<_> = attached.iter().map(String::as_str).collect();
            let inline: Vec<_> = life.into_iter().chain(attached.iter().copied()).collect();
            let parts = parts_in_order(&facts(&groups, &attached, &inline), &credentials);
            let all = keys.len() + usize::from(has_login) + mfa + ssh + certificates + service
                + groups.len() + attached.len() + inline.len();
            prop_assert_eq!(parts.len(), all);
            let life = parts.iter().position(UserPart::is_life_policy);
            prop_assert_eq!(life, has_life.then(|| all - 1));
        }
    }
}
