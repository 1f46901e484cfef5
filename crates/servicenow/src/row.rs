//! One record of an answer. What is not there is unknown, and unknown is an error.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use snowgate_core::id::SysId;

use crate::error::ServiceNowError;

/// One record. `Debug` shows the names of its fields, never their values.
pub(crate) struct Row(Map<String, Value>);

impl Row {
    pub(crate) fn new(value: Value) -> Result<Self, ServiceNowError> {
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(ServiceNowError::Incomplete),
        }
    }

    /// The stored value of a field; of a reference, the id it leads to.
    ///
    /// References come in four shapes, by the parameters of the call and the mood of the
    /// instance: a bare id, `{link, value}`, `{display_value, value}` with or without a link, and
    /// `{display_value, link}`. An empty one is `""` or has an empty value.
    pub(crate) fn text(&self, field: &str) -> Result<&str, ServiceNowError> {
        match self.0.get(field) {
            None => Err(ServiceNowError::MissingField),
            Some(Value::String(text)) => Ok(text),
            Some(Value::Object(shape)) => stored(shape).ok_or(ServiceNowError::BadValue),
            Some(_) => Err(ServiceNowError::BadValue),
        }
    }

    /// The stored value of a field that may be hidden; empty where it is.
    pub(crate) fn optional_text(&self, field: &str) -> Result<&str, ServiceNowError> {
        match self.text(field) {
            Err(ServiceNowError::MissingField) => Ok(""),
            read => read,
        }
    }

    /// The value of a yes-or-no field.
    pub(crate) fn boolean(&self, field: &str) -> Result<bool, ServiceNowError> {
        match self.text(field)? {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(ServiceNowError::BadValue),
        }
    }

    /// The value of a date and time, which instances store in UTC as `2026-01-19 04:52:04`; none
    /// where it is empty.
    pub(crate) fn date_time(&self, field: &str) -> Result<Option<Timestamp>, ServiceNowError> {
        let text = self.text(field)?;
        if text.is_empty() {
            return Ok(None);
        }
        let civil =
            DateTime::strptime("%Y-%m-%d %H:%M:%S", text).map_err(|_| ServiceNowError::BadValue)?;
        let zoned = civil.to_zoned(TimeZone::UTC);
        Ok(Some(
            zoned.map_err(|_| ServiceNowError::BadValue)?.timestamp(),
        ))
    }

    /// Where a reference leads; none where it is empty.
    pub(crate) fn reference(&self, field: &str) -> Result<Option<SysId>, ServiceNowError> {
        match self.text(field)? {
            "" => Ok(None),
            id => id.parse().map(Some).map_err(|_| ServiceNowError::BadValue),
        }
    }

    /// The record's own id.
    pub(crate) fn sys_id(&self) -> Result<SysId, ServiceNowError> {
        self.reference("sys_id")?.ok_or(ServiceNowError::BadValue)
    }
}

/// The stored value of a shape, where its parts do not contradict each other.
fn stored(shape: &Map<String, Value>) -> Option<&str> {
    let part = |name: &str| match shape.get(name) {
        None => Some(None),
        Some(Value::String(text)) => Some(Some(text.as_str())),
        Some(_) => None,
    };
    let linked = match part("link")? {
        None | Some("") => None,
        Some(link) => Some(link.rsplit('/').next().unwrap_or(link)),
    };
    match (part("value")?, linked, part("display_value")?) {
        (Some(value), None, _) => Some(value),
        (Some(value), Some(linked), _) => (value == linked).then_some(value),
        (None, Some(linked), _) => linked.parse::<SysId>().is_ok().then_some(linked),
        (None, None, Some("")) => Some(""),
        (None, None, _) => None,
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: &str = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";
    const LINK: &str =
        "https://x.example/api/now/v2/table/sys_user/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";

    fn reference(value: Value) -> Result<Option<SysId>, ServiceNowError> {
        Row::new(json!({ "owned_by": value }))
            .unwrap()
            .reference("owned_by")
    }

    #[test]
    fn all_shapes_of_references_lead_to_the_same_id() {
        for shape in [
            json!(ID),
            json!({"link": LINK, "value": ID}),
            json!({"display_value": "Ada", "value": ID}),
            json!({"display_value": "Ada", "value": ID, "link": LINK}),
            json!({"display_value": "Ada", "link": LINK}),
        ] {
            assert_eq!(
                reference(shape.clone()),
                Ok(Some(ID.parse().unwrap())),
                "{shape}"
            );
        }
    }

    #[test]
    fn empty_references_lead_nowhere() {
        for shape in [
            json!(""),
            json!({"value": ""}),
            json!({"display_value": "", "value": ""}),
            json!({"display_value": "", "link": ""}),
            json!({"display_value": ""}),
        ] {
            assert_eq!(reference(shape.clone()), Ok(None), "{shape}");
        }
    }

    #[test]
    fn other_shapes_are_errors() {
        for shape in [
            json!(null),
            json!(7),
            json!([ID]),
            json!({}),
            json!("Ada Okafor"),
            json!("0A0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"),
            json!(format!(" {ID}")),
            json!({"display_value": "Ada"}),
            json!({"value": "Ada"}),
            json!({"value": 7}),
            json!({"value": null, "link": LINK}),
            json!({"value": "0b0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a", "link": LINK}),
            json!({"display_value": "Ada", "link": "https://x.example/nowhere"}),
        ] {
            assert_eq!(
                reference(shape.clone()),
                Err(ServiceNowError::BadValue),
                "{shape}"
            );
        }
        let row = Row::new(json!({})).unwrap();
        assert_eq!(
            row.reference("owned_by"),
            Err(ServiceNowError::MissingField)
        );
        assert_eq!(row.sys_id(), Err(ServiceNowError::MissingField));
    }

    #[test]
    fn flags_are_true_or_false_and_nothing_else() {
        let flag = |value: Value| {
            Row::new(json!({ "active": value }))
                .unwrap()
                .boolean("active")
        };
        assert_eq!(flag(json!("true")), Ok(true));
        assert_eq!(flag(json!("false")), Ok(false));
        assert_eq!(
            flag(json!({"display_value": "true", "value": "true"})),
            Ok(true)
        );
        for bad in [
            json!(true),
            json!("1"),
            json!(""),
            json!("TRUE"),
            json!(null),
        ] {
            assert_eq!(flag(bad.clone()), Err(ServiceNowError::BadValue), "{bad}");
        }
    }

    #[test]
    fn times_are_utc_and_of_one_form() {
        let ends = |value: Value| {
            Row::new(json!({ "ends": value }))
                .unwrap()
                .date_time("ends")
        };
        let expected: Timestamp = "2026-01-19T04:52:04Z".parse().unwrap();
        assert_eq!(ends(json!("2026-01-19 04:52:04")), Ok(Some(expected)));
        let both = json!({"display_value": "18/01/2026 20:52", "value": "2026-01-19 04:52:04"});
        assert_eq!(ends(both), Ok(Some(expected)));
        assert_eq!(ends(json!("")), Ok(None));
        for bad in [
            json!("2026-01-19"),
            json!("2026-01-19T04:52:04Z"),
            json!("2026-01-19 04:52:04 PST"),
            json!("19.01.2026 04:52:04"),
            json!("2026-02-30 04:52:04"),
            json!(1_768_798_324),
            json!({"display_value": "2026-01-19 04:52:04"}),
        ] {
            assert_eq!(ends(bad.clone()), Err(ServiceNowError::BadValue), "{bad}");
        }
        let row = Row::new(json!({})).unwrap();
        assert_eq!(row.date_time("ends"), Err(ServiceNowError::MissingField));
    }

    #[test]
    fn values_are_not_shown() {
        let row = Row::new(json!({"email": "ada@brightwater.example"})).unwrap();
        assert_eq!(format!("{row:?}"), r#"["email"]"#);
    }
}
