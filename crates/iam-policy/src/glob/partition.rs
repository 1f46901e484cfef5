//! Sorting the words of a language by which other languages hold them.

use std::collections::HashMap;

use super::{Bits, Budget, Exhausted, Glob, Spec, explore};

/// The words to be sorted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Language<'a> {
    /// Every word is matched by all of these.
    pub(crate) positive: &'a [&'a Glob],
    /// No word is matched by any of these.
    pub(crate) negative: &'a [&'a Glob],
    /// Words beyond this pattern do not exist.
    pub(crate) universe: Option<&'a Glob>,
}

/// A language that may hold words: a union of patterns, or all that is outside of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cover<'a> {
    /// The number under which it appears in masks.
    pub(crate) id: usize,
    pub(crate) patterns: &'a [&'a Glob],
    pub(crate) negated: bool,
}

/// Words that are held by the same covers, by one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Class {
    /// Which covers hold the word.
    pub(crate) mask: Bits,
    pub(crate) word: String,
}

/// The classes of words with the fewest covers: whatever holds for them holds for all.
///
/// The covers in `base` hold every word. No class means that there is no word. Classes whose
/// covers include those of another class are left out.
pub(crate) fn partition(
    language: &Language<'_>,
    base: &Bits,
    covers: &[Cover<'_>],
    budget: &mut Budget,
) -> Result<Vec<Class>, Exhausted> {
    budget.spend(1)?;
    let patterns = covers.iter().map(|cover| cover.patterns.len());
    let patterns = patterns.sum::<usize>() + language.negative.len() + language.positive.len();
    budget.compare(language.positive.len().saturating_mul(patterns))?;
    let Some(positive) = narrow(language) else {
        return Ok(Vec::new());
    };
    if let Some(word) = positive.iter().find_map(|glob| glob.as_literal()) {
        return Ok(classify_literal(language, word, base, covers)
            .into_iter()
            .collect());
    }
    let negative: Vec<&Glob> = language
        .negative
        .iter()
        .copied()
        .filter(|glob| !positive.iter().any(|p| p.plainly_disjoint(glob)))
        .collect();
    if negative
        .iter()
        .any(|glob| positive.iter().any(|p| glob.plainly_includes(p)))
    {
        return Ok(Vec::new());
    }
    let mut sure = base.clone();
    let mut open = Vec::new();
    for cover in covers {
        match quick_check(&positive, cover) {
            QuickCheck::All => sure.insert(cover.id),
            QuickCheck::Nothing => {}
            QuickCheck::Some(patterns) => open.push((*cover, patterns)),
        }
    }
    if open.is_empty()
        && negative.is_empty()
        && let [only] = positive.as_slice()
    {
        let word = only.example();
        if language
            .universe
            .is_none_or(|universe| universe.matches(&word))
        {
            return Ok(vec![Class { mask: sure, word }]);
        }
    }
    sort_by_automata(language, &positive, &negative, &sure, &open, budget)
}

/// The positive patterns without those that say nothing more; `None` when no word is left.
fn narrow<'a>(language: &Language<'a>) -> Option<Vec<&'a Glob>> {
    let mut kept: Vec<&Glob> = Vec::with_capacity(language.positive.len());
    for glob in language.positive.iter().copied() {
        if kept.iter().any(|other| other.plainly_disjoint(glob)) {
            return None;
        }
        if kept.iter().any(|other| glob.plainly_includes(other)) {
            continue;
        }
        kept.retain(|other| !other.plainly_includes(glob));
        kept.push(glob);
    }
    Some(kept)
}

fn classify_literal(
    language: &Language<'_>,
    word: &str,
    base: &Bits,
    covers: &[Cover<'_>],
) -> Option<Class> {
    let counts = language.positive.iter().all(|glob| glob.matches(word))
        && !language.negative.iter().any(|glob| glob.matches(word))
        && language
            .universe
            .is_none_or(|universe| universe.matches(word));
    if !counts {
        return None;
    }
    let mut mask = base.clone();
    for cover in covers {
        if cover.patterns.iter().any(|glob| glob.matches(word)) != cover.negated {
            mask.insert(cover.id);
        }
    }
    Some(Class {
        mask,
        word: word.to_owned(),
    })
}

enum QuickCheck<'a> {
    All,
    Nothing,
    Some(Vec<&'a Glob>),
}

fn quick_check<'a>(positive: &[&Glob], cover: &Cover<'a>) -> QuickCheck<'a> {
    let mut open = Vec::new();
    for glob in cover.patterns.iter().copied() {
        if positive.iter().any(|p| glob.plainly_includes(p)) {
            return if cover.negated {
                QuickCheck::Nothing
            } else {
                QuickCheck::All
            };
        }
        if !positive.iter().any(|p| glob.plainly_disjoint(p)) {
            open.push(glob);
        }
    }
    match (open.is_empty(), cover.negated) {
        (true, false) => QuickCheck::Nothing,
        (true, true) => QuickCheck::All,
        (false, _) => QuickCheck::Some(open),
    }
}

fn sort_by_automata(
    language: &Language<'_>,
    positive: &[&Glob],
    negative: &[&Glob],
    sure: &Bits,
    open: &[(Cover<'_>, Vec<&Glob>)],
    budget: &mut Budget,
) -> Result<Vec<Class>, Exhausted> {
    let universe = language
        .universe
        .filter(|universe| !positive.iter().any(|glob| universe.plainly_includes(glob)));
    let wanted: Vec<Spec<'_>> = positive.iter().copied().chain(universe).map(spec).collect();
    let unwanted: Vec<Spec<'_>> = negative.iter().copied().map(spec).collect();
    let mut observed: Vec<Spec<'_>> = Vec::new();
    let mut known: HashMap<&[u8], usize> = HashMap::new();
    let mut uses: Vec<(Cover<'_>, Vec<usize>)> = Vec::new();
    for (cover, globs) in open {
        let mut places = Vec::with_capacity(globs.len());
        for glob in globs {
            places.push(*known.entry(glob.code()).or_insert_with(|| {
                observed.push(spec(glob));
                observed.len() - 1
            }));
        }
        uses.push((*cover, places));
    }
    let found = explore(&wanted, &unwanted, &observed, budget)?;
    let mut classes: Vec<Class> = Vec::new();
    for (signature, word) in found {
        let mut mask = sure.clone();
        for (cover, places) in &uses {
            let matched = places.iter().any(|place| signature.contains(*place));
            if cover.negated != matched {
                mask.insert(cover.id);
            }
        }
        push_minimal(&mut classes, Class { mask, word });
    }
    Ok(classes)
}

fn spec(glob: &Glob) -> Spec<'_> {
    Spec {
        code: glob.code(),
        fold: false,
    }
}

/// Adds a class unless it is covered at least as well as one that is there.
pub(crate) fn push_minimal(classes: &mut Vec<Class>, class: Class) {
    if classes
        .iter()
        .any(|other| other.mask.is_subset(&class.mask))
    {
        return;
    }
    classes.retain(|other| !class.mask.is_subset(&other.mask));
    classes.push(class);
}
