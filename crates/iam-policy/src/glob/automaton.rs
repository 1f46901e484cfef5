//! The product of the automata of several patterns, explored word by word.
//!
//! The state of one pattern is the set of places in it that can be reached; once a star is
//! reached, all earlier places are dropped, for the star takes over whatever they accept.
//! Letters that stand at no reached place behave alike: one of them is tried for all.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::{ANY, Bits, Budget, Exhausted, SEGMENT_ANY, SEGMENT_STAR};

/// One pattern of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spec<'a> {
    /// The code of a glob or of an ARN pattern.
    pub(crate) code: &'a [u8],
    /// Case does not matter; the code is in lower case.
    pub(crate) fold: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Letter(char),
    Folded(char),
    Any,
    SegmentAny,
    Star,
    SegmentStar,
}

const END: u32 = u32::MAX;

/// Finds the sets of `observed` patterns that words can match, each with a shortest word,
/// among the words that all of `positive` and none of `negative` match.
pub(crate) fn explore(
    positive: &[Spec<'_>],
    negative: &[Spec<'_>],
    observed: &[Spec<'_>],
    budget: &mut Budget,
) -> Result<Vec<(Bits, String)>, Exhausted> {
    let all = positive.iter().chain(negative).chain(observed);
    let product = Product {
        patterns: all.map(|spec| tokens(*spec)).collect(),
        positive: positive.len(),
        fixed: positive.len() + negative.len(),
    };
    product.explore(budget)
}

struct Product {
    patterns: Vec<Vec<Token>>,
    positive: usize,
    fixed: usize,
}

/// A reached state: the places of all patterns in order, each list closed by [`END`].
type State = Box<[u32]>;
type Seen = HashMap<State, (), BuildHasherDefault<StateHasher>>;

struct Step {
    state: State,
    parent: usize,
    letter: char,
}

impl Product {
    fn explore(&self, budget: &mut Budget) -> Result<Vec<(Bits, String)>, Exhausted> {
        let mut found: Vec<(Bits, String)> = Vec::new();
        let mut seen = Seen::default();
        let mut steps = Vec::new();
        let start: State = self.start().into_boxed_slice();
        if self.is_dead(&start) {
            return Ok(found);
        }
        seen.insert(start.clone(), ());
        steps.push(Step {
            state: start,
            parent: usize::MAX,
            letter: ' ',
        });
        let mut at = 0;
        let mut letters = Vec::new();
        while let Some(Step { state, .. }) = steps.get(at) {
            budget.spend(1 + state.len())?;
            if let Some(signature) = self.accepts(state)
                && !found.iter().any(|(known, _)| *known == signature)
            {
                found.push((signature, word(&steps, at)));
            }
            let state = state.clone();
            self.letters(&state, &mut letters);
            for letter in &letters {
                budget.spend(1 + state.len())?;
                let next: State = self.step(&state, *letter).into_boxed_slice();
                if !self.is_dead(&next) && !seen.contains_key(&next) {
                    seen.insert(next.clone(), ());
                    steps.push(Step {
                        state: next,
                        parent: at,
                        letter: *letter,
                    });
                }
            }
            at += 1;
        }
        Ok(found)
    }

    fn start(&self) -> Vec<u32> {
        let mut state = Vec::with_capacity(self.patterns.len() * 3);
        for pattern in &self.patterns {
            let from = state.len();
            state.push(0);
            close(pattern, &mut state, from);
            state.push(END);
        }
        state
    }

    fn step(&self, state: &[u32], letter: char) -> Vec<u32> {
        let mut next = Vec::with_capacity(state.len());
        let mut places = state.iter();
        for pattern in &self.patterns {
            let from = next.len();
            for place in places.by_ref().take_while(|place| **place != END) {
                let to = match token(pattern, *place) {
                    Some(Token::Letter(c)) if c == letter => place + 1,
                    Some(Token::Folded(c)) if c == letter.to_ascii_lowercase() => place + 1,
                    Some(Token::Any) => place + 1,
                    Some(Token::SegmentAny) if letter != ':' => place + 1,
                    Some(Token::Star) => *place,
                    Some(Token::SegmentStar) if letter != ':' => *place,
                    _ => continue,
                };
                next.push(to);
            }
            close(pattern, &mut next, from);
            next.push(END);
        }
        next
    }

    /// Whether no word that starts like this can be accepted.
    fn is_dead(&self, state: &[u32]) -> bool {
        let mut lists = state
            .split(|place| *place == END)
            .zip(&self.patterns)
            .enumerate();
        lists.any(|(nth, (list, pattern))| {
            if nth < self.positive {
                list.is_empty()
            } else {
                nth < self.fixed && is_sink(pattern, list)
            }
        })
    }

    /// Which observed patterns match the word that led here, when the word counts.
    fn accepts(&self, state: &[u32]) -> Option<Bits> {
        let mut signature = Bits::with_capacity(self.patterns.len() - self.fixed);
        let lists = state
            .split(|place| *place == END)
            .zip(&self.patterns)
            .enumerate();
        for (nth, (list, pattern)) in lists {
            let matched = list
                .last()
                .is_some_and(|place| *place as usize == pattern.len());
            if nth < self.fixed && matched != (nth < self.positive) {
                return None;
            }
            if nth >= self.fixed && matched {
                signature.insert(nth - self.fixed);
            }
        }
        Some(signature)
    }

    /// The letters worth trying: those at reached places, and one for all the others.
    fn letters(&self, state: &[u32], letters: &mut Vec<char>) {
        letters.clear();
        let mut wild = self.positive == 0;
        let lists = state
            .split(|place| *place == END)
            .zip(&self.patterns)
            .enumerate();
        for (nth, (list, pattern)) in lists {
            let before = letters.len();
            let mut open = false;
            for place in list {
                match token(pattern, *place) {
                    Some(Token::Letter(c)) => letters.push(c),
                    Some(Token::Folded(c)) => letters.extend([c, c.to_ascii_uppercase()]),
                    Some(Token::SegmentAny | Token::SegmentStar) => {
                        letters.push(':');
                        open = true;
                    }
                    Some(Token::Any | Token::Star) => open = true,
                    None => {}
                }
            }
            if nth < self.positive && !open {
                // Only the letters of this pattern lead anywhere.
                letters.drain(..before);
                wild = false;
                break;
            }
            wild |= nth < self.positive;
        }
        letters.sort_unstable();
        letters.dedup();
        if wild {
            letters.push(other(letters));
        }
    }
}

/// A letter that is not among these.
fn other(letters: &[char]) -> char {
    let plain = "x0a1b2c3defghijklmnopqrstuvwyz456789-_/.".chars();
    let mut rest = plain.chain(('A'..='Z').chain('\u{a1}'..='\u{ffff}'));
    rest.find(|c| !letters.contains(c)).unwrap_or('\u{10000}')
}

fn token(pattern: &[Token], place: u32) -> Option<Token> {
    pattern.get(place as usize).copied()
}

/// Adds the places behind stars, sorts, and drops what the last reached star takes over.
fn close(pattern: &[Token], places: &mut Vec<u32>, from: usize) {
    let mut at = from;
    while let Some(place) = places.get(at).copied() {
        if matches!(
            token(pattern, place),
            Some(Token::Star | Token::SegmentStar)
        ) {
            places.push(place + 1);
        }
        at += 1;
    }
    let Some(list) = places.get_mut(from..) else {
        return;
    };
    list.sort_unstable();
    let star = list
        .iter()
        .rposition(|place| token(pattern, *place) == Some(Token::Star));
    if let Some(star) = star {
        places.drain(from..from + star);
    }
    let mut last = None;
    let mut kept = from;
    for at in from..places.len() {
        let place = places.get(at).copied();
        if place != last {
            if let (Some(slot), Some(place)) = (places.get_mut(kept), place) {
                *slot = place;
            }
            kept += 1;
            last = place;
        }
    }
    places.truncate(kept);
}

/// Whether every continuation is matched: the pattern ends in a star that is reached.
fn is_sink(pattern: &[Token], list: &[u32]) -> bool {
    pattern.last() == Some(&Token::Star)
        && list
            .first()
            .is_some_and(|place| *place as usize + 1 == pattern.len())
}

fn tokens(spec: Spec<'_>) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(spec.code.len());
    for run in spec
        .code
        .chunk_by(|a, b| (*a < SEGMENT_STAR) == (*b < SEGMENT_STAR))
    {
        match std::str::from_utf8(run) {
            Ok(text) if spec.fold => tokens.extend(text.chars().map(Token::Folded)),
            Ok(text) => tokens.extend(text.chars().map(Token::Letter)),
            Err(_) => tokens.extend(run.iter().map(|byte| match *byte {
                ANY => Token::Any,
                SEGMENT_ANY => Token::SegmentAny,
                SEGMENT_STAR => Token::SegmentStar,
                _ => Token::Star,
            })),
        }
    }
    tokens
}

fn word(steps: &[Step], mut at: usize) -> String {
    let mut letters = Vec::new();
    while let Some(step) = steps.get(at)
        && step.parent != usize::MAX
    {
        letters.push(step.letter);
        at = step.parent;
    }
    letters.iter().rev().collect()
}

/// A quick hash for states; no outsider chooses where they collide to any effect, for the
/// budget bounds their number.
#[derive(Default)]
struct StateHasher(u64);

impl Hasher for StateHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            for (slot, byte) in word.iter_mut().zip(chunk) {
                *slot = *byte;
            }
            let mixed = (self.0.rotate_left(23) ^ u64::from_le_bytes(word))
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.0 = mixed ^ mixed >> 29;
        }
    }

    fn write_usize(&mut self, number: usize) {
        self.write(&number.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glob::{Glob, arn_code};

    fn spec(glob: &Glob) -> Spec<'_> {
        Spec {
            code: glob.code(),
            fold: false,
        }
    }

    #[test]
    fn all_sets_of_matched_patterns_are_found() {
        let globs = ["a*", "*b", "?"].map(Glob::new);
        let specs = [0, 1, 2].map(|nth| spec(&globs[nth]));
        let found = explore(&[], &[], &specs, &mut Budget::default()).unwrap();
        assert_eq!(
            found.len(),
            7,
            "all but a, b and one letter at once: {found:?}"
        );
        for (set, word) in found {
            for (nth, glob) in globs.iter().enumerate() {
                assert_eq!(glob.matches(&word), set.contains(nth));
            }
        }
    }

    #[test]
    fn wildcards_of_arns_stop_at_colons() {
        let parts = ["arn", "*", "s3", "*", "*", "b"].map(Glob::new);
        let code = arn_code(&parts);
        let arn = Spec {
            code: &code,
            fold: false,
        };
        let crossing = Glob::new("arn:a:x:s3:*");
        let found = explore(&[arn, spec(&crossing)], &[], &[], &mut Budget::default()).unwrap();
        assert_eq!(found, []);
    }

    #[test]
    fn folded_letters_match_both_cases() {
        let (lower, upper) = (Glob::new("ab"), Glob::new("AB"));
        let folded = Spec {
            code: lower.code(),
            fold: true,
        };
        let found = explore(
            &[folded],
            &[spec(&lower), spec(&upper)],
            &[],
            &mut Budget::default(),
        );
        let word = &found.unwrap()[0].1;
        assert!(word == "Ab" || word == "aB");
    }
}
