use super::*;
use crate::approval::Verdict;
use crate::effect::EffectChange;
use crate::finding::{Evidence, Finding, FindingCode};
use crate::lifecycle::Actor;
use crate::preview::{PassedOver, PassedOverBecause, PlannedChange, Preview, PreviewSlot};
use crate::record::tests::{ONE, at, decide, delivered, pending, person, received, slot};
use crate::record::{
    BlockedBecause, Deviation, Event, FailureCode, Message, RefusalCode, RetainedBecause,
    RetainedChange, RevokedBy,
};
use crate::slots::{ApproverRole, OwnedResourceKind};

pub(crate) const FIELDS: &str = r#"{"granted":{"state":"3"},"denied":{"state":"4"},"expired":{"state":"4"},
    "undeliverable":{"state":"4"},"withdrawn":{"state":"7"},"failed":{"state":"4"}}"#;

fn gone() -> Event {
    Event::Revoked {
        retained: Vec::new(),
    }
}

/// The record after an event, and after the removal if that is still to come.
fn by_owner_then_gone(record: &RequestRecord, first: Event, last: Event) -> RequestRecord {
    let by = |record: &RequestRecord, event| {
        let actor = Actor::Approver { sys_id: person(2) };
        record.apply(event, actor, at(30)).unwrap().record
    };
    let mut record = by(record, first);
    if record.state() == State::Active {
        record = by(&record, Event::RevocationStarted);
    }
    by(&record, last)
}

/// Its access could not be removed for a day, and the security team gave that up.
fn given_up(active: &RequestRecord, change: &EffectChange) -> RequestRecord {
    let still_there = |because| Deviation::StillThere {
        change: change.clone(),
        because,
    };
    let events = [
        Event::RevocationStarted,
        Event::DeviationsFound {
            found: vec![still_there(BlockedBecause::Denied)],
        },
        Event::DeviationsFound {
            found: vec![still_there(BlockedBecause::NotPrepared), Deviation::Parked],
        },
        Event::Abandoned {
            reason: "The [account] is closed".parse().unwrap(),
        },
    ];
    let mut record = active.clone();
    for event in events {
        let change = record.apply(event, Actor::Provisioner, at(30));
        record = change.unwrap().record;
    }
    record
}

fn previewed_with(findings: Vec<Finding>) -> RequestRecord {
    let slot = slot("210987654321", &[2]);
    let change = EffectChange::PolicyAttached {
        policy_arn: "arn:aws:iam::210987654321:policy/reports-read"
            .parse()
            .unwrap(),
    };
    let preview = Preview {
        changes: vec![PlannedChange {
            change,
            already_there: false,
        }],
        slots: vec![PreviewSlot {
            id: slot.id,
            resource: slot.resource,
            known: true,
            would_ask: slot.approvers,
            passed_over: vec![PassedOver {
                sys_id: person(3),
                role: ApproverRole::Owner,
                because: PassedOverBecause::Inactive,
            }],
        }],
        findings,
    };
    let event = Event::Previewed { preview };
    let change = received().record.apply(event, Actor::Dispatcher, at(2));
    change.unwrap().record
}

fn refused_record() -> RequestRecord {
    let event = Event::Refused {
        code: RefusalCode::NotEnrolled,
        findings: Vec::new(),
    };
    let change = received().record.apply(event, Actor::Dispatcher, at(2));
    change.unwrap().record
}

/// Refused for what was found.
fn refused_for_findings() -> RequestRecord {
    let findings = vec![
        Finding::new(
            "/target/principal",
            FindingCode::NotEnrolled,
            "IAM user `rita.chen` isn't enrolled: it has no permissions boundary",
        ),
        Finding {
            evidence: Some(Evidence {
                policy: "arn:aws:iam::210987654321:policy/reports-[all]".to_owned(),
                place: "Statement[0]".to_owned(),
                witness: None,
            }),
            ..Finding::new(
                "/grants/0/policy_arn",
                FindingCode::DeniedAction,
                "`iam:PassRole` on `*` is a denied action",
            )
        },
        Finding::new("/grants/0/policy_arn", FindingCode::ReadsData, "reads data"),
    ];
    let code = RefusalCode::NotEnrolled;
    let event = Event::Refused { code, findings };
    let change = received().record.apply(event, Actor::Dispatcher, at(2));
    change.unwrap().record
}

/// A request in each state that is reported.
pub(crate) fn ends() -> Vec<RequestRecord> {
    let record = pending(vec![slot("210987654321", &[2])]);
    let who = Actor::Approver { sys_id: person(2) };
    let by =
        |record: &RequestRecord, event| record.apply(event, who.clone(), at(20)).unwrap().record;
    let approved = by(&record, decide(&record, ONE, 2, Verdict::Approve));
    let provisioning = by(
        &approved,
        Event::ProvisioningStarted {
            preexisting: Vec::new(),
        },
    );
    let active = by(
        &provisioning,
        Event::Activated {
            until: at(9 * 3600),
        },
    );
    let reported = delivered(
        &active,
        Message::TicketNote {
            state: State::Active,
        },
        20,
    );
    let revoked = by(&by(&reported, Event::RevocationStarted), gone());
    let policy_arn = "arn:aws:iam::210987654321:policy/reports-read";
    let change = EffectChange::PolicyAttached {
        policy_arn: policy_arn.parse().unwrap(),
    };
    let retained = |because| Event::Revoked {
        retained: vec![RetainedChange {
            change: change.clone(),
            because,
        }],
    };
    let early = |by, reason: Option<&str>| {
        let reason = reason.map(|text| text.parse().unwrap());
        by_owner_then_gone(
            &reported,
            Event::RevocationRequested {
                by,
                reason,
                signature: None,
            },
            gone(),
        )
    };
    let ended = |event| by_owner_then_gone(&reported, Event::RevocationStarted, event);
    vec![
        active.clone(),
        revoked,
        ended(retained(RetainedBecause::ThereBefore)),
        ended(retained(RetainedBecause::StillGranted)),
        early(RevokedBy::Client, None),
        early(RevokedBy::Requester, None),
        early(RevokedBy::Beneficiary, None),
        early(RevokedBy::Security, Some("Seen where it should not be")),
        early(
            RevokedBy::Approver {
                role: ApproverRole::Owner,
                resource: OwnedResourceKind::Item,
                delegate: true,
            },
            Some("Wrong [code]person[/code]"),
        ),
        given_up(&reported, &change),
        previewed_with(Vec::new()),
        refused_record(),
        refused_for_findings(),
        by(&record, decide(&record, ONE, 2, Verdict::Deny)),
        by(&record, Event::Expired),
        by(&approved, Event::Expired),
        by(
            &record,
            Event::Undeliverable {
                slot: ONE.to_owned(),
            },
        ),
        by(&record, Event::Withdrawn { reason: None }),
        by(
            &record,
            Event::Withdrawn {
                reason: "Not [needed] any more".parse().ok(),
            },
        ),
        by(
            &provisioning,
            Event::Failed {
                code: FailureCode::ContentChanged,
            },
        ),
    ]
}

/// The note on the grant never got through: the end closes the ticket all the same.
#[test]
fn a_ticket_that_missed_the_grant_is_closed_at_the_end() {
    let fields = OutcomeFields::parse(FIELDS).unwrap();
    let ended = |record: &RequestRecord| {
        let started = Event::RevocationStarted;
        let record = by_owner_then_gone(record, started, gone());
        update(&record, &fields).unwrap().fields
    };
    let active = ends().remove(0);
    assert_eq!(ended(&active).get("state").map(String::as_str), Some("3"));
    let state = State::Active;
    let told = delivered(&active, Message::TicketNote { state }, 21);
    assert_eq!(ended(&told), BTreeMap::new());
    // What is configured for the end goes before what is configured for the grant.
    let own = FIELDS.replacen('{', r#"{"revoked":{"state":"9"},"#, 1);
    let own = OutcomeFields::parse(&own).unwrap();
    let record = by_owner_then_gone(&active, Event::RevocationStarted, gone());
    assert_eq!(update(&record, &own).unwrap().fields["state"], "9");
}

#[test]
fn what_each_ending_says() {
    let fields = OutcomeFields::parse(FIELDS).unwrap();
    let all: Vec<String> = ends()
        .iter()
        .map(|record| {
            let update = update(record, &fields).unwrap();
            format!("{:?}\n{}\n", update.fields, update.work_notes)
        })
        .collect();
    insta::assert_snapshot!(all.join("\n"));
    let state = State::Active;
    let reported = delivered(&ends()[0], Message::TicketNote { state }, 21);
    assert_eq!(
        update(&reported, &fields),
        None,
        "what was reported is not reported again"
    );
    let waiting = pending(vec![slot("210987654321", &[2])]);
    assert_eq!(update(&waiting, &fields), None);
}

#[test]
fn a_dry_run_says_what_to_check() {
    let fields = OutcomeFields::parse(FIELDS).unwrap();
    let notes = |findings| {
        let update = update(&previewed_with(findings), &fields);
        update.unwrap().work_notes
    };
    let found = Finding::new(
        "/grants/0/document",
        FindingCode::PermitsNothing,
        "part of the policy permits nothing: `s3:ListBucket` matches none of the resources",
    );
    let told = notes(vec![found]);
    let line = told.lines().find(|line| line.starts_with("- To check: "));
    let line = line.unwrap_or_else(|| panic!("{told}"));
    assert!(
        line.contains("Part of the policy permits nothing: "),
        "{line}"
    );
    assert!(!notes(Vec::new()).contains("To check"));
}

/// An active request after these looks at IAM.
fn deviating(reports: &[&[Deviation]]) -> RequestRecord {
    let mut record = ends().remove(0);
    for found in reports {
        let found = found.to_vec();
        let event = Event::DeviationsFound { found };
        let change = record.apply(event, Actor::Provisioner, at(40));
        record = change.unwrap().record;
    }
    record
}

#[test]
fn what_iam_has_otherwise_is_told_by_itself_and_at_the_end() {
    let policy_arn = "arn:aws:iam::210987654321:policy/reports-read";
    let change = EffectChange::PolicyAttached {
        policy_arn: policy_arn.parse().unwrap(),
    };
    let name = "rita.gupta".parse().unwrap();
    let missing = Deviation::Missing {
        change: change.clone(),
    };
    let renamed = Deviation::Renamed { name };
    let because = crate::record::BlockedBecause::Moved;
    let still_there = Deviation::StillThere { change, because };
    let record = deviating(&[&[missing, renamed], &[still_there], &[Deviation::Gone]]);
    let asked = "policy `reports-read` for IAM user `rita.chen` in AWS account 210987654321";
    let note = |report| {
        let update = deviation_update(&record, report)?;
        assert!(update.fields.is_empty(), "the request goes on");
        let marker = format!("[snowgate {} deviation {report}]", record.id());
        let note = update.work_notes.strip_suffix(&marker)?.to_owned();
        assert_eq!(update.marker, marker);
        Some(note)
    };
    assert_eq!(
        note(0).unwrap(),
        format!(
            "Changed in IAM: {asked}.\nPolicy `reports-read` is not in IAM as it was granted: \
             someone changed it there. It is not granted again; if it is still needed, request it \
             again.\nIAM user `rita.chen` is named `rita.gupta` now. The access ends as planned.\n"
        )
    );
    assert_eq!(
        note(1).unwrap(),
        format!(
            "Access not removed: {asked}.\nPolicy `reports-read` is still there. The user was \
             moved to a path where Snowgate may change nothing.\nThe access may still be in \
             effect. Snowgate keeps trying to remove it, and its operators have been alerted.\n"
        )
    );
    assert!(note(2).unwrap().contains("does not exist any more"));
    assert_eq!(note(3), None);

    let fields = OutcomeFields::parse(FIELDS).unwrap();
    let state = State::Active;
    let reported = delivered(&record, Message::TicketNote { state }, 41);
    let ended = by_owner_then_gone(&reported, Event::RevocationStarted, gone());
    let last = update(&ended, &fields).unwrap().work_notes;
    let said = "It expired.\nPolicy `reports-read` had been changed in IAM by someone before.\n\
                IAM user `rita.chen` is named `rita.gupta` now.\nIAM user `rita.chen` does not exist \
                any more, and its access went with it.\n";
    assert!(last.contains(said), "{last}");
}
