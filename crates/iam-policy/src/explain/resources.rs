mod exact;

use std::collections::{HashMap, HashSet};

use super::groups::Groups;
use super::variables::{is_sheltered, resource_name as name, shelter};
use super::wording::{list, plural_of, service_name, thing, words};
use crate::catalogue;
use crate::foreign::code;

/// The resources that patterns stand for.
pub(super) enum ResourcePhrase {
    /// All there are.
    Everywhere,
    /// None at all.
    Nowhere,
    /// Some, by their names.
    Some(NamedResources),
}

/// Resources with names.
#[derive(Default)]
pub(super) struct NamedResources {
    /// Buckets and what is in them, such as `the bucket reports`.
    buckets: Vec<String>,
    /// Other things, such as `the queue jobs in eu-west-1`.
    things: Vec<String>,
}

impl NamedResources {
    /// Such as `in the bucket reports and on the queue jobs`.
    pub(super) fn text(&self) -> String {
        let mut described = Vec::new();
        if !self.buckets.is_empty() {
            described.push(format!("in {}", list(&self.buckets, "and")));
        }
        if !self.things.is_empty() {
            described.push(format!("on {}", list(&self.things, "and")));
        }
        list(&described, "and")
    }

    /// The things without preposition, when all of them are of the kind that these nouns mean.
    pub(super) fn all_of_kind(&self, nouns: &str) -> Option<String> {
        let of_kind = |text: &String| {
            let singular = text.strip_prefix("the ").map(|rest| {
                let mut ends = rest.match_indices(' ').map(|(at, _)| at);
                ends.any(|at| rest.get(..at).is_some_and(|kind| plural_of(kind) == nouns))
            });
            let plural = text.strip_prefix("all ").unwrap_or(text);
            let rest = plural.strip_prefix(nouns);
            singular == Some(true)
                || rest.is_some_and(|rest| {
                    ["", " whose", " named", " in ", " of "]
                        .iter()
                        .any(|next| rest == *next || !next.is_empty() && rest.starts_with(next))
                })
        };
        (self.buckets.is_empty() && self.things.iter().all(of_kind))
            .then(|| list(&self.things, "and"))
    }

    /// Whether all of one service is meant and nothing else.
    pub(super) fn is_all_of(&self, service: &str) -> bool {
        let all = format!("all of {service}");
        self.buckets.is_empty() && self.things.iter().all(|text| *text == all)
    }
}

/// How many resources of a statement are looked at, more than the quotas of any policy allow; of those
/// beyond, only how many there are.
const MOST_DESCRIBED: usize = 5_000;

/// Says which resources patterns mean. Without `variables`, `${…}` is plain text. With `exactly`
/// nothing is told as more than it is: patterns that have no such words stand as they are written.
pub(super) fn describe<'p>(
    patterns: impl Iterator<Item = &'p str>,
    variables: bool,
    exactly: bool,
) -> ResourcePhrase {
    let mut things = Groups::default();
    let odd = |pattern: &&str| is_sheltered(pattern);
    let (odd, patterns): (Vec<&str>, Vec<&str>) = patterns.partition(odd);
    let mut none = odd.is_empty();
    odd.into_iter()
        .for_each(|pattern| things.push(code(pattern)));
    let patterns: Vec<String> = patterns
        .into_iter()
        .map(|pattern| match variables {
            true => shelter(pattern),
            false => pattern.replace("${", "${$}{"),
        })
        .collect();
    let all = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte == b'*');
    if patterns.iter().any(all) {
        return ResourcePhrase::Everywhere;
    }
    let more = patterns.len().saturating_sub(MOST_DESCRIBED);
    let patterns: Vec<&str> = patterns
        .iter()
        .map(String::as_str)
        .take(MOST_DESCRIBED)
        .collect();
    let shared = shared_kinds(&patterns);
    let usual = patterns.iter().find_map(|pattern| partition(pattern));
    let others: HashSet<&str> = patterns.iter().copied().collect();
    let mut named = NamedResources::default();
    let mut objects: Vec<&str> = Vec::new();
    none &= patterns.is_empty();
    for pattern in patterns {
        let parts: Vec<&str> = pattern.splitn(6, ':').collect();
        match parts.as_slice() {
            [.., last]
                if !exactly && parts.iter().skip(1).all(|part| *part == "*") && *last == "*" =>
            {
                return ResourcePhrase::Everywhere;
            }
            _ if exactly && !exact::is_told_exactly(pattern, &others) => {
                things.push(name(pattern));
            }
            // Of two partitions things of one name are two.
            _ if partition(pattern).is_some() && partition(pattern) != usual => {
                things.push(name(pattern));
            }
            ["arn", _, "s3", "" | "*", "" | "*", bucket] => objects.push(bucket),
            ["arn", _, service, region, account, resource] if is_account(account) => {
                let told = of_service(service, resource);
                let mut place = place(region, account);
                if shared.contains(told.kind()) {
                    place.push_str(&format!(" of {}", service_name(service)));
                }
                match told {
                    Told::Thing(kind, name) if !name.contains(['*', '?']) => {
                        things.add(&kind, &name, &place);
                    }
                    Told::Thing(kind, name) => things.push(thing(&kind, &name) + &place),
                    Told::Text(text) => things.push(text + &place),
                }
            }
            // A colon where another account is: wildcards go on over colons.
            ["arn", _, _, _, _, _] => things.push(name(pattern)),
            ["arn", _, service, ..] => things.push(format!("all of {}", service_name(service))),
            ["arn"] | ["arn", _] => things.push(format!("all of {}", service_name("*"))),
            _ => things.push(name(pattern)),
        }
    }
    if none {
        return ResourcePhrase::Nowhere;
    }
    named.buckets = in_buckets(&objects);
    named.things = things.texts();
    if more > 0 {
        named.things.push(format!("{more} more resources"));
    }
    ResourcePhrase::Some(named)
}

/// Buckets and what is in them. A bucket of which everything is meant is described once.
fn in_buckets(patterns: &[&str]) -> Vec<String> {
    let mut whole: HashSet<&str> = HashSet::new();
    let mut partly: HashSet<&str> = HashSet::new();
    for pattern in patterns {
        whole.extend(pattern.strip_suffix("/*"));
        partly.extend(pattern.split_once('/').map(|(bucket, _)| bucket));
    }
    let mut buckets: Vec<&str> = Vec::new();
    let mut parts = Groups::default();
    for pattern in patterns {
        let (bucket, key) = pattern.split_once('/').unwrap_or((pattern, ""));
        // A folder and what is in it are described once; an object of its name is another thing.
        if pattern.ends_with('/') && whole.contains(pattern.trim_end_matches('/')) {
            continue;
        }
        if whole.contains(bucket) || !pattern.contains('/') && !partly.contains(bucket) {
            buckets.push(bucket);
        } else if pattern.contains('/') {
            in_bucket(pattern, bucket, key, &mut parts);
        } else {
            parts.push(format!("{} itself", of_bucket(bucket)));
        }
    }
    let mut seen = HashSet::new();
    buckets.retain(|bucket| seen.insert(*bucket));
    let plain = |bucket: &&str| !bucket.contains(['*', '?']);
    let buckets = if buckets.len() > 1 && buckets.iter().all(plain) {
        let names: Vec<String> = buckets.iter().map(|bucket| name(bucket)).collect();
        vec![format!("the buckets {}", list(&names, "and"))]
    } else {
        buckets.into_iter().map(of_bucket).collect()
    };
    buckets.into_iter().chain(parts.texts()).collect()
}

/// A bucket, or buckets. A wildcard goes on over `/`, so that what follows one may be found in the name
/// of an object.
fn of_bucket(bucket: &str) -> String {
    let described = thing("bucket", bucket);
    let goes_on = bucket.trim_end_matches('*').contains(['*', '?']);
    match described.strip_prefix("buckets ").filter(|_| goes_on) {
        Some(rest) => format!("buckets and objects {rest}"),
        None => described,
    }
}

fn in_bucket(pattern: &str, bucket: &str, key: &str, parts: &mut Groups) {
    if bucket.contains(['*', '?']) && key != "*" {
        let like = name(pattern);
        parts.push(format!("objects whose bucket and name are like {like}"));
        return;
    }
    let of = format!(" of {}", thing("bucket", bucket));
    let plain = |text: &str| !text.contains(['*', '?']);
    match key.strip_suffix("/*") {
        _ if key == "*" => parts.push(thing("bucket", bucket)),
        Some(folder) if plain(folder) => parts.add("folder", folder, &of),
        _ if plain(key) => parts.add("object", key, &of),
        _ => parts.push(thing("object", key) + &of),
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

/// Whether it may be the account of an ARN.
fn is_account(text: &str) -> bool {
    let digits = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'*' | b'?');
    text == "aws" || text.contains("${") || text.bytes().all(digits)
}

/// The partition of a pattern, when it names one.
fn partition(pattern: &str) -> Option<&str> {
    let mut parts = pattern.split(':');
    let partition = parts.next().filter(|part| *part == "arn").and(parts.next());
    partition.filter(|partition| !partition.is_empty() && !partition.contains(['*', '?', '$']))
}

/// The kinds of things that two services have, as far as these patterns name them.
fn shared_kinds(patterns: &[&str]) -> HashSet<String> {
    let mut services: HashMap<String, &str> = HashMap::new();
    let mut shared = HashSet::new();
    for pattern in patterns {
        let parts: Vec<&str> = pattern.splitn(6, ':').collect();
        let [_, _, service, _, _, resource] = parts.as_slice() else {
            continue;
        };
        let told = of_service(service, resource);
        let known = services.entry(told.kind().to_owned()).or_insert(service);
        if known != service && matches!(told, Told::Thing(..)) {
            shared.insert(told.kind().to_owned());
        }
    }
    shared
}

impl Told {
    /// What kind of thing it is.
    fn kind(&self) -> &str {
        match self {
            Self::Thing(kind, _) | Self::Text(kind) => kind,
        }
    }
}

/// A resource as it is told.
enum Told {
    /// The kind and the name, which may be a pattern.
    Thing(String, String),
    /// As it is.
    Text(String),
}

fn of_service(service: &str, resource: &str) -> Told {
    if resource == "*" {
        return Told::Text(format!("all of {}", service_name(service)));
    }
    // Streams of a log group are described as the group.
    let resource = match service {
        "logs" => resource
            .split_once(":log-stream:")
            .map_or(resource, |(group, _)| group)
            .trim_end_matches(":*"),
        _ => resource,
    };
    if let Some(kind) = nameless_kind(service, resource) {
        return Told::Text(format!("the {kind}"));
    }
    let start = resource
        .find(['/', ':'])
        .filter(|_| !resource.starts_with(['/', '$']));
    match start.and_then(|at| resource.split_at_checked(at)) {
        Some((kind, rest)) if is_kind(service, kind) => Told::Thing(
            kind_in_words(kind),
            rest.get(1..).unwrap_or_default().to_owned(),
        ),
        Some(_) => Told::Thing("resource".to_owned(), resource.to_owned()),
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
            Told::Thing(kind, resource.to_owned())
        }
    }
}

/// Whether AWS calls resources of this service so, and not only whoever wrote the policy.
fn is_kind(service: &str, kind: &str) -> bool {
    let forms = catalogue::service(service).map(|service| {
        let forms = service.resource_types().map(|known| known.arn());
        forms.filter_map(|form| form.splitn(6, ':').nth(5))
    });
    forms.into_iter().flatten().any(|form| {
        let rest = form.strip_prefix(kind);
        rest.is_some_and(|rest| rest.starts_with(['/', ':']))
    })
}

/// The kind of a resource as people say it.
fn kind_in_words(kind: &str) -> String {
    const SHORT: [(&str, &str); 8] = [
        ("cert", "certificate"),
        ("db", "database"),
        ("es", "event subscription"),
        ("hostedzone", "hosted zone"),
        ("opsitem", "ops item"),
        ("pg", "parameter group"),
        ("servicesetting", "service setting"),
        ("subgrp", "subnet group"),
    ];
    match SHORT.iter().find(|(short, _)| *short == kind) {
        Some((_, long)) => (*long).to_owned(),
        None => words(kind).join(" "),
    }
}

/// The kind of a resource of which there is one only, such as `catalog` of AWS Glue.
fn nameless_kind(service: &str, resource: &str) -> Option<String> {
    let mut kinds = catalogue::service(service)?.resource_types();
    let open = resource.contains(['$', '*', '?', '/', ':']);
    kinds.find(|kind| !open && kind.arn().splitn(6, ':').nth(5) == Some(resource))?;
    Some(words(resource).join(" "))
}

#[cfg(test)]
mod tests;
