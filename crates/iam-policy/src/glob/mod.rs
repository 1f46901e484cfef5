//! Patterns of IAM policies and the exact algebra of the languages they describe.
//!
//! A [`Glob`] is a text with `*` (any characters, none included, `:` and `/` too) and
//! `?` (exactly one character). Whether one pattern is covered by a *union* of others is
//! a question about languages, not about matching one pattern against the other: `a*` is
//! within `*?`, and `?*` is within `a*`, `b*` and the rest together with nothing else.
//! It is decided by the product of small automata over the letters that occur and one
//! letter for all others ([`covered`]). Work is bounded by a [`Budget`]; who runs out
//! of it says so and never guesses.
//!
//! A [`Template`] is a pattern with policy variables in it.

mod automaton;
mod bits;
mod budget;
mod matching;
mod partition;
mod template;

pub(crate) use automaton::{Spec, explore};
pub(crate) use bits::Bits;
pub use budget::{Budget, Exhausted};
pub(crate) use partition::{Class, Cover, Problem, partition, push_minimal};
pub use template::{Syntax, Template, Variable};

/// One character.
const ANY: u8 = 0xff;
/// One character, but not `:`.
const SEGMENT_ANY: u8 = 0xfe;
/// Any characters.
const STAR: u8 = 0xfd;
/// Any characters, but not `:`.
const SEGMENT_STAR: u8 = 0xfc;

/// A pattern with the wildcards `*` and `?`.
///
/// Kept as UTF-8 in which bytes that UTF-8 never uses stand for the wildcards, in a normal
/// form: `**` is `*`, and `*?` is `?*`. Two globs that are equal describe the same language.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Glob {
    code: Box<[u8]>,
    shape: Shape,
}

/// What can be told of a pattern once, so that matching need not look for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Shape {
    /// No wildcards.
    Literal,
    /// Literal but for a star at the end.
    Prefix,
    /// Any wildcards that match colons.
    Plain,
    /// Some wildcards do not match colons.
    Segmented,
}

impl Shape {
    fn of(code: &[u8]) -> Self {
        let body = code.strip_suffix(&[STAR]);
        if code
            .iter()
            .any(|byte| matches!(*byte, SEGMENT_STAR | SEGMENT_ANY))
        {
            Self::Segmented
        } else if body
            .unwrap_or(code)
            .iter()
            .any(|byte| *byte >= SEGMENT_STAR)
        {
            Self::Plain
        } else if body.is_some() {
            Self::Prefix
        } else {
            Self::Literal
        }
    }
}

impl Glob {
    /// Reads a pattern; case matters.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut code = Vec::with_capacity(text.len());
        encode(text, true, &mut code);
        Self::from_code(code)
    }

    /// Reads a pattern in lower case, for matching texts in lower case: action names.
    #[must_use]
    pub fn lowercase(text: &str) -> Self {
        Self::new(&text.to_ascii_lowercase())
    }

    /// The pattern that matches exactly this text.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        Self {
            code: text.as_bytes().into(),
            shape: Shape::Literal,
        }
    }

    /// The pattern `*`.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            code: Box::new([STAR]),
            shape: Shape::Prefix,
        }
    }

    fn from_code(mut code: Vec<u8>) -> Self {
        normalise(&mut code);
        Self {
            shape: Shape::of(&code),
            code: code.into_boxed_slice(),
        }
    }

    /// The same pattern with wildcards that stop at `:` in front of the fifth colon.
    pub(crate) fn segmented(mut self) -> Self {
        segment(&mut self.code, &mut 0);
        self.shape = Shape::of(&self.code);
        self
    }

    pub(crate) fn code(&self) -> &[u8] {
        &self.code
    }

    /// Whether the whole text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.matches_bytes(text.as_bytes())
    }

    fn matches_bytes(&self, text: &[u8]) -> bool {
        match self.shape {
            Shape::Literal => *self.code == *text,
            Shape::Prefix => {
                let prefix = self.code.get(..self.code.len() - 1);
                prefix.is_some_and(|prefix| text.starts_with(prefix))
            }
            Shape::Plain => matching::matches_plainly(&self.code, text),
            Shape::Segmented => matching::matches_segmented(&self.code, text),
        }
    }

    /// The text, when the pattern has no wildcard.
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        match self.shape {
            Shape::Literal => std::str::from_utf8(&self.code).ok(),
            _ => None,
        }
    }

    /// Whether the pattern is `*`.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self.code == [STAR]
    }

    /// Whether every text that `narrow` matches is matched, as far as a glance shows: the
    /// wildcards of `narrow` are taken for letters of their own. `false` means unknown.
    #[must_use]
    pub fn plainly_includes(&self, narrow: &Self) -> bool {
        self.matches_bytes(&narrow.code)
    }

    /// Whether no text matches both, as far as a glance shows: their literal beginnings
    /// or ends differ. `false` means unknown.
    #[must_use]
    pub fn plainly_disjoint(&self, other: &Self) -> bool {
        matching::ends_differ(&self.code, &other.code)
            || ((self.shape == Shape::Segmented || other.shape == Shape::Segmented)
                && matching::segments_differ(&self.code, &other.code))
    }

    /// The shortest text that matches; `?` becomes `x`.
    #[must_use]
    pub fn example(&self) -> String {
        let stars = [STAR, SEGMENT_STAR];
        let bytes = self.code.iter().filter(|byte| !stars.contains(byte));
        let bytes = bytes.map(|byte| if *byte >= SEGMENT_STAR { b'x' } else { *byte });
        String::from_utf8(bytes.collect()).unwrap_or_default()
    }

    /// The six parts of an ARN pattern, cut at `:`; `None` when it has fewer.
    pub(crate) fn arn_parts(&self) -> Option<Vec<Self>> {
        let parts: Vec<Self> = self
            .code
            .splitn(6, |byte| *byte == b':')
            .map(|part| Self {
                shape: Shape::of(part),
                code: part.into(),
            })
            .collect();
        (parts.len() == 6).then_some(parts)
    }

    /// The literal characters before the first wildcard.
    #[must_use]
    pub fn literal_prefix(&self) -> &str {
        let end = self.code.iter().position(|byte| *byte >= SEGMENT_STAR);
        let prefix = self.code.get(..end.unwrap_or(self.code.len()));
        prefix
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

impl std::fmt::Display for Glob {
    /// The pattern as it is written in a policy.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = self.code.iter().map(|byte| match *byte {
            STAR | SEGMENT_STAR => b'*',
            ANY | SEGMENT_ANY => b'?',
            byte => byte,
        });
        f.write_str(&String::from_utf8_lossy(&bytes.collect::<Vec<_>>()))
    }
}

/// What came out of asking whether a pattern is covered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    /// Every text is covered.
    Covered,
    /// This text is matched, and covered by nothing.
    Uncovered(String),
    /// The budget was used up before an answer was found.
    Undecided,
}

/// Whether every text that `pattern` matches is matched by one of `union`.
#[must_use]
pub fn covered(pattern: &Glob, union: &[Glob], budget: &mut Budget) -> Coverage {
    let problem = Problem {
        positive: &[pattern],
        ..Problem::default()
    };
    let union: Vec<&Glob> = union.iter().collect();
    let covers = [Cover {
        id: 0,
        patterns: &union,
        negated: false,
    }];
    match partition(&problem, &Bits::default(), &covers, budget) {
        Err(Exhausted) => Coverage::Undecided,
        Ok(classes) => match classes.into_iter().find(|class| class.mask.is_empty()) {
            Some(class) => Coverage::Uncovered(class.word),
            None => Coverage::Covered,
        },
    }
}

/// A text that both patterns match.
///
/// # Errors
/// When the budget is used up before an answer was found.
pub fn common(one: &Glob, other: &Glob, budget: &mut Budget) -> Result<Option<String>, Exhausted> {
    let problem = Problem {
        positive: &[one, other],
        ..Problem::default()
    };
    let classes = partition(&problem, &Bits::default(), &[], budget)?;
    Ok(classes.into_iter().next().map(|class| class.word))
}

/// Appends `text` to `code`, with `*` and `?` as wildcards when `wildcards`.
fn encode(text: &str, wildcards: bool, code: &mut Vec<u8>) {
    code.extend(text.bytes().map(|byte| match byte {
        b'*' if wildcards => STAR,
        b'?' if wildcards => ANY,
        byte => byte,
    }));
}

/// Brings every run of wildcards into the form `??…*`.
fn normalise(code: &mut Vec<u8>) {
    let mut pending_star = false;
    let mut out = 0;
    for at in 0..code.len() {
        let Some(byte) = code.get(at).copied() else {
            break;
        };
        if byte == STAR {
            pending_star = true;
            continue;
        }
        if pending_star && byte != ANY {
            pending_star = false;
            put(code, &mut out, STAR);
        }
        put(code, &mut out, byte);
    }
    if pending_star {
        put(code, &mut out, STAR);
    }
    code.truncate(out);
}

fn put(code: &mut [u8], at: &mut usize, byte: u8) {
    if let Some(slot) = code.get_mut(*at) {
        *slot = byte;
    }
    *at += 1;
}

/// Makes wildcards stop at `:` up to the fifth colon, of which `colons` have been seen.
fn segment(code: &mut [u8], colons: &mut usize) {
    for byte in code {
        if *byte == b':' {
            *colons += 1;
        }
        if *colons >= 5 {
            return;
        }
        *byte = match *byte {
            STAR => SEGMENT_STAR,
            ANY => SEGMENT_ANY,
            byte => byte,
        };
    }
}

/// The code of an ARN pattern in which the wildcards of the first five parts stop at `:`.
pub(crate) fn arn_code(parts: &[Glob]) -> Vec<u8> {
    let mut code = Vec::new();
    for (nth, part) in parts.iter().enumerate() {
        if nth > 0 {
            code.push(b':');
        }
        code.extend(part.code.iter().map(|byte| match *byte {
            STAR if nth < 5 => SEGMENT_STAR,
            ANY if nth < 5 => SEGMENT_ANY,
            byte => byte,
        }));
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_covered(pattern: &str, union: &[&str]) -> Coverage {
        let union: Vec<Glob> = union.iter().map(|text| Glob::new(text)).collect();
        covered(&Glob::new(pattern), &union, &mut Budget::default())
    }

    #[test]
    fn inclusion_is_about_languages() {
        for (pattern, union) in [
            ("a*", &["*?"] as &[&str]),
            ("a*b*c", &["a*c"]),
            ("?*", &["*?"]),
            ("*", &["", "?*"]),
            ("s3:*", &["s3:?*", "s3:"]),
            ("a*", &["a", "a?", "a??*"]),
            ("ab*ba", &["ab*", "*ba"]),
        ] {
            assert_eq!(
                is_covered(pattern, union),
                Coverage::Covered,
                "{pattern} {union:?}"
            );
        }
    }

    #[test]
    fn a_gap_is_shown_by_a_text() {
        for (pattern, union) in [
            ("*?", &["a*"] as &[&str]),
            ("a*", &["a?*"]),
            ("s3:*Object*", &["s3:Get*", "s3:Put*"]),
            ("?", &["a", "b", "x", "0"]),
        ] {
            let Coverage::Uncovered(word) = is_covered(pattern, union) else {
                panic!("{pattern} {union:?}")
            };
            assert!(Glob::new(pattern).matches(&word));
            assert!(
                union.iter().all(|glob| !Glob::new(glob).matches(&word)),
                "{word}"
            );
        }
    }

    #[test]
    fn adversarial_patterns_are_answered_within_the_budget() {
        let long = format!("{}b", "*a".repeat(3_000));
        let other = format!("{}c", "*b*a?".repeat(1_200));
        assert!(!Glob::new(&long).matches(&"a".repeat(6_000)));
        let _ = is_covered(&long, &[&other]);
        let many: Vec<String> = ('a'..='z').map(|c| format!("*{c}*{c}*{c}*")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(is_covered("*", &many).clone(), is_covered("*", &many));
    }

    #[test]
    fn wildcards_count_characters_not_bytes() {
        assert!(Glob::new("a?c").matches("aéc"));
        assert!(Glob::new("*?é").matches("éé"));
        assert!(!Glob::new("??").matches("é"));
        assert!(Glob::new("?*é*").matches("日é"));
    }

    #[test]
    fn segmented_wildcards_stop_at_colons() {
        let glob = Glob::new("arn:aws:ecs:*:*:a/*").segmented();
        assert!(glob.matches("arn:aws:ecs:::a/b:c") && glob.matches("arn:aws:ecs:x:1:a/"));
        assert!(!glob.matches("arn:aws:ecs:::b:a/c") && !glob.matches("arn:aws:ecs::a/c"));
        assert!(glob.matches("arn:aws:ecs:x:1:a/b") && !glob.matches("arn:aws:ecs:x:1:b/b"));
        assert!(Glob::new("arn:*").plainly_includes(&glob));
        assert!(
            Glob::new("arn:aws:ecs:*:*:a*")
                .segmented()
                .plainly_includes(&glob)
        );
        assert!(!glob.plainly_includes(&Glob::new("arn:aws:ecs:*:*:a/b")));
        assert!(!glob.plainly_includes(&Glob::new("arn:aws:ecs:?:*:a/b")));
        let literal = Glob::new("arn:aws:e?s:*:*:a/b").segmented();
        assert!(literal.matches("arn:aws:ecs:::a/b") && !literal.matches("arn:aws:ecs:::a/bc"));
        assert_eq!(literal.example(), "arn:aws:exs:::a/b");
    }

    /// The textbook definition, by recursion.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['*', rest @ ..] => (0..=text.len()).any(|cut| naive(rest, &text[cut..])),
            ['?', rest @ ..] => !text.is_empty() && naive(rest, &text[1..]),
            [c, rest @ ..] => text.first() == Some(c) && naive(rest, &text[1..]),
        }
    }

    fn chars(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    proptest! {
        #[test]
        fn matching_follows_the_definition(pattern in "[ab?*]{0,8}", text in "[abé]{0,8}") {
            let expected = naive(&chars(&pattern), &chars(&text));
            prop_assert_eq!(Glob::new(&pattern).matches(&text), expected);
        }

        #[test]
        fn coverage_agrees_with_all_short_words(pattern in "[ab?*]{0,5}", union in prop::collection::vec("[ab?*]{0,5}", 0..4)) {
            let globs: Vec<Glob> = union.iter().map(|text| Glob::new(text)).collect();
            let glob = Glob::new(&pattern);
            let mut words = vec![String::new()];
            let mut from = 0;
            for _ in 0..6 {
                let end = words.len();
                for at in from..end {
                    for letter in ["a", "b", "x"] {
                        words.push(format!("{}{letter}", words[at]));
                    }
                }
                from = end;
            }
            let gap = words.iter().find(|word| glob.matches(word) && !globs.iter().any(|g| g.matches(word)));
            match covered(&glob, &globs, &mut Budget::default()) {
                Coverage::Covered => prop_assert_eq!(gap, None),
                Coverage::Uncovered(word) => {
                    prop_assert!(glob.matches(&word) && !globs.iter().any(|g| g.matches(&word)));
                }
                Coverage::Undecided => prop_assert!(false, "undecided"),
            }
        }

        #[test]
        fn what_a_glance_shows_is_true(one in "[ab?*]{0,6}", other in "[ab?*]{0,6}", text in "[ab]{0,6}") {
            let (one, other) = (Glob::new(&one), Glob::new(&other));
            if one.plainly_includes(&other) && other.matches(&text) {
                prop_assert!(one.matches(&text));
            }
            if one.plainly_disjoint(&other) {
                prop_assert!(!(one.matches(&text) && other.matches(&text)));
                prop_assert_eq!(common(&one, &other, &mut Budget::default()), Ok(None));
            }
        }
    }
}
