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
use wording::list;

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
    let statements = document.statements().iter().enumerate();
    let sentences = statements.map(|(nth, statement)| Sentence {
        statement: nth,
        allows: statement.effect() == Effect::Allow,
        text: sentence(statement, variables),
    });
    sentences.collect()
}

fn sentence(statement: &Statement<'_>, variables: bool) -> String {
    let patterns = statement.actions().list();
    let may = match statement.effect() {
        Effect::Allow => "may",
        Effect::Deny => "may never",
    };
    let mut text = match statement.principals() {
        Some(principals) => format!("{} {may}", who(principals)),
        None => may.to_owned(),
    };
    let deeds = actions::describe(patterns.texts());
    if statement.actions().is_negated() {
        text.push_str(" do anything except to ");
    } else {
        text.push(' ');
    }
    text.push_str(&deeds.text);
    if let Some(resources) = statement.resources() {
        let place = resources::describe(resources.list().texts());
        match (resources.is_negated(), place.is_empty()) {
            (false, true) if deeds.services.is_empty() => {}
            (false, true) => {
                let word = if deeds.text == "do anything" {
                    "with"
                } else {
                    "anywhere in"
                };
                text.push_str(&format!(" {word} {}", list(&deeds.services, "and")));
            }
            (false, false) => text.push_str(&format!(" {place}")),
            (true, true) => text.push_str(" on nothing"),
            (true, false) => text.push_str(&format!(" anywhere but {place}")),
        }
    }
    let clauses = Clause::read(statement, variables);
    for clause in &clauses {
        let told = conditions::describe(clause);
        let told = match (statement.effect(), told.strip_prefix("only ")) {
            // What is forbidden only under a condition is forbidden under it.
            (Effect::Deny, Some(rest)) => denied(rest),
            _ => format!(", {told}"),
        };
        text.push_str(&told);
    }
    finish(&text)
}

fn denied(rest: &str) -> String {
    let plain = [
        "when ", "where ", "until ", "from ", "over ", "for ", "in ", "on ", "to ", "through ",
    ];
    if plain.iter().any(|word| rest.starts_with(word)) {
        format!(", {rest}")
    } else {
        format!(", if {rest}")
    }
}

fn finish(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

fn who(principals: &Principals<'_>) -> String {
    let named = match principals.set() {
        PrincipalSet::Everyone(_) => return everyone(principals.is_negated()),
        PrincipalSet::Named(entries) => entries,
    };
    let mut told = Vec::new();
    for entry in named {
        for name in entry.values().texts() {
            match entry.kind() {
                PrincipalKind::Aws if name == "*" => return everyone(principals.is_negated()),
                PrincipalKind::Aws => told.push(identity(name)),
                PrincipalKind::Service => {
                    let short = name.split('.').next().unwrap_or(name);
                    let known = crate::catalogue::service(short).map_or(name, |s| s.name());
                    told.push(format!("the service {known}"));
                }
                PrincipalKind::Federated => {
                    let provider = name
                        .rsplit_once("-provider/")
                        .map_or(name, |(_, name)| name);
                    told.push(format!("people signed in by {provider}"));
                }
                PrincipalKind::CanonicalUser => {
                    told.push(format!("the account with the id {name}"))
                }
            }
        }
    }
    let told = list(&told, "and");
    if principals.is_negated() {
        format!("everyone but {told}")
    } else {
        told
    }
}

fn everyone(negated: bool) -> String {
    if negated {
        "nobody"
    } else {
        "everyone, even without signing in,"
    }
    .to_owned()
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
