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
pub(crate) use partition::{Class, Cover, Language, partition, push_minimal};
pub use template::{Syntax, Template, Variable};

/// The longest text that patterns with variables are compared with, in bytes.
pub(crate) const LONGEST: usize = 16_384;

/// One character.
const ANY: u8 = 0xff;
/// One character, but not `:`.
const SEGMENT_ANY: u8 = 0xfe;
/// Any characters.
const STAR: u8 = 0xfd;
/// Any characters, but not `:`.
const SEGMENT_STAR: u8 = 0xfc;
/// The beginning of what stands for a variable, whose value may be any text.
const SYMBOL: u8 = 0xf9;

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

    /// Whether every text that `narrow` matches is matched, as far as a quick check shows: the
    /// wildcards of `narrow` are taken for letters of their own. `false` means unknown.
    #[must_use]
    pub fn plainly_includes(&self, narrow: &Self) -> bool {
        self.matches_bytes(&narrow.code)
    }

    /// Whether no text matches both, as far as a quick check shows: their literal beginnings
    /// or ends differ. `false` means unknown.
    #[must_use]
    pub fn plainly_disjoint(&self, other: &Self) -> bool {
        matching::ends_differ(&self.code, &other.code)
            || ((self.shape == Shape::Segmented || other.shape == Shape::Segmented)
                && matching::segments_differ(&self.code, &other.code))
    }

    /// Whether some text matches both; `None` when a quick check does not show it. Two patterns
    /// of ASCII with stars have a text in common unless their literal beginnings or ends exclude each
    /// other: the stars of one take in whatever stands between in the other.
    pub(crate) fn plainly_meets(&self, other: &Self) -> Option<bool> {
        if self.plainly_disjoint(other) {
            return Some(false);
        }
        let has_star = |glob: &Self| {
            let is_open = matches!(glob.shape, Shape::Prefix | Shape::Plain);
            is_open && glob.code.contains(&STAR)
        };
        let is_plain = |glob: &Self| {
            let mut bytes = glob.code.iter();
            bytes.all(|byte| *byte < 0x80 || *byte >= SEGMENT_STAR)
        };
        let mut both = [self, other].into_iter();
        both.all(|glob| has_star(glob) && is_plain(glob))
            .then_some(true)
    }

    /// A pattern that matches all that a pattern matches which stands between these two, or is one of
    /// them, in the order of [`Self::code`]: what both begin with, and anything.
    pub(crate) fn hull(first: &Self, last: &Self) -> Self {
        let both = first.code.iter().zip(&last.code);
        let same = both.take_while(|(one, other)| one == other && **one < 0x80);
        let mut code: Vec<u8> = same.map(|(byte, _)| *byte).collect();
        code.push(STAR);
        Self {
            code: code.into_boxed_slice(),
            shape: Shape::Prefix,
        }
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
    let language = Language {
        positive: &[pattern],
        ..Language::default()
    };
    let union: Vec<&Glob> = union.iter().collect();
    let covers = [Cover {
        id: 0,
        patterns: &union,
        negated: false,
    }];
    match partition(&language, &Bits::default(), &covers, budget) {
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
    let language = Language {
        positive: &[one, other],
        ..Language::default()
    };
    let classes = partition(&language, &Bits::default(), &[], budget)?;
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
mod tests;
