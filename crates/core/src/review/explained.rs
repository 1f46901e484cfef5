//! What policies allow, in words: the kind of access, a sentence for each statement, long lists.

use iam_policy::catalogue::AccessLevel;
use iam_policy::classify::{PrincipalPolicies, classify};
use iam_policy::document::{Document, PolicyType};
use iam_policy::explain::{explain, natural_order};

use crate::markup::{Text, whole};

/// Lists of more entries than this are shown beside the sentence, too, one entry a line.
const LONG: usize = 8;

/// A long list of a policy, every entry of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewList {
    /// What it lists: ``All 30 resources of policy `reports-read` ``.
    pub title: Text,
    /// The entries, in the order of the numbers in them.
    pub entries: Vec<Text>,
}

/// The kind of access that policies give together. What cannot be read counts as the worst.
pub(super) fn kind(texts: &[(String, &str)]) -> &'static str {
    let documents: Result<Vec<Document<'_>>, _> = texts
        .iter()
        .map(|(_, text)| Document::parse(text, PolicyType::Identity))
        .collect();
    let Ok(policies) = &documents else {
        return CHANGES_PERMISSIONS;
    };
    let held = PrincipalPolicies {
        policies,
        ..PrincipalPolicies::default()
    };
    let found = classify(held);
    let has = |level| found.access_levels.contains(&level);
    if has(AccessLevel::PermissionsManagement) {
        CHANGES_PERMISSIONS
    } else if !found.unknown_actions.is_empty() {
        "Can do things that Snowgate doesn't know. Review closely."
    } else if found.changes {
        "Can create, change or delete resources."
    } else if has(AccessLevel::Read) || has(AccessLevel::Write) {
        "Read-only: can read data but not change anything."
    } else if found.access_levels.is_empty() {
        "Its own policies allow nothing; other policies may name it."
    } else {
        "List-only: names and settings, not contents."
    }
}

const CHANGES_PERMISSIONS: &str = "Can change permissions. Review closely.";

/// What a policy allows, statement by statement.
pub(super) fn sentences(text: &str) -> Vec<Text> {
    match Document::parse(text, PolicyType::Identity) {
        Ok(document) => explain(&document)
            .into_iter()
            .map(|sentence| Text::new(sentence.text))
            .collect(),
        Err(_) => vec![Text::new(
            "This policy can't be put into words. Read its JSON below.",
        )],
    }
}

/// Every action and resource of statements that name more than a sentence does.
pub(super) fn long_lists(name: &str, text: &str) -> Vec<ReviewList> {
    let Ok(document) = Document::parse(text, PolicyType::Identity) else {
        return Vec::new();
    };
    let mut lists = Vec::new();
    for statement in document.statements() {
        let (actions, resources) = (statement.actions(), statement.resources());
        let excluded = |is_negated: bool| if is_negated { "excluded " } else { "" };
        let actions = (
            format!("{}actions", excluded(actions.is_negated())),
            actions.list().texts().collect::<Vec<&str>>(),
        );
        let resources = resources.map(|found| {
            let what = format!("{}resources", excluded(found.is_negated()));
            (what, found.list().texts().collect::<Vec<&str>>())
        });
        let all = std::iter::once(actions).chain(resources);
        for (what, mut entries) in all {
            if entries.len() <= LONG {
                continue;
            }
            entries.sort_by(|a, b| natural_order(a, b));
            lists.push(ReviewList {
                title: Text::new(format!("All {} {what} of {name}", entries.len())),
                entries: entries
                    .into_iter()
                    .map(|one| Text::new(whole(one)))
                    .collect(),
            });
        }
    }
    lists
}
