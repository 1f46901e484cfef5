//! What is wanted of the beneficiary's manager.

use super::*;
use crate::finding::refusal;
use crate::preview::PassedOverBecause;

/// Settings that contradict each other.
pub(super) const BROKEN: [(&str, &str); 2] = [
    (
        "risk = \"low\"",
        "risk = \"low\"\nwithout_manager = \"refuse\"",
    ),
    (
        "risk = \"low\"",
        "risk = \"low\"\nmanager = \"none\"\nwithout_manager = \"proceed\"",
    ),
];

const fn rule(part: ManagerPart, without: WithoutManager) -> ManagerRule {
    ManagerRule { part, without }
}

const NONE: ManagerRule = rule(ManagerPart::None, WithoutManager::Proceed);
const TOLD: ManagerRule = rule(ManagerPart::Notify, WithoutManager::Proceed);
const TOLD_STRICTLY: ManagerRule = rule(ManagerPart::Notify, WithoutManager::Refuse);
const ASKED: ManagerRule = rule(ManagerPart::Approve, WithoutManager::Refuse);
const ASKED_IF_ANY: ManagerRule = rule(ManagerPart::Approve, WithoutManager::Proceed);

/// The guardrails with these settings for the policy to read, and those for another policy.
fn with(of_reading: &str, of_writing: &str) -> Guardrails {
    let text = TEXT.replacen(
        "risk = \"low\"",
        &format!(
            "risk = \"low\"\n{of_reading}\n\n[[grants]]\naccounts = [\"210987654321\"]\n\
             policies = [\"{WRITE}\"]\nmaximum_duration = \"P2D\"\nrisk = \"low\"\n{of_writing}\n"
        ),
        1,
    );
    Guardrails::parse(&text).unwrap()
}

const WRITE: &str = "arn:aws:iam::210987654321:policy/reports-write";

#[test]
fn the_settings_are_read_with_their_defaults() {
    let table = [
        ("", NONE),
        ("manager = \"none\"", NONE),
        ("manager = \"notify\"", TOLD),
        (
            "manager = \"notify\"\nwithout_manager = \"refuse\"",
            TOLD_STRICTLY,
        ),
        ("manager = \"approve\"", ASKED),
        (
            "manager = \"approve\"\nwithout_manager = \"proceed\"",
            ASKED_IF_ANY,
        ),
    ];
    let request = request("sc_req_item", "210987654321", READ, "P2D");
    for (settings, expected) in table {
        assert_eq!(
            with(settings, "").manager_rule(&request),
            expected,
            "{settings}"
        );
    }
}

#[test]
fn of_several_grants_the_strictest_counts_for_each_setting() {
    let mut both = request("sc_req_item", "210987654321", READ, "P2D");
    let of = |policy: &str| request("sc_req_item", "210987654321", policy, "P2D").grants;
    both.grants.extend(of(WRITE));
    let told_strictly = "manager = \"notify\"\nwithout_manager = \"refuse\"";
    let asked_if_any = "manager = \"approve\"\nwithout_manager = \"proceed\"";
    for (of_reading, of_writing, expected) in [
        ("", "", NONE),
        ("", "manager = \"notify\"", TOLD),
        ("manager = \"notify\"", asked_if_any, ASKED_IF_ANY),
        (told_strictly, asked_if_any, ASKED),
        ("manager = \"approve\"", asked_if_any, ASKED),
    ] {
        let guardrails = with(of_reading, of_writing);
        assert_eq!(guardrails.manager_rule(&both), expected, "{of_writing}");
        let guardrails = with(of_writing, of_reading);
        assert_eq!(guardrails.manager_rule(&both), expected, "{of_reading}");
        // What is not asked for has no say.
        let reading = request("sc_req_item", "210987654321", READ, "P2D");
        let alone = with("", of_writing);
        assert_eq!(alone.wants_managers(), !of_writing.is_empty());
        let alone = alone.manager_rule(&reading);
        assert_eq!(alone, NONE, "{of_writing}");
    }
}

#[test]
fn without_a_manager_it_is_refused_or_said() {
    let all = [
        NoManager::Unnamed,
        NoManager::Indistinguishable,
        NoManager::Unfit(PassedOverBecause::Missing),
        NoManager::Unfit(PassedOverBecause::Inactive),
        NoManager::Unfit(PassedOverBecause::Locked),
        NoManager::Unfit(PassedOverBecause::NoMail),
        NoManager::Unfit(PassedOverBecause::ForeignMail),
        NoManager::Unfit(PassedOverBecause::Involved),
    ];
    for because in all {
        assert_eq!(NONE.without_one(because), None);
        for rule in [ASKED, TOLD_STRICTLY] {
            let finding = rule.without_one(because).unwrap();
            assert!(finding.detail.ends_with(because.in_words()));
            assert_eq!(refusal(&[finding]), Some(RefusalCode::NoManager));
        }
        for rule in [ASKED_IF_ANY, TOLD] {
            let finding = rule.without_one(because).unwrap();
            assert!(finding.detail.ends_with(because.in_words()));
            assert_eq!(refusal(std::slice::from_ref(&finding)), None);
            assert_eq!(finding.code, FindingCode::WithoutManager);
        }
    }
    let mut words: Vec<&str> = all.map(NoManager::in_words).to_vec();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), all.len(), "each reason has words of its own");
}

#[test]
fn a_smaller_part_of_the_manager_is_something_new() {
    let settings = [
        ("", NONE),
        ("manager = \"notify\"", TOLD),
        (
            "manager = \"notify\"\nwithout_manager = \"refuse\"",
            TOLD_STRICTLY,
        ),
        (
            "manager = \"approve\"\nwithout_manager = \"proceed\"",
            ASKED_IF_ANY,
        ),
        ("manager = \"approve\"", ASKED),
    ];
    for (before, was) in settings {
        for (now, is) in settings {
            let widened = with("", now).widened_from(&with("", before));
            let laxer = is.part < was.part || is.without < was.without;
            let expected = laxer.then(|| Widening::Manager {
                account: "210987654321".parse().unwrap(),
                what: WRITE.to_owned(),
                before: was,
                now: is,
            });
            assert_eq!(widened, Vec::from_iter(expected), "{before} → {now}");
        }
    }
    let words: Vec<&str> = settings.map(|(_, rule)| rule.setting()).to_vec();
    assert_eq!(
        words,
        [
            "none",
            "notify",
            "notify, without one refuse",
            "approve, without one proceed",
            "approve"
        ]
    );
}
