//! How a wire type is declared: `stored_struct!`, `stored_enum!`, `stored_codes!`.
//!
//! Each declaration makes the wire type and both conversions. They name every member and variant
//! of the domain type, so a new one that has no place in the schema does not compile.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize as _, Deserializer, Serialize};

use crate::approval::MacTag;
use crate::arn::{GroupArn, PolicyArn, RoleArn};
use crate::bounce::MessageId;
use crate::id::{AccountId, ClientId, Digest, IdentityId, RequestId, SysId};
use crate::person::Mark;
use crate::principal::PrincipalName;
use crate::prose::Prose;
use crate::request::{
    AccessDuration, GroupName, InlineDocument, RecordNumber, TableName, UserTags,
};

/// A type with a stored form.
pub trait Stored: Sized {
    /// The form in which it is stored.
    type Wire: Serialize + DeserializeOwned;
    /// The value as it is written.
    fn to_wire(&self) -> Self::Wire;
    /// The value that was written.
    fn from_wire(wire: Self::Wire) -> Self;
}

/// Reads how many changes or rows there are: as many as the key of a row has digits for, and one
/// more can always be counted.
pub(super) fn countable<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    const MOST: u64 = 9_999_999_998;
    let count = u64::deserialize(from)?;
    match count <= MOST {
        true => Ok(count),
        false => Err(D::Error::custom("more than can be counted")),
    }
}

/// Values that are stored as they serialise themselves, and check themselves when they are read.
macro_rules! leaves {
    ($($leaf:ty),* $(,)?) => {$(
        impl Stored for $leaf {
            type Wire = Self;
            fn to_wire(&self) -> Self {
                self.clone()
            }
            fn from_wire(wire: Self) -> Self {
                wire
            }
        }
    )*};
}

leaves!(
    bool,
    u8,
    u32,
    u64,
    i64,
    String,
    Timestamp,
    SignedDuration,
    AccessDuration,
    AccountId,
    ClientId,
    Digest,
    GroupArn,
    GroupName,
    UserTags,
    IdentityId,
    InlineDocument,
    MacTag,
    Mark,
    MessageId,
    PolicyArn,
    PrincipalName,
    RecordNumber,
    RequestId,
    RoleArn,
    SysId,
    TableName,
    (String, String),
    BTreeMap<String, String>,
);

impl<const MAX: usize> Stored for Prose<MAX> {
    type Wire = Self;
    fn to_wire(&self) -> Self {
        self.clone()
    }
    fn from_wire(wire: Self) -> Self {
        wire
    }
}

impl<T: Stored> Stored for Vec<T> {
    type Wire = Vec<T::Wire>;
    fn to_wire(&self) -> Self::Wire {
        self.iter().map(T::to_wire).collect()
    }
    fn from_wire(wire: Self::Wire) -> Self {
        wire.into_iter().map(T::from_wire).collect()
    }
}

impl<T: Stored> Stored for Box<T> {
    type Wire = Box<T::Wire>;
    fn to_wire(&self) -> Self::Wire {
        Box::new(T::to_wire(self))
    }
    fn from_wire(wire: Self::Wire) -> Self {
        Self::new(T::from_wire(*wire))
    }
}

impl<T: Stored> Stored for Option<T> {
    type Wire = Option<T::Wire>;
    fn to_wire(&self) -> Self::Wire {
        self.as_ref().map(T::to_wire)
    }
    fn from_wire(wire: Self::Wire) -> Self {
        wire.map(T::from_wire)
    }
}

/// Declares the wire type of a struct: its members with their types, and where the name in JSON is
/// not the member's, that name. Members after a semicolon are never stored.
macro_rules! stored_struct {
    ($vis:vis $wire:ident for $domain:ty {
        $($(#[$attr:meta])* $field:ident $(as $name:literal)? : $type:ty),* $(,)?
        $(; $($unstored:ident),+)?
    }) => {
        #[doc = concat!("The stored form of [`", stringify!($domain), "`].")]
        #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        $vis struct $wire {
            $(
                $(#[serde(rename = $name)])?
                $(#[$attr])*
                pub(crate) $field: <$type as $crate::stored::Stored>::Wire,
            )*
        }

        impl $crate::stored::Stored for $domain {
            type Wire = $wire;
            fn to_wire(&self) -> $wire {
                $wire {
                    $($field: $crate::stored::Stored::to_wire(&self.$field),)*
                }
            }
            fn from_wire(wire: $wire) -> Self {
                Self {
                    $($field: $crate::stored::Stored::from_wire(wire.$field),)*
                    $($($unstored: Default::default(),)+)?
                }
            }
        }
    };
}

/// Declares the wire type of an enum with members: an object whose member `$tag` names the
/// variant. A variant without members is one with none, so that it refuses all that it does not
/// know.
macro_rules! stored_enum {
    ($wire:ident for $domain:ty, $tag:literal {
        $($name:literal = $variant:ident $({
            $($(#[$attr:meta])* $field:ident : $type:ty),* $(,)?
        })?),* $(,)?
    }) => {
        #[doc = concat!("The stored form of [`", stringify!($domain), "`].")]
        #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
        #[serde(tag = $tag, deny_unknown_fields)]
        pub enum $wire {
            $(
                #[doc = concat!("`", $name, "`.")]
                #[serde(rename = $name)]
                $variant {
                    $($(
                        #[doc = concat!("`", stringify!($field), "`.")]
                        $(#[$attr])*
                        $field: <$type as $crate::stored::Stored>::Wire,
                    )*)?
                },
            )*
        }

        impl $crate::stored::Stored for $domain {
            type Wire = $wire;
            fn to_wire(&self) -> $wire {
                match self {
                    $(Self::$variant $({ $($field),* })? => $wire::$variant {
                        $($($field: $crate::stored::Stored::to_wire($field),)*)?
                    },)*
                }
            }
            fn from_wire(wire: $wire) -> Self {
                match wire {
                    $($wire::$variant { $($($field),*)? } => Self::$variant $({
                        $($field: $crate::stored::Stored::from_wire($field),)*
                    })?,)*
                }
            }
        }
    };
}

/// Declares the wire type of an enum without members: a string.
macro_rules! stored_codes {
    ($wire:ident for $domain:ty { $($name:literal = $variant:ident),* $(,)? }) => {
        #[doc = concat!("The stored form of [`", stringify!($domain), "`].")]
        #[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
        pub enum $wire {
            $(
                #[doc = concat!("`", $name, "`.")]
                #[serde(rename = $name)]
                $variant,
            )*
        }

        impl $crate::stored::Stored for $domain {
            type Wire = $wire;
            fn to_wire(&self) -> $wire {
                match self {
                    $(Self::$variant => $wire::$variant,)*
                }
            }
            fn from_wire(wire: $wire) -> Self {
                match wire {
                    $($wire::$variant => Self::$variant,)*
                }
            }
        }
    };
}

pub(super) use {stored_codes, stored_enum, stored_struct};
