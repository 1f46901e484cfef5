//! Words and lists as people write them.

use std::cmp::Ordering;

/// `a`, `a and b`, `a, b and c`; of long lists the beginning and how many more.
pub(super) fn list(items: &[String], word: &str) -> String {
    const SHOWN: usize = 8;
    match items {
        [] => String::new(),
        [only] => only.clone(),
        items if items.len() > SHOWN => {
            let shown = items.get(..SHOWN - 1).unwrap_or(items);
            format!(
                "{} {word} {} more",
                shown.join(", "),
                items.len() - shown.len()
            )
        }
        [rest @ .., last] => format!("{} {word} {last}", rest.join(", ")),
    }
}

/// Compares texts as people order them: `2` comes before `10`, wherever the digits stand.
#[must_use]
pub fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (first, second) = (chunk(left), chunk(right));
        if first.is_empty() || second.is_empty() {
            return first.len().cmp(&second.len()).then_with(|| a.cmp(b));
        }
        let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        let order = match is_number(first) && is_number(second) {
            true => {
                let (first, second) = (
                    first.trim_start_matches('0'),
                    second.trim_start_matches('0'),
                );
                first
                    .len()
                    .cmp(&second.len())
                    .then_with(|| first.cmp(second))
            }
            false => first.cmp(second),
        };
        if order != Ordering::Equal {
            return order;
        }
        left = left.get(first.len()..).unwrap_or_default();
        right = right.get(second.len()..).unwrap_or_default();
    }
}

/// The digits, or the other characters, that a text begins with.
fn chunk(text: &str) -> &str {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digits);
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

/// Words that are written in capitals whatever AWS does.
const ABBREVIATIONS: [&str; 18] = [
    "acl", "api", "arn", "cidr", "dns", "ebs", "iam", "id", "ip", "kms", "mfa", "oidc", "saml",
    "sns", "sqs", "ssh", "url", "vpc",
];

/// The words of a name such as `GetBucketLocation` or `rest-api`, in lower case unless they
/// are abbreviations.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut current = String::new();
    let letters: Vec<char> = name.chars().collect();
    for (at, letter) in letters.iter().enumerate() {
        let upper = letter.is_ascii_uppercase();
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let starts = upper
            && (before.is_some_and(|c| !c.is_ascii_uppercase())
                || letters.get(at + 1).is_some_and(|c| c.is_ascii_lowercase()));
        if starts || !letter.is_ascii_alphanumeric() {
            words.push(std::mem::take(&mut current));
        }
        if letter.is_ascii_alphanumeric() {
            current.push(*letter);
        }
    }
    words.push(current);
    words.retain(|word| !word.is_empty());
    for word in &mut words {
        let abbreviation = word.len() > 1 && !word.bytes().any(|b| b.is_ascii_lowercase());
        if abbreviation {
            continue;
        }
        word.make_ascii_lowercase();
        let (stem, end) = match word.strip_suffix('s') {
            Some(stem) if !ABBREVIATIONS.contains(&word.as_str()) => (stem, "s"),
            _ => (word.as_str(), ""),
        };
        if ABBREVIATIONS.contains(&stem) {
            *word = format!("{}{end}", stem.to_ascii_uppercase());
        }
    }
    words
}

/// The plural of an English word, as far as names of things in AWS need it.
pub(super) fn plural(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    let ends = |ending: &str| lower.ends_with(ending);
    // "DNS" and "status" stay as they are; so do things that are not counted.
    let uncounted = [
        "s",
        "data",
        "content",
        "information",
        "usage",
        "all",
        "traffic",
        "storage",
    ];
    if uncounted.iter().any(|ending| ends(ending)) {
        return word.to_owned();
    }
    match word.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if ends("x") || ends("ch") || ends("sh") => format!("{word}es"),
        _ => format!("{word}s"),
    }
}

/// A name with variables in words.
pub(super) fn name(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, inner, after)) = rest.split_once("${").and_then(|(before, rest)| {
        rest.split_once('}')
            .map(|(inner, after)| (before, inner, after))
    }) {
        out.push_str(before);
        let key = inner.split(',').next().unwrap_or(inner).trim();
        out.push_str(&match (key.to_ascii_lowercase().as_str(), inner) {
            (_, "*" | "?" | "$") => inner.to_owned(),
            ("aws:username", _) => "(own user name)".to_owned(),
            ("aws:userid", _) => "(own user id)".to_owned(),
            ("aws:principalaccount", _) => "(own account)".to_owned(),
            ("aws:principalorgid", _) => "(own organisation)".to_owned(),
            ("aws:resourceaccount", _) => "(the account of the resource)".to_owned(),
            ("aws:resourceorgid", _) => "(the organisation of the resource)".to_owned(),
            ("aws:requestedregion", _) => "(the region of the request)".to_owned(),
            (lower, _) if lower.starts_with("aws:principaltag/") => {
                format!(
                    "(own tag {})",
                    key.split_once('/').map_or(key, |(_, tag)| tag)
                )
            }
            _ => format!("(value of {key})"),
        });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A thing with a name that may be a pattern: `the role app`, `all roles`, `roles whose name
/// begins with app-`.
pub(super) fn thing(kind: &str, pattern: &str) -> String {
    let mut pattern = pattern;
    while let Some(shorter) = pattern
        .strip_suffix("/*")
        .filter(|rest| rest.ends_with('*'))
    {
        pattern = shorter;
    }
    let text = name(pattern);
    let body = pattern.trim_end_matches('*');
    let plain = |text: &str| !text.is_empty() && !text.contains(['*', '?']);
    if !pattern.contains(['*', '?']) {
        format!("the {kind} {text}")
    } else if body.bytes().all(|byte| b"*?:/".contains(&byte)) {
        format!("all {}", plural_of(kind))
    } else if !body.contains(['*', '?']) {
        format!("{} whose name begins with {}", plural_of(kind), name(body))
    } else if let Some(middle) = body.strip_prefix('*').filter(|middle| plain(middle)) {
        let word = if body == pattern {
            "ends with"
        } else {
            "contains"
        };
        format!("{} whose name {word} {}", plural_of(kind), name(middle))
    } else {
        format!("{} named like {text}", plural_of(kind))
    }
}

/// A service as people know it; the catalogue names some by one of several that share a prefix.
pub(super) fn service_name(prefix: &str) -> String {
    const FAMILIAR: [(&str, &str); 9] = [
        ("apigateway", "Amazon API Gateway"),
        ("arsenal", "AWS Application Discovery Service"),
        ("aws-marketplace", "AWS Marketplace"),
        ("cloudformation", "AWS CloudFormation"),
        ("elasticloadbalancing", "Elastic Load Balancing"),
        ("iam", "IAM (users, roles and permissions)"),
        ("sso-directory", "the directory of AWS IAM Identity Center"),
        ("sts", "STS (taking on roles)"),
        ("tag", "the AWS tag editor"),
    ];
    let prefix = prefix.to_ascii_lowercase();
    if !prefix.is_empty() && prefix.bytes().all(|byte| byte == b'*') {
        return "every service".to_owned();
    }
    if prefix.contains(['*', '?']) {
        return format!("every service whose short name is like {prefix}");
    }
    let familiar = FAMILIAR.iter().find(|(known, _)| *known == prefix);
    match (familiar, crate::catalogue::service(&prefix)) {
        (Some((_, name)), _) => (*name).to_owned(),
        (None, Some(service)) => service.name().to_owned(),
        (None, None) => format!("a service called {prefix}"),
    }
}

/// A service principal such as `ec2.amazonaws.com` as the service it stands for.
pub(super) fn service_principal(text: &str) -> String {
    let label = text.split('.').next().unwrap_or_default();
    let known = [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.com*"]
        .iter()
        .any(|domain| text.ends_with(domain));
    match crate::catalogue::service(label).filter(|_| known && !label.contains(['*', '?'])) {
        Some(_) => service_name(label),
        None => format!("the service {}", name(text)),
    }
}

/// The plural of a thing whose last word counts.
pub(super) fn plural_of(kind: &str) -> String {
    match kind.rsplit_once(' ') {
        Some((before, last)) => format!("{before} {}", plural(last)),
        None => plural(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_words() {
        assert_eq!(words("GetBucketLocation"), ["get", "bucket", "location"]);
        assert_eq!(
            words("GetACLForAPIKey"),
            ["get", "ACL", "for", "API", "key"]
        );
        assert_eq!(words("rest-api"), ["rest", "API"]);
        assert_eq!(words("DescribeVpcs"), ["describe", "VPCs"]);
        assert_eq!(words("ModifyDnsOptions"), ["modify", "DNS", "options"]);
        assert_eq!(plural("policy"), "policies");
        assert_eq!(plural("key"), "keys");
        assert_eq!(plural("address"), "address");
        assert_eq!(
            thing("function", "app-*"),
            "functions whose name begins with app-"
        );
        assert_eq!(thing("table", "*"), "all tables");
        assert_eq!(thing("flow", "*:*"), "all flows");
        assert_eq!(name("home/${aws:username}/x"), "home/(own user name)/x");
    }

    #[test]
    fn numbers_are_ordered_by_their_value() {
        let mut names = ["a10b", "a2", "a2b", "b1", "a", "10", "9", "010", "a02"];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(
            names,
            ["9", "010", "10", "a", "a02", "a2", "a2b", "a10b", "b1"]
        );
    }

    #[test]
    fn lists_end_with_a_word() {
        let items: Vec<String> = (1..=10).map(|n| n.to_string()).collect();
        assert_eq!(list(&items[..3], "and"), "1, 2 and 3");
        assert_eq!(list(&items, "or"), "1, 2, 3, 4, 5, 6, 7 or 3 more");
    }
}
