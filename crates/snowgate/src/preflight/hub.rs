//! The hub: the stack, mail, secrets, the clock.

use serde_json::Value;
use snowgate_core::caller::Clients;
use snowgate_core::markup::code;

use super::aws_facts::AwsFacts;
use super::result::PreflightResult;

/// Clocks may differ by this many seconds: tokens and signatures of AWS bear five minutes.
const CLOCK_SECONDS: i64 = 120;

/// How old a value that somebody may have seen is to become: a quarter.
const OLDEST_DAYS: i64 = 92;

/// Everything about the hub.
pub(super) fn check(facts: &AwsFacts, now: i64) -> Vec<PreflightResult> {
    let mut results = vec![clock("AWS", facts.at("/aws_time").as_f64(), now)];
    results.push(stack(facts));
    results.push(sender(facts));
    results.extend(sandbox(facts));
    results.extend(email(facts));
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

fn sender(facts: &AwsFacts) -> PreflightResult {
    let (sender, identity) = (facts.parameter("Sender"), facts.parameter("SenderIdentity"));
    let of = if identity.is_empty() {
        sender
    } else {
        identity
    };
    let belongs = of == sender
        || sender
            .rsplit_once('@')
            .is_some_and(|(_, domain)| domain == of);
    if !belongs {
        let remedy = "set SenderIdentity to the sender's own domain, or leave it empty";
        return PreflightResult::bad(
            "sender",
            "",
            "the identity is not that of the sender",
            remedy,
        );
    }
    let remedy = "aws sesv2 create-email-identity, then click the link or publish the DKIM records";
    match facts.refusal("/mail/identity") {
        Some(_) => PreflightResult::bad("sender", "", "SES does not know the identity", remedy),
        None if facts.at("/mail/identity/VerifiedForSendingStatus") == &Value::Bool(true) => {
            PreflightResult::good("sender", "", "verified")
        }
        None => PreflightResult::bad("sender", "", "not verified yet", remedy),
    }
}

fn sandbox(facts: &AwsFacts) -> Vec<PreflightResult> {
    let is = |what: &str| facts.at(&format!("/mail/account/{what}")) == &Value::Bool(true);
    let trial = facts.parameter("MailSandbox") == "true";
    let sandbox = match (is("ProductionAccessEnabled"), trial) {
        (true, false) => PreflightResult::good("sandbox", "", "SES has production access"),
        (true, true) => {
            let remedy = "deploy with MailSandbox=false: the functions need no right to recipients' \
                          identities any more";
            let found = "SES has production access, and MailSandbox is still on";
            PreflightResult::bad("sandbox", "", found, remedy)
        }
        (false, true) => {
            let found = "a trial in the sandbox: only verified identities receive e-mail";
            PreflightResult::good("sandbox", "", found)
        }
        (false, false) => {
            let remedy = "request production access in the SES console; for a first trial deploy with \
                          MailSandbox=true and verify the approvers' addresses";
            PreflightResult::bad("sandbox", "", "SES is in the sandbox", remedy)
        }
    };
    let sending = if is("SendingEnabled") {
        PreflightResult::good("sandbox", "sending", "enabled")
    } else {
        let remedy =
            "aws sesv2 put-account-sending-attributes --sending-enabled, or see why AWS paused it";
        PreflightResult::bad(
            "sandbox",
            "sending",
            "SES does not send for this account",
            remedy,
        )
    };
    vec![sandbox, sending]
}

fn email(facts: &AwsFacts) -> Vec<PreflightResult> {
    if facts.refusal("/mail/configuration_set").is_some() {
        let remedy = "deploy the stack again: e-mail needs its configuration set";
        return vec![PreflightResult::bad(
            "e-mail",
            "",
            "the configuration set is not there",
            remedy,
        )];
    }
    let tracking = if tracks(facts) {
        let remedy = "remove CLICK and OPEN from the event destinations and turn engagement metrics \
                      off: a rewritten link hands the review token to a third party";
        PreflightResult::bad("e-mail", "tracking", "clicks or opens are tracked", remedy)
    } else {
        PreflightResult::good("e-mail", "tracking", "neither clicks nor opens")
    };
    let delivery = if vdm(facts, "GuardianOptions", "OptimizedSharedDelivery") {
        let remedy = "deploy the stack again: its configuration set turns optimised delivery off";
        PreflightResult::bad("e-mail", "delivery", "SES may hold e-mails back", remedy)
    } else {
        PreflightResult::good("e-mail", "delivery", "at once")
    };
    let policy = facts.text("/mail/configuration_set/DeliveryOptions/TlsPolicy");
    let tls = if policy == "REQUIRE" {
        PreflightResult::good("e-mail", "TLS", "required")
    } else {
        let remedy =
            "deploy the stack again, or put the delivery options back to TlsPolicy REQUIRE";
        PreflightResult::bad("e-mail", "TLS", "e-mail may travel unencrypted", remedy)
    };
    let sending = if facts.at("/mail/configuration_set/SendingOptions/SendingEnabled")
        == &Value::Bool(false)
    {
        let remedy = "aws sesv2 put-configuration-set-sending-options --sending-enabled";
        PreflightResult::bad("e-mail", "sending", "sending is paused", remedy)
    } else {
        PreflightResult::good("e-mail", "sending", "not paused")
    };
    vec![tracking, delivery, tls, sending]
}

/// SES rewrites links for a destination that wants these events, and for engagement metrics
/// (SES Developer Guide, "Configuring custom domains to handle open and click tracking").
fn tracks(facts: &AwsFacts) -> bool {
    let destinations = facts.at("/mail/destinations/EventDestinations").as_array();
    let wants = |destination: &Value| {
        let types = destination
            .get("MatchingEventTypes")
            .and_then(Value::as_array);
        let tracked = |kind: &Value| matches!(kind.as_str(), Some("CLICK" | "OPEN"));
        types.into_iter().flatten().any(tracked)
    };
    vdm(facts, "DashboardOptions", "EngagementMetrics")
        || destinations.into_iter().flatten().any(wants)
}

/// Whether an option of the Virtual Deliverability Manager is on for our e-mail: what the
/// configuration set says, and where it says nothing, what the account says for all.
fn vdm(facts: &AwsFacts, group: &str, option: &str) -> bool {
    let own = facts.text(&format!(
        "/mail/configuration_set/VdmOptions/{group}/{option}"
    ));
    let account = facts.at("/mail/account/VdmAttributes");
    let group = group.replace("Options", "Attributes");
    let said = |value: &Value| value.as_str().map(|text| text == "ENABLED");
    let all = account.get(&group).and_then(|group| group.get(option));
    match own {
        "" => {
            account.get("VdmEnabled").and_then(said) == Some(true)
                && all.and_then(said) == Some(true)
        }
        own => own == "ENABLED",
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
