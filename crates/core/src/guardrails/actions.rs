//! Actions that are never granted, and whether a policy document reaches one.
//!
//! The answer errs on the side of "yes": conditions and resources are not looked at, and a
//! document that cannot be read reaches everything.

use std::str::FromStr;

use serde::Deserialize;
use serde_json::Value;

use crate::strict_json;

/// A pattern of actions: `service:Name` with `*` and `?` in both parts, or `*` alone. Letter
/// case does not matter (IAM User Guide, "IAM JSON policy elements: Action").
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ActionPattern(Vec<char>);

/// A text that is no pattern of actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pattern of actions is `service:Name`, with `*` and `?`, or `*`")]
pub struct ActionPatternError;

impl FromStr for ActionPattern {
    type Err = ActionPatternError;
    fn from_str(text: &str) -> Result<Self, ActionPatternError> {
        let part = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"*?-_".contains(&b))
        };
        let good = text == "*"
            || text
                .split_once(':')
                .is_some_and(|(a, b)| part(a) && part(b));
        if good {
            Ok(Self::lowered(text))
        } else {
            Err(ActionPatternError)
        }
    }
}

impl TryFrom<String> for ActionPattern {
    type Error = ActionPatternError;
    fn try_from(text: String) -> Result<Self, ActionPatternError> {
        text.parse()
    }
}

impl ActionPattern {
    fn lowered(text: &str) -> Self {
        Self(text.chars().map(|c| c.to_ascii_lowercase()).collect())
    }

    /// Whether some text matches both patterns. Walks the pairs of positions once, so in the
    /// product of the lengths.
    fn meets(&self, other: &Self) -> bool {
        // `row[j]`: the rest of `a` from the current position and the rest of `b` from `j` meet.
        let (a, b) = (&self.0, &other.0);
        let all_stars = |rest: &[char]| rest.iter().all(|c| *c == '*');
        let ends = |text: &[char], from: usize| text.get(from..).is_some_and(all_stars);
        let mut row: Vec<bool> = (0..=b.len()).map(|j| ends(b, j)).collect();
        for (i, x) in a.iter().enumerate().rev() {
            let mut next = vec![false; b.len() + 1];
            if let Some(last) = next.last_mut() {
                *last = ends(a, i);
            }
            for (j, y) in b.iter().enumerate().rev() {
                let get = |row: &[bool], j: usize| row.get(j).copied().unwrap_or(false);
                let (skip_x, skip_y, both) = (get(&row, j), get(&next, j + 1), get(&row, j + 1));
                let here = match (x, y) {
                    ('*', _) | (_, '*') => skip_x || skip_y,
                    ('?', _) | (_, '?') => both,
                    (x, y) => x == y && both,
                };
                if let Some(cell) = next.get_mut(j) {
                    *cell = here;
                }
            }
            row = next;
        }
        row.first().copied().unwrap_or(true)
    }
}

/// Whether an `Allow` of the document reaches any of these actions.
pub(super) fn reaches(document: &str, never: &[ActionPattern]) -> bool {
    let Ok(document) = strict_json::parse(document.as_bytes()) else {
        return true;
    };
    let Some(statements) = document.get("Statement") else {
        return true;
    };
    list(statements).iter().any(
        |statement| match statement.get("Effect").and_then(Value::as_str) {
            Some("Deny") => false,
            Some("Allow") => match statement.get("Action") {
                // `NotAction` with `Allow` grants everything else, services of the future included.
                None => true,
                Some(actions) => list(actions).iter().any(|action| match action.as_str() {
                    None => true,
                    Some(action) => {
                        let action = ActionPattern::lowered(action);
                        never.iter().any(|never| never.meets(&action))
                    }
                }),
            },
            _ => true,
        },
    )
}

/// A value that is a list or, as everywhere in policies, stands for a list of one.
fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> ActionPattern {
        ActionPattern::lowered(text)
    }

    #[test]
    fn patterns_meet_where_some_action_matches_both() {
        for (a, b, meet) in [
            ("iam:*", "iam:PassRole", true),
            ("iam:*", "IAM:passrole", true),
            ("iam:Pass*", "iam:*Role", true),
            ("iam:Get*", "iam:*Role", true),
            ("iam:Get?", "iam:Get", false),
            ("s3:*", "iam:*", false),
            ("*", "s3:GetObject", true),
            ("*:*", "s3:GetObject", true),
            ("s3:Get*", "s3:Put*", false),
            ("s?:GetObject", "s3:Get*", true),
            ("i*:PassRole", "*am:Pass??le", true),
            ("a*a", "a", false),
            ("**", "", true),
            ("?", "*", true),
        ] {
            assert_eq!(pattern(a).meets(&pattern(b)), meet, "{a} {b}");
            assert_eq!(pattern(b).meets(&pattern(a)), meet, "{b} {a}");
        }
    }

    #[test]
    fn documents_that_reach_what_is_never_granted() {
        let never = [pattern("iam:*"), pattern("sts:AssumeRole")];
        let allow = |actions: &str| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow",{actions},"Resource":"*"}}}}"#
            )
        };
        for (document, reached) in [
            (allow(r#""Action":"s3:GetObject""#), false),
            (allow(r#""Action":["s3:GetObject","sts:Assume*"]"#), true),
            (allow(r#""Action":"*""#), true),
            (allow(r#""Action":"i*:List*""#), true),
            (allow(r#""NotAction":"iam:*""#), true),
            (allow(r#""Action":7"#), true),
            (
                r#"{"Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*"}]}"#.to_owned(),
                false,
            ),
            (
                r#"{"Statement":[{"Effect":"allow","Action":"s3:*","Resource":"*"}]}"#.to_owned(),
                true,
            ),
            ("{}".to_owned(), true),
            ("not json".to_owned(), true),
        ] {
            assert_eq!(reaches(&document, &never), reached, "{document}");
        }
    }

    fn matches(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => {
                matches(rest, text) || text.split_first().is_some_and(|(_, t)| matches(pattern, t))
            }
            (Some((p, rest)), Some((t, others))) => (*p == '?' || p == t) && matches(rest, others),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn a_common_text_means_that_they_meet(a in "[ab*?]{0,5}", b in "[ab*?]{0,5}", t in "[ab]{0,6}") {
            let text: Vec<char> = t.chars().collect();
            let (a, b) = (pattern(&a), pattern(&b));
            if matches(&a.0, &text) && matches(&b.0, &text) {
                prop_assert!(a.meets(&b));
            }
        }

        #[test]
        fn meeting_means_a_common_text(a in "[ab*?]{0,4}", b in "[ab*?]{0,4}") {
            // Every text of up to eight letters; patterns of four meet in one of them or never.
            let (a, b) = (pattern(&a), pattern(&b));
            let texts = (0..=8_u32).flat_map(|n| (0..1_u32 << n).map(move |bits| {
                (0..n).map(|i| if bits >> i & 1 == 0 { 'a' } else { 'b' }).collect::<Vec<char>>()
            }));
            let found = texts.into_iter().any(|t| matches(&a.0, &t) && matches(&b.0, &t));
            prop_assert_eq!(found, a.meets(&b));
        }
    }
}
