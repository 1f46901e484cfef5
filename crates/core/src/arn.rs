//! ARNs of what IAM keeps: managed policies, roles and groups, in every partition.
//!
//! Source: IAM User Guide, "IAM identifiers"; AWS General Reference, "Amazon Resource Names".

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::AccountId;

/// Why a text is not the ARN of what is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// It does not have the six parts of an ARN.
    #[error("an ARN is `arn:partition:service:region:account:resource`")]
    Shape,
    /// The partition is none that AWS has.
    #[error(
        "the partition is none of `aws`, `aws-cn`, `aws-us-gov`, `aws-iso`, `aws-iso-b`, `aws-iso-e`, `aws-iso-f`, `aws-eusc`"
    )]
    Partition,
    /// Another service or resource type, or a region where IAM has none.
    #[error("a managed policy is `arn:partition:iam::account:policy/name`")]
    NotAPolicy,
    /// Another service or resource type, or a region where IAM has none.
    #[error("a role is `arn:partition:iam::account:role/name`")]
    NotARole,
    /// Another service or resource type, or a region where IAM has none.
    #[error("a group is `arn:partition:iam::account:group/name`")]
    NotAGroup,
    /// The account is not 12 digits; nor `aws`, for a policy.
    #[error("the account is 12 digits, or `aws` for policies that AWS keeps")]
    Account,
    /// The path or name has characters that IAM does not have.
    #[error(
        "the name has characters that IAM does not have or is too long, or the path has a wildcard or more than 512 characters"
    )]
    Name,
}

/// The partitions of AWS (botocore `partitions.json`).
pub const PARTITIONS: [&str; 8] = [
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-eusc",
];

/// The ARN of an IAM managed policy, customer managed or AWS managed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicyArn {
    text: String,
    account: Option<AccountId>,
}

impl PolicyArn {
    /// The ARN as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The partition, such as `aws`.
    #[must_use]
    pub fn partition(&self) -> &str {
        self.text.split(':').nth(1).unwrap_or_default()
    }

    /// The account that keeps the policy; none where AWS does.
    #[must_use]
    pub const fn account(&self) -> Option<&AccountId> {
        self.account.as_ref()
    }

    /// The name of the policy, without its path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or(&self.text)
    }
}

/// Whether this is a name as IAM has them: `A-Z a-z 0-9 + = , . @ _ -`, at most so many.
pub(crate) fn is_name(name: &str, most: usize) -> bool {
    (1..=most).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b))
}

/// Whether this is a path as IAM has them: `/`, or `/…/` of printable ASCII, at most 512.
#[must_use]
pub fn is_path(path: &str) -> bool {
    path.len() <= 512
        && path.starts_with('/')
        && path.ends_with('/')
        && path.bytes().all(|b| (0x21..=0x7e).contains(&b))
}

/// The account in an ARN of IAM that is well formed. `not` is the error for another resource type
/// than `kind`.
fn account_in<'a>(
    text: &'a str,
    kind: &str,
    longest_name: usize,
    not: ArnError,
) -> Result<&'a str, ArnError> {
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next().ok_or(ArnError::Shape);
    let (arn, partition, service, region, account, resource) =
        (next()?, next()?, next()?, next()?, next()?, next()?);
    if arn != "arn" {
        return Err(ArnError::Shape);
    }
    if !PARTITIONS.contains(&partition) {
        return Err(ArnError::Partition);
    }
    let rest = resource.strip_prefix(kind).ok_or(not)?;
    if service != "iam" || !region.is_empty() || !rest.starts_with('/') {
        return Err(not);
    }
    let (path, name) = rest.rsplit_once('/').ok_or(ArnError::Name)?;
    // A wildcard names many things; a grant names one.
    let good = is_path(&format!("{path}/"))
        && is_name(name, longest_name)
        && !path.contains(['*', '?', ':']);
    if good {
        Ok(account)
    } else {
        Err(ArnError::Name)
    }
}

impl FromStr for PolicyArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let account = match account_in(text, "policy", 128, ArnError::NotAPolicy)? {
            "aws" => None,
            digits => Some(digits.parse().map_err(|_| ArnError::Account)?),
        };
        Ok(Self {
            text: text.to_owned(),
            account,
        })
    }
}

macro_rules! arn_in_an_account {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $longest:literal, $not:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name {
            text: String,
            account: AccountId,
        }

        impl $name {
            /// The ARN as it is written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.text
            }

            /// The partition, such as `aws`.
            #[must_use]
            pub fn partition(&self) -> &str {
                self.text.split(':').nth(1).unwrap_or_default()
            }

            /// The account that keeps it.
            #[must_use]
            pub const fn account(&self) -> &AccountId {
                &self.account
            }

            /// Its name, without its path.
            #[must_use]
            pub fn name(&self) -> &str {
                self.text.rsplit('/').next().unwrap_or(&self.text)
            }
        }

        impl FromStr for $name {
            type Err = ArnError;

            fn from_str(text: &str) -> Result<Self, ArnError> {
                let account = account_in(text, $kind, $longest, $not)?;
                let account = account.parse().map_err(|_| ArnError::Account)?;
                Ok(Self { text: text.to_owned(), account })
            }
        }

        impl TryFrom<String> for $name {
            type Error = ArnError;
            fn try_from(text: String) -> Result<Self, ArnError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(arn: $name) -> Self {
                arn.text
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.text)
            }
        }
    };
}

arn_in_an_account!(
    /// The ARN of an IAM role. Its name has at most 64 characters (IAM User Guide, "IAM and AWS
    /// STS quotas").
    RoleArn, "role", 64, ArnError::NotARole
);
arn_in_an_account!(
    /// The ARN of an IAM group. Its name has at most 128 characters (IAM User Guide, "IAM and AWS
    /// STS quotas").
    GroupArn, "group", 128, ArnError::NotAGroup
);

impl TryFrom<String> for PolicyArn {
    type Error = ArnError;
    fn try_from(text: String) -> Result<Self, ArnError> {
        text.parse()
    }
}

impl From<PolicyArn> for String {
    fn from(arn: PolicyArn) -> Self {
        arn.text
    }
}

impl fmt::Display for PolicyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_is_read() {
        for partition in PARTITIONS {
            let text = format!("arn:{partition}:iam::210987654321:policy/team/reports-read");
            let arn: PolicyArn = text.parse().unwrap();
            assert_eq!((arn.partition(), arn.name()), (partition, "reports-read"));
            assert_eq!(arn.account().map(AccountId::as_str), Some("210987654321"));
        }
        let kept_by_aws: PolicyArn = "arn:aws:iam::aws:policy/job-function/Billing"
            .parse()
            .unwrap();
        assert_eq!(kept_by_aws.account(), None);
    }

    #[test]
    fn roles_and_groups_are_of_one_account() {
        let role: RoleArn = "arn:aws:iam::320987654321:role/assumable/reports-reader"
            .parse()
            .unwrap();
        assert_eq!(
            (role.account().as_str(), role.name(), role.partition()),
            ("320987654321", "reports-reader", "aws")
        );
        let group = "arn:aws:iam::320987654321:group/granted/analysts";
        assert_eq!(group.parse::<GroupArn>().unwrap().name(), "analysts");
        assert_eq!(group.parse::<RoleArn>(), Err(ArnError::NotARole));
        assert_eq!(role.as_str().parse::<GroupArn>(), Err(ArnError::NotAGroup));
        for bad in ["arn:aws:iam::aws:role/a", "arn:aws:iam::*:role/a"] {
            assert_eq!(bad.parse::<RoleArn>(), Err(ArnError::Account), "{bad}");
        }
        let long = format!("arn:aws:iam::320987654321:role/{}", "a".repeat(65));
        assert_eq!(long.parse::<RoleArn>(), Err(ArnError::Name));
    }

    #[test]
    fn what_is_no_policy_is_named() {
        for (text, error) in [
            ("", ArnError::Shape),
            ("arn:aws:iam", ArnError::Shape),
            ("arn:aws-xx:iam::aws:policy/A", ArnError::Partition),
            ("arn:aws:s3:::bucket", ArnError::NotAPolicy),
            ("arn:aws:iam:eu-west-1:aws:policy/A", ArnError::NotAPolicy),
            ("arn:aws:iam::aws:role/A", ArnError::NotAPolicy),
            ("arn:aws:iam::aws:policyA", ArnError::NotAPolicy),
            ("arn:aws:iam::12345:policy/A", ArnError::Account),
            ("arn:aws:iam::aws:policy/", ArnError::Name),
            ("arn:aws:iam::aws:policy/*", ArnError::Name),
            ("arn:aws:iam::aws:policy/a*/b", ArnError::Name),
            ("arn:aws:iam::aws:policy/a b", ArnError::Name),
        ] {
            assert_eq!(text.parse::<PolicyArn>(), Err(error), "{text}");
        }
    }
}
