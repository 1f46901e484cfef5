//! What the ticket is told.
//!
//! The note holds no name and no address: states, times, the policy, and the reason as the
//! approver typed it for the requester to read.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::approval::Verdict;
use crate::lifecycle::State;
use crate::record::{EndReason, RequestRecord, RetainedChange};
use crate::request::{AccessRequest, Grant};
use crate::slots::OwnedResource;
use crate::ticket::marker;

/// An update of a ServiceNow record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The marker that stands in the note; a record whose journal holds it has been told.
    pub marker: String,
    /// The work note, with the marker as its last line.
    pub work_notes: String,
    /// What goes to `correlation_id`: the request's id.
    pub correlation_id: String,
    /// Other fields to set, such as `state` and mandatory closure fields, by configuration.
    pub fields: BTreeMap<String, String>,
}

/// Which fields are set on the record at which outcome; configuration, because instances differ
/// (`state` 3 is Closed Complete and 4 Closed Incomplete on `sc_req_item` by default).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutcomeFields {
    /// When the access is there.
    pub granted: BTreeMap<String, String>,
    /// When an owner said no.
    pub denied: BTreeMap<String, String>,
    /// When time ran out.
    pub expired: BTreeMap<String, String>,
    /// When nobody could be asked.
    pub undeliverable: BTreeMap<String, String>,
    /// When it was withdrawn.
    pub withdrawn: BTreeMap<String, String>,
    /// When it could not be done.
    pub failed: BTreeMap<String, String>,
    /// When the access has ended; the record is usually closed by then.
    #[serde(default)]
    pub revoked: BTreeMap<String, String>,
    /// When it was refused after the record was found to carry it.
    #[serde(default)]
    pub refused: BTreeMap<String, String>,
    /// When a dry run has been looked into; the record usually stays open.
    #[serde(default)]
    pub previewed: BTreeMap<String, String>,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OutcomeFieldsError {
    /// Not JSON of the right shape.
    #[error("the outcome fields are not a JSON object of outcomes")]
    Shape(#[source] serde_json::Error),
    /// A field that Snowgate writes itself, or that is no field name.
    #[error("`{0}` cannot be set by configuration")]
    Field(String),
}

impl OutcomeFields {
    /// Reads the configuration.
    ///
    /// # Errors
    /// Where it is not of the right shape, or names fields that must not be set.
    pub fn parse(text: &str) -> Result<Self, OutcomeFieldsError> {
        let fields: Self = serde_json::from_str(text).map_err(OutcomeFieldsError::Shape)?;
        let all = [
            &fields.granted,
            &fields.denied,
            &fields.expired,
            &fields.undeliverable,
            &fields.withdrawn,
            &fields.failed,
            &fields.revoked,
            &fields.refused,
            &fields.previewed,
        ];
        for name in all.into_iter().flat_map(BTreeMap::keys) {
            let plain = !name.is_empty()
                && name
                    .bytes()
                    .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'));
            let ours = [
                "work_notes",
                "comments",
                "correlation_id",
                "correlation_display",
            ];
            if !plain || name.starts_with("sys_") || ours.contains(&name.as_str()) {
                return Err(OutcomeFieldsError::Field(name.clone()));
            }
        }
        Ok(fields)
    }

    fn of(&self, state: State) -> BTreeMap<String, String> {
        match state {
            State::Active => &self.granted,
            State::Denied => &self.denied,
            State::Expired => &self.expired,
            State::Undeliverable => &self.undeliverable,
            State::Withdrawn => &self.withdrawn,
            State::Failed => &self.failed,
            State::Revoked => &self.revoked,
            State::Refused => &self.refused,
            State::Previewed => &self.previewed,
            State::Received
            | State::Pending
            | State::Approved
            | State::Provisioning
            | State::Revoking => return BTreeMap::new(),
        }
        .clone()
    }
}

/// The update that tells the ticket where the request has come, if it has not been told.
#[must_use]
pub fn update(record: &RequestRecord, fields: &OutcomeFields) -> Option<Update> {
    let state = record.unreported()?;
    let marker = marker(record.id(), state);
    let mut work_notes = sentence(record, state);
    if let Some(reason) = reason(record, state) {
        work_notes.push_str(&format!("\nReason given: {reason}"));
    }
    work_notes.push_str(&format!("\n{marker}"));
    let correlation_id = record.id().to_string();
    Some(Update {
        marker,
        work_notes,
        correlation_id,
        fields: fields.of(state),
    })
}

fn sentence(record: &RequestRecord, state: State) -> String {
    let what = what(record.request());
    match state {
        State::Active if record.revocation().is_some() => {
            format!("Access granted and read back from IAM: {what}. It is being ended early.")
        }
        State::Active => {
            let until = record
                .until()
                .map_or_else(String::new, |until| format!(" until {until:.0}"));
            format!("Access granted and read back from IAM: {what}{until}.")
        }
        State::Denied => format!("Access denied: {what}."),
        State::Expired if record.decisions().is_empty() => {
            format!("Nobody decided in time, so nothing was granted: {what}.")
        }
        State::Expired => format!("Not carried out in time, so nothing was granted: {what}."),
        State::Undeliverable => {
            format!("Nobody who may decide could be found, so nothing was granted: {what}.")
        }
        State::Withdrawn => {
            format!("Withdrawn before it took effect; nothing was granted: {what}.")
        }
        State::Failed | State::Refused => match record.end_reason() {
            Some(EndReason::Failed { code }) => {
                format!("Not granted: {what}. {}", code.in_words())
            }
            Some(EndReason::Refused { code, .. }) => {
                format!("Not granted: {what}. {}", code.in_words())
            }
            _ => format!("Not granted: {what}."),
        },
        State::Revoked => ended(record, &what),
        State::Previewed => previewed(record, &what),
        State::Received
        | State::Pending
        | State::Approved
        | State::Provisioning
        | State::Revoking => format!("{state}: {what}."),
    }
}

/// What a request extends, in words; none where it extends nothing.
pub(crate) fn extension_in_words(request: &AccessRequest) -> Option<String> {
    let extension = request.extends.as_ref()?;
    let total = request.total();
    let total = total.map_or_else(String::new, |total| {
        format!(", {} in all with this", total.in_words())
    });
    let since = crate::letter::in_words(extension.since);
    let before = &extension.request;
    Some(format!(
        "an extension of {before}: there since {since}{total}"
    ))
}

/// What is asked for and for whom, in a few words: `reports-read for …`.
pub(crate) fn what(request: &AccessRequest) -> String {
    let grants: Vec<String> = request.grants.iter().map(Grant::to_string).collect();
    let longer = extension_in_words(request).map(|words| format!(" ({words})"));
    let longer = longer.unwrap_or_default();
    format!("{} for {}{longer}", grants.join(", "), request.target)
}

/// How the access ended, and what stays in IAM all the same.
fn ended(record: &RequestRecord, what: &str) -> String {
    let how = match record.revocation() {
        Some(revocation) => format!("Access ended early by {}", revocation.by.in_words()),
        None => "Access ended".to_owned(),
    };
    let stays: String = record.retained().iter().map(stays).collect();
    format!("{how}: {what}.{stays}")
}

/// Says of a change that it stays.
pub(crate) fn stays(retained: &RetainedChange) -> String {
    let (what, why) = (retained.change.in_words(), retained.because.in_words());
    format!(" But {what} stays: {why}.")
}

/// What a dry run found, for people; programs ask the service API.
fn previewed(record: &RequestRecord, what: &str) -> String {
    let mut text = format!("Dry run; nothing was granted and nobody was asked: {what}.");
    let Some(preview) = record.preview() else {
        return text;
    };
    for change in &preview.changes {
        let there = if change.already_there {
            " is there already and would stay"
        } else {
            " would be added"
        };
        text.push_str(&format!("\n- {}{there}", change.change.in_words()));
    }
    for slot in &preview.slots {
        let asked = slot.would_ask.len();
        let line = match slot.would_ask.first() {
            Some(first) if asked == 1 => {
                format!(
                    "1 person would be asked: {}",
                    first.in_words(&slot.resource)
                )
            }
            Some(first) => {
                let role = first.in_words(&slot.resource);
                format!("{asked} people would be asked, one of whom suffices; each is {role}")
            }
            None => "nobody could be asked, so it would not be granted".to_owned(),
        };
        let passed = slot.passed_over.len();
        let passed = match passed {
            0 => String::new(),
            count => format!("; {count} passed over"),
        };
        let of = match &slot.resource {
            OwnedResource::Account { account_id } => format!("for AWS account {account_id}"),
            OwnedResource::Item { sys_id, .. } => format!("for the configuration item {sys_id}"),
        };
        text.push_str(&format!("\n- {of}, {line}{passed}"));
    }
    text
}

/// The reason in people's words: of the denial, of the approvals once they took effect, of the
/// withdrawal, or of the early end.
pub(crate) fn reason(record: &RequestRecord, state: State) -> Option<String> {
    let verdict = match state {
        State::Revoked => {
            let said = record.revocation()?.reason.as_ref()?;
            return Some(plain(said.as_str()));
        }
        State::Withdrawn => {
            return match record.end_reason() {
                Some(EndReason::Withdrawn { reason }) => Some(plain(reason.as_str())),
                _ => None,
            };
        }
        State::Denied => Verdict::Deny,
        State::Active => Verdict::Approve,
        _ => return None,
    };
    let mut reasons = record
        .decisions()
        .iter()
        .filter(|decided| decided.signed.decision.verdict == verdict)
        .map(|decided| decided.reason.as_str());
    let first = reasons.next()?.to_owned();
    Some(plain(
        &reasons.fold(first, |all, one| format!("{all}; {one}")),
    ))
}

/// Brackets make markup (`[code]`) and our own markers in ServiceNow's journals.
fn plain(text: &str) -> String {
    text.replace('[', "(").replace(']', ")")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::effect::EffectChange;
    use crate::lifecycle::Actor;
    use crate::preview::{PassedOver, PassedOverBecause, PlannedChange, Preview, PreviewSlot};
    use crate::record::tests::{ONE, at, decide, delivered, pending, person, received, slot};
    use crate::record::{Event, FailureCode, Message, RefusalCode, RetainedBecause, RevokedBy};
    use crate::slots::{ApproverRole, OwnedResourceKind};

    const FIELDS: &str = r#"{"granted":{"state":"3"},"denied":{"state":"4"},"expired":{"state":"4"},
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

    fn previewed_record() -> RequestRecord {
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
            findings: Vec::new(),
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

    /// A request in each state that is told.
    pub(crate) fn ends() -> Vec<RequestRecord> {
        let record = pending(vec![slot("210987654321", &[2])]);
        let who = Actor::Approver { sys_id: person(2) };
        let by = |record: &RequestRecord, event| {
            record.apply(event, who.clone(), at(20)).unwrap().record
        };
        let approved = by(&record, decide(&record, ONE, 2, Verdict::Approve));
        let provisioning = by(&approved, Event::ProvisioningStarted);
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
            ended(retained(RetainedBecause::StillGiven)),
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
            previewed_record(),
            refused_record(),
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
            "what was told is not told again"
        );
        let waiting = pending(vec![slot("210987654321", &[2])]);
        assert_eq!(update(&waiting, &fields), None);
    }

    #[test]
    fn configuration_cannot_reach_what_is_not_its_own() {
        for bad in ["work_notes", "sys_id", "correlation_id", "State", "", "a^b"] {
            let text = FIELDS.replacen("\"state\"", &format!("\"{bad}\""), 1);
            assert!(
                matches!(
                    OutcomeFields::parse(&text),
                    Err(OutcomeFieldsError::Field(_))
                ),
                "{bad}"
            );
        }
        assert!(matches!(
            OutcomeFields::parse("{}"),
            Err(OutcomeFieldsError::Shape(_))
        ));
    }
}
