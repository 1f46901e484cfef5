//! Encoded queries. A query is made of checked values only, and checks whether a row shows the
//! values that it asked for.
//!
//! Encoded queries have no reliable escape: `^`, `,`, `@`, `javascript:` and more are structure.
//! And a part that the instance does not understand is dropped, after which rows for the rest
//! come back. So nothing but ids and plain names ever enters a query, and every row must show
//! the values that were asked for.

use std::fmt;
use std::str::FromStr;

use snowgate_core::id::{AccountId, SysId};

use crate::error::ServiceNowError;
use crate::row::Row;

/// The most ids that one query may hold.
pub(crate) const MAX_KEYS: usize = 50;

/// A `user_name`: 1 to 100 of `A-Z`, `a-z`, `0-9`, `.`, `_`, `@`, `+`, `-`. Often a mail address,
/// so `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct UserName(String);

/// A text that cannot be looked up as a `user_name`. The text itself is never repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a user name is 1 to 100 of `A-Z`, `a-z`, `0-9`, `.`, `_`, `@`, `+`, `-`")]
pub struct UserNameError;

impl FromStr for UserName {
    type Err = UserNameError;

    fn from_str(text: &str) -> Result<Self, UserNameError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._@+-".contains(&b);
        if (1..=100).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(UserNameError)
        }
    }
}

impl fmt::Debug for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserName(redacted)")
    }
}

/// A query: conditions that must all hold, and an order.
#[derive(Clone)]
pub(crate) struct Query {
    conditions: Vec<Condition>,
    order: Option<Order>,
}

#[derive(Clone)]
struct Condition {
    field: &'static str,
    wanted: Vec<String>,
    any_case: bool,
}

#[derive(Clone, Copy)]
enum Order {
    Ascending(&'static str),
    Descending(&'static str),
}

impl Query {
    fn of(field: &'static str, wanted: Vec<String>, any_case: bool) -> Self {
        let conditions = vec![Condition {
            field,
            wanted,
            any_case,
        }];
        Self {
            conditions,
            order: None,
        }
    }

    /// Records whose field (an id or a reference) is this id.
    #[must_use]
    pub(crate) fn id(field: &'static str, id: &SysId) -> Self {
        Self::of(field, vec![id.as_str().to_owned()], false)
    }

    /// The records with these ids: at least one, at most [`MAX_KEYS`].
    pub(crate) fn ids(ids: &[SysId]) -> Result<Self, ServiceNowError> {
        Self::among("sys_id", ids)
    }

    /// Records whose field (an id or a reference) is one of these ids: at least one, at most
    /// [`MAX_KEYS`].
    pub(crate) fn among(field: &'static str, ids: &[SysId]) -> Result<Self, ServiceNowError> {
        if ids.is_empty() || ids.len() > MAX_KEYS {
            return Err(ServiceNowError::TooManyKeys);
        }
        let wanted = ids.iter().map(|id| id.as_str().to_owned()).collect();
        Ok(Self::of(field, wanted, false))
    }

    /// Records whose field is this AWS account.
    #[must_use]
    pub(crate) fn account(field: &'static str, account: &AccountId) -> Self {
        Self::of(field, vec![account.as_str().to_owned()], false)
    }

    /// The user with this name. ServiceNow compares names without regard to case.
    #[must_use]
    pub(crate) fn user_name(name: &UserName) -> Self {
        Self::of("user_name", vec![name.0.clone()], true)
    }

    /// Of those, the ones whose field is this known word.
    #[must_use]
    pub(crate) fn and(mut self, field: &'static str, word: &'static str) -> Self {
        let wanted = vec![word.to_owned()];
        self.conditions.push(Condition {
            field,
            wanted,
            any_case: false,
        });
        self
    }

    /// In ascending order of the field.
    #[must_use]
    pub(crate) const fn ascending(mut self, field: &'static str) -> Self {
        self.order = Some(Order::Ascending(field));
        self
    }

    /// In descending order of the field.
    #[must_use]
    pub(crate) const fn descending(mut self, field: &'static str) -> Self {
        self.order = Some(Order::Descending(field));
        self
    }

    /// The encoded query.
    pub(crate) fn encoded(&self) -> String {
        let mut parts: Vec<String> = self
            .conditions
            .iter()
            .map(|Condition { field, wanted, .. }| match wanted.as_slice() {
                [one] => format!("{field}={one}"),
                many => format!("{field}IN{}", many.join(",")),
            })
            .collect();
        match self.order {
            Some(Order::Ascending(field)) => parts.push(format!("ORDERBY{field}")),
            Some(Order::Descending(field)) => parts.push(format!("ORDERBYDESC{field}")),
            None => {}
        }
        parts.join("^")
    }

    /// The fields that a row must show to be believed.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.conditions.iter().map(|condition| condition.field)
    }

    /// Whether the row is one that was asked for.
    ///
    /// # Errors
    /// It is not, or does not show whether it is.
    pub(crate) fn is_echoed_by(&self, row: &Row) -> Result<(), ServiceNowError> {
        for Condition {
            field,
            wanted,
            any_case,
        } in &self.conditions
        {
            let shown = row.text(field)?;
            let same = |one: &String| match any_case {
                true => one.eq_ignore_ascii_case(shown),
                false => one == shown,
            };
            if !wanted.iter().any(same) {
                return Err(ServiceNowError::WrongRow);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.fields()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn id(byte: &str) -> SysId {
        byte.repeat(16).parse().unwrap()
    }

    #[test]
    fn queries_are_encoded() {
        let (a, b) = ("0a".repeat(16), "0b".repeat(16));
        assert_eq!(
            Query::id("sys_id", &id("0a")).encoded(),
            format!("sys_id={a}")
        );
        assert_eq!(
            Query::ids(&[id("0a"), id("0b")]).unwrap().encoded(),
            format!("sys_idIN{a},{b}")
        );
        assert_eq!(
            Query::id("element_id", &id("0a"))
                .and("element", "work_notes")
                .descending("sys_created_on")
                .encoded(),
            format!("element_id={a}^element=work_notes^ORDERBYDESCsys_created_on")
        );
        let account = "210987654321".parse().unwrap();
        assert_eq!(
            Query::account("account_id", &account)
                .ascending("sys_id")
                .encoded(),
            "account_id=210987654321^ORDERBYsys_id"
        );
    }

    #[test]
    fn names_hold_no_structure() {
        for good in [
            "ada.okafor",
            "Ada+x@brightwater.example",
            "a",
            &"a".repeat(100),
        ] {
            assert!(good.parse::<UserName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "a b",
            "a^active=true",
            "a,b",
            "a=b",
            "javascript:gs.getUserID()",
            "a^NQb",
            "a%5Eb",
            "a\n",
            "ada\u{301}",
            "a'b",
            "a&b",
            &"a".repeat(101),
        ] {
            assert_eq!(bad.parse::<UserName>(), Err(UserNameError), "{bad}");
        }
        let name: UserName = "ada.okafor".parse().unwrap();
        let shown = format!("{name:?}{:?}", Query::user_name(&name));
        assert!(!shown.contains("ada"));
    }

    #[test]
    fn queries_are_bounded() {
        assert_eq!(Query::ids(&[]).err(), Some(ServiceNowError::TooManyKeys));
        let many: Vec<SysId> = vec![id("0a"); 51];
        assert_eq!(Query::ids(&many).err(), Some(ServiceNowError::TooManyKeys));
        assert!(Query::ids(many.get(1..).unwrap()).is_ok());
    }

    #[test]
    fn a_row_must_show_what_was_asked_for() {
        let query = Query::id("group", &id("0a")).and("element", "work_notes");
        let check = |value| query.is_echoed_by(&Row::new(value).unwrap());
        let (a, b) = ("0a".repeat(16), "0b".repeat(16));
        assert_eq!(check(json!({"group": a, "element": "work_notes"})), Ok(()));
        assert_eq!(
            check(json!({"group": {"value": a}, "element": "work_notes"})),
            Ok(())
        );
        assert_eq!(
            check(json!({"group": b, "element": "work_notes"})),
            Err(ServiceNowError::WrongRow)
        );
        assert_eq!(
            check(json!({"group": a, "element": "comments"})),
            Err(ServiceNowError::WrongRow)
        );
        assert_eq!(
            check(json!({"group": a})),
            Err(ServiceNowError::MissingField)
        );
        let name: UserName = "Ada.Okafor".parse().unwrap();
        let row = Row::new(json!({"user_name": "ada.okafor"})).unwrap();
        assert_eq!(Query::user_name(&name).is_echoed_by(&row), Ok(()));
    }
}
