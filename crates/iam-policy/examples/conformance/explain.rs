use std::collections::BTreeSet;

use iam_policy::catalogue;
use iam_policy::document::{Document, Effect, PolicyType};
use iam_policy::explain::explain;
use serde::Deserialize;

use crate::Figure;
use crate::corpus::{Error, Folder, text_of};

#[derive(Deserialize)]
struct Case {
    id: String,
    policy: serde_json::Value,
}

/// Every statement of every real policy is told, and none is told as less than it is.
pub(crate) fn run(folder: &Folder, differences: bool) -> Result<Vec<Figure>, Error> {
    let mut cases: Vec<Case> = folder.cases("access_analyzer_managed_policies.json")?;
    let known: BTreeSet<String> = cases.iter().map(|case| case.id.clone()).collect();
    let others: Vec<Case> = folder.cases("iam_dataset_managed_labels.json")?;
    cases.extend(others.into_iter().filter(|case| !known.contains(&case.id)));
    let (mut all, mut told, mut whole) = (0, 0, 0);
    for case in &cases {
        let text = text_of(&case.policy);
        let Ok(document) = Document::parse(&text, PolicyType::Identity) else {
            continue;
        };
        let sentences = explain(&document);
        for (nth, statement) in document.statements().iter().enumerate() {
            all += 1;
            let sentence = sentences.iter().find(|sentence| sentence.statement == nth);
            let text = sentence.map_or("", |sentence| &sentence.text);
            told += usize::from(text.len() > 8 && text.ends_with('.'));
            let is_whole = statement.effect() == Effect::Deny
                || statement.actions().is_negated()
                || says_all(statement.actions().list().texts(), text);
            whole += usize::from(is_whole);
            if differences {
                let mark = if is_whole { "" } else { " LESS" };
                println!("explain{mark}: {}[{nth}] {text}", case.id);
            }
        }
    }
    Ok(vec![
        Figure::share("explain", "statements told", told, all, 1.0),
        Figure::share("explain", "patterns for all told as all", whole, all, 1.0),
    ])
}

/// Whether patterns for every action, of one service or of all, are told as such, and the levels
/// of patterns for many actions are.
fn says_all<'t>(patterns: impl Iterator<Item = &'t str>, text: &str) -> bool {
    let mut patterns = patterns;
    patterns.all(|pattern| match pattern.split_once(':') {
        None => text.contains("do anything"),
        Some((_, "*")) => text.contains("do anything"),
        Some((_, name)) if name.contains('*') => {
            let matched: Vec<_> = catalogue::actions_matching(pattern).collect();
            let writes = matched.len() > 8
                && matched
                    .iter()
                    .any(|action| action.access_level() == catalogue::AccessLevel::Write);
            !writes
                || ["do anything", "change or delete"]
                    .iter()
                    .any(|word| text.contains(word))
        }
        Some(_) => true,
    })
}
