//! Actions that the usual words mean exactly.
//!
//! Several actions may be told in the same words: `BatchGetSecretValue` and `GetSecretValue` both read
//! secret values. Whoever reads that one of them is denied would take both for denied.

use std::collections::HashSet;

use super::{action_phrase, few};
use crate::catalogue::{self, AccessLevel, Action, wildcard};
use crate::explain::wording::list;
use crate::foreign::code;

/// Parts names of a service's actions into those whose words mean no other action than these names do,
/// and those that have no such words.
pub(super) fn split<'n>(prefix: &str, names: &[&'n str]) -> (Vec<&'n str>, Vec<&'n str>) {
    if names.iter().any(|name| is_everything(name)) {
        return (names.to_vec(), Vec::new());
    }
    if wildcard::has_wildcard(prefix) {
        return (Vec::new(), names.to_vec());
    }
    let Some(service) = catalogue::service(prefix) else {
        return (names.to_vec(), Vec::new());
    };
    let words = |action: &Action| {
        let (verb, noun) = action_phrase(prefix, action);
        format!("{verb} {noun}")
    };
    let is_meant = |action: &Action| names.iter().any(|name| matches(name, action));
    let others: Vec<Action> = service
        .actions()
        .filter(|action| !is_meant(action))
        .collect();
    let taken: HashSet<String> = others.iter().map(words).collect();
    let (told, quoted): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| {
        let mut meant = service.actions().filter(|action| matches(name, action));
        meant.all(|action| !taken.contains(&words(&action)))
    });
    if told.is_empty() || few(prefix, &told).is_some() {
        return (told, quoted);
    }
    // So many are told by their levels.
    let open: Vec<AccessLevel> = others.iter().map(|action| action.access_level()).collect();
    names.iter().partition(|name| {
        let mut meant = service.actions().filter(|action| matches(name, action));
        meant.all(|action| !open.contains(&action.access_level()))
    })
}

/// Names as they are written; none where there are none.
pub(super) fn quoted(prefix: &str, names: &[&str]) -> Option<String> {
    let patterns = names.iter().map(|name| code(&format!("{prefix}:{name}")));
    let patterns: Vec<String> = patterns.collect();
    let word = match names {
        [] => return None,
        [name] if !wildcard::has_wildcard(name) => "action",
        _ => "actions",
    };
    Some(format!("use the {word} {}", list(&patterns, "and")))
}

fn is_everything(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte == b'*')
}

fn matches(name: &str, action: &Action) -> bool {
    wildcard::matches_ignoring_case(name, action.name())
}
