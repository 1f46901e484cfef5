//! What a policy allows, in sentences for the people who own the resources.
//!
//! One sentence for each statement. Sentences tell what a statement says; what remains after
//! all denials is the business of [`crate::prove`] and [`crate::evaluate`]. Names of services
//! and kinds of actions come from the [`crate::catalogue`].

mod actions;
mod conditions;
mod resources;
mod wording;

use serde::Serialize;

use crate::condition::Clause;
use crate::document::{Document, Effect, PrincipalKind, PrincipalSet, Principals, Statement};
use actions::Deeds;
use resources::Places;
use wording::list;
pub use wording::natural_order;

/// What one statement says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sentence {
    /// The number of the statement, from 0.
    pub statement: usize,
    /// Whether it permits.
    pub allows: bool,
    /// The sentence, with capital and full stop.
    pub text: String,
}

/// Says what a document allows and forbids, statement by statement.
#[must_use]
pub fn explain(document: &Document<'_>) -> Vec<Sentence> {
    let variables = document.version().has_variables();
    let statements = document.statements();
    let permits = statements.iter().any(|s| s.effect() == Effect::Allow);
    let mut left = actions::PATTERNS;
    let sentences = statements
        .iter()
        .enumerate()
        .map(|(nth, statement)| Sentence {
            statement: nth,
            allows: statement.effect() == Effect::Allow,
            text: sentence(statement, variables, permits, &mut left),
        });
    sentences.collect()
}

/// `permits`: whether something in the document is allowed, to which a denial is an exception.
fn sentence(statement: &Statement<'_>, variables: bool, permits: bool, left: &mut usize) -> String {
    let allows = statement.effect() == Effect::Allow;
    let mut text = match (allows, permits) {
        (false, true) => "but ".to_owned(),
        _ => String::new(),
    };
    let (subject, nobody) = match statement.principals() {
        Some(principals) => who(principals, allows),
        None => (String::new(), false),
    };
    text.push_str(&subject);
    text.push_str(match (subject.is_empty(), allows || nobody) {
        (true, true) => "may ",
        (true, false) => "may never ",
        (false, true) => " may ",
        (false, false) => " may never ",
    });
    let place = statement.resources().map(|resources| {
        (
            resources::describe(resources.list().texts(), variables),
            resources.is_negated(),
        )
    });
    let deeds = actions::describe(statement.actions().list().texts(), left);
    if statement.actions().is_negated() {
        text.push_str(&all_but(&deeds, allows, place));
    } else {
        text.push_str(&what_and_where(&deeds, allows, place));
    }
    let clauses = Clause::read(statement, variables);
    let all_of_this = deeds.is_list() && !text.contains(" – all of this");
    if !clauses.is_empty() && all_of_this {
        text.push_str(" – all of this");
    }
    for (nth, clause) in clauses.iter().enumerate() {
        let told = conditions::describe(clause);
        let told = match (allows, told.strip_prefix("only ")) {
            // What is forbidden only under a condition is forbidden under it.
            (false, Some(rest)) => denied(rest),
            _ => told,
        };
        text.push_str(match nth {
            0 if all_of_this => " ",
            0 => ", ",
            _ => " and ",
        });
        text.push_str(&told);
    }
    finish(&text)
}

/// Resources as they are told, and whether all others are meant.
type Place = Option<(Places, bool)>;

fn what_and_where(deeds: &Deeds, allows: bool, place: Place) -> String {
    let text = &deeds.text;
    match place {
        None | Some((Places::Nowhere, true)) => text.clone(),
        Some((Places::Everywhere, false)) if deeds.is_everything() && allows => {
            format!("{text} at all, in every service, with everything there is")
        }
        Some((Places::Everywhere, false)) if deeds.is_everything() => format!("{text} at all"),
        Some((Places::Everywhere, false)) if deeds.services.is_empty() => text.clone(),
        Some((Places::Everywhere, false)) => {
            let word = if text == actions::EVERYTHING {
                "with"
            } else {
                "anywhere in"
            };
            format!("{text} {word} {}", list(&deeds.services, "and"))
        }
        Some((Places::Everywhere, true) | (Places::Nowhere, false)) => {
            format!("{text} on nothing at all")
        }
        Some((Places::Some(named), true)) => {
            let with = with_services(deeds);
            format!("{text}{with} anywhere but {}", named.text())
        }
        Some((Places::Some(named), false)) => {
            if let [service] = deeds.services.as_slice()
                && text == actions::EVERYTHING
                && named.is_all_of(service)
            {
                return format!("{text} with {service}");
            }
            if let Some((verbs, noun)) = &deeds.single
                // What is made has no name yet: the resources say where it may be.
                && !["create", "make", "start new"].iter().any(|verb| verbs.contains(verb))
                && let Some(things) = named.all_of_kind(noun)
            {
                return format!("{verbs} {things}");
            }
            let all = if deeds.is_list() {
                " – all of this"
            } else {
                ""
            };
            let with = with_services(deeds);
            format!("{text}{with}{all} {}", named.text())
        }
    }
}

/// The services of which everything may be done; other deeds name what they are about.
fn with_services(deeds: &Deeds) -> String {
    match (deeds.text == actions::EVERYTHING, deeds.services.as_slice()) {
        (true, services @ [_, ..]) => format!(" with {}", list(services, "and")),
        _ => String::new(),
    }
}

/// Every action but some.
fn all_but(deeds: &Deeds, allows: bool, place: Place) -> String {
    let place = match place {
        None | Some((Places::Everywhere, false) | (Places::Nowhere, true)) => String::new(),
        Some((Places::Everywhere, true) | (Places::Nowhere, false)) => {
            " on nothing at all".to_owned()
        }
        Some((Places::Some(named), true)) => format!(" anywhere but {}", named.text()),
        Some((Places::Some(named), false)) => format!(" {}", named.text()),
    };
    let services = match deeds.services.as_slice() {
        [] => String::new(),
        services => {
            let word = if deeds.text == actions::EVERYTHING {
                "with"
            } else {
                "in"
            };
            format!(" {word} {}", list(services, "and"))
        }
    };
    let deed = match deeds.text.strip_prefix("do ") {
        Some(anything) => anything.to_owned(),
        None => format!("to {}", deeds.text),
    };
    let everything = actions::EVERYTHING;
    match (allows, deeds.text == everything) {
        (true, _) => format!(
            "{everything} in every service, also in those to come,{place} except {deed}{services}"
        ),
        (false, true) => format!("{everything}{place} except{services}"),
        (false, false) => {
            let deed = deed.trim_start_matches("to ");
            format!("{everything}{place} other than {deed}{services}")
        }
    }
}

fn denied(rest: &str) -> String {
    let plain = [
        "when ", "where ", "until ", "from ", "over ", "for ", "in ", "on ", "to ", "through ",
        "outside ", "with ", "by ", "at ",
    ];
    if plain.iter().any(|word| rest.starts_with(word)) {
        rest.to_owned()
    } else {
        format!("if {rest}")
    }
}

fn finish(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

/// Who a statement is about, and whether it says so of nobody.
fn who(principals: &Principals<'_>, allows: bool) -> (String, bool) {
    let negated = principals.is_negated();
    let told = match principals.set() {
        PrincipalSet::Everyone(_) => None,
        PrincipalSet::Named(entries) => {
            let names = entries.iter().flat_map(|entry| {
                let texts = entry.values().texts();
                texts.map(move |name| (entry.kind(), name))
            });
            let names: Vec<(PrincipalKind, &str)> = names.collect();
            let everyone =
                |(kind, name): &(PrincipalKind, &str)| *kind == PrincipalKind::Aws && *name == "*";
            let told = names.iter().map(|(kind, name)| named(*kind, name));
            (!names.iter().any(everyone)).then(|| list(&told.collect::<Vec<_>>(), "and"))
        }
    };
    let text = match (told, negated, allows) {
        (None, false, true) => "everyone, even without signing in,".to_owned(),
        // Denied to all: said of nobody that they may.
        (None, false, false) => return ("nobody".to_owned(), true),
        (None, true, _) => "no one in particular".to_owned(),
        (Some(told), _, _) if told.is_empty() => "no one in particular".to_owned(),
        (Some(told), false, _) => told,
        (Some(told), true, true) => format!("everyone but {told}, even without signing in,"),
        (Some(told), true, false) => return (format!("nobody but {told}"), true),
    };
    (text, false)
}

fn named(kind: PrincipalKind, name: &str) -> String {
    match kind {
        PrincipalKind::Aws => identity(name),
        PrincipalKind::Service => {
            let service = wording::service_principal(name);
            let short = service.strip_prefix("the service ").unwrap_or(&service);
            format!("the service {short}")
        }
        PrincipalKind::Federated => {
            let provider = name
                .rsplit_once("-provider/")
                .map_or(name, |(_, name)| name);
            format!("people signed in by {provider}")
        }
        PrincipalKind::CanonicalUser => format!("the account with the id {name}"),
    }
}

fn identity(name: &str) -> String {
    let parts: Vec<&str> = name.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, _, _, account, "root"] => format!("everyone whom account {account} lets"),
        ["arn", _, _, _, account, rest] => match rest.split_once('/') {
            Some(("assumed-role", session)) => {
                let (role, session) = session.split_once('/').unwrap_or((session, ""));
                format!("the session {session} of the role {role} of account {account}")
            }
            Some((kind, name)) => {
                format!("the {} {name} of account {account}", kind.replace('-', " "))
            }
            None => name.to_owned(),
        },
        [account] if account.len() == 12 => format!("everyone whom account {account} lets"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests;
