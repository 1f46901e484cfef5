//! What is known of one fact of the CMDB, since when, and why not.

use jiff::Timestamp;

/// Why something could not be read. Whichever it is, nobody is entitled by it. Of several the first is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unread {
    /// There was no answer in time, or none that could be relied on; asking again may help.
    Unavailable,
    /// An access rule forbids the look-up.
    Forbidden,
    /// Records match that an access rule hides.
    Hidden,
    /// The answer contradicts the question or itself, or lacks a field.
    Inconsistent,
    /// More records than are looked at.
    TooMany,
}

/// How old a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// When it was read from ServiceNow.
    pub as_of: Timestamp,
    /// Whether it is older than it should be, and used because ServiceNow does not answer.
    pub stale: bool,
}

impl Freshness {
    /// Read at this moment.
    #[must_use]
    pub const fn read(as_of: Timestamp) -> Self {
        Self {
            as_of,
            stale: false,
        }
    }

    /// Of two facts together: as old as the older one.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            as_of: self.as_of.min(other.as_of),
            stale: self.stale || other.stale,
        }
    }
}

/// One fact: what it is and how old, or why it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<T> {
    /// It was read.
    Known {
        /// What was read.
        value: T,
        /// How old it is.
        freshness: Freshness,
    },
    /// It was not.
    Unread(Unread),
}

impl<T> Fact<T> {
    /// A fact that was read at this moment.
    #[must_use]
    pub const fn read(value: T, as_of: Timestamp) -> Self {
        Self::Known {
            value,
            freshness: Freshness::read(as_of),
        }
    }
}
