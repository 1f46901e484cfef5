//! What has a trail, and the rows of one.

use std::fmt::{Debug, Display};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StoredRow;
use crate::canonical::CanonicalError;
use crate::codes::codes;
use crate::id::Digest;
use crate::lifecycle::Actor;
use crate::stored::{ReadError, StoredDocument};

/// Something with states of its own that the ledger keeps together with its audit trail.
pub trait Audited: StoredDocument + Clone {
    /// The key of everything about it.
    type Id: Debug + Display + Clone + PartialEq + Eq;
    /// What happens to it.
    type Event: Debug + Clone + PartialEq + Eq;
    /// Where it stands.
    type State: Debug + Copy + PartialEq + Eq;

    /// What is hashed before the bytes of a row, so that no row of one kind passes for one of another.
    const PURPOSE: &'static str;

    /// The key of everything about it.
    fn id(&self) -> &Self::Id;

    /// Where it stands.
    fn state(&self) -> Self::State;

    /// Counts the changes; a change is made to one version.
    fn version(&self) -> u64;

    /// The end of its trail.
    fn audit(&self) -> &AuditHead;

    /// Whether what it says is what these rows, which are its trail, come to.
    fn follows_from(&self, rows: &[TrailRow<Self>]) -> bool;

    /// The same, whose trail was found broken, and whose next row has this place or a later one.
    #[must_use]
    fn broken(self, fault: TrailFault, next: u64, rows: KnownRows<'_>) -> Self;

    /// The document of a row.
    ///
    /// # Errors
    /// Never for rows that were made here; the type is honest about serialisation.
    fn write_row(row: &TrailRow<Self>) -> Result<String, CanonicalError>;

    /// The row of a document.
    ///
    /// # Errors
    /// Where it is not one.
    fn read_row(text: &str) -> Result<TrailRow<Self>, ReadError>;
}

/// The rows of a broken trail.
#[derive(Debug, Clone, Copy)]
pub enum KnownRows<'r> {
    /// All that there are.
    All(&'r [StoredRow]),
    /// Those in the first places of a trail that is longer than is read.
    First(&'r [StoredRow]),
}

/// One row of a trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailRow<R: Audited> {
    /// Whose trail it is in.
    pub of: R::Id,
    /// Its place in the trail, from zero.
    pub n: u64,
    /// When it happened, by the clock of the function that wrote the row.
    pub at: Timestamp,
    /// Who brought it about.
    pub actor: Actor,
    /// What happened.
    pub event: R::Event,
    /// The state it led to.
    pub state: R::State,
    /// The hash of the row before; none for the first.
    pub previous: Option<Digest>,
    /// What was wrong with the trail when the row was written; none where it was whole.
    pub trail_fault: Option<TrailFault>,
}

/// When the state of the last row was come to; none where there is no row.
pub(crate) fn since_of<R: Audited>(rows: &[TrailRow<R>]) -> Option<Timestamp> {
    let state = rows.last()?.state;
    let same = rows.iter().rev().take_while(|row| row.state == state);
    same.last().map(|row| row.at)
}

/// A change to a record, to be written in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordChange<R: Audited> {
    /// The version that is replaced; none where the record is new.
    pub replaces: Option<u64>,
    /// The record afterwards.
    pub record: R,
    /// The audit row that goes with it.
    pub row: TrailRow<R>,
}

/// The end of a trail, kept in the record that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// How many rows there are; where the trail was broken, the place after the last of them.
    pub count: u64,
    /// The hash of the last row.
    pub hash: Digest,
    /// What is wrong with the trail; none where it is whole.
    pub fault: Option<TrailFault>,
}

impl AuditHead {
    /// The end of a trail with this as its first row.
    ///
    /// # Errors
    /// As [`TrailRow::hash`].
    pub fn of_first<R: Audited>(row: &TrailRow<R>) -> Result<Self, CanonicalError> {
        Ok(Self {
            count: 1,
            hash: row.hash()?,
            fault: None,
        })
    }

    /// The end of this trail with one more row.
    ///
    /// # Errors
    /// As [`TrailRow::hash`].
    pub fn with<R: Audited>(&self, row: &TrailRow<R>) -> Result<Self, CanonicalError> {
        Ok(Self {
            count: self.count + 1,
            hash: row.hash()?,
            fault: self.fault.map(TrailFault::after_another_row),
        })
    }
}

codes!(
    /// What is wrong with a trail.
    TrailFault {
        /// The last row is not the one that the record knows, or leads to another state.
        Head => "it does not end where its record says",
        /// A row is missing, doubled or out of order.
        Order => "a row is missing or out of order",
        /// A row does not follow from the one before it, or is not what was hashed.
        Changed => "a row was changed",
        /// A row is what was hashed, but cannot be read.
        Unreadable => "a row cannot be read",
        /// A row that the record does not know stands in the place of the next one.
        InTheWay => "a row stands where the next one belongs",
        /// There are more rows than are read.
        TooLong => "it is longer than any that Snowgate writes",
        /// The record says something else than its trail.
        Disagrees => "its record says something else",
    }
);

impl Display for TrailFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.in_words())
    }
}

impl TrailFault {
    /// What is wrong once a row of ours has been added: the trail ends with it again.
    const fn after_another_row(self) -> Self {
        match self {
            Self::Head => Self::Disagrees,
            other => other,
        }
    }
}
