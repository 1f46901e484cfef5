//! The hub: the stack and what the account must have for it, secrets, the clock.

use snowgate_core::caller::Clients;
use snowgate_core::markup::code;

use super::aws_facts::AwsFacts;
use super::result::PreflightResult;

/// Clocks may differ by this many seconds: tokens and signatures of AWS bear five minutes.
const CLOCK_SECONDS: i64 = 120;

/// How old a value that somebody may have seen is to become: a quarter.
const OLDEST_DAYS: i64 = 92;

/// What the functions run at once at most: the sum of what `ReserveConcurrency` reserves.
const AT_ONCE: i64 = 50;

/// Everything about the hub but its e-mail.
pub(super) fn check(facts: &AwsFacts, now: i64) -> Vec<PreflightResult> {
    let mut results = vec![clock("AWS", facts.at("/aws_time").as_f64(), now)];
    results.push(stack(facts));
    results.push(concurrency(facts));
    results.push(access_logs(facts));
    results.push(alarms(facts));
    results.push(clients(facts));
    results.extend(["read", "write"].map(|name| credentials(facts, name)));
    results.extend(ages(facts, now));
    results
}

/// Whether a clock agrees with ours; both in seconds since 1970.
#[expect(clippy::cast_possible_truncation, reason = "seconds since 1970 fit")]
pub(super) fn clock(whose: &str, theirs: Option<f64>, now: i64) -> PreflightResult {
    let Some(theirs) = theirs else {
        let remedy = "see whether a proxy between here and there removes the Date header";
        return PreflightResult::bad("clock", whose, "does not say what time it is", remedy);
    };
    let apart = (theirs as i64 - now).abs();
    if apart <= CLOCK_SECONDS {
        return PreflightResult::good("clock", whose, format!("{apart} s apart"));
    }
    let remedy = "set this machine's clock (NTP); if it is right, ask whoever runs the other";
    PreflightResult::bad(
        "clock",
        whose,
        format!("{apart} s apart from this machine"),
        remedy,
    )
}

fn stack(facts: &AwsFacts) -> PreflightResult {
    let status = facts.text("/stack/status");
    let settled = [
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
    ];
    if !settled.contains(&status) {
        let remedy = "see the stack's events in CloudFormation, and deploy again";
        return PreflightResult::bad(
            "stack",
            "",
            format!("its status is {}", code(status)),
            remedy,
        );
    }
    if facts.parameter("Hold") == "true" {
        let remedy = "deploy with Hold=false once the reason is gone";
        return PreflightResult::bad(
            "stack",
            "",
            "Hold is on: nothing is decided or changed",
            remedy,
        );
    }
    PreflightResult::good("stack", "", "deployed, and not on hold")
}

/// Whether the account lets all functions run at once. New accounts may run ten.
fn concurrency(facts: &AwsFacts) -> PreflightResult {
    if let Some(why) = facts.refusal("/lambda") {
        let found = format!("the account's quota cannot be read: {}", code(why));
        return PreflightResult::bad(
            "concurrency",
            "",
            found,
            "look with lambda:GetAccountSettings",
        );
    }
    let limit = facts.at("/lambda/AccountLimit");
    let number = |name: &str| limit.get(name)?.as_i64();
    let reserved = facts.parameter("ReserveConcurrency") == "true";
    match number("UnreservedConcurrentExecutions").or_else(|| number("ConcurrentExecutions")) {
        _ if reserved => {
            PreflightResult::good("concurrency", "", format!("{AT_ONCE} are reserved"))
        }
        Some(free) if free >= AT_ONCE => {
            PreflightResult::good("concurrency", "", format!("{free} executions at once"))
        }
        free => {
            let found = format!(
                "{} executions at once, and the functions need up to {AT_ONCE}: calls are refused and                  requests wait when others run",
                free.map_or_else(
                    || "an unknown number of".to_owned(),
                    |free| free.to_string()
                )
            );
            let remedy =
                "ask for more in Service Quotas: Lambda, Concurrent executions (L-B99A9384)";
            PreflightResult::bad("concurrency", "", found, remedy)
        }
    }
}

/// Whether API Gateway may write access logs, without which nobody sees who called.
fn access_logs(facts: &AwsFacts) -> PreflightResult {
    if !facts.text("/access_logs/cloudwatchRoleArn").is_empty() {
        return PreflightResult::good("access logs", "", "API Gateway may write them");
    }
    let found = match facts.refusal("/access_logs") {
        Some(why) => format!("API Gateway's account cannot be read: {}", code(why)),
        None => "API Gateway has no role to write them with in this account and region".to_owned(),
    };
    let remedy = "deploy with ManageApiLogging=true, or give API Gateway a role (aws apigateway \
                  update-account)";
    PreflightResult::bad("access logs", "", found, remedy)
}

/// Whether anybody hears of alarms.
fn alarms(facts: &AwsFacts) -> PreflightResult {
    let number = |name: &str| {
        facts
            .at(&format!("/alarms/{name}"))
            .as_i64()
            .unwrap_or_default()
    };
    let (confirmed, pending) = (number("confirmed"), number("pending"));
    let bad = |found: String, remedy| PreflightResult::bad("alarms", "", found, remedy);
    match (facts.refusal("/alarms"), confirmed, pending) {
        (Some(why), ..) => bad(
            format!("their topic cannot be read: {}", code(why)),
            "see that AlarmTopicArn is there; look with sns:GetTopicAttributes",
        ),
        (None, 0, 0) => bad(
            "nobody hears of them: their topic has no subscriber".to_owned(),
            "deploy with AlarmEmail, or subscribe somebody to the topic",
        ),
        (None, 0, waiting) => bad(
            format!("nobody hears of them: {waiting} subscribers have not confirmed"),
            "click the link in the e-mail that SNS sent",
        ),
        (None, heard, _) => {
            PreflightResult::good("alarms", "", format!("{heard} subscribers hear of them"))
        }
    }
}

fn secret<'f>(facts: &'f AwsFacts, name: &str) -> Option<&'f str> {
    let text = facts.text(&format!("/secrets/{name}/SecretString"));
    (!text.is_empty()).then_some(text)
}

fn clients(facts: &AwsFacts) -> PreflightResult {
    let remedy = "put a value in as docs/operating.md, section 5, has it";
    match secret(facts, "clients").map(Clients::parse) {
        None => PreflightResult::bad("secrets", "clients", "has no value", remedy),
        Some(Ok(_)) => PreflightResult::good("secrets", "clients", "has the right shape"),
        Some(Err(why)) => PreflightResult::bad("secrets", "clients", why.to_string(), remedy),
    }
}

/// How the secret of a fact is called.
fn secret_name(fact: &str) -> &'static str {
    match fact {
        "clients" => "clients",
        "read" => "servicenow-read",
        _ => "servicenow-write",
    }
}

/// How old the secrets' values and the API keys are, where AWS says.
fn ages(facts: &AwsFacts, now: i64) -> Vec<PreflightResult> {
    let secrets = ["clients", "read", "write"].into_iter().filter_map(|name| {
        let since = facts.at(&format!("/secrets/{name}/CreatedDate")).as_f64()?;
        Some(age(&format!("secret {}", secret_name(name)), since, now))
    });
    let keys = facts.at("/api_keys").as_array().into_iter().flatten();
    let keys = keys.filter_map(|key| {
        let name = key.get("name")?.as_str()?;
        let since = key.get("createdDate")?.as_f64()?;
        Some(age(&format!("API key {}", code(name)), since, now))
    });
    secrets.chain(keys).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "seconds since 1970 fit")]
fn age(about: &str, since: f64, now: i64) -> PreflightResult {
    let days = (now - since as i64) / 86_400;
    let found = format!("{days} days old");
    match days <= OLDEST_DAYS {
        true => PreflightResult::good("age", about, found),
        false => {
            let remedy =
                "replace it, as docs/operating.md, \"Rotating keys\", has it: each quarter";
            PreflightResult::bad("age", about, found, remedy)
        }
    }
}

fn credentials(facts: &AwsFacts, name: &str) -> PreflightResult {
    let about = secret_name(name);
    let remedy = "put a value in as docs/operating.md, section 5, has it";
    match secret(facts, name).map(str::parse::<servicenow::ServiceNowCredentials>) {
        None => PreflightResult::bad("secrets", about, "has no value", remedy),
        Some(Ok(_)) => PreflightResult::good("secrets", about, "has the right shape"),
        Some(Err(why)) => PreflightResult::bad("secrets", about, why.to_string(), remedy),
    }
}
