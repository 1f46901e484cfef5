use super::keys::{known, subject};
use super::wording::{list, name, service_principal};
use crate::catalogue::wildcard;
use crate::condition::{
    Clause, Operator, Order, Quantifier, Test, boolean, moment, number, write_moment,
};
use crate::foreign::code;
use crate::prove::{Share, extent};

/// Says under which circumstances a condition holds, such as `only until 2 May 2026`. `providers` are
/// the identity providers that the statement names, and `allows` whether it is a permission.
///
/// Only what limits is told as a limit: a condition that holds for every request is told as that, and
/// one that AWS may read otherwise as one that may limit nothing.
pub(super) fn describe(clause: &Clause, providers: &[&str], allows: bool) -> String {
    let subject = subject(clause, providers);
    let (Some(operator), Some(extent)) = (clause.operator(), extent(clause)) else {
        return doubtful(clause, &subject, allows);
    };
    if extent.is_everything() {
        return format!("whatever {subject} is");
    }
    if extent.is_nothing(operator.quantifier()) {
        let operator = code(clause.operator_text());
        return format!("under a condition ({operator} of {subject}) that cannot be met");
    }
    match extent.values {
        Share::All => format!("only where {subject} is given"),
        Share::None => format!("only where {subject} is not given"),
        // What a permission leaves out, or a denial is about, is told as no more than it is.
        Share::Some => limit(clause, operator, &subject, operator.is_negated() == allows),
    }
}

/// A condition that AWS may read otherwise than it looks, or not at all.
fn doubtful(clause: &Clause, subject: &str, allows: bool) -> String {
    let values: Vec<String> = clause.texts().map(code).collect();
    let values = match values.as_slice() {
        [] => "no values".to_owned(),
        values => list(values, "or"),
    };
    let doubt = if allows {
        "limit nothing"
    } else {
        "never hold"
    };
    format!(
        "under a condition that may {doubt} ({} of {subject}: {values})",
        code(clause.operator_text())
    )
}

/// A condition that some values of its key fulfil, and some do not. `exactly`: the values are told as no
/// more than they are.
fn limit(clause: &Clause, operator: Operator, subject: &str, exactly: bool) -> String {
    let timed = |order| clause.key_lower() == "aws:epochtime" && order != Order::Equal;
    let described = match operator.test() {
        Test::Number(order) if timed(order) => date(clause, operator, order, subject),
        Test::Date(order) => date(clause, operator, order, subject),
        Test::Bool => truth(clause, operator, subject),
        _ => comparison(clause, operator, subject, exactly),
    };
    // Said by the words for every value of several.
    let is_said = described.ends_with(NONE_AT_ALL);
    match (operator.if_exists(), operator.quantifier()) {
        (true, None) | (_, Some(Quantifier::All)) if !is_said => {
            format!("{described} (or where that is not known)")
        }
        _ => described,
    }
}

/// What a condition on every value of a key says of a key without values.
const NONE_AT_ALL: &str = ", or there is none";

/// Says that a key has such values, or several of which each or one is like that.
fn relation(operator: Operator, subject: &str, is: &str) -> String {
    match operator.quantifier() {
        None => format!("only where {subject} is {is}"),
        Some(Quantifier::All) => {
            format!("only where every value of {subject} is {is}{NONE_AT_ALL}")
        }
        Some(Quantifier::Any) => format!("only where one of {subject} is {is}"),
    }
}

/// Those of the values that decide: of several bounds the widest.
fn deciding(clause: &Clause, order: Order) -> Vec<&str> {
    let place = |text: &&str| match clause.operator().map(|operator| operator.test()) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "only to compare dates within some thousand years"
        )]
        Some(Test::Date(_)) => moment(text).map(|moment| moment as f64),
        _ => number(text),
    };
    let by = |one: &&str, other: &&str| {
        let (one, other) = (place(one), place(other));
        one.unwrap_or_default()
            .total_cmp(&other.unwrap_or_default())
    };
    let texts = clause.texts();
    match order {
        Order::Equal => texts.collect(),
        Order::Less | Order::AtMost => texts.max_by(by).into_iter().collect(),
        Order::Greater | Order::AtLeast => texts.min_by(by).into_iter().collect(),
    }
}

fn date(clause: &Clause, operator: Operator, order: Order, subject: &str) -> String {
    let counted = matches!(operator.test(), Test::Number(_));
    let days = deciding(clause, order).into_iter();
    let days: Vec<String> = days.map(|text| day(text, counted)).collect();
    let described = list(&days, "or");
    let word = match (order, operator.is_negated()) {
        (Order::Less | Order::AtMost, _) => "until",
        (Order::Greater | Order::AtLeast, _) => "from",
        (Order::Equal, false) => "at exactly",
        (Order::Equal, true) => "not at exactly",
    };
    match clause.key_lower() {
        "aws:currenttime" | "aws:epochtime" => format!("only {word} {described}"),
        "aws:tokenissuetime" => {
            let word = match word {
                "until" => "before",
                "from" => "after",
                exactly => exactly,
            };
            format!("only for sessions begun {word} {described}")
        }
        _ => relation(operator, subject, &format!("{word} {described}")),
    }
}

/// A moment as people write it: the day, with the time of day unless it is midnight. With `counted`
/// the text is a number of seconds, else a date.
fn day(text: &str, counted: bool) -> String {
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
    let seconds = || text.parse::<i64>().ok()?.checked_mul(1000);
    let read = if counted { seconds() } else { moment(text) };
    let Some(written) = read.and_then(write_moment) else {
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

fn truth(clause: &Clause, operator: Operator, subject: &str) -> String {
    // All values are the same: with both, every value would do.
    let is = clause.texts().next().and_then(boolean);
    let saying = match (clause.key_lower(), is) {
        ("aws:multifactorauthpresent", Some(true)) => "only when signed in with a second factor",
        ("aws:multifactorauthpresent", Some(false)) => {
            "only when not signed in with a second factor"
        }
        ("aws:securetransport", Some(true)) => "only over an encrypted connection",
        ("aws:securetransport", Some(false)) => "only over an unencrypted connection",
        ("aws:viaawsservice", Some(true)) => "only when an AWS service asks on their behalf",
        ("aws:viaawsservice", Some(false)) => {
            "only when asking directly, not through an AWS service"
        }
        ("aws:principalisawsservice", Some(true)) => "only for AWS services",
        ("aws:principalisawsservice", Some(false)) => "only for others than AWS services",
        _ => {
            let values: Vec<String> = clause.texts().map(code).collect();
            return relation(operator, subject, &list(&values, "or"));
        }
    };
    saying.to_owned()
}

fn comparison(clause: &Clause, operator: Operator, subject: &str, exactly: bool) -> String {
    let texts: Vec<&str> = match operator.test() {
        Test::Number(order) => deciding(clause, order),
        _ => clause.texts().collect(),
    };
    // A wildcard is a sign like others to operators of texts.
    let literal =
        matches!(operator.test(), Test::Text { .. }) && clause.texts().any(wildcard::has_wildcard);
    // What is no variable in the version of the document is told as it is written.
    let told: fn(&str) -> String = match clause.key_lower() {
        // A service has principals besides the one that is named.
        key if SERVICE_KEYS.contains(&key) && !exactly && !literal => service_principal,
        key if SECONDS.contains(&key) => duration,
        _ if clause.has_variables() => name,
        _ => code,
    };
    let values: Vec<String> = texts.into_iter().map(told).collect();
    let described = list(&values, "or");
    let not = operator.is_negated();
    let folded = match operator.test() {
        Test::Text { fold: true } if !exactly => ", in capitals or not",
        _ => "",
    };
    if operator.quantifier().is_none()
        && has_saying(clause, operator, exactly)
        && !literal
        && let Some(saying) = known(clause.key_lower(), clause.key(), not, &values)
    {
        return saying + folded;
    }
    let word = match (operator.test(), not) {
        (Test::Number(Order::Less), _) => "less than",
        (Test::Number(Order::AtMost), _) => "at most",
        (Test::Number(Order::Greater), _) => "more than",
        (Test::Number(Order::AtLeast), _) => "at least",
        (Test::Like | Test::Arn, false) => "like",
        (Test::Like | Test::Arn, true) => "not like",
        (_, false) if literal => "exactly",
        (_, true) if literal => "not exactly",
        (_, false) => "",
        (_, true) => "not",
    };
    let space = if word.is_empty() { "" } else { " " };
    relation(
        operator,
        subject,
        &format!("{word}{space}{described}{folded}"),
    )
}

/// Whether the saying of a key, if it has one, means what the operator compares.
fn has_saying(clause: &Clause, operator: Operator, exactly: bool) -> bool {
    const ADDRESSES: [&str; 2] = ["aws:sourceip", "aws:vpcsourceip"];
    let of_addresses = ADDRESSES.contains(&clause.key_lower());
    match operator.test() {
        Test::Ip => of_addresses,
        // "Names such as" are others, too.
        Test::Text { .. } | Test::Like if clause.key_lower() == "s3:prefix" => {
            !exactly || operator.is_negated()
        }
        Test::Text { .. } | Test::Like | Test::Arn => !of_addresses,
        _ => false,
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
