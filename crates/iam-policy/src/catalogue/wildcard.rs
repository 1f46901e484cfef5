//! Matching one text against one pattern with `*` and `?`, without allocating.

use crate::scan;

/// Whether the pattern matches the whole text.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    run(pattern.as_bytes(), text.as_bytes(), |one, other| {
        one == other
    })
}

/// The same without regard to upper and lower case of ASCII letters.
pub(crate) fn matches_ignoring_case(pattern: &str, text: &str) -> bool {
    run(pattern.as_bytes(), text.as_bytes(), |one, other| {
        one.eq_ignore_ascii_case(&other)
    })
}

/// Whether a pattern is a text and a star at its end, and nothing more.
pub(crate) fn is_prefix(pattern: &str) -> bool {
    pattern.ends_with('*') && scan::find_wildcard(pattern) == Some(pattern.len() - 1)
}

/// Whether a text holds a wildcard.
pub(crate) fn has_wildcard(text: &str) -> bool {
    scan::find_wildcard(text).is_some()
}

/// Whether a text holds the beginning of a policy variable.
pub(crate) fn has_variable(text: &str) -> bool {
    scan::find(text, b'$').is_some() && text.contains("${")
}

/// The text with this in the place of each `${…}`; what follows one that does not end is left out.
pub(crate) fn with_variables_as(stand_in: &str, text: &str) -> String {
    let mut open = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once("${") {
        open.push_str(plain);
        open.push_str(stand_in);
        rest = after.split_once('}').map_or("", |(_, behind)| behind);
    }
    open + rest
}

/// Walks forward, going back only to the last `*`: at most length × length steps.
fn run(pattern: &[u8], text: &[u8], same: impl Fn(u8, u8) -> bool) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(read) {
        match pattern.get(at) {
            Some(b'*') => {
                at += 1;
                star = Some((at, read));
            }
            // One sign of the text, which may be several bytes.
            Some(b'?') => {
                at += 1;
                read += 1;
                while text.get(read).is_some_and(|next| next & 0xC0 == 0x80) {
                    read += 1;
                }
            }
            Some(&wanted) if same(wanted, byte) => {
                at += 1;
                read += 1;
            }
            _ => match star {
                Some((after, from)) => {
                    at = after;
                    read = from + 1;
                    star = Some((after, read));
                }
                None => return false,
            },
        }
    }
    pattern
        .get(at..)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_a_slow_matcher_does() {
        fn slow(pattern: &[char], text: &[char]) -> bool {
            match pattern.split_first() {
                None => text.is_empty(),
                Some(('*', rest)) => (0..=text.len()).any(|at| slow(rest, &text[at..])),
                Some(('?', rest)) => !text.is_empty() && slow(rest, &text[1..]),
                Some((sign, rest)) => text.first() == Some(sign) && slow(rest, &text[1..]),
            }
        }
        let texts = ["", "a", "é", "ab", "aé", "aab", "abab", "ba*b"];
        let patterns = [
            "", "*", "?", "a*", "*b", "a?", "*a*b", "a*b*", "??", "**?", "a*?b", "é",
        ];
        for pattern in patterns {
            for text in texts {
                let chars = |text: &str| text.chars().collect::<Vec<_>>();
                assert_eq!(
                    matches(pattern, text),
                    slow(&chars(pattern), &chars(text)),
                    "{pattern} {text}"
                );
            }
        }
        assert!(matches_ignoring_case("S3:get*", "s3:GetObject"));
        assert!(is_prefix("*") && is_prefix("Get*"));
        assert!(!is_prefix("Get") && !is_prefix("G*t*") && !is_prefix("Get?") && !is_prefix(""));
    }
}
