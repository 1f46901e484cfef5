//! Resources that `iam:CreatePolicy` refuses.

use super::GrammarError;
use crate::catalogue::wildcard;
use crate::lint::arn::{self, Arn};
use crate::lint::resources::IAM_TYPES;
use crate::scan;

/// Whether IAM takes the resource as it is written.
pub(super) fn check(text: &str) -> Result<(), GrammarError> {
    if text == "*" {
        return Ok(());
    }
    let (parts, count) = arn::parts(text);
    let [prefix, partition, service, region, account, resource] = parts;
    if count < 2 {
        return Err(GrammarError::Resource(text.to_owned()));
    }
    // IAM replaces no variables in the partition.
    let known = arn::PARTITIONS.contains(&partition)
        || wildcard::has_wildcard(partition) && !wildcard::has_variable(partition);
    if !known {
        return Err(GrammarError::Partition(text.to_owned()));
    }
    if prefix != "arn" || service.is_empty() || service == "*" && count < 6 {
        return Err(GrammarError::Resource(text.to_owned()));
    }
    if count < 6 {
        // A short ARN goes on with a wildcard, but not one cut between two parts.
        let short = !text.contains("::");
        return if short {
            Ok(())
        } else {
            Err(GrammarError::Resource(text.to_owned()))
        };
    }
    let arn = Arn {
        prefix,
        partition,
        service,
        region,
        account,
        resource,
    };
    if matches!(service, "s3" | "iam")
        && !arn.region.is_empty()
        && !arn::is_open(arn.region)
        && !regional(&arn)
    {
        return Err(GrammarError::Region(text.to_owned()));
    }
    if service == "iam" && !is_iam_type(arn.resource) {
        return Err(GrammarError::ResourceType(text.to_owned()));
    }
    Ok(())
}

/// Things of S3 that do stand in a region.
fn regional(arn: &Arn<'_>) -> bool {
    arn.service == "s3"
        && [
            "accesspoint",
            "job/",
            "storage-lens",
            "async-request",
            "access-grants",
        ]
        .iter()
        .any(|kind| arn.resource.starts_with(kind))
}

/// Whether an ARN of IAM may be of one of its types.
fn is_iam_type(resource: &str) -> bool {
    let literal = scan::find_open(resource).unwrap_or(resource.len());
    let literal = resource.get(..literal).unwrap_or_default();
    IAM_TYPES.iter().any(|kind| {
        resource.starts_with(kind) || literal.len() < resource.len() && kind.starts_with(literal)
    })
}
