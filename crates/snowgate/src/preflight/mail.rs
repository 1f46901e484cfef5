//! E-mail: the sender, SES's account, the configuration set, and a trial of bounces and complaints.

use serde_json::Value;
use snowgate_core::markup::code;

use super::aws_facts::AwsFacts;
use super::result::PreflightResult;

/// Everything about e-mail.
pub(super) fn check(facts: &AwsFacts) -> Vec<PreflightResult> {
    let mut results = vec![sender(facts)];
    results.extend(sandbox(facts));
    results.extend(email(facts));
    results.extend(trial(facts));
    results
}

/// Whether reports of e-mails that do not arrive reach the dispatcher; nothing where it was not tried.
fn trial(facts: &AwsFacts) -> Vec<PreflightResult> {
    let tried = facts.at("/mail_trial").as_object();
    let result = |(case, found): (&String, &Value)| {
        if let Some(why) = found.get("refused").and_then(Value::as_str) {
            let found = format!("could not be tried: {}", code(why));
            let remedy = "try with ses:SendEmail from the sender and logs:FilterLogEvents on the \
                          dispatcher's log group";
            return PreflightResult::bad("mail trial", case, found, remedy);
        }
        match found.get("after").and_then(Value::as_i64) {
            Some(seconds) => {
                let found = format!("reached the dispatcher after {seconds} s");
                PreflightResult::good("mail trial", case, found)
            }
            None => {
                let remedy = "see the queues undelivered-reports and bounces-dead-letters, and the \
                              alarms BouncedRuleFailsAlarm and ComplainedRuleFailsAlarm";
                PreflightResult::bad("mail trial", case, "did not reach the dispatcher", remedy)
            }
        }
    };
    tried.into_iter().flatten().map(result).collect()
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
