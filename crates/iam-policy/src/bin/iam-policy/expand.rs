//! `iam-policy expand`: the actions that patterns stand for.

use std::io::Write;

use iam_policy::catalogue::{self, AccessLevel};
use serde::Serialize;

use crate::arguments::Expand;
use crate::{Error, Outcome};

#[derive(Serialize)]
struct Expanded {
    action: String,
    access_level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retired: Option<&'static str>,
}

/// Writes the actions of each pattern, each once; 1 when a pattern stands for none.
pub(crate) fn run(options: &Expand, out: &mut dyn Write) -> Result<Outcome, Error> {
    let mut all: Vec<Expanded> = Vec::new();
    let mut complete = true;
    for pattern in &options.patterns {
        let mut found = catalogue::actions_matching(pattern).peekable();
        if found.peek().is_none() {
            complete = false;
            let _ = writeln!(
                std::io::stderr(),
                "iam-policy: no action matches {}",
                iam_policy::foreign::code(pattern)
            );
        }
        all.extend(found.map(|action| Expanded {
            action: action.full_name(),
            access_level: AccessLevel::name(action.access_level()),
            retired: action.retired(),
        }));
    }
    all.sort_by(|one, other| one.action.cmp(&other.action));
    all.dedup_by(|one, other| one.action == other.action);
    if options.json {
        serde_json::to_writer_pretty(&mut *out, &all).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        for Expanded {
            action,
            access_level,
            retired,
        } in &all
        {
            let retired = retired.map_or(String::new(), |date| {
                format!("  (retired, last known {date})")
            });
            writeln!(out, "{action}  {access_level}{retired}")?;
        }
    }
    Ok(if complete {
        Outcome::Clean
    } else {
        Outcome::Found
    })
}
