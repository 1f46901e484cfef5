//! `sysparm_query`: encoded queries, read the way an instance reads them.
//!
//! **An invalid part is dropped and the rest decides.** An unknown field, a
//! step that is no reference or an operator that does not exist makes the
//! condition vanish, and rows for what is left come back. Text compares without
//! regard to case, as the database underneath does.

use std::cmp::Ordering;

use crate::schema::{Field, Kind, Table};
use crate::store::{Row, Store, Walk};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    In,
    NotIn,
    StartsWith,
    EndsWith,
    Contains,
    NotContains,
    Empty,
    NotEmpty,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Longer spellings come before those that begin the same way.
const OPERATORS: &[(&str, Operator)] = &[
    ("ISNOTEMPTY", Operator::NotEmpty),
    ("ISEMPTY", Operator::Empty),
    ("STARTSWITH", Operator::StartsWith),
    ("ENDSWITH", Operator::EndsWith),
    ("CONTAINS", Operator::Contains),
    ("NOT LIKE", Operator::NotContains),
    ("NOT IN", Operator::NotIn),
    ("LIKE", Operator::Contains),
    ("IN", Operator::In),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

#[derive(Debug, PartialEq, Eq)]
struct Condition {
    path: String,
    operator: Operator,
    value: String,
}

/// An encoded query, without the parts that made no sense.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// `^NQ` separates these; one of them must hold.
    alternatives: Vec<Vec<Vec<Condition>>>,
    /// Path and whether it is descending.
    order: Vec<(String, bool)>,
    /// How many parts were dropped.
    pub(crate) dropped: usize,
}

impl Query {
    /// Reads a query on a table. `me` is what `javascript:gs.getUserID()` stands for.
    pub(crate) fn parse(table: &'static Table, text: &str, me: &str) -> Self {
        let mut query = Self {
            alternatives: vec![Vec::new()],
            ..Self::default()
        };
        let mut related = false;
        let mut open = false;
        for part in text.split('^') {
            if related || part.starts_with("RLQUERY") || part.starts_with("JOIN") {
                related = part.starts_with("RLQUERY") || (related && part != "ENDRLQUERY");
                query.dropped += 1;
            } else if let Some(path) = part.strip_prefix("ORDERBYDESC") {
                query.order_by(table, path, true);
            } else if let Some(path) = part.strip_prefix("ORDERBY") {
                query.order_by(table, path, false);
            } else if let Some(rest) = part.strip_prefix("NQ") {
                query.alternatives.push(Vec::new());
                open = query.and(table, rest, me);
            } else if let Some(rest) = part.strip_prefix("OR") {
                open = query.or(table, rest, me, open);
            } else if !part.is_empty() && part != "EQ" {
                open = query.and(table, part, me);
            }
        }
        query
    }

    fn order_by(&mut self, table: &'static Table, path: &str, descending: bool) {
        match table.path(path) {
            Some(_) => self.order.push((path.to_owned(), descending)),
            None => self.dropped += 1,
        }
    }

    /// Adds a condition of its own; says whether it was understood.
    fn and(&mut self, table: &'static Table, part: &str, me: &str) -> bool {
        match (condition(table, part, me), self.alternatives.last_mut()) {
            (Some(condition), Some(group)) => group.push(vec![condition]),
            _ => {
                self.dropped += 1;
                return false;
            }
        }
        true
    }

    /// Adds a condition to the one before, or in its place if that one was dropped.
    fn or(&mut self, table: &'static Table, part: &str, me: &str, open: bool) -> bool {
        if !open {
            return self.and(table, part, me);
        }
        let last = self
            .alternatives
            .last_mut()
            .and_then(|group| group.last_mut());
        match (condition(table, part, me), last) {
            (Some(condition), Some(any)) => any.push(condition),
            _ => self.dropped += 1,
        }
        true
    }

    /// The fields whose values are asked for.
    pub(crate) fn matched(&self) -> impl Iterator<Item = &str> {
        self.conditions().map(|condition| &*condition.path)
    }

    /// The fields that are asked for by ranges and patterns, or sorted by.
    pub(crate) fn ranged(&self) -> impl Iterator<Item = &str> {
        let exact = |operator| {
            matches!(
                operator,
                Operator::Equal
                    | Operator::NotEqual
                    | Operator::In
                    | Operator::NotIn
                    | Operator::Empty
                    | Operator::NotEmpty
            )
        };
        let ranges = self
            .conditions()
            .filter(move |condition| !exact(condition.operator))
            .map(|condition| &*condition.path);
        ranges.chain(self.order.iter().map(|(path, _)| &**path))
    }

    fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.alternatives.iter().flatten().flatten()
    }

    /// Whether a record fits.
    pub(crate) fn matches(&self, store: &Store, row: &Row) -> bool {
        self.alternatives.is_empty()
            || self.alternatives.iter().any(|group| {
                group
                    .iter()
                    .all(|any| any.iter().any(|condition| condition.holds(store, row)))
            })
    }

    /// Puts rows in the order that the query asks for; ties keep their order.
    pub(crate) fn sort(&self, store: &Store, rows: &mut [&Row]) {
        rows.sort_by(|left, right| {
            self.order
                .iter()
                .map(|(path, descending)| {
                    let order = compare_by(store, path, left, right);
                    if *descending { order.reverse() } else { order }
                })
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        });
    }
}

/// Reads one condition; `None` if any of it is unknown.
fn condition(table: &'static Table, part: &str, me: &str) -> Option<Condition> {
    let end = part.find(|c: char| !matches!(c, 'a'..='z' | '0'..='9' | '_' | '.'))?;
    let (path, rest) = part.split_at_checked(end)?;
    table.path(path)?;
    let (operator, value) = OPERATORS
        .iter()
        .find_map(|(spelling, operator)| Some((*operator, rest.strip_prefix(spelling)?)))?;
    let value = match value.strip_prefix("javascript:") {
        None => value,
        Some("gs.getUserID()") => me,
        Some(_) => return None,
    };
    Some(Condition {
        path: path.to_owned(),
        operator,
        value: value.to_owned(),
    })
}

impl Condition {
    fn holds(&self, store: &Store, row: &Row) -> bool {
        let (field, owner) = match store.walk(row, &self.path, &|_, _| true) {
            Walk::Found(field, owner) => (field, Some(owner)),
            Walk::Empty(field) => (field, None),
            Walk::Unknown => return false,
        };
        let raw = owner.map_or("", |owner| owner.value(field.name));
        let shown = || match (field.kind, owner) {
            (Kind::Reference(_), Some(owner)) => store.display_value(owner, field).to_lowercase(),
            _ => raw.to_lowercase(),
        };
        let wanted = self.value.to_lowercase();
        match self.operator {
            Operator::Equal => raw.to_lowercase() == wanted,
            Operator::NotEqual => raw.to_lowercase() != wanted,
            Operator::In => wanted.split(',').any(|one| one == raw.to_lowercase()),
            Operator::NotIn => !wanted.split(',').any(|one| one == raw.to_lowercase()),
            Operator::StartsWith => shown().starts_with(&wanted),
            Operator::EndsWith => shown().ends_with(&wanted),
            Operator::Contains => shown().contains(&wanted),
            Operator::NotContains => !shown().contains(&wanted),
            Operator::Empty => raw.is_empty(),
            Operator::NotEmpty => !raw.is_empty(),
            Operator::Less => !raw.is_empty() && compare(raw, &wanted).is_lt(),
            Operator::LessOrEqual => !raw.is_empty() && compare(raw, &wanted).is_le(),
            Operator::Greater => !raw.is_empty() && compare(raw, &wanted).is_gt(),
            Operator::GreaterOrEqual => !raw.is_empty() && compare(raw, &wanted).is_ge(),
        }
    }
}

/// Numbers by size, all else by its lowercase letters.
fn compare(left: &str, right: &str) -> Ordering {
    match (left.parse::<i64>(), right.parse::<i64>()) {
        (Ok(left), Ok(right)) => left.cmp(&right),
        _ => left.to_lowercase().cmp(&right.to_lowercase()),
    }
}

fn compare_by(store: &Store, path: &str, left: &Row, right: &Row) -> Ordering {
    let key = |row: &Row| match store.walk(row, path, &|_, _| true) {
        Walk::Found(field, owner) => sort_key(store, owner, field),
        Walk::Empty(_) | Walk::Unknown => String::new(),
    };
    compare(&key(left), &key(right))
}

/// References sort by what is shown, all else by what is stored.
fn sort_key(store: &Store, owner: &Row, field: &'static Field) -> String {
    match field.kind {
        Kind::Reference(_) => store.display_value(owner, field),
        _ => owner.value(field.name).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{schema, seed};

    fn found(table: &str, field: &str, text: &str) -> Vec<String> {
        let store = seed::load().unwrap();
        let table = schema::table(table).unwrap();
        let query = Query::parse(table, text, "aaaa0000000000000000000000000002");
        let mut rows: Vec<_> = store
            .rows(table.name)
            .filter(|row| query.matches(&store, row))
            .collect();
        query.sort(&store, &mut rows);
        rows.iter().map(|row| row.value(field).to_owned()).collect()
    }

    fn users(text: &str) -> Vec<String> {
        found("sys_user", "first_name", text)
    }

    #[test]
    fn every_operator_does_what_it_says() {
        for (query, expected) in [
            ("user_name=ada.okafor", &["Ada"][..]),
            ("user_name=ADA.OKAFOR", &["Ada"]),
            ("active!=true", &["Ingrid"]),
            ("user_nameINada.okafor,rita.chen", &["Ada", "Rita"]),
            ("active=false^user_nameNOT INada.okafor", &["Ingrid"]),
            ("user_nameSTARTSWITHpri", &["Priya"]),
            ("user_nameENDSWITHkobayashi", &["Hana"]),
            ("titleLIKEcloud", &["Lena", "Samuel"]),
            ("titleCONTAINScloud", &["Lena", "Samuel"]),
            ("titleLIKEcloud^titleNOT LIKElead", &["Lena"]),
            ("emailISEMPTY^web_service_access_only=false", &["Noor"]),
            ("emailISNOTEMPTY^locked_out=true", &["Yusuf"]),
            ("employee_number<BW1003", &["Ada", "Rita"]),
            ("employee_number>=BW1014", &["Diego", "Mei"]),
            ("employee_number<=BW1001", &["Ada"]),
            ("employee_number>BW1014", &["Mei"]),
        ] {
            let query = format!("{query}^first_name!=Snowgate^employee_numberISNOTEMPTY");
            assert_eq!(users(&query), expected, "{query}");
        }
    }

    #[test]
    fn and_or_and_new_query_combine() {
        assert_eq!(users("active=false^ORlocked_out=true"), ["Ingrid", "Yusuf"]);
        assert_eq!(
            users("active=true^user_name=yusuf.demir^ORuser_name=x"),
            ["Yusuf"]
        );
        assert_eq!(
            users("user_name=rita.chen^NQuser_name=ada.okafor"),
            ["Ada", "Rita"]
        );
        assert_eq!(
            users("active=false^user_name=x^NQlocked_out=true"),
            ["Yusuf"]
        );
    }

    #[test]
    fn dotted_paths_and_references_work() {
        let by_login = "opened_by.user_name=diego.santos";
        assert_eq!(found("sc_req_item", "number", by_login), ["RITM0010010"]);
        let shown = "opened_byLIKEDiego";
        assert_eq!(found("sc_req_item", "number", shown), ["RITM0010010"]);
        let me = "opened_by=javascript:gs.getUserID()^active=false";
        assert_eq!(found("sc_req_item", "number", me), ["RITM0010009"]);
    }

    #[test]
    fn order_is_kept_for_ties_and_reversed_when_asked() {
        assert_eq!(
            users("titleLIKEcloud^ORDERBYDESCfirst_name"),
            ["Samuel", "Lena"]
        );
        assert_eq!(
            users("user_nameINada.okafor,rita.chen^ORDERBYmanager"),
            ["Ada", "Rita"]
        );
        assert_eq!(
            users("user_nameINada.okafor,rita.chen^ORDERBYDESCmanager"),
            ["Rita", "Ada"]
        );
    }

    #[test]
    fn invalid_parts_are_dropped_and_the_rest_decides() {
        let everyone = users("").len();
        for query in [
            "shoe_size=42",
            "user_name.x=1",
            "user_nameSOUNDSLIKEada",
            "nonsense",
            "^^",
        ]
        .into_iter()
        .chain([
            "user_name=javascript:gs.print('x')",
            "RLQUERYx.y,>=1^active=false^ENDRLQUERY",
        ]) {
            assert_eq!(users(query).len(), everyone, "{query}");
        }
        assert_eq!(users("shoe_size=42^active=false"), ["Ingrid"]);
        assert_eq!(users("active=false^ORshoe_size=42"), ["Ingrid"]);
        assert_eq!(users("shoe_size=42^ORactive=false"), ["Ingrid"]);
        assert_eq!(
            users("RLQUERYx.y,>=1^active=true^ENDRLQUERY^active=false"),
            ["Ingrid"]
        );
    }
}
