//! Names of actions.

use super::{Checker, Code, arn};
use crate::catalogue::{self, Service, wildcard};
use crate::document::{DraftStatement, List, Path};
use crate::foreign;
use crate::scan;

/// Former names of services that AWS still accepts and the catalogue never had.
const FORMER_PREFIXES: [&str; 1] = ["zocalo"];

/// Retired services that AWS answers as unknown. It keeps most of them; which, only its
/// answers tell.
pub(super) const REFUSED_PREFIXES: [&str; 1] = ["elastic-inference"];

impl Checker<'_, '_> {
    pub(super) fn actions(&mut self, statement: &DraftStatement<'_>) {
        for (name, list) in [
            ("Action", &statement.action),
            ("NotAction", &statement.not_action),
        ] {
            let Some(list) = list else { continue };
            let element = || statement.path().key(name);
            if self.is_empty_list(list) {
                let message = "the statement names no actions and has no effect".to_owned();
                self.add(Code::EmptyArrayAction, element(), list.span(), message);
            }
            for nth in 0..list.values().len() {
                if self.is_full() {
                    return;
                }
                self.action(list, nth, element);
            }
        }
        if let (Some(not_action), Some("Allow")) = (
            &statement.not_action,
            statement.effect.as_ref().map(|effect| effect.text()),
        ) {
            let message =
                "allowing all but some actions also allows those of future services".to_owned();
            let path = statement.path().key("NotAction");
            self.add(Code::OwnAllowNotAction, path, not_action.span(), message);
        }
    }

    fn action(&mut self, list: &List<'_>, nth: usize, element: impl Fn() -> Path) {
        let Some(value) = list.values().get(nth) else {
            return;
        };
        let text = value.text();
        let path = || list.path(element(), nth);
        if text == "*" {
            return;
        }
        let open = scan::is_open(text);
        if open && wildcard::has_variable(text) {
            let message = "variables are not replaced in actions".to_owned();
            self.add(
                Code::VariableUnsupportedInElement,
                path(),
                value.span(),
                message,
            );
            return;
        }
        let Some((prefix, name)) = arn::cut(text) else {
            let message = format!(
                "the action {} lacks the prefix of its service",
                foreign::code(text)
            );
            self.add(Code::InvalidAction, path(), value.span(), message);
            return;
        };
        if open && wildcard::has_wildcard(prefix) {
            let message =
                "a wildcard in the name of the service also means future services".to_owned();
            self.add(Code::WildcardInServiceName, path(), value.span(), message);
            return;
        }
        let known = self.of_actions.service(prefix);
        let Some(service) = known.filter(|service| !REFUSED_PREFIXES.contains(&service.prefix()))
        else {
            if !FORMER_PREFIXES.contains(&prefix) {
                let message = unknown(
                    "service",
                    prefix,
                    self.hint(|| catalogue::suggest_service(prefix)),
                );
                self.add(Code::InvalidServiceInAction, path(), value.span(), message);
            }
            return;
        };
        match known_action(service, name, open) {
            Known::Yes => {}
            Known::Retired(date) => {
                let message = format!(
                    "AWS no longer lists {} (last seen {date})",
                    foreign::code(text)
                );
                self.add(Code::OwnRetired, path(), value.span(), message);
            }
            Known::No => {
                let near = self.hint(|| catalogue::suggest_action(prefix, name));
                let message = unknown("action", text, near.as_deref());
                self.add(Code::InvalidAction, path(), value.span(), message);
            }
        }
    }
}

enum Known {
    Yes,
    Retired(&'static str),
    No,
}

/// Retired services keep all their actions: AWS still accepts them. A retired action of
/// a living service counts as known for a year, because names vanish from the
/// documentation long before policies that name them are refused.
fn known_action(service: &'static Service, name: &str, open: bool) -> Known {
    if !open || !wildcard::has_wildcard(name) {
        let Some(action) = service.action(name) else {
            return Known::No;
        };
        return match action.retired() {
            None => Known::Yes,
            Some(date) if service.retired().is_some() || recent(date) => Known::Retired(date),
            Some(_) => Known::No,
        };
    }
    match service.retired() {
        _ if !service.has_action_matching(name) => Known::No,
        None => Known::Yes,
        Some(date) => Known::Retired(date),
    }
}

/// Whether a date is less than a year before the release of the catalogue.
fn recent(date: &str) -> bool {
    let days = |date: &str| -> Option<u32> {
        let mut parts = date.split('-').map(|part| part.parse::<u32>().ok());
        Some(parts.next()?? * 372 + parts.next()?? * 31 + parts.next()??)
    };
    days(catalogue::release().date)
        .zip(days(date))
        .is_some_and(|(now, then)| now - then < 372)
}

pub(super) fn unknown(what: &str, name: &str, near: Option<&str>) -> String {
    match near {
        Some(near) => format!(
            "the {what} {} does not exist; did you mean {}?",
            foreign::code(name),
            foreign::code(near)
        ),
        None => format!("the {what} {} does not exist", foreign::code(name)),
    }
}
