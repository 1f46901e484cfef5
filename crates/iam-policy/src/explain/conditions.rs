use super::wording::{list, name, service_principal, words};
use crate::catalogue;
use crate::condition::{Clause, Operator, Order, Quantifier, Test, boolean, moment};
use crate::foreign::code;

/// Says under which circumstances a condition holds, such as `only until 2 May 2026`.
pub(super) fn describe(clause: &Clause) -> String {
    let Some(operator) = clause.operator() else {
        return format!(
            "under a condition ({}) that cannot be met",
            code(clause.operator_text())
        );
    };
    let values: Vec<String> = clause.texts().map(name).collect();
    let timed = |order| clause.key_lower() == "aws:epochtime" && order != Order::Equal;
    let described = match operator.test() {
        Test::Null => presence(clause),
        Test::Number(order) if timed(order) => date(clause, order, operator.is_negated(), &values),
        Test::Date(order) => date(clause, order, operator.is_negated(), &values),
        Test::Bool => truth(clause, &values),
        _ => comparison(clause, operator, &values),
    };
    match (operator.if_exists(), operator.quantifier()) {
        (true, None | Some(Quantifier::All)) => format!("{described} (or where that is not known)"),
        _ => described,
    }
}

fn presence(clause: &Clause) -> String {
    let subject = subject(clause.key_lower(), clause.key());
    if clause.texts().any(|text| boolean(text) == Some(true)) {
        format!("only where {subject} is not given")
    } else {
        format!("only where {subject} is given")
    }
}

fn date(clause: &Clause, order: Order, negated: bool, values: &[String]) -> String {
    let days: Vec<String> = clause.texts().map(day).collect();
    let days = if days.is_empty() {
        values.to_vec()
    } else {
        days
    };
    let described = list(&days, "or");
    let word = match (order, negated) {
        (Order::Less | Order::AtMost, _) => "until",
        (Order::Greater | Order::AtLeast, _) => "from",
        (Order::Equal, false) => "at exactly",
        (Order::Equal, true) => "not at exactly",
    };
    match clause.key_lower() {
        "aws:currenttime" | "aws:epochtime" => format!("only {word} {described}"),
        "aws:tokenissuetime" => format!(
            "only for sessions begun {}",
            match word {
                "until" => format!("before {described}"),
                _ => format!("after {described}"),
            }
        ),
        key => format!(
            "only where {} is {word} {described}",
            subject(key, clause.key())
        ),
    }
}

/// A moment as people write it: the day, with the time of day unless it is midnight.
fn day(text: &str) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let Some(written) = moment(text).and_then(crate::condition::write_moment) else {
        return code(text);
    };
    let (date, time) = written.split_once('T').unwrap_or((&written, ""));
    let mut parts = date.split('-');
    let (Some(year), Some(month), Some(day)) = (parts.next(), parts.next(), parts.next()) else {
        return written;
    };
    let month = month
        .parse::<usize>()
        .ok()
        .and_then(|month| MONTHS.get(month.checked_sub(1)?));
    let day = day.trim_start_matches('0');
    let clock = time.get(..5).filter(|clock| *clock != "00:00");
    let clock = clock
        .map(|clock| format!(", {clock} UTC"))
        .unwrap_or_default();
    format!("{day} {} {year}{clock}", month.unwrap_or(&""))
}

fn truth(clause: &Clause, values: &[String]) -> String {
    let is = clause.texts().next().and_then(boolean);
    match (clause.key_lower(), is) {
        ("aws:multifactorauthpresent", Some(true)) => {
            "only when signed in with a second factor".to_owned()
        }
        ("aws:multifactorauthpresent", Some(false)) => {
            "only when not signed in with a second factor".to_owned()
        }
        ("aws:securetransport", Some(true)) => "only over an encrypted connection".to_owned(),
        ("aws:securetransport", Some(false)) => "only over an unencrypted connection".to_owned(),
        ("aws:viaawsservice", Some(true)) => {
            "only when an AWS service asks on their behalf".to_owned()
        }
        ("aws:viaawsservice", Some(false)) => {
            "only when asking directly, not through an AWS service".to_owned()
        }
        ("aws:principalisawsservice", Some(true)) => "only for AWS services".to_owned(),
        ("aws:principalisawsservice", Some(false)) => {
            "only for others than AWS services".to_owned()
        }
        (key, _) => format!(
            "only where {} is {}",
            subject(key, clause.key()),
            list(values, "or")
        ),
    }
}

fn comparison(clause: &Clause, operator: Operator, values: &[String]) -> String {
    // Any value at all will do, or none.
    if operator.quantifier().is_none()
        && matches!(operator.test(), Test::Like)
        && clause.texts().any(|text| text == "*")
    {
        let given = if operator.is_negated() {
            "not given"
        } else {
            "given"
        };
        return format!(
            "only where {} is {given}",
            subject(clause.key_lower(), clause.key())
        );
    }
    let services = SERVICE_KEYS.contains(&clause.key_lower());
    let values: Vec<String> = if services {
        clause.texts().map(service_principal).collect()
    } else if SECONDS.contains(&clause.key_lower()) {
        clause.texts().map(duration).collect()
    } else {
        values.to_vec()
    };
    let described = list(&values, "or");
    let not = operator.is_negated();
    if operator.quantifier().is_none()
        && matches!(
            operator.test(),
            Test::Text { .. } | Test::Like | Test::Arn | Test::Ip
        )
        && let Some(saying) = known(clause.key_lower(), clause.key(), not, &values)
    {
        return saying;
    }
    let subject = subject(clause.key_lower(), clause.key());
    let relation = match (operator.test(), not) {
        (Test::Number(Order::Less), _) => "less than",
        (Test::Number(Order::AtMost), _) => "at most",
        (Test::Number(Order::Greater), _) => "more than",
        (Test::Number(Order::AtLeast), _) => "at least",
        (Test::Like | Test::Arn, false) => "like",
        (Test::Like | Test::Arn, true) => "not like",
        (_, false) => "",
        (_, true) => "not",
    };
    let space = if relation.is_empty() { "" } else { " " };
    match operator.quantifier() {
        None => format!("only where {subject} is {relation}{space}{described}"),
        Some(Quantifier::All) => format!(
            "only where every value of {subject} is {relation}{space}{described}, or there is none"
        ),
        Some(Quantifier::Any) => {
            format!("only where one of {subject} is {relation}{space}{described}")
        }
    }
}

/// Keys whose values are service principals.
const SERVICE_KEYS: [&str; 7] = [
    "iam:passedtoservice",
    "iam:awsservicename",
    "kms:viaservice",
    "aws:calledvia",
    "aws:calledviafirst",
    "aws:calledvialast",
    "aws:principalservicename",
];

/// Keys whose values are seconds.
const SECONDS: [&str; 2] = ["aws:multifactorauthage", "sts:durationseconds"];

/// Seconds as people say them.
fn duration(text: &str) -> String {
    let Ok(seconds) = text.parse::<u64>() else {
        return format!("{} seconds", code(text));
    };
    let (count, unit) = match seconds {
        0 => (0, "second"),
        _ if seconds.is_multiple_of(86_400) => (seconds / 86_400, "day"),
        _ if seconds.is_multiple_of(3_600) => (seconds / 3_600, "hour"),
        _ if seconds.is_multiple_of(60) => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// Keys with a saying of their own.
fn known(key: &str, written: &str, not: bool, values: &[String]) -> Option<String> {
    let tag = written.split_once('/').map_or(written, |(_, tag)| tag);
    let tag = code(tag);
    let described = list(values, "or");
    let negation = if not { "not " } else { "" };
    Some(match key {
        "aws:sourceip" | "aws:vpcsourceip" if not => {
            format!("only from other addresses than {described}")
        }
        "aws:sourceip" => format!("only from the addresses {described}"),
        "aws:vpcsourceip" => format!("only from the private addresses {described}"),
        "aws:requestedregion" if not => {
            format!("only outside {}", list(values, "and"))
        }
        "aws:requestedregion" => format!("only in {described}"),
        "aws:resourceaccount" if not => format!("only in other accounts than {described}"),
        "aws:resourceaccount" => format!("only in the account {described}"),
        "aws:resourceorgid" if !not => format!("only in the organisation {described}"),
        "aws:username" => format!("only for the user name {negation}{described}"),
        "aws:principalarn" => format!(
            "only for {}{described}",
            if not { "others than " } else { "" }
        ),
        "aws:principalorgid" if not => {
            format!("only for others than members of the organisation {described}")
        }
        "aws:principalorgid" => format!("only for members of the organisation {described}"),
        "aws:principalaccount" => format!(
            "only for {}account {described}",
            if not { "others than " } else { "" }
        ),
        "aws:sourceaccount" => format!(
            "only on behalf of {}account {described}",
            if not { "others than " } else { "" }
        ),
        "aws:sourcearn" => format!(
            "only on behalf of {}{described}",
            if not { "others than " } else { "" }
        ),
        "aws:sourcevpc" | "aws:sourcevpce" => {
            format!("only {negation}from the private network {described}")
        }
        "iam:passedtoservice" if not => format!("only to others than {described}"),
        "iam:passedtoservice" => format!("only to {described}"),
        "iam:awsservicename" if !not => format!("only for {described}"),
        "kms:viaservice" if not => format!("only when not used through {described}"),
        "kms:viaservice" => format!("only through {described}"),
        "aws:calledviafirst" | "aws:calledvialast" if !not => format!("only through {described}"),
        "s3:prefix" if not => format!("only for names other than {described}"),
        "s3:prefix" => format!("only for names such as {described}"),
        _ if key.starts_with("aws:principaltag/") => {
            format!("only for people whose tag {tag} is {negation}{described}")
        }
        _ if key.starts_with("aws:resourcetag/") || key.contains(":resourcetag/") => {
            format!("only where the tag {tag} is {negation}{described}")
        }
        _ if key.starts_with("aws:requesttag/") => format!(
            "only when setting the tag {tag} to {}{described}",
            if not { "something else than " } else { "" }
        ),
        _ => return None,
    })
}

/// A key in words.
fn subject(key: &str, written: &str) -> String {
    match key {
        "aws:tagkeys" => "the names of the tags that are set".to_owned(),
        "aws:multifactorauthage" => "the time since signing in with a second factor".to_owned(),
        "sts:durationseconds" => "the length of the session".to_owned(),
        _ if key.ends_with(":aud") => "the audience (aud) of the sign-in".to_owned(),
        _ if key.ends_with(":sub") => "the subject (sub) of the sign-in".to_owned(),
        "aws:calledvia" => "the services it goes through".to_owned(),
        "aws:resourceorgid" => "the organisation of the resource".to_owned(),
        _ => {
            if !is_known(key) {
                return format!("the key {}", code(written));
            }
            let name = written.split_once(':').map_or(written, |(_, name)| name);
            let (name, tag) = name.split_once('/').unwrap_or((name, ""));
            let words = words(name).join(" ");
            let tagged = ["resourcetag", "requesttag", "principaltag"];
            if tagged.iter().any(|kind| name.eq_ignore_ascii_case(kind)) && !tag.is_empty() {
                let whose = words.split(' ').next().unwrap_or_default();
                let tag = code(tag);
                return match whose {
                    "resource" => format!("the tag {tag} of the resource"),
                    "request" => format!("the tag {tag} in the request"),
                    _ => format!("the tag {tag} of the person or role"),
                };
            }
            if tag.is_empty() {
                format!("the {words}")
            } else {
                format!("the {words} {}", code(tag))
            }
        }
    }
}

/// Whether AWS has a key of this name, so that its words are AWS's.
fn is_known(key: &str) -> bool {
    let service = key.split_once(':').map_or("", |(prefix, _)| prefix);
    catalogue::global_key(key).is_some()
        || catalogue::service(service).is_some_and(|found| found.condition_key(key).is_some())
}
