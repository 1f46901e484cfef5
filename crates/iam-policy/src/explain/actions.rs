use std::collections::BTreeMap;

use super::wording::{list, plural, plural_of, words};
use crate::catalogue::{self, AccessLevel, Action};

/// More actions of one service than this are told by what they do in general.
const FEW: usize = 8;

/// What actions let people do, in words.
pub(super) struct Deeds {
    /// Such as `read and write objects`.
    pub(super) text: String,
    /// The services it is about, as people say them. Empty when it is about all, or when
    /// `text` names them.
    pub(super) services: Vec<String>,
}

/// Says what patterns of actions let people do.
pub(super) fn describe<'p>(patterns: impl Iterator<Item = &'p str>) -> Deeds {
    let mut services: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for pattern in patterns {
        let (prefix, name) = pattern.split_once(':').unwrap_or((pattern, "*"));
        if prefix.contains('*') && name.bytes().all(|byte| byte == b'*') {
            return Deeds {
                text: "do anything".to_owned(),
                services: Vec::new(),
            };
        }
        services
            .entry(prefix.to_ascii_lowercase())
            .or_default()
            .push(name);
    }
    let mut single: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut general: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (prefix, names) in &services {
        let known = catalogue::service(prefix);
        let service = known.map_or_else(|| prefix.clone(), |service| service.name().to_owned());
        match few(prefix, names) {
            Some(phrases) => single.entry(phrases).or_default().push(service),
            None => general
                .entry(in_general(prefix, names))
                .or_default()
                .push(service),
        }
    }
    if let (1, true, Some((text, services))) =
        (single.len(), general.is_empty(), single.iter().next())
    {
        return Deeds {
            text: text.clone(),
            services: services.clone(),
        };
    }
    let told = single.iter().chain(&general).map(|(text, services)| {
        let preposition = if text.ends_with("anything") {
            "with"
        } else {
            "in"
        };
        format!("{text} {preposition} {}", list(services, "and"))
    });
    Deeds {
        text: told.collect::<Vec<_>>().join("; "),
        services: Vec::new(),
    }
}

/// The deeds one by one, when they are few.
fn few(prefix: &str, names: &[&str]) -> Option<String> {
    let mut actions: Vec<(String, Option<Action>)> = Vec::new();
    for name in names {
        if !name.contains(['*', '?']) {
            let action = catalogue::action(&format!("{prefix}:{name}"));
            let spelled = action
                .as_ref()
                .map_or_else(|| (*name).to_owned(), |a| a.name().to_owned());
            actions.push((spelled, action));
            continue;
        }
        if name.bytes().all(|byte| byte == b'*') {
            return None;
        }
        let pattern = format!("{prefix}:{name}");
        let matched = catalogue::actions_matching(&pattern).take(FEW + 1);
        actions.extend(matched.map(|action| (action.name().to_owned(), Some(action))));
        if actions.len() > FEW {
            return None;
        }
    }
    if actions.len() > FEW || actions.is_empty() {
        return None;
    }
    let mut deeds: Vec<(String, Vec<String>)> = Vec::new();
    for (name, action) in &actions {
        let (verb, noun) = deed(prefix, name, action.as_ref());
        match deeds.iter_mut().find(|(known, _)| *known == noun) {
            Some((_, verbs)) if verbs.contains(&verb) => {}
            Some((_, verbs)) => verbs.push(verb),
            None => deeds.push((noun, vec![verb])),
        }
    }
    // The same verbs for several things are told once.
    let mut told: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    for (noun, verbs) in deeds {
        match told.iter_mut().find(|(known, _)| *known == verbs) {
            Some((_, nouns)) => nouns.push(noun),
            None => told.push((verbs, vec![noun])),
        }
    }
    let told = told.iter().map(|(verbs, nouns)| {
        let text = format!("{} {}", list(verbs, "and"), list(nouns, "and"));
        text.trim().to_owned()
    });
    Some(list(&told.collect::<Vec<_>>(), "and"))
}

/// Actions whose names do not say what they do.
const SAYINGS: [(&str, &str, &str); 12] = [
    ("s3:getobject", "read", "objects"),
    ("s3:putobject", "write", "objects"),
    ("s3:listbucket", "list", "objects"),
    ("sts:assumerole", "take on", "roles"),
    ("iam:passrole", "hand over", "roles"),
    ("kms:decrypt", "decrypt", "data"),
    ("kms:encrypt", "encrypt", "data"),
    ("kms:generatedatakey", "make", "data keys"),
    ("lambda:invokefunction", "run", "functions"),
    ("dynamodb:query", "search", "items"),
    ("dynamodb:scan", "search", "items"),
    ("secretsmanager:getsecretvalue", "read", "secret values"),
];

/// An action as a verb and the things it is about.
fn deed(prefix: &str, name: &str, action: Option<&Action>) -> (String, String) {
    let full = format!("{prefix}:{}", name.to_ascii_lowercase());
    if let Some((_, verb, noun)) = SAYINGS.iter().find(|(known, _, _)| *known == full) {
        return ((*verb).to_owned(), (*noun).to_owned());
    }
    let mut words = words(name).into_iter().peekable();
    let mut first = words.next().unwrap_or_default();
    if first == "batch" {
        first = words.next().unwrap_or(first);
    }
    let verb = match first.as_str() {
        "get" | "view" | "retrieve" | "download" => "read",
        "describe" | "lookup" => "see",
        "put" | "upload" => "write",
        "remove" | "terminate" => "delete",
        "update" | "modify" | "set" => "change",
        "invoke" | "execute" => "run",
        "deregister" => "unregister",
        "untag" => "take tags off",
        other => other,
    };
    let mut noun: Vec<String> = words.collect();
    if noun.first().is_some_and(|word| word == "all") {
        noun.remove(0);
    }
    let noun = match noun.last_mut() {
        Some(last) => {
            *last = plural(last);
            noun.join(" ")
        }
        None => {
            let kind = action.and_then(|action| action.resource_types().next());
            kind.map(|(kind, _)| plural_of(&self::words(kind.name()).join(" ")))
                .unwrap_or_default()
        }
    };
    (verb.to_owned(), noun)
}

/// The deeds of many actions, by their kinds.
fn in_general(prefix: &str, names: &[&str]) -> String {
    if names
        .iter()
        .any(|name| name.bytes().all(|byte| byte == b'*'))
    {
        return "do anything".to_owned();
    }
    let mut found = [false; AccessLevel::ALL.len()];
    for name in names {
        for action in catalogue::actions_matching(&format!("{prefix}:{name}")) {
            for (slot, level) in found.iter_mut().zip(AccessLevel::ALL) {
                *slot |= action.access_level() == level;
            }
        }
    }
    let verbs = AccessLevel::ALL
        .into_iter()
        .zip(found)
        .filter(|(_, found)| *found);
    let verbs: Vec<String> = verbs
        .map(|(level, _)| {
            let verb = match level {
                AccessLevel::List => "list",
                AccessLevel::Read => "read",
                AccessLevel::Write => "create, change or delete",
                AccessLevel::Tagging => "tag",
                AccessLevel::PermissionsManagement => "change who has access to",
            };
            verb.to_owned()
        })
        .collect();
    if verbs.is_empty() {
        return format!(
            "use what is called {}",
            list(
                &names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>(),
                "or"
            )
        );
    }
    format!("{} things", list(&verbs, "and"))
}
