//! Many things of one kind, told at once and in order.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::variables::resource_name as name;
use super::wording::{list, plural_of};

/// Up to so many things of a kind are told one by one.
const FEW: usize = 3;

/// Things in the order in which they were named, those of one kind and place together.
#[derive(Default)]
pub(super) struct Groups {
    all: Vec<Group>,
    /// Where the group of a kind and place is.
    places: HashMap<(String, String), usize>,
}

enum Group {
    /// Told as it is.
    Text(String),
    /// The kind, where they are, and their names.
    Things(String, String, Vec<String>),
}

impl Groups {
    /// Adds what is told as it is.
    pub(super) fn push(&mut self, text: String) {
        let known = |group: &Group| matches!(group, Group::Text(other) if *other == text);
        if !self.all.iter().any(known) {
            self.all.push(Group::Text(text));
        }
    }

    /// Adds a thing of a kind, such as `queue`, with its name and where it is, such as ` in eu-west-1`.
    pub(super) fn add(&mut self, kind: &str, thing: &str, place: &str) {
        let key = (kind.to_owned(), place.to_owned());
        let next = self.all.len();
        let at = *self.places.entry(key).or_insert(next);
        match self.all.get_mut(at) {
            Some(Group::Things(_, _, names)) => names.push(thing.to_owned()),
            _ => self.all.push(Group::Things(
                kind.to_owned(),
                place.to_owned(),
                vec![thing.to_owned()],
            )),
        }
    }

    /// What is told, group by group.
    pub(super) fn texts(self) -> Vec<String> {
        let mut texts = Vec::new();
        for group in self.all {
            match group {
                Group::Text(text) => texts.push(text),
                Group::Things(kind, place, names) => things(&kind, &place, names, &mut texts),
            }
        }
        texts
    }
}

/// Tells things of one kind: few of them one by one, many as `30 folders of the bucket b: 1, 2, …`.
fn things(kind: &str, place: &str, mut names: Vec<String>, texts: &mut Vec<String>) {
    if names.len() > FEW {
        names.sort_by(|one, other| natural_order(one, other));
        names.dedup();
    } else {
        let mut kept: Vec<String> = Vec::with_capacity(names.len());
        for name in names {
            if !kept.contains(&name) {
                kept.push(name);
            }
        }
        names = kept;
    }
    let told: Vec<String> = names.iter().map(|text| name(text)).collect();
    if told.len() > FEW {
        let all = list(&told, "and");
        texts.push(format!("{} {}{place}: {all}", told.len(), plural_of(kind)));
    } else {
        texts.extend(told.iter().map(|name| format!("the {kind} {name}{place}")));
    }
}

/// The order in which people count: `2` before `10`.
#[must_use]
pub fn natural_order(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one, other);
    loop {
        let digits =
            |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (here, there) = (digits(left), digits(right));
        if here > 0 && there > 0 {
            let number = |text: &str, end: usize| {
                let digits = text.get(..end).unwrap_or_default();
                digits.trim_start_matches('0').to_owned()
            };
            let (a, b) = (number(left, here), number(right, there));
            let order = a.len().cmp(&b.len()).then_with(|| a.cmp(&b));
            if order != Ordering::Equal {
                return order;
            }
            left = left.get(here..).unwrap_or_default();
            right = right.get(there..).unwrap_or_default();
            continue;
        }
        let (mut a, mut b) = (left.chars(), right.chars());
        match (a.next(), b.next()) {
            (None, None) => return one.cmp(other),
            (x, y) if x == y => (left, right) = (a.as_str(), b.as_str()),
            (x, y) => return x.cmp(&y),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_counted_and_all_named_in_order() {
        let mut groups = Groups::default();
        for nth in [10, 9, 2, 1] {
            groups.add("folder", &format!("day-{nth}"), " of the bucket logs");
        }
        groups.push("all queues".to_owned());
        groups.add("topic", "b", "");
        groups.add("topic", "a", "");
        assert_eq!(
            groups.texts(),
            [
                "4 folders of the bucket logs: `day-1`, `day-2`, `day-9` and `day-10`",
                "all queues",
                "the topic `b`",
                "the topic `a`"
            ]
        );
    }

    #[test]
    fn numbers_count() {
        let mut names = ["a10", "a9", "b", "a", "a09", "10", "9"];
        names.sort_by(|one, other| natural_order(one, other));
        assert_eq!(names, ["9", "10", "a", "a09", "a9", "a10", "b"]);
    }
}
