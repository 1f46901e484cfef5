//! Names in sentences stand in quotes.

use serde_json::json;

use super::*;
use crate::approval::Verdict;
use crate::effect::EffectChange;
use crate::id::RequestId;
use crate::lifecycle::{Actor, State};
use crate::record::tests::{
    ONE, asked_for_a_new_user, at, decide, pending, person, received, request,
    request_for_a_new_user, slot,
};
use crate::record::{
    BlockedBecause, Deviation, Event, FailureCode, RequestRecord, RetainedBecause, RetainedChange,
};

#[test]
fn changes_are_named_in_quotes() {
    let group = EffectChange::GroupJoined {
        group: "analysts".parse().unwrap(),
        unique_id: None,
    };
    let inline = EffectChange::InlinePolicyPut {
        name: "snowgate`s".to_owned(),
        document: String::new(),
        ends_at: at(0),
    };
    let policy = EffectChange::PolicyAttached {
        policy_arn: "arn:aws:iam::210987654321:policy/teams/reports-read"
            .parse()
            .unwrap(),
    };
    assert_eq!(group.in_words(), "membership in group `analysts`");
    assert_eq!(inline.in_words(), "inline policy `snowgate⟨U+0060⟩s`");
    assert_eq!(policy.in_words(), "policy `reports-read`");
}

#[test]
fn what_is_copied_to_use_a_role_stands_in_quotes() {
    let mut request = request();
    let role_arn = "arn:aws:iam::320987654321:role/assumable/reports-reader";
    let grants = json!([{"type": "assume_role", "role_arn": role_arn}]);
    request.grants = serde_json::from_value(grants).unwrap();
    let lines = how_to_use(&request);
    let lines: Vec<String> = lines.iter().map(crate::markup::Text::to_string).collect();
    let command = format!(
        "Assume the role: `aws sts assume-role --role-arn {role_arn} --role-session-name rita.chen`"
    );
    let console = "Or switch role in the AWS console: account `320987654321`, role \
                   `assumable/reports-reader`.";
    assert_eq!(lines, [command.as_str(), console]);
}

#[test]
fn an_item_without_an_owner_is_named_in_quotes() {
    let item = "cc".repeat(16);
    for record in [received().record, pending(vec![slot("210987654321", &[2])])] {
        let nobody = Event::Undeliverable {
            slot: format!("item:{item}"),
        };
        let ended = record.apply(nobody, Actor::Dispatcher, at(2)).unwrap();
        let told = outcome(&ended.record, State::Undeliverable).unwrap();
        let lines: Vec<String> = told.lines.iter().map(ToString::to_string).collect();
        let named = format!(
            "Ask your CMDB team to record an owner for the configuration item `{item}`, then \
             request the access again."
        );
        assert!(lines.contains(&named), "{lines:?}");
    }
}

/// A user that a request creates or gives more time, in every note and e-mail about what became of it.
#[test]
fn what_becomes_of_a_user_is_said_in_words_of_its_own() {
    let gone = || Event::Revoked {
        retained: Vec::new(),
    };
    let of_user = || EffectChange::UserCreated {
        name: "ci-billing".parse().unwrap(),
        ends_at: at(30_000),
    };
    let kept = RetainedChange {
        change: of_user(),
        because: RetainedBecause::StillGranted,
    };
    let still_there = |because| Deviation::StillThere {
        change: of_user(),
        because,
    };
    let missing = Deviation::Missing { change: of_user() };
    let found = |found| Event::DeviationsFound { found };
    let stories = [
        ("created", vec![]),
        ("ended", vec![Event::RevocationStarted, gone()]),
        (
            "extended",
            vec![
                Event::RevocationStarted,
                Event::Revoked {
                    retained: vec![kept],
                },
            ],
        ),
        ("changed", vec![found(vec![missing.clone()])]),
        (
            "changed and ended",
            vec![found(vec![missing]), Event::RevocationStarted, gone()],
        ),
        (
            "with keys",
            vec![
                Event::RevocationStarted,
                found(vec![still_there(BlockedBecause::KeysStayActive)]),
            ],
        ),
        (
            "left",
            vec![
                found(vec![still_there(BlockedBecause::UserLeft)]),
                Event::Failed {
                    code: FailureCode::BrokenTrail,
                },
            ],
        ),
        (
            "gone",
            vec![
                Event::RevocationStarted,
                found(vec![Deviation::Gone]),
                gone(),
            ],
        ),
    ];
    let mut told = String::new();
    for (name, events) in stories {
        let mut record = user_created(name != "left");
        for event in events {
            let change = record.apply(event, Actor::Provisioner, at(30_000));
            record = change.unwrap().record;
        }
        told.push_str(&format!("# {name}\n"));
        let outcome = outcome(&record, record.state());
        let reports = record.deviation_reports().iter();
        let reports = reports.flat_map(|report| deviation::lines(&record, report));
        let lines = outcome.into_iter().flat_map(|outcome| outcome.lines);
        for line in reports.chain(lines) {
            told.push_str(&format!("{line}\n"));
        }
    }
    insta::assert_snapshot!(told);
}

/// A request whose user was created, and lives if it is to.
fn user_created(lives: bool) -> RequestRecord {
    let (id, client) = (RequestId::from_random([1; 16]), "servicenow".parse());
    let received = RequestRecord::receive(id, client.unwrap(), request_for_a_new_user(), at(0));
    let asked = Event::ApprovalRequested {
        round: asked_for_a_new_user(),
    };
    let asked = received
        .unwrap()
        .record
        .apply(asked, Actor::Dispatcher, at(1));
    let yes = |record: &RequestRecord| decide(record, ONE, 2, Verdict::Approve);
    let mut record = asked.unwrap().record;
    let decided = record.apply(yes(&record), Actor::Approver { sys_id: person(2) }, at(10));
    record = decided.unwrap().record;
    let started = Event::ProvisioningStarted {
        preexisting: Vec::new(),
    };
    let unique_id = "AIDAEXAMPLEUSER000001".to_owned();
    let live = lives.then_some(Event::Activated { until: at(28_811) });
    for event in [started, Event::UserCreated { unique_id }]
        .into_iter()
        .chain(live)
    {
        let change = record.apply(event, Actor::Provisioner, at(11));
        record = change.unwrap().record;
    }
    record
}
