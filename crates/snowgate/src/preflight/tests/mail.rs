//! What is wrong with how e-mail is sent.

use serde_json::{Value, json};

use super::facts::facts;
use super::results;

#[test]
fn engagement_metrics_are_tracking() {
    let mut facts = facts();
    facts["mail"]["configuration_set"]["VdmOptions"] =
        json!({"DashboardOptions": {"EngagementMetrics": "ENABLED"}});
    let bad: Vec<_> = results(facts)
        .into_iter()
        .filter(|result| !result.ok)
        .collect();
    assert_eq!(
        bad.first().map(|result| result.about.as_str()),
        Some("tracking")
    );
}

/// What is in force is the configuration set's word, and the account's where it has none.
#[test]
fn what_the_account_has_on_for_all_email_counts_unless_the_configuration_set_says_otherwise() {
    let account = |metrics: &str, delivery: &str| {
        json!({
            "VdmEnabled": "ENABLED",
            "DashboardAttributes": {"EngagementMetrics": metrics},
            "GuardianAttributes": {"OptimizedSharedDelivery": delivery},
        })
    };
    let off = json!({
        "DashboardOptions": {"EngagementMetrics": "DISABLED"},
        "GuardianOptions": {"OptimizedSharedDelivery": "DISABLED"},
    });
    let both = vec!["tracking".to_owned(), "delivery".to_owned()];
    for (account, own, wanted) in [
        (account("ENABLED", "ENABLED"), Value::Null, both.clone()),
        (account("ENABLED", "ENABLED"), off, Vec::new()),
        (
            account("DISABLED", "ENABLED"),
            Value::Null,
            both[1..].to_vec(),
        ),
        (json!({"VdmEnabled": "DISABLED"}), Value::Null, Vec::new()),
    ] {
        let mut facts = facts();
        facts["mail"]["account"]["VdmAttributes"] = account;
        facts["mail"]["configuration_set"]["VdmOptions"] = own;
        let bad = results(facts).into_iter().filter(|result| !result.ok);
        assert_eq!(bad.map(|result| result.about).collect::<Vec<_>>(), wanted);
    }
}

#[test]
fn a_trial_in_the_sandbox_is_as_it_should_be_until_there_is_production_access() {
    for (production, trial, good) in [
        (true, "false", true),
        (false, "true", true),
        (false, "false", false),
        (true, "true", false),
    ] {
        let mut facts = facts();
        facts["mail"]["account"]["ProductionAccessEnabled"] = json!(production);
        facts["stack"]["parameters"]["MailSandbox"] = json!(trial);
        let bad: Vec<_> = results(facts)
            .into_iter()
            .filter(|result| !result.ok)
            .collect();
        assert_eq!(bad.is_empty(), good, "{production} {trial}: {bad:?}");
    }
}

#[test]
fn a_trial_says_for_each_report_whether_it_came() {
    let mut facts = facts();
    assert!(
        !results(facts.clone())
            .iter()
            .any(|result| result.check == "mail trial")
    );
    for (bounce, good) in [
        (json!({"request": "req-1", "after": 7}), true),
        (json!({"request": "req-1"}), false),
        (
            json!({"request": "req-1", "refused": "AccessDenied"}),
            false,
        ),
    ] {
        facts["mail_trial"] =
            json!({"bounce": bounce, "complaint": {"request": "req-2", "after": 9}});
        let found: Vec<_> = results(facts.clone())
            .into_iter()
            .filter(|result| result.check == "mail trial")
            .map(|result| (result.about, result.ok))
            .collect();
        assert_eq!(
            found,
            [("bounce".to_owned(), good), ("complaint".to_owned(), true)]
        );
    }
}
