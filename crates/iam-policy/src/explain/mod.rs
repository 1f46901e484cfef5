//! What a policy allows, in sentences for the people who own the resources.
//!
//! One sentence for each statement. Sentences tell what a statement says; what remains after
//! all denials is the business of [`crate::prove`] and [`crate::evaluate`]. Names of services
//! and kinds of actions come from the [`crate::catalogue`].

mod actions;
mod conditions;
mod groups;
mod keys;
mod never;
mod resources;
mod variables;
mod wording;

use serde::Serialize;

use crate::condition::Clause;
use crate::document::{Document, Effect, PrincipalKind, PrincipalSet, Principals, Statement};
use crate::foreign::code;
use actions::ActionPhrase;
use resources::ResourcePhrase;
use wording::list;

pub use groups::natural_order;

/// What one statement says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sentence {
    /// The number of the statement, from 0.
    pub statement: usize,
    /// Whether it permits.
    pub allows: bool,
    /// The sentence, with capital and full stop. What the policy names stands in backticks, on one
    /// line ([`crate::foreign`]).
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
    let clauses = Clause::read(statement, variables);
    if let Some(reason) = never::reason(statement, &clauses) {
        let verb = if allows { "permits" } else { "forbids" };
        return finish(&format!("{verb} nothing: {reason}"));
    }
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
            // What is left out or denied is told as no more than it is.
            resources::describe(
                resources.list().texts(),
                variables,
                resources.is_negated() == allows,
            ),
            resources.is_negated(),
        )
    });
    // The same goes for actions.
    let actions = statement.actions();
    let exactly = actions.is_negated() == allows;
    let phrase = actions::describe(actions.list().texts(), exactly, left);
    if statement.actions().is_negated() {
        text.push_str(&all_but(&phrase, allows, place.as_ref()));
    } else {
        text.push_str(&what_and_where(&phrase, allows, place.as_ref()));
    }
    // Where it is said of the place, it is not said of the conditions again.
    let is_somewhere = matches!(place, Some((ResourcePhrase::Some(_), false)));
    let said = is_somewhere && !statement.actions().is_negated();
    let all_of_this = phrase.is_list && !said;
    if !clauses.is_empty() && all_of_this {
        text.push_str(" – all of this");
    }
    let providers = providers(statement);
    for (nth, clause) in clauses.iter().enumerate() {
        let described = conditions::describe(clause, &providers, allows);
        let described = match (allows, described.strip_prefix("only ")) {
            // What is forbidden only under a condition is forbidden under it.
            (false, Some(rest)) => denied(rest),
            _ => described,
        };
        text.push_str(match nth {
            0 if all_of_this => " ",
            0 => ", ",
            _ => " and ",
        });
        text.push_str(&described);
    }
    finish(&text)
}

/// The identity providers that a statement is about, by the names that their keys begin with.
fn providers<'s>(statement: &'s Statement<'_>) -> Vec<&'s str> {
    let set = statement.principals().map(Principals::set);
    let entries = match set {
        Some(PrincipalSet::Named(entries)) => entries.as_slice(),
        Some(PrincipalSet::Everyone(_)) | None => &[],
    };
    let federated = entries
        .iter()
        .filter(|entry| entry.kind() == PrincipalKind::Federated);
    let names = federated.flat_map(|entry| entry.values().texts());
    names.map(provider_name).collect()
}

/// The name of an identity provider, by its ARN or as it is.
fn provider_name(principal: &str) -> &str {
    let name = principal.rsplit_once("-provider/");
    name.map_or(principal, |(_, name)| name)
}

/// Resources as they are described, and whether all others are meant.
type Place<'p> = Option<&'p (ResourcePhrase, bool)>;

fn what_and_where(phrase: &ActionPhrase, allows: bool, place: Place<'_>) -> String {
    let text = &phrase.text;
    match place {
        None | Some((ResourcePhrase::Nowhere, true)) => text.clone(),
        Some((ResourcePhrase::Everywhere, false)) if phrase.is_everything() && allows => {
            format!("{text} at all, in every service, with everything there is")
        }
        Some((ResourcePhrase::Everywhere, false)) if phrase.is_everything() => {
            format!("{text} at all")
        }
        Some((ResourcePhrase::Everywhere, false)) if phrase.services.is_empty() => text.clone(),
        Some((ResourcePhrase::Everywhere, false)) => {
            let word = if text == actions::EVERYTHING {
                "with"
            } else {
                "anywhere in"
            };
            format!("{text} {word} {}", list(&phrase.services, "and"))
        }
        Some((ResourcePhrase::Everywhere, true) | (ResourcePhrase::Nowhere, false)) => {
            format!("{text} on nothing at all")
        }
        Some((ResourcePhrase::Some(named), true)) => {
            let with = with_services(phrase);
            format!("{text}{with} anywhere but {}", named.text())
        }
        Some((ResourcePhrase::Some(named), false)) => {
            if let [service] = phrase.services.as_slice()
                && text == actions::EVERYTHING
                && named.is_all_of(service)
            {
                return format!("{text} with {service}");
            }
            if let Some((verbs, noun)) = &phrase.single
                // What is made has no name yet: the resources say where it may be.
                && !["create", "make", "start new"].iter().any(|verb| verbs.contains(verb))
                && let Some(things) = named.all_of_kind(noun)
            {
                return format!("{verbs} {things}");
            }
            let all = if phrase.is_list {
                " – all of this"
            } else {
                ""
            };
            let with = with_services(phrase);
            format!("{text}{with}{all} {}", named.text())
        }
    }
}

/// The services of which everything may be done; other phrase name what they are about.
fn with_services(phrase: &ActionPhrase) -> String {
    match (
        phrase.text == actions::EVERYTHING,
        phrase.services.as_slice(),
    ) {
        (true, services @ [_, ..]) => format!(" with {}", list(services, "and")),
        _ => String::new(),
    }
}

/// Every action but some.
fn all_but(phrase: &ActionPhrase, allows: bool, place: Place<'_>) -> String {
    let place = match place {
        None | Some((ResourcePhrase::Everywhere, false) | (ResourcePhrase::Nowhere, true)) => {
            String::new()
        }
        Some((ResourcePhrase::Everywhere, true) | (ResourcePhrase::Nowhere, false)) => {
            " on nothing at all".to_owned()
        }
        Some((ResourcePhrase::Some(named), true)) => format!(" anywhere but {}", named.text()),
        Some((ResourcePhrase::Some(named), false)) => format!(" {}", named.text()),
    };
    let services = match phrase.services.as_slice() {
        [] => String::new(),
        services => {
            let word = if phrase.text == actions::EVERYTHING {
                "with"
            } else {
                "in"
            };
            format!(" {word} {}", list(services, "and"))
        }
    };
    let deed = match phrase.text.strip_prefix("do ") {
        Some(anything) => anything.to_owned(),
        None => format!("to {}", phrase.text),
    };
    let everything = actions::EVERYTHING;
    match (allows, phrase.text == everything) {
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
    let described = match principals.set() {
        PrincipalSet::Everyone(_) => None,
        PrincipalSet::Named(entries) => {
            let names = entries.iter().flat_map(|entry| {
                let texts = entry.values().texts();
                texts.map(move |name| (entry.kind(), name))
            });
            let names: Vec<(PrincipalKind, &str)> = names.collect();
            let everyone =
                |(kind, name): &(PrincipalKind, &str)| *kind == PrincipalKind::Aws && *name == "*";
            let exactly = negated == allows;
            let described = names.iter().map(|(kind, name)| named(*kind, name, exactly));
            (!names.iter().any(everyone)).then(|| list(&described.collect::<Vec<_>>(), "and"))
        }
    };
    let text = match (described, negated, allows) {
        (None, false, true) => "everyone, even without signing in,".to_owned(),
        // Denied to all: said of nobody that they may.
        (None, false, false) => return ("nobody".to_owned(), true),
        (None, true, _) => "no one in particular".to_owned(),
        (Some(described), _, _) if described.is_empty() => "no one in particular".to_owned(),
        (Some(described), false, _) => described,
        (Some(described), true, true) => {
            format!("everyone but {described}, even without signing in,")
        }
        (Some(described), true, false) => return (format!("nobody but {described}"), true),
    };
    (text, false)
}

/// With `exactly` told as no more than it is: a service has other principals than the one named.
fn named(kind: PrincipalKind, name: &str, exactly: bool) -> String {
    match kind {
        PrincipalKind::Aws => identity(name),
        PrincipalKind::Service if exactly => format!("the service {}", wording::name(name)),
        PrincipalKind::Service => {
            let service = wording::service_principal(name);
            let short = service.strip_prefix("the service ").unwrap_or(&service);
            format!("the service {short}")
        }
        PrincipalKind::Federated => {
            format!("people signed in by {}", wording::name(provider_name(name)))
        }
        PrincipalKind::CanonicalUser => format!("the account with the id {}", wording::name(name)),
    }
}

fn identity(identity: &str) -> String {
    const KINDS: [(&str, &str); 4] = [
        ("user", "user"),
        ("role", "role"),
        ("group", "group"),
        ("federated-user", "federated user"),
    ];
    let parts: Vec<&str> = identity.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, _, _, account, "root"] => {
            format!("everyone whom account {} lets", wording::name(account))
        }
        ["arn", _, _, _, account, rest] => {
            let (kind, name) = rest.split_once('/').unwrap_or((rest, ""));
            let account = wording::name(account);
            if kind == "assumed-role" {
                let (role, session) = name.split_once('/').unwrap_or((name, ""));
                let (role, session) = (wording::name(role), wording::name(session));
                return format!("the session {session} of the role {role} of account {account}");
            }
            match KINDS.iter().find(|(known, _)| *known == kind) {
                Some((_, kind)) => {
                    format!("the {kind} {} of account {account}", wording::name(name))
                }
                None => code(identity),
            }
        }
        [account] if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) => {
            format!("everyone whom account {} lets", code(account))
        }
        _ => code(identity),
    }
}

#[cfg(test)]
pub(crate) mod tests;
