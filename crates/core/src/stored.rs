//! How things are stored and hashed: apart from the types that the rules work with.
//!
//! Every type that is stored has a wire type here, declared member by member with its name in
//! JSON, so that a domain type can be renamed, split or rearranged while what was written stays
//! readable and every hash stays what it was. [`write()`] and [`read()`] are the only way in and out.
//!
//! **Schemas.** A document is `{"schema": n, "body": …}`. Each kind of document counts its own
//! schemas ([`StoredDocument::SCHEMA`]); the wire types of schema 1 end in `V1`. The rules:
//!
//! - What was written under a schema is read for ever. The files in `golden/` are such documents,
//!   one for each event, state, effect, token and hash preimage; they are never edited, only added
//!   to.
//! - A reader refuses members that it does not know. An older program never loses what a newer one
//!   wrote, because it never gets to write it back.
//! - A new variant, and a member that is left out where there is none, belong to the schema that is
//!   there: what was written before reads as it did, with the bytes that it had. Such are `signature`
//!   on effects and on the end of access ([`EffectV1`], [`EventV1::RevocationRequested`]), and
//!   `latest_end`.
//! - Anything else that is new, above all another meaning, is a new schema: a `V2` type, a conversion,
//!   and an arm in `read` (docs/decisions/0062-stored-apart-from-what-rules-work-on.md).
//!
//! **Hashes.** What is hashed is a struct of `preimage`, or the bytes themselves: an audit row
//! is hashed, stored and verified as bytes, and parsed only after that
//! ([`crate::audit::StoredRow`]).

mod codes;
mod effect;
mod event;
mod identity;
mod preimage;
mod preview;
mod record;
mod request;
mod round;
mod schema;

pub use codes::StateV1;
pub use effect::{EffectV1, TokenV1};
pub use event::{AuditRowV1, EventV1};
pub use identity::{IdentityEventV1, IdentityRecordV1, IdentityRowV1, IdentityStateV1};
pub use record::RecordV1;
pub use schema::Stored;

use serde::{Deserialize, Serialize};

use crate::approval::TokenRow;
use crate::canonical::{self, CanonicalError};
use crate::effect::RecordedEffect;
use crate::identity::{IdentityRecord, IdentityRow};
use crate::record::AuditRow;
use crate::record::RequestRecord;

/// A type that is stored as a document of its own.
pub trait StoredDocument: Stored {
    /// The number of the schema that is written.
    const SCHEMA: u32;
}

impl StoredDocument for RequestRecord {
    const SCHEMA: u32 = 1;
}

impl StoredDocument for AuditRow {
    const SCHEMA: u32 = 1;
}

impl StoredDocument for IdentityRecord {
    const SCHEMA: u32 = 1;
}

impl StoredDocument for IdentityRow {
    const SCHEMA: u32 = 1;
}

impl StoredDocument for RecordedEffect {
    const SCHEMA: u32 = 1;
}

impl StoredDocument for TokenRow {
    const SCHEMA: u32 = 1;
}

#[derive(Serialize)]
struct Written<T> {
    schema: u32,
    body: T,
}

#[derive(Deserialize)]
struct Versioned {
    schema: u32,
}

#[derive(Deserialize)]
struct Read<T> {
    body: T,
}

/// Why a stored document cannot be read. Says where, never what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It was written by a newer program, or by none.
    #[error("schema {0} is not known")]
    Schema(u32),
    /// It is not the JSON that the schema says.
    #[error("not the expected JSON at line {line}, column {column}")]
    Json {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
}

impl From<serde_json::Error> for ReadError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json {
            line: error.line(),
            column: error.column(),
        }
    }
}

/// The document of a value: canonical JSON (RFC 8785).
///
/// # Errors
/// Never for values that were parsed; the type is honest about serialisation.
pub fn write<T: StoredDocument>(value: &T) -> Result<String, CanonicalError> {
    canonical::to_text(&Written {
        schema: T::SCHEMA,
        body: value.to_wire(),
    })
}

/// The value of a document.
///
/// # Errors
/// Where the schema is not known, or the document is not what its schema says.
pub fn read<T: StoredDocument>(text: &str) -> Result<T, ReadError> {
    let Versioned { schema } = serde_json::from_str(text)?;
    if schema != T::SCHEMA {
        return Err(ReadError::Schema(schema));
    }
    let read: Read<T::Wire> = serde_json::from_str(text)?;
    Ok(T::from_wire(read.body))
}

#[cfg(test)]
mod tests;
