//! The tables of escalations and sensitive actions.

use std::sync::OnceLock;

use crate::catalogue;

const WAYS: &str = include_str!("../../data/escalation.tsv");
const SENSITIVE: &str = include_str!("../../data/sensitive.tsv");

/// An action that matters, with what the catalogue knows of it.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: String,
    /// The name in small letters.
    pub(super) lower: String,
    pub(super) action: Option<catalogue::Action>,
}

impl Named {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            lower: name.to_ascii_lowercase(),
            action: catalogue::action(name),
        }
    }
}

/// What a way up takes hold of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The principal's own policies or groups.
    OneSelf,
    /// Something or somebody else.
    Other,
}

#[derive(Debug)]
pub(super) struct Way {
    pub(super) id: &'static str,
    pub(super) kind: Kind,
    pub(super) actions: Vec<Named>,
    pub(super) source: &'static str,
}

/// What an action may expose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Category {
    Escalation,
    Credentials,
    Resource,
    Data,
}

fn lines(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
}

/// All known ways up.
pub(super) fn ways() -> &'static [Way] {
    static ALL: OnceLock<Vec<Way>> = OnceLock::new();
    ALL.get_or_init(|| {
        lines(WAYS)
            .filter_map(|fields| match fields[..] {
                [id, kind, actions, source] => Some(Way {
                    id,
                    kind: if kind == "self" {
                        Kind::OneSelf
                    } else {
                        Kind::Other
                    },
                    actions: actions.split(',').map(Named::new).collect(),
                    source,
                }),
                _ => None,
            })
            .collect()
    })
}

/// The sensitive actions of a category.
pub(super) fn sensitive(category: Category) -> impl Iterator<Item = &'static Named> {
    static ALL: OnceLock<Vec<(Category, Named)>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        lines(SENSITIVE)
            .filter_map(|fields| match fields[..] {
                [category, action] => {
                    let category = match category {
                        "escalation" => Category::Escalation,
                        "credentials" => Category::Credentials,
                        "resource" => Category::Resource,
                        _ => Category::Data,
                    };
                    Some((category, Named::new(action)))
                }
                _ => None,
            })
            .collect()
    });
    all.iter()
        .filter(move |(of, _)| *of == category)
        .map(|(_, named)| named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_whole() {
        assert_eq!(ways().len(), lines(WAYS).count());
        assert!(ways().len() >= 80);
        assert!(
            ways()
                .iter()
                .all(|way| !way.actions.is_empty() && !way.source.is_empty())
        );
        let sensitive = [
            Category::Escalation,
            Category::Credentials,
            Category::Resource,
            Category::Data,
        ]
        .map(|category| sensitive(category).count());
        assert_eq!(sensitive, [27, 49, 295, 151]);
    }
}
