//! Patterns of resources that the usual words mean exactly.
//!
//! What is allowed may be told as more than it is, and what is denied or left out must not be: whoever
//! reads it would take it for safe.

use std::collections::HashSet;

use crate::catalogue;

/// Whether the words for a pattern, among these others, mean no more than it.
pub(super) fn is_told_exactly(pattern: &str, others: &HashSet<&str>) -> bool {
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "s3", "", "", resource] => is_object_told_exactly(pattern, resource, others),
        ["arn", _, service, region, account, resource] => {
            has_place(service, region, account) && is_name_told_exactly(service, resource)
        }
        ["arn", _, service, "*"] => !service.contains(['*', '?', '$']),
        _ => false,
    }
}

/// A bucket by itself is told as what is in it, too.
fn is_object_told_exactly(pattern: &str, resource: &str, others: &HashSet<&str>) -> bool {
    match resource.split_once('/') {
        None if is_plain(resource) => others.contains(format!("{pattern}/*").as_str()),
        None => is_beginning(resource),
        Some((_, "*")) => {
            let bucket = pattern.strip_suffix("/*").unwrap_or_default();
            others.contains(bucket) && is_told_exactly(bucket, others)
        }
        Some((bucket, key)) => is_plain(bucket) && is_plain(key.strip_suffix("/*").unwrap_or(key)),
    }
}

/// Whether region and account are told, or are what all of the service's ARNs have.
fn has_place(service: &str, region: &str, account: &str) -> bool {
    let field = |nth: usize, text: &str| {
        let types = catalogue::service(service).into_iter();
        let mut forms = types.flat_map(|service| service.resource_types());
        !text.is_empty() || forms.any(|kind| kind.arn().split(':').nth(nth) == Some(""))
    };
    !service.contains(['*', '?', '$']) && field(3, region) && field(4, account)
}

/// Whether a resource is all of a service, a name, all names, or those that begin with something.
fn is_name_told_exactly(service: &str, resource: &str) -> bool {
    let start = resource.find(['/', ':']).map_or(0, |at| at + 1);
    let name = resource.get(start..).unwrap_or_default();
    let is_stream =
        service == "logs" && (resource.contains(":log-stream:") || name.ends_with(":*"));
    let folder = name.ends_with("/*");
    resource == "*" || !is_stream && !folder && (is_plain(resource) || is_beginning(resource))
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(['*', '?'])
}

/// Whether all that begin with something are meant, or all.
fn is_beginning(text: &str) -> bool {
    text.strip_suffix('*')
        .is_some_and(|begin| !begin.contains(['*', '?']))
}
