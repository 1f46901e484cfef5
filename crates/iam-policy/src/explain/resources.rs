use super::wording::{list, name, plural_of, thing, words};
use crate::catalogue;

/// Says which resources patterns mean, such as `in the bucket reports`; empty for all.
pub(super) fn describe<'p>(patterns: impl Iterator<Item = &'p str>) -> String {
    let mut buckets: Vec<String> = Vec::new();
    let mut others: Vec<String> = Vec::new();
    for pattern in patterns {
        let parts: Vec<&str> = pattern.splitn(6, ':').collect();
        match parts.as_slice() {
            _ if pattern.bytes().all(|byte| byte == b'*') => return String::new(),
            ["arn", _, "s3", "", "", bucket] => push(&mut buckets, in_bucket(bucket)),
            ["arn", _, service, region, account, resource] => {
                let place = place(region, account);
                push(
                    &mut others,
                    format!("{}{place}", of_service(service, resource)),
                );
            }
            ["arn", _, service, ..] => {
                push(&mut others, format!("all of {}", service_name(service)))
            }
            _ => push(&mut others, name(pattern)),
        }
    }
    // A bucket and what is in it are told once.
    let whole: Vec<String> = buckets
        .iter()
        .filter(|text| text.starts_with("the bucket "))
        .cloned()
        .collect();
    buckets.retain(|text| {
        !whole
            .iter()
            .any(|known| text.len() > known.len() && text.ends_with(known.as_str()))
    });
    let names: Vec<String> = buckets
        .iter()
        .filter_map(|text| text.strip_prefix("the bucket ").map(str::to_owned))
        .collect();
    if names.len() > 1 && names.len() == buckets.len() {
        buckets = vec![format!("the buckets {}", list(&names, "and"))];
    }
    let mut told = Vec::new();
    if !buckets.is_empty() {
        told.push(format!("in {}", list(&buckets, "and")));
    }
    if !others.is_empty() {
        told.push(format!("on {}", list(&others, "and")));
    }
    list(&told, "and")
}

fn push(list: &mut Vec<String>, text: String) {
    if !list.contains(&text) {
        list.push(text);
    }
}

fn in_bucket(text: &str) -> String {
    match text.split_once('/') {
        None => thing("bucket", text),
        Some((bucket, "*")) => thing("bucket", bucket),
        Some((bucket, key)) => {
            let bucket = thing("bucket", bucket);
            match key.strip_suffix("/*") {
                Some(folder) if !folder.contains(['*', '?']) => {
                    format!("the folder {} of {bucket}", name(folder))
                }
                _ => format!("{} of {bucket}", thing("object", key)),
            }
        }
    }
}

fn place(region: &str, account: &str) -> String {
    let open = |part: &str| part.is_empty() || part == "*";
    let mut place = String::new();
    if !open(region) {
        place.push_str(&format!(" in {}", name(region)));
    }
    if !open(account) && account != "aws" {
        place.push_str(&format!(" of account {}", name(account)));
    }
    place
}

fn service_name(service: &str) -> String {
    catalogue::service(service).map_or_else(|| service.to_owned(), |known| known.name().to_owned())
}

fn of_service(service: &str, resource: &str) -> String {
    if resource == "*" {
        return format!("all of {}", service_name(service));
    }
    let start = resource
        .find(['/', ':'])
        .filter(|_| !resource.starts_with(['/', '$']));
    match start.and_then(|at| resource.split_at_checked(at)) {
        Some((kind, rest)) if !kind.contains(['*', '?']) => {
            thing(&words(kind).join(" "), rest.get(1..).unwrap_or_default())
        }
        Some(_) => format!("{} named like {}", plural_of("resource"), name(resource)),
        None => {
            let nameless = |kind: &catalogue::ResourceType| {
                kind.arn()
                    .splitn(6, ':')
                    .nth(5)
                    .is_some_and(|form| form.starts_with("${"))
            };
            let kind = catalogue::service(service)
                .and_then(|service| service.resource_types().find(nameless))
                .map_or_else(
                    || "resource".to_owned(),
                    |kind| words(kind.name()).join(" "),
                );
            thing(&kind, resource)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_in_words() {
        for (patterns, expected) in [
            (&["*"] as &[&str], ""),
            (
                &["arn:aws:s3:::reports", "arn:aws:s3:::reports/*"],
                "in the bucket reports",
            ),
            (
                &["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"],
                "in the buckets a and b",
            ),
            (
                &["arn:aws:s3:::reports/2026/*"],
                "in the folder 2026 of the bucket reports",
            ),
            (
                &["arn:aws:s3:::logs-*"],
                "in buckets whose name begins with logs-",
            ),
            (
                &["arn:aws:dynamodb:eu-west-1:111111111111:table/orders"],
                "on the table orders in eu-west-1 of account 111111111111",
            ),
            (&["arn:aws:sqs:*:*:jobs"], "on the queue jobs"),
            (&["arn:aws:lambda:*:*:function:*"], "on all functions"),
            (
                &["arn:aws:iam::*:user/${aws:username}"],
                "on the user (own user name)",
            ),
            (&["arn:aws:ec2:*"], "on all of Amazon EC2"),
        ] {
            assert_eq!(describe(patterns.iter().copied()), expected);
        }
    }
}
