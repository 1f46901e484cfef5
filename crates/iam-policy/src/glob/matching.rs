//! Matching by chunks: what stands between two stars is looked for from left to right and
//! the first place is taken, so that no backtracking is needed.

use super::{ANY, SEGMENT_ANY, SEGMENT_STAR, STAR, SYMBOL};

/// Whether `code`, some of whose wildcards stop at colons, matches all of `text`. The text may hold wildcard bytes itself; a star in
/// it is matched by stars only, so that a match then proves inclusion.
pub(super) fn matches_segmented(code: &[u8], text: &[u8]) -> bool {
    let wild = |byte: &u8| matches!(*byte, SEGMENT_STAR | SEGMENT_ANY);
    let last = code.iter().rposition(wild).unwrap_or(0);
    // The wildcards that stop at colons stand in whole segments of their own.
    let rest = code.get(last..).unwrap_or_default();
    let cut = last
        + rest
            .iter()
            .position(|byte| *byte == b':')
            .unwrap_or(rest.len());
    let (code, code_rest) = code.split_at(cut);
    let mut texts = text.split(|byte| *byte == b':');
    let mut taken = 0;
    for segment in code.split(|byte| *byte == b':') {
        let Some(found) = texts.next() else {
            return false;
        };
        if found.iter().any(|byte| matches!(*byte, STAR | ANY)) || !matches_segment(segment, found)
        {
            return false;
        }
        taken += found.len() + 1;
    }
    matches_plainly(code_rest, text.get(taken - 1..).unwrap_or_default())
}

/// Whether the pattern matches a text without colons. A variable may stand for a text with
/// colons: only the same variable matches it.
fn matches_segment(code: &[u8], text: &[u8]) -> bool {
    match code {
        code if text.contains(&SYMBOL) => code == text,
        [SEGMENT_STAR] => true,
        code if code.contains(&SEGMENT_STAR) || code.contains(&SEGMENT_ANY) => {
            let plain = code.iter().map(|byte| match *byte {
                SEGMENT_STAR => STAR,
                SEGMENT_ANY => ANY,
                byte => byte,
            });
            matches_plainly(&plain.collect::<Vec<_>>(), text)
        }
        code => code == text,
    }
}

/// Whether `code`, whose wildcards match anything, matches all of `text`.
pub(super) fn matches_plainly(code: &[u8], text: &[u8]) -> bool {
    let Some(first) = code.iter().position(|byte| *byte == STAR) else {
        return match_at(code, text) == Some(text.len());
    };
    let last = code.iter().rposition(|byte| *byte == STAR).unwrap_or(first);
    let (prefix, rest) = code.split_at(first);
    let Some(start) = match_at(prefix, text) else {
        return false;
    };
    let suffix = code.get(last + 1..).unwrap_or_default();
    let Some(end) = match_back(suffix, text) else {
        return false;
    };
    let Some(mut window) = text.get(start..end) else {
        return false;
    };
    let middle = rest.get(1..last.saturating_sub(first)).unwrap_or_default();
    for chunk in middle.split(|byte| *byte == STAR) {
        match find(chunk, window) {
            Some(end) => window = window.get(end..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

/// How many bytes of `text` the chunk takes when it starts at the beginning.
fn match_at(chunk: &[u8], text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for byte in chunk {
        let found = *text.get(at)?;
        at += match *byte {
            ANY => character_length(found)?,
            byte if byte == found => 1,
            _ => return None,
        };
    }
    Some(at)
}

/// Where in `text` the chunk begins when it takes the end of the text.
fn match_back(chunk: &[u8], text: &[u8]) -> Option<usize> {
    let mut at = text.len();
    for byte in chunk.iter().rev() {
        at = at.checked_sub(1)?;
        let found = *text.get(at)?;
        if *byte == ANY {
            while text.get(at)? & 0xc0 == 0x80 {
                at = at.checked_sub(1)?;
            }
            character_length(*text.get(at)?)?;
        } else if *byte != found {
            return None;
        }
    }
    Some(at)
}

/// The end of the first place where the chunk is found.
fn find(chunk: &[u8], text: &[u8]) -> Option<usize> {
    let Some(lead) = chunk.first() else {
        return Some(0);
    };
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        let skip = if *lead == ANY {
            rest.iter().position(|byte| byte & 0xc0 != 0x80)?
        } else {
            rest.iter().position(|byte| byte == lead)?
        };
        from += skip;
        if let Some(length) = match_at(chunk, text.get(from..)?) {
            return Some(from + length);
        }
        from += 1;
    }
}

/// The length of the character that begins with this byte; `None` for a star and for a
/// variable, which are no character.
const fn character_length(lead: u8) -> Option<usize> {
    match lead {
        ..0xe0 => Some(if lead < 0x80 { 1 } else { 2 }),
        0xe0..0xf0 => Some(3),
        0xf0..0xf5 => Some(4),
        ANY | SEGMENT_ANY => Some(1),
        _ => None,
    }
}

/// Whether two patterns of ARNs differ in one of the first five segments or behind them, when
/// no wildcard of either crosses these segments.
pub(super) fn segments_differ(one: &[u8], other: &[u8]) -> bool {
    let (mut one, mut other) = (one.splitn(6, is_colon), other.splitn(6, is_colon));
    for nth in 0..6 {
        let (Some(left), Some(right)) = (one.next(), other.next()) else {
            return false;
        };
        let crosses = |part: &[u8]| part.iter().any(|byte| matches!(*byte, STAR | ANY));
        if nth < 5 && (crosses(left) || crosses(right)) {
            return false;
        }
        if ends_differ(left, right) {
            return true;
        }
    }
    false
}

const fn is_colon(byte: &u8) -> bool {
    *byte == b':'
}

/// Whether the literal beginnings or the literal ends exclude each other.
pub(super) fn ends_differ(one: &[u8], other: &[u8]) -> bool {
    beginnings_differ(one.iter(), other.iter())
        || beginnings_differ(one.iter().rev(), other.iter().rev())
}

fn beginnings_differ<'a>(
    mut one: impl Iterator<Item = &'a u8>,
    mut other: impl Iterator<Item = &'a u8>,
) -> bool {
    loop {
        return match (one.next(), other.next()) {
            (None, None) => false,
            (None, Some(more)) | (Some(more), None) => *more != STAR && *more != SEGMENT_STAR,
            (Some(a), Some(b)) if a == b && *a < SEGMENT_STAR => continue,
            (Some(a), Some(b)) if *a < 0x80 && *b < 0x80 => true,
            (Some(a), Some(b)) => match (*a, *b) {
                (STAR | SEGMENT_STAR, _) | (_, STAR | SEGMENT_STAR) => false,
                (ANY | SEGMENT_ANY, b) if !(0x80..SEGMENT_ANY).contains(&b) => continue,
                (a, ANY | SEGMENT_ANY) if a < 0x80 => continue,
                (a, b) => a < SEGMENT_STAR && b < SEGMENT_STAR,
            },
        };
    }
}
