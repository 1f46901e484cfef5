//! `--batch`: one JSON object per line in, one per line out, in order.
//!
//! A line that cannot be read is answered in its place with its `id`, when that can be
//! told, and an `error`.

mod classify;
mod evaluate;
mod explain;
mod lint;
mod minimise;
mod prove;

use std::borrow::Cow;
use std::io::{BufRead, Write};

use iam_policy::document::{Document, DocumentError, PolicyType};
use iam_policy::json::{Item, Json, Kind};
use serde::Serialize;

pub(crate) use classify::ClassifyOutput;
pub(crate) use evaluate::decide;

use crate::arguments::Command;
use crate::policy_type::type_of;

/// What to do with each line.
#[derive(Clone, Copy)]
pub(crate) enum Job {
    Lint,
    Classify,
    Prove,
    Evaluate,
    Minimise,
    Explain,
}

impl Job {
    pub(crate) const fn of(command: &Command) -> Option<Self> {
        match command {
            Command::Lint(_) => Some(Self::Lint),
            Command::Classify(_) => Some(Self::Classify),
            Command::Prove(_) => Some(Self::Prove),
            Command::Evaluate(_) => Some(Self::Evaluate),
            Command::Minimise(_) => Some(Self::Minimise),
            Command::Explain(_) => Some(Self::Explain),
            Command::Expand(_) | Command::Completions { .. } => None,
        }
    }
}

/// Why a line is not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    #[error("the line is not JSON: {0}")]
    Syntax(#[from] iam_policy::json::SyntaxError),
    #[error("the line is not UTF-8")]
    Encoding,
    #[error("the line is no object")]
    NoObject,
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("{} is not known here", iam_policy::foreign::code(.0))]
    Unknown(String),
    #[error("`{0}` must be {1}")]
    Kind(&'static str, &'static str),
    #[error("`{0}`: {1}")]
    Policy(&'static str, DocumentError),
    #[error("`{}`: {}", .0, quoted(.1))]
    Value(&'static str, serde_json::Error),
    #[error("{0}")]
    Minimise(#[from] iam_policy::minimise::MinimiseError),
    #[error("{0}")]
    Type(#[from] iam_policy::document::UnknownPolicyType),
}

/// A sentence of serde, which has names of the input in it.
fn quoted(error: &serde_json::Error) -> String {
    iam_policy::foreign::code(&error.to_string().replace('`', "'"))
}

#[derive(Serialize)]
struct OutputLine<T> {
    id: serde_json::Value,
    #[serde(flatten)]
    answer: T,
}

#[derive(Serialize)]
struct ErrorOutput {
    error: String,
}

/// Answers every line of the input.
pub(crate) fn run(job: Job, input: &mut dyn BufRead, out: &mut dyn Write) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let mut text = Vec::new();
    loop {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(());
        }
        text.clear();
        answer(job, &bytes, &mut text)?;
        text.push(b'\n');
        out.write_all(&text)?;
    }
}

fn answer(job: Job, line: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
    let Ok(text) = std::str::from_utf8(line) else {
        return write_error(None, &LineError::Encoding, out);
    };
    let json = match Json::parse_any_depth(text.trim_end_matches(['\n', '\r'])) {
        Ok(json) => json,
        Err(error) => return write_error(None, &LineError::Syntax(error), out),
    };
    let line = InputLine(json.root());
    if json.root().kind() != Kind::Object {
        return write_error(None, &LineError::NoObject, out);
    }
    match job {
        Job::Lint => write(&line, lint::answer(&line), out),
        Job::Classify => write(&line, classify::answer(&line), out),
        Job::Prove => write(&line, Ok(prove::answer(&line)), out),
        Job::Evaluate => write(&line, evaluate::answer(&line), out),
        Job::Minimise => write(&line, minimise::answer(&line), out),
        Job::Explain => write(&line, explain::answer(&line), out),
    }
}

fn write<T: Serialize>(
    line: &InputLine<'_, '_>,
    answer: Result<T, LineError>,
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    match answer {
        Ok(answer) => Ok(serde_json::to_writer(
            out,
            &OutputLine {
                id: line.id(),
                answer,
            },
        )?),
        Err(error) => write_error(Some(line), &error, out),
    }
}

fn write_error(
    line: Option<&InputLine<'_, '_>>,
    error: &LineError,
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    let id = line.map_or(serde_json::Value::Null, InputLine::id);
    let answer = ErrorOutput {
        error: error.to_string(),
    };
    Ok(serde_json::to_writer(out, &OutputLine { id, answer })?)
}

/// The object of a line.
pub(crate) struct InputLine<'j, 'a>(Item<'j, 'a>);

impl<'j, 'a> InputLine<'j, 'a> {
    /// The member, unless it is missing or null.
    fn get(&self, name: &str) -> Option<Item<'j, 'a>> {
        let named = self
            .0
            .members()
            .filter(|(key, _)| key.string().is_some_and(|key| key == name));
        named
            .map(|(_, value)| value)
            .last()
            .filter(|value| value.kind() != Kind::Null)
    }

    /// Refuses members that are none of these: a name that is mistyped would be left out.
    fn only(&self, known: &[&str]) -> Result<(), LineError> {
        for (key, _) in self.0.members() {
            let key = key.string().unwrap_or_default();
            if !known.contains(&&*key) {
                return Err(LineError::Unknown(key.into_owned()));
            }
        }
        Ok(())
    }

    fn id(&self) -> serde_json::Value {
        self.get("id")
            .and_then(|id| serde_json::from_str(id.raw()).ok())
            .unwrap_or_default()
    }

    /// The text of a policy: an object as it is written, or a string that holds the text.
    fn policy(&self, name: &'static str) -> Result<Cow<'a, str>, LineError> {
        policy_text(name, self.get(name).ok_or(LineError::Missing(name))?)
    }

    /// The policies of a list; none when the member is missing.
    fn policies(
        &self,
        name: &'static str,
        policy_type: PolicyType,
    ) -> Result<Vec<Document<'static>>, LineError> {
        let Some(list) = self.get(name) else {
            return Ok(Vec::new());
        };
        if list.kind() != Kind::Array {
            return Err(LineError::Kind(name, "an array of policies"));
        }
        list.elements()
            .map(|item| document(name, item, policy_type))
            .collect()
    }

    fn policy_type(&self) -> Result<Option<PolicyType>, LineError> {
        match self.get("policy_type") {
            None => Ok(None),
            Some(item) => {
                let text = item
                    .string()
                    .ok_or(LineError::Kind("policy_type", "a string"))?;
                Ok(Some(text.parse()?))
            }
        }
    }
}

fn policy_text<'a>(name: &'static str, item: Item<'_, 'a>) -> Result<Cow<'a, str>, LineError> {
    match item.kind() {
        Kind::Object => Ok(Cow::Borrowed(item.raw())),
        Kind::String => Ok(item.string().unwrap_or_default()),
        _ => Err(LineError::Kind(
            name,
            "an object or a string that holds the policy",
        )),
    }
}

fn document(
    name: &'static str,
    item: Item<'_, '_>,
    policy_type: PolicyType,
) -> Result<Document<'static>, LineError> {
    let text = policy_text(name, item)?;
    Document::parse(&text, policy_type)
        .map(Document::into_owned)
        .map_err(|error| LineError::Policy(name, error))
}

#[cfg(test)]
mod tests;
