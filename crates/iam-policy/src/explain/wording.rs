//! Words and lists as people write them. What a policy names stands between marks.

use super::variables::resource_name;
use crate::foreign::code;

/// `a`, `a and b`, `a, b and c`. Nothing is cut: somebody decides on it.
pub(super) fn list(items: &[String], word: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., last] => format!("{} {word} {last}", rest.join(", ")),
    }
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

/// A name as it is written. Where it is nothing but a variable it is put into words; one that is
/// empty is told as such.
pub(super) fn name(text: &str) -> String {
    if text.is_empty() {
        return "(without a name)".to_owned();
    }
    let variable = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'));
    let known = variable.and_then(|key| match key.to_ascii_lowercase().as_str() {
        "aws:username" => Some("(own user name)"),
        "aws:userid" => Some("(own user id)"),
        "aws:principalaccount" => Some("(own account)"),
        "aws:principalorgid" => Some("(own organisation)"),
        "aws:resourceaccount" => Some("(the account of the resource)"),
        "aws:resourceorgid" => Some("(the organisation of the resource)"),
        "aws:requestedregion" => Some("(the region of the request)"),
        _ => None,
    });
    known.map_or_else(|| code(text), str::to_owned)
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
    let text = resource_name(pattern);
    let body = pattern.trim_end_matches('*');
    let plain = |text: &str| !text.is_empty() && !text.contains(['*', '?']);
    if !pattern.contains(['*', '?']) {
        format!("the {kind} {text}")
    } else if body.bytes().all(|byte| b"*?:/".contains(&byte)) {
        format!("all {}", plural_of(kind))
    } else if !body.contains(['*', '?']) {
        format!(
            "{} whose name begins with {}",
            plural_of(kind),
            resource_name(body)
        )
    } else if let Some(middle) = body.strip_prefix('*').filter(|middle| plain(middle)) {
        let word = if body == pattern {
            "ends with"
        } else {
            "contains"
        };
        format!(
            "{} whose name {word} {}",
            plural_of(kind),
            resource_name(middle)
        )
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
        return format!("every service whose short name is like {}", code(&prefix));
    }
    let familiar = FAMILIAR.iter().find(|(known, _)| *known == prefix);
    match (familiar, crate::catalogue::service(&prefix)) {
        (Some((_, name)), _) => (*name).to_owned(),
        (None, Some(service)) => service.name().to_owned(),
        (None, None) => format!("a service called {}", name(&prefix)),
    }
}

/// A service principal such as `ec2.amazonaws.com` as the service it stands for.
pub(super) fn service_principal(text: &str) -> String {
    let domains = [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.com*"];
    let host = domains.iter().find_map(|domain| text.strip_suffix(domain));
    // A region may stand between the two.
    let (label, region) = host.map_or(("", ""), |host| host.split_once('.').unwrap_or((host, "")));
    let plain = region
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match crate::catalogue::service(label).filter(|_| plain) {
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
            "functions whose name begins with `app-`"
        );
        assert_eq!(thing("table", "*"), "all tables");
        assert_eq!(thing("flow", "*:*"), "all flows");
        assert_eq!(name("home/${aws:username}/x"), "`home/${aws:username}/x`");
        assert_eq!(name("${aws:username}"), "(own user name)");
    }

    #[test]
    fn lists_end_with_a_word() {
        let items: Vec<String> = (1..=10).map(|n| n.to_string()).collect();
        assert_eq!(list(&items[..3], "and"), "1, 2 and 3");
        assert_eq!(list(&items, "or"), "1, 2, 3, 4, 5, 6, 7, 8, 9 or 10");
    }
}
