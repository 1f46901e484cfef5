//! Bodies of calls: JSON objects, read member by member.
//!
//! Reading reports every error at once, each with the JSON pointer (RFC 6901) of its place.
//! Unknown members are errors: a client that sends `approver` or `status` learns that it has no
//! effect. So are keys that stand twice.

use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::strict_json;

/// The largest body that is read, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// One thing that is wrong with a body, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// JSON pointer to the place (RFC 6901); empty for the body itself.
    pub pointer: String,
    /// What kind of error, for programs.
    pub code: FieldErrorCode,
    /// What is wrong, for people. Repeats no value that was sent, but what a policy calls things.
    pub detail: String,
}

/// The kinds of errors a body can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldErrorCode {
    /// Not JSON, or ambiguous JSON.
    Malformed,
    /// Too large.
    TooLarge,
    /// A member that must be there is not.
    Missing,
    /// A member that is not known.
    Unknown,
    /// A value of the wrong JSON type.
    Type,
    /// A value of the right type that is not acceptable.
    Value,
    /// The same thing asked for twice.
    Duplicate,
    /// A control character in a string of a policy.
    ControlCharacter,
}

/// The members of a JSON object.
pub type JsonMembers<'a> = &'a Map<String, Value>;

/// Reads members and collects the errors. A value that cannot be read is `None`, and the error
/// is noted.
#[derive(Debug, Default)]
pub struct BodyReader {
    errors: Vec<FieldError>,
}

/// Reads a body of up to [`MAX_BODY`] bytes.
///
/// # Errors
/// Every error found, never an empty list.
pub fn read<T>(
    body: &[u8],
    read: impl FnOnce(&mut BodyReader, &Value) -> Option<T>,
) -> Result<T, Vec<FieldError>> {
    let value = json(body).map_err(|error| vec![error])?;
    let mut reader = BodyReader::default();
    match read(&mut reader, &value) {
        Some(read) if reader.errors.is_empty() => Ok(read),
        _ => Err(reader.errors),
    }
}

fn json(body: &[u8]) -> Result<Value, FieldError> {
    let whole = |code, detail| FieldError {
        pointer: String::new(),
        code,
        detail,
    };
    if body.len() > MAX_BODY {
        let detail = format!("the body is larger than {MAX_BODY} bytes");
        return Err(whole(FieldErrorCode::TooLarge, detail));
    }
    strict_json::parse(body).map_err(|error| {
        let detail = format!("not acceptable JSON: {error}");
        whole(FieldErrorCode::Malformed, detail)
    })
}

/// The name of a member as it stands in a JSON pointer (RFC 6901).
pub(crate) fn pointer_token(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

impl BodyReader {
    /// Notes an error.
    pub fn error(&mut self, pointer: &str, code: FieldErrorCode, detail: impl Display) {
        self.errors.push(FieldError {
            pointer: pointer.to_owned(),
            code,
            detail: detail.to_string(),
        });
    }

    /// An object that has no other members than these.
    pub fn object<'a>(
        &mut self,
        value: &'a Value,
        pointer: &str,
        known: &[&str],
    ) -> Option<JsonMembers<'a>> {
        let Value::Object(members) = value else {
            self.error(pointer, FieldErrorCode::Type, "must be an object");
            return None;
        };
        self.known_only(members, pointer, known);
        Some(members)
    }

    /// Notes each member that is not one of these.
    pub fn known_only(&mut self, members: JsonMembers<'_>, pointer: &str, known: &[&str]) {
        for name in members
            .keys()
            .filter(|name| !known.contains(&name.as_str()))
        {
            let escaped = pointer_token(name);
            let detail = format!(
                "unknown member; the known ones are `{}`",
                known.join("`, `")
            );
            let place = format!("{pointer}/{escaped}");
            self.error(&place, FieldErrorCode::Unknown, detail);
        }
    }

    /// A member that must be there.
    pub fn member<'a>(
        &mut self,
        members: JsonMembers<'a>,
        pointer: &str,
        name: &str,
    ) -> Option<&'a Value> {
        let value = members.get(name);
        if value.is_none() {
            let place = format!("{pointer}/{name}");
            self.error(&place, FieldErrorCode::Missing, "is required");
        }
        value
    }

    /// A string that must be there and parse.
    pub fn text<T: FromStr<Err: Display>>(
        &mut self,
        members: JsonMembers<'_>,
        pointer: &str,
        name: &str,
    ) -> Option<T> {
        self.text_by(members, pointer, name, str::parse)
    }

    /// As [`BodyReader::text`], parsed by this function.
    pub fn text_by<T, E: Display>(
        &mut self,
        members: JsonMembers<'_>,
        pointer: &str,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let value = self.member(members, pointer, name)?;
        let place = format!("{pointer}/{name}");
        let Value::String(text) = value else {
            self.error(&place, FieldErrorCode::Type, "must be a string");
            return None;
        };
        parse(text)
            .map_err(|error| self.error(&place, FieldErrorCode::Value, error))
            .ok()
    }

    /// A string that parses, where there is one.
    pub fn optional_text<T: FromStr<Err: Display>>(
        &mut self,
        members: JsonMembers<'_>,
        pointer: &str,
        name: &str,
    ) -> Option<T> {
        members.get(name)?;
        self.text(members, pointer, name)
    }

    /// A boolean; `false` where there is none.
    pub fn flag(&mut self, members: JsonMembers<'_>, pointer: &str, name: &str) -> bool {
        match members.get(name) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                let place = format!("{pointer}/{name}");
                self.error(&place, FieldErrorCode::Type, "must be a boolean");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number that may be left out, and a flag.
    type Numbered = (Option<u8>, bool);

    /// An object with a text that may be left out, and a flag.
    fn parse(body: &[u8]) -> Result<Numbered, Vec<(String, FieldErrorCode)>> {
        let all = read(body, |reader, value| {
            let body = reader.object(value, "", &["number", "flag"])?;
            let number = reader.optional_text(body, "", "number");
            Some((number, reader.flag(body, "", "flag")))
        });
        all.map_err(|errors| errors.into_iter().map(|e| (e.pointer, e.code)).collect())
    }

    #[test]
    fn what_may_be_left_out_is_read_where_it_is_there() {
        assert_eq!(parse(b"{}"), Ok((None, false)));
        assert_eq!(
            parse(br#"{"number": "7", "flag": true}"#),
            Ok((Some(7), true))
        );
    }

    #[test]
    fn every_error_is_named_with_its_place() {
        use FieldErrorCode::{Malformed, TooLarge, Type, Unknown, Value};
        for (body, errors) in [
            ("", vec![("", Malformed)]),
            ("[]", vec![("", Type)]),
            (r#"{"number": "7", "number": "8"}"#, vec![("", Malformed)]),
            (
                r#"{"number": 7, "flag": "x"}"#,
                vec![("/number", Type), ("/flag", Type)],
            ),
            (
                r#"{"number": null, "a/b~": 1}"#,
                vec![("/a~1b~0", Unknown), ("/number", Type)],
            ),
            (r#"{"number": "x"}"#, vec![("/number", Value)]),
        ] {
            let errors: Vec<_> = errors.into_iter().map(|(p, c)| (p.to_owned(), c)).collect();
            assert_eq!(parse(body.as_bytes()), Err(errors), "{body}");
        }
        let large = format!(r#"{{"number": "{}"}}"#, "7".repeat(MAX_BODY));
        assert_eq!(
            parse(large.as_bytes()),
            Err(vec![(String::new(), TooLarge)])
        );
    }
}
