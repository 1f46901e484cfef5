//! Texts read eight bytes at a time.
//!
//! Policies are hundreds of short texts, each asked several questions: does it hold a
//! wildcard, where is its first colon, is it the same as another but for capitals. A
//! byte at a time, these questions would cost more than everything else.

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The high bit of each byte of the word that is this one. Exact up to the first one found,
/// and exactly zero when there is none.
const fn hits(word: u64, byte: u8) -> u64 {
    let off = word ^ (LOW * byte as u64);
    off.wrapping_sub(LOW) & !off & HIGH
}

/// The word with its ASCII capitals made small.
const fn folded(word: u64) -> u64 {
    let low = word & !HIGH;
    let from_a = low + LOW * (0x80 - b'A' as u64);
    let behind_z = low + LOW * (0x7F - b'Z' as u64);
    let capitals = (from_a ^ behind_z) & !word & HIGH;
    word | capitals >> 2
}

/// The last up to eight bytes as a word, filled up with zeros: all that whole words leave over,
/// and some of what was read before when there is enough.
fn last(bytes: &[u8]) -> u64 {
    if let Some(word) = bytes.last_chunk::<8>() {
        return u64::from_le_bytes(*word);
    }
    bytes
        .iter()
        .rev()
        .fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// The place of the first byte for which `found` sets a bit; it is asked for whole words.
fn first(bytes: &[u8], found: impl Fn(u64) -> u64) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (nth, word) in words.iter().enumerate() {
        let bits = found(u64::from_le_bytes(*word));
        if bits != 0 {
            return Some(nth * 8 + (bits.trailing_zeros() / 8) as usize);
        }
    }
    if rest.is_empty() {
        return None;
    }
    // None of what is read again was found.
    let bits = found(last(bytes));
    let start = bytes.len().saturating_sub(8);
    (bits != 0).then(|| start + (bits.trailing_zeros() / 8) as usize)
}

/// The place of the first such byte, which must not be zero.
pub(crate) fn find(text: &str, byte: u8) -> Option<usize> {
    first(text.as_bytes(), |word| hits(word, byte))
}

/// The place of the first `*` or `?`.
pub(crate) fn find_wildcard(text: &str) -> Option<usize> {
    first(text.as_bytes(), |word| hits(word, b'*') | hits(word, b'?'))
}

/// The place of the first `*`, `?` or `$`.
pub(crate) fn find_open(text: &str) -> Option<usize> {
    first(text.as_bytes(), |word| {
        hits(word, b'*') | hits(word, b'?') | hits(word, b'$')
    })
}

/// Whether the text holds `*`, `?` or `$`: whether it may stand for more than itself.
pub(crate) fn is_open(text: &str) -> bool {
    // Written so that the compiler compares sixteen bytes at once.
    let open = |piece: &[u8]| {
        piece.iter().fold(false, |open, byte| {
            open | (*byte == b'*') | (*byte == b'?') | (*byte == b'$')
        })
    };
    let bytes = text.as_bytes();
    let (pieces, rest) = bytes.as_chunks::<16>();
    match bytes.last_chunk::<16>() {
        Some(last) => pieces.iter().any(|piece| open(piece)) || !rest.is_empty() && open(last),
        None => find_open(text).is_some(),
    }
}

/// A number that texts share which differ only in capitals. Not to be used for texts
/// that somebody may choose to collide, but where a collision costs nothing.
pub(crate) fn folded_hash(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let (words, rest) = bytes.as_chunks::<8>();
    let mut hash = text.len() as u64;
    for word in words {
        hash = mixed(hash, u64::from_le_bytes(*word));
    }
    if !rest.is_empty() {
        hash = mixed(hash, last(bytes));
    }
    hash
}

fn mixed(hash: u64, word: u64) -> u64 {
    let mixed = (hash ^ folded(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ (mixed >> 32)
}

/// Whether two texts differ at most in the capitals of ASCII.
pub(crate) fn same_folded(one: &str, other: &str) -> bool {
    one.len() == other.len() && (one == other || same_words(one.as_bytes(), other.as_bytes()))
}

fn same_words(one: &[u8], other: &[u8]) -> bool {
    let ((words, _), (others, _)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    let mut pairs = words.iter().zip(others);
    pairs.all(|(one, other)| folded(u64::from_le_bytes(*one)) == folded(u64::from_le_bytes(*other)))
        && folded(last(one)) == folded(last(other))
}

/// How many bytes two texts have in common at their beginnings.
pub(crate) fn shared(one: &str, other: &str, fold: bool) -> usize {
    let ((words, _), (others, _)) = (
        one.as_bytes().as_chunks::<8>(),
        other.as_bytes().as_chunks(),
    );
    let mut whole = 0;
    for (one, other) in words.iter().zip(others) {
        let (one, other) = (u64::from_le_bytes(*one), u64::from_le_bytes(*other));
        let differ = if fold {
            folded(one) ^ folded(other)
        } else {
            one ^ other
        };
        if differ != 0 {
            return whole + (differ.trailing_zeros() / 8) as usize;
        }
        whole += 8;
    }
    let rest = one.bytes().zip(other.bytes()).skip(whole);
    let same =
        rest.take_while(|(one, other)| one == other || fold && one.eq_ignore_ascii_case(other));
    whole + same.count()
}

/// Sixteen bytes from `at` on as a number that sorts like them, zeros behind the end.
pub(crate) fn begin(text: &str, at: usize, fold: bool) -> u128 {
    let bytes = text.as_bytes().get(at..).unwrap_or_default();
    let half = |bytes: &[u8]| {
        let word = match bytes.first_chunk::<8>() {
            Some(word) => u64::from_le_bytes(*word),
            None => last(bytes),
        };
        if fold { folded(word) } else { word }.swap_bytes()
    };
    let behind = bytes.get(8..).unwrap_or_default();
    u128::from(half(bytes)) << 64 | u128::from(half(behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 12] = [
        "",
        "*",
        "a",
        "s3:GetObject",
        "S3:gETobject",
        "ec2:Describe*",
        "ec2:RunInst?nces",
        "arn:aws:s3:::${aws:username}/*",
        "é:é*",
        "[`{@Z",
        "12345678:",
        "123456789012345:\u{7f}",
    ];

    #[test]
    fn words_find_what_bytes_find() {
        for text in TEXTS {
            assert_eq!(find(text, b':'), text.find(':'), "{text}");
            assert_eq!(find_wildcard(text), text.find(['*', '?']), "{text}");
            assert_eq!(find_open(text), text.find(['*', '?', '$']), "{text}");
            assert_eq!(is_open(text), find_open(text).is_some(), "{text}");
        }
    }

    #[test]
    fn only_capitals_make_no_difference() {
        for one in TEXTS {
            for other in TEXTS {
                let same = one.eq_ignore_ascii_case(other);
                assert_eq!(same_folded(one, other), same, "{one} {other}");
                assert!(!same || folded_hash(one) == folded_hash(other));
            }
            let upper = one.to_ascii_uppercase();
            assert!(same_folded(one, &upper) && folded_hash(one) == folded_hash(&upper));
        }
        for byte in 0..=u8::MAX {
            let word = u64::from(byte) * LOW;
            assert_eq!(folded(word), u64::from(byte.to_ascii_lowercase()) * LOW);
        }
    }

    #[test]
    fn what_is_shared_is_counted() {
        for (one, other, plain, fold) in [
            ("s3:GetObject", "S3:getobjects", 0, 12),
            ("arn:aws:s3:::a", "arn:aws:s3:::b", 13, 13),
            ("12345678", "12345678", 8, 8),
            ("", "a", 0, 0),
        ] {
            assert_eq!(shared(one, other, false), plain);
            assert_eq!(shared(other, one, true), fold);
        }
    }

    #[test]
    fn beginnings_sort_like_texts() {
        for one in TEXTS {
            for other in TEXTS {
                let cut = |text: &str| text.bytes().take(16).collect::<Vec<_>>();
                let numbers = begin(one, 0, false).cmp(&begin(other, 0, false));
                assert_eq!(numbers, cut(one).cmp(&cut(other)), "{one} {other}");
            }
        }
        assert_eq!(begin("abC", 1, true), begin("xBc", 1, true));
    }
}
