//! Which fields of a ticket an outcome sets.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::lifecycle::State;
use crate::record::RequestRecord;

/// Which fields are set on the record at which outcome; configuration, because instances differ
/// (`state` 3 is Closed Complete and 4 Closed Incomplete on `sc_req_item` by default).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutcomeFields {
    /// When the access is active.
    pub granted: BTreeMap<String, String>,
    /// When an approver denied it.
    pub denied: BTreeMap<String, String>,
    /// When time ran out.
    pub expired: BTreeMap<String, String>,
    /// When no approver could be found.
    pub undeliverable: BTreeMap<String, String>,
    /// When it was cancelled.
    pub withdrawn: BTreeMap<String, String>,
    /// When it could not be done.
    pub failed: BTreeMap<String, String>,
    /// When the access has ended; the record is usually closed by then.
    #[serde(default)]
    pub revoked: BTreeMap<String, String>,
    /// When the access could not be removed and that was given up; the record is usually closed by then.
    #[serde(default)]
    pub abandoned: BTreeMap<String, String>,
    /// When it was refused after the record was found to carry it.
    #[serde(default)]
    pub refused: BTreeMap<String, String>,
    /// When a dry run has been checked; the record usually stays open.
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
            &fields.abandoned,
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

    /// What is set when a request comes to this state. A ticket that was never told that the
    /// access was granted is closed at its end all the same.
    pub(super) fn of(&self, record: &RequestRecord, state: State) -> BTreeMap<String, String> {
        let mut fields = match (state, record.is_reported(State::Active)) {
            (State::Revoked | State::Abandoned, false) => self.granted.clone(),
            _ => BTreeMap::new(),
        };
        fields.extend(self.of_state(state));
        fields
    }

    fn of_state(&self, state: State) -> BTreeMap<String, String> {
        match state {
            State::Active => &self.granted,
            State::Denied => &self.denied,
            State::Expired => &self.expired,
            State::Undeliverable => &self.undeliverable,
            State::Withdrawn => &self.withdrawn,
            State::Failed => &self.failed,
            State::Revoked => &self.revoked,
            State::Abandoned => &self.abandoned,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticket_note::tests::FIELDS;

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
