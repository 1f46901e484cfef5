//! ARNs of managed policies, in every partition.
//!
//! Source: IAM User Guide, "IAM identifiers"; AWS General Reference, "Amazon Resource Names".

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::AccountId;

/// Why a text is not the ARN of a managed policy.
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
    /// The account is neither 12 digits nor `aws`.
    #[error("the account of a managed policy is 12 digits, or `aws` for those that AWS keeps")]
    Account,
    /// The path or name has characters that IAM does not have.
    #[error(
        "the name has 1 to 128 of `A-Z a-z 0-9 + = , . @ _ -`, the path at most 512 printable characters"
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

fn is_name(name: &str, most: usize) -> bool {
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

impl FromStr for PolicyArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
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
        let rest = resource
            .strip_prefix("policy")
            .ok_or(ArnError::NotAPolicy)?;
        if service != "iam" || !region.is_empty() || !rest.starts_with('/') {
            return Err(ArnError::NotAPolicy);
        }
        let account = match account {
            "aws" => None,
            digits => Some(digits.parse().map_err(|_| ArnError::Account)?),
        };
        let (path, name) = rest.rsplit_once('/').ok_or(ArnError::Name)?;
        if !is_path(&format!("{path}/")) || !is_name(name, 128) {
            return Err(ArnError::Name);
        }
        // A wildcard names many policies; a grant names one.
        if path.contains(['*', '?', ':']) {
            return Err(ArnError::Name);
        }
        Ok(Self {
            text: text.to_owned(),
            account,
        })
    }
}

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
