//! Policy variables: `${name}` or `${name, 'default'}`.

use super::{Checker, Code};
use crate::catalogue::wildcard;
use crate::document::{Path, Value, Version};
use crate::foreign;

/// What is wrong with the variables of a text, if anything.
fn fault(text: &str) -> Option<(Code, String)> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("${") {
        let Some((inside, behind)) = after.split_once('}') else {
            return Some((
                Code::MissingBraceInVariable,
                "the variable has no closing brace".to_owned(),
            ));
        };
        rest = behind;
        let (name, default) = match inside.split_once(',') {
            Some((name, default)) => (name, Some(default.trim())),
            None => (inside, None),
        };
        if name.trim().is_empty() {
            return Some((Code::EmptyVariable, "the variable has no name".to_owned()));
        }
        if matches!(name, "*" | "?" | "$") {
            continue;
        }
        if name.trim() != name || name.contains(' ') && !name.contains('/') {
            let message = format!("remove the space from the variable {}", foreign::code(name));
            return Some((Code::UnsupportedSpaceInVariable, message));
        }
        let quoted = |text: &str| text.len() >= 2 && text.starts_with('\'') && text.ends_with('\'');
        if default.is_some_and(|default| !quoted(default)) {
            let message = "the default value of a variable stands in single quotes".to_owned();
            return Some((Code::MissingQuoteInVariable, message));
        }
    }
    None
}

impl Checker<'_, '_> {
    /// Judges the variables of a resource or of a condition value.
    pub(super) fn variables(&mut self, value: &Value<'_>, path: impl FnOnce() -> Path) {
        if !wildcard::has_variable(value.text()) {
            return;
        }
        if let Some((code, message)) = fault(value.text()) {
            self.add(code, path(), value.span(), message);
            return;
        }
        let version = self
            .draft
            .version
            .as_ref()
            .and_then(|version| Version::from_text(version.text()));
        if !version.unwrap_or_default().has_variables() {
            let message =
                "without the version `2012-10-17` variables are read as plain text".to_owned();
            self.add(
                Code::VariableUnsupportedInVersion,
                path(),
                value.span(),
                message,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_apart() {
        for (text, code) in [
            ("${aws:username}/x", None),
            ("${aws:PrincipalTag/team, 'none'}${*}", None),
            ("${aws:username", Some(Code::MissingBraceInVariable)),
            ("a${}b", Some(Code::EmptyVariable)),
            ("${aws: username}", Some(Code::UnsupportedSpaceInVariable)),
            ("${aws:username, none}", Some(Code::MissingQuoteInVariable)),
        ] {
            assert_eq!(fault(text).map(|(code, _)| code), code, "{text}");
        }
    }
}
