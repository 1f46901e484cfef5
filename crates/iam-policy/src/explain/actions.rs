mod exact;

use std::collections::BTreeMap;

use super::wording::{list, plural, plural_of, service_name, words};
use crate::catalogue::{self, AccessLevel, Action};
use crate::foreign::code;

/// More actions of one service than this are described by what they do in general.
const FEW: usize = 8;

/// What actions let people do, in words.
pub(super) struct ActionPhrase {
    /// Such as `read and write objects`.
    pub(super) text: String,
    /// The services it is about, as people say them. Empty when it is about all, or when
    /// `text` names them.
    pub(super) services: Vec<String>,
    /// Whether several services are described, one after the other.
    pub(super) is_list: bool,
    /// The verbs and the one noun that `text` is made of, when it is no more than that.
    pub(super) single: Option<(String, String)>,
}

impl ActionPhrase {
    fn all(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            services: Vec::new(),
            is_list: false,
            single: None,
        }
    }

    /// Whether it is every action of every service.
    pub(super) fn is_everything(&self) -> bool {
        self.text == EVERYTHING && self.services.is_empty()
    }
}

pub(super) const EVERYTHING: &str = "do anything";

/// How many patterns of a document are looked up in the catalogue; more than any policy within
/// the quotas has. Those beyond are described as if they were for everything.
pub(super) const PATTERNS: usize = 5_000;

/// Says what patterns of actions let people do, and takes them from `left`. With `exactly` nothing is
/// told as more than it is: what no words of its own mean is quoted.
pub(super) fn describe<'p>(
    patterns: impl ExactSizeIterator<Item = &'p str>,
    exactly: bool,
    left: &mut usize,
) -> ActionPhrase {
    let too_many = patterns.len() > *left;
    *left = left.saturating_sub(patterns.len());
    let mut services: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for pattern in patterns {
        let (prefix, name) = pattern.split_once(':').unwrap_or((pattern, "*"));
        let stars = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte == b'*');
        if stars(prefix) && stars(name) {
            return ActionPhrase::all(EVERYTHING);
        }
        services
            .entry(prefix.to_ascii_lowercase())
            .or_default()
            .push(name);
    }
    let mut few_described: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut general: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut single = None;
    for (prefix, names) in &services {
        let service = service_name(prefix);
        if too_many {
            let all = if exactly {
                "use some actions"
            } else {
                EVERYTHING
            };
            general.entry(all.to_owned()).or_default().push(service);
            continue;
        }
        let (told, quoted) = match exactly {
            true => exact::split(prefix, names),
            false => (names.clone(), Vec::new()),
        };
        let quoted = exact::quoted(prefix, &quoted);
        match few(prefix, &told) {
            Some(phrases) => {
                let text = [Some(phrases.text()), quoted.clone()];
                let text = list(&text.into_iter().flatten().collect::<Vec<_>>(), "and");
                single = phrases.single().filter(|_| quoted.is_none());
                few_described.entry(text).or_default().push(service);
            }
            None => {
                let told = (!told.is_empty()).then(|| in_general(prefix, &told));
                let text: Vec<String> = told.into_iter().chain(quoted).collect();
                let all = general.entry(list(&text, "and")).or_default();
                all.push(service);
            }
        }
    }
    match (few_described.len(), general.len()) {
        (0, 0) => return ActionPhrase::all("do nothing"),
        (1, 0) | (0, 1) => {
            if let Some((text, services)) = few_described.into_iter().chain(general).next() {
                let single = single.filter(|_| services.len() == 1);
                return ActionPhrase {
                    text,
                    services,
                    is_list: false,
                    single,
                };
            }
            return ActionPhrase::all("do nothing");
        }
        _ => {}
    }
    let described = few_described
        .iter()
        .chain(&general)
        .map(|(text, services)| {
            let preposition = if text.ends_with("anything") {
                "with"
            } else {
                "in"
            };
            format!("{text} {preposition} {}", list(services, "and"))
        });
    ActionPhrase {
        is_list: true,
        ..ActionPhrase::all(&described.collect::<Vec<_>>().join("; "))
    }
}

/// Verbs with the nouns they go with.
struct Phrases(Vec<(Vec<String>, Vec<String>)>);

impl Phrases {
    fn text(&self) -> String {
        let described = self.0.iter().map(|(verbs, nouns)| {
            let text = format!("{} {}", list(verbs, "and"), list(nouns, "and"));
            text.trim().to_owned()
        });
        list(&described.collect::<Vec<_>>(), "and")
    }

    fn single(&self) -> Option<(String, String)> {
        match self.0.as_slice() {
            [(verbs, nouns)] => match nouns.as_slice() {
                [noun] if !noun.is_empty() => Some((list(verbs, "and"), noun.clone())),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The phrase one by one, when they are few.
fn few(prefix: &str, names: &[&str]) -> Option<Phrases> {
    let mut actions: Vec<(&str, Option<Action>)> = Vec::new();
    for name in names {
        if !name.contains(['*', '?']) {
            let action = catalogue::action(&format!("{prefix}:{name}"));
            actions.push((name.to_owned(), action));
            continue;
        }
        if name.bytes().all(|byte| byte == b'*') {
            return None;
        }
        let pattern = format!("{prefix}:{name}");
        let known = actions.len();
        let matched = catalogue::actions_matching(&pattern).take(FEW + 1);
        actions.extend(matched.map(|action| (action.name(), Some(action))));
        // A pattern for what does not exist yet has no phrase to name.
        if actions.len() > FEW || actions.len() == known {
            return None;
        }
    }
    if actions.len() > FEW || actions.is_empty() {
        return None;
    }
    let mut phrase: Vec<(String, Vec<String>)> = Vec::new();
    for (name, action) in &actions {
        let (verb, noun) = match action {
            Some(action) => action_phrase(prefix, action),
            // What AWS does not know has a name and no meaning.
            None => ("use".to_owned(), format!("what is called {}", code(name))),
        };
        match phrase.iter_mut().find(|(known, _)| *known == noun) {
            Some((_, verbs)) if verbs.contains(&verb) => {}
            Some((_, verbs)) => verbs.push(verb),
            None => phrase.push((noun, vec![verb])),
        }
    }
    // The same verbs for several things are described once.
    let mut described: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    for (noun, verbs) in phrase {
        match described.iter_mut().find(|(known, _)| *known == verbs) {
            Some((_, nouns)) => nouns.push(noun),
            None => described.push((verbs, vec![noun])),
        }
    }
    Some(Phrases(described))
}

/// Actions whose names do not say what they do.
const KNOWN_PHRASES: [(&str, &str, &str); 22] = [
    ("sns:publish", "publish", "messages"),
    ("sts:assumerolewithsaml", "take on", "roles"),
    ("sts:assumerolewithwebidentity", "take on", "roles"),
    ("aoss:apiaccessall", "use", "the data of collections"),
    ("s3:getobject", "read", "objects"),
    ("s3:putobject", "write", "objects"),
    ("s3:listbucket", "list", "objects"),
    ("s3:listallmybuckets", "list", "buckets"),
    ("sts:assumerole", "take on", "roles"),
    ("sts:getcalleridentity", "see", "who they are signed in as"),
    ("iam:passrole", "hand over", "roles"),
    ("kms:decrypt", "decrypt", "data"),
    ("kms:encrypt", "encrypt", "data"),
    ("kms:reencryptfrom", "re-encrypt", "data"),
    ("kms:reencryptto", "re-encrypt", "data"),
    ("kms:generatedatakey", "make", "data keys"),
    ("lambda:invokefunction", "run", "functions"),
    ("dynamodb:query", "search", "items"),
    ("dynamodb:scan", "search", "items"),
    ("secretsmanager:getsecretvalue", "read", "secret values"),
    ("ec2:runinstances", "start", "new instances"),
    ("execute-api:invoke", "call", "APIs"),
];

/// First words of names that are no verbs.
const NO_VERBS: [&str; 66] = [
    "account",
    "admin",
    "agentic",
    "api",
    "application",
    "back",
    "bulk",
    "carrier",
    "channel",
    "chat",
    "client",
    "condition",
    "connector",
    "cross",
    "dashboards",
    "db",
    "directory",
    "domain",
    "double",
    "driver",
    "end",
    "es",
    "event",
    "external",
    "forgot",
    "gateway",
    "git",
    "global",
    "glue",
    "graph",
    "group",
    "info",
    "insight",
    "is",
    "key",
    "latest",
    "left",
    "log",
    "member",
    "meter",
    "middle",
    "object",
    "opt",
    "parti",
    "partially",
    "personalization",
    "phone",
    "questionnaire",
    "quick",
    "re",
    "record",
    "remote",
    "replication",
    "right",
    "scope",
    "snap",
    "source",
    "sso",
    "supported",
    "triple",
    "type",
    "un",
    "vend",
    "version",
    "web",
    "white",
];

/// An action as a verb and the things it is about.
fn action_phrase(prefix: &str, action: &Action) -> (String, String) {
    let name = action.name();
    let full = format!("{prefix}:{}", name.to_ascii_lowercase());
    if let Some((_, verb, noun)) = KNOWN_PHRASES.iter().find(|(known, _, _)| *known == full) {
        return ((*verb).to_owned(), (*noun).to_owned());
    }
    let mut words = words(name).into_iter().peekable();
    let mut first = words.next().unwrap_or_default();
    if first == "batch" {
        first = words.next().unwrap_or(first);
    }
    if NO_VERBS.contains(&first.to_ascii_lowercase().as_str()) {
        let all: Vec<String> = std::iter::once(first).chain(words).collect();
        return ("use".to_owned(), plural_of(&all.join(" ")));
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
            let kind = action.resource_types().next();
            kind.map(|(kind, _)| plural_of(&self::words(kind.name()).join(" ")))
                .unwrap_or_default()
        }
    };
    (verb.to_owned(), noun)
}

/// The phrase of many actions, by their kinds.
fn in_general(prefix: &str, names: &[&str]) -> String {
    if names
        .iter()
        .any(|name| name.bytes().all(|byte| byte == b'*'))
    {
        return "do anything".to_owned();
    }
    let mut found = [false; AccessLevel::ALL.len()];
    let mut unknown: Vec<String> = Vec::new();
    for name in names {
        let mut any = false;
        for action in catalogue::actions_matching(&format!("{prefix}:{name}")) {
            any = true;
            for (slot, level) in found.iter_mut().zip(AccessLevel::ALL) {
                *slot |= action.access_level() == level;
            }
        }
        if !any {
            unknown.push(code(name));
        }
    }
    let verbs = AccessLevel::ALL
        .into_iter()
        .zip(found)
        .filter(|(_, found)| *found);
    let verbs: Vec<String> = verbs
        .map(|(level, _)| level_phrase(level).to_owned())
        .collect();
    let mut described = Vec::new();
    if !verbs.is_empty() {
        described.push(format!("{} things", list(&verbs, "and")));
    }
    if !unknown.is_empty() {
        described.push(format!("use what is called {}", list(&unknown, "or")));
    }
    list(&described, "and")
}

pub(super) const fn level_phrase(level: AccessLevel) -> &'static str {
    match level {
        AccessLevel::List => "list",
        AccessLevel::Read => "read",
        AccessLevel::Write => "create, change or delete",
        AccessLevel::Tagging => "tag",
        AccessLevel::PermissionsManagement => "change who has access to",
    }
}
