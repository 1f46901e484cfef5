//! A request whose stored items do not fit together: what is wrong, and the two changes that a person
//! may make. Rows that the record knows, and records, are never written.

mod look;

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::{Value, json};
use snowgate_core::id::RequestId;

use crate::preflight::{BotoError, python_with_boto};
use crate::python::{Program, ProgramError, ProgramText};
use crate::terminal::{line, note};
use look::Look;

/// The program that reads and writes the table.
const LEDGER: Program<'static> = Program {
    name: "ledger.py",
    text: ProgramText::Embedded(include_str!("../python/ledger.py")),
};

/// Why nothing was repaired.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// There is no Python that could ask AWS.
    #[error("AWS is asked by Python with boto3, and there is none")]
    Boto(#[from] BotoError),
    /// AWS was not asked, or refused.
    #[error("the table cannot be read or written")]
    Ledger(#[from] ProgramError),
    /// There is no such request.
    #[error("the table has nothing of this request")]
    Unknown,
    /// The row is one that the record knows, or there is none.
    #[error("row {0} is part of the trail, or there is none: it cannot be set aside")]
    NotAside(u64),
    /// The record cannot be read.
    #[error("the record cannot be read, so there is no version to look at")]
    NoRecord,
}

/// What to look at, and what to change.
#[derive(Debug, Clone, clap::Args)]
pub struct RepairOptions {
    /// The request's id.
    request: RequestId,
    /// The table of requests: the stack's output RequestsTableName.
    #[arg(long)]
    table: String,
    /// Region of the table; otherwise what AWS's configuration says.
    #[arg(long)]
    region: Option<String>,
    /// Move a row that the record does not know out of the trail. It stays in the table.
    #[arg(long, value_name = "ROW")]
    set_aside: Vec<u64>,
    /// Put the request where the sweeper finds it next minute.
    #[arg(long)]
    look_now: bool,
    /// A Python 3.11 or later that has boto3, in place of the virtual environment of the cache folder.
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    /// A model of AWS in place of AWS itself.
    #[arg(long, value_name = "ADDRESS", hide = true)]
    endpoint: Option<String>,
}

/// Shows what does not fit together, after the changes that were asked for; whether all does.
///
/// # Errors
/// Where the table cannot be read, or a change is none that may be made.
pub async fn repair(options: RepairOptions, now: Timestamp) -> Result<bool, RepairError> {
    let python = match &options.python {
        Some(python) => python.clone(),
        None => python_with_boto().await?,
    };
    let mut order = json!({
        "table": options.table,
        "region": options.region,
        "endpoint": options.endpoint,
        "request": options.request,
    });
    let mut items = LEDGER.ask(&python, &order).await?;
    let look = Look::at(&options.request, &items).ok_or(RepairError::Unknown)?;
    if !options.set_aside.is_empty() {
        let rows = options.set_aside.iter();
        let rows: Result<Vec<&Value>, _> = rows
            .map(|n| look.unknown_row(*n).ok_or(RepairError::NotAside(*n)))
            .collect();
        add(&mut order, "set_aside", json!(rows?));
    }
    if options.look_now {
        let now = now.as_second();
        let look_now = look.look_now(now).ok_or(RepairError::NoRecord)?;
        add(&mut order, "look_now", look_now);
    }
    if options.look_now || !options.set_aside.is_empty() {
        items = LEDGER.ask(&python, &order).await?;
        note("changed; this is how it stands now:");
    }
    let look = Look::at(&options.request, &items).ok_or(RepairError::Unknown)?;
    let found = look.lines(now);
    found.iter().for_each(|found| line(found));
    Ok(look.is_whole(now))
}
/// Adds a member to an order.
fn add(order: &mut Value, name: &str, value: Value) {
    if let Some(members) = order.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}
