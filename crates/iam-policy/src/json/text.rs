//! Strings: where they end and what they mean.

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// How many bytes from `at` on are neither quote, backslash nor control character.
pub(super) fn plain_run(bytes: &[u8], at: usize) -> usize {
    let mut run = 0;
    let rest = bytes.get(at..).unwrap_or_default();
    let (words, tail) = rest.as_chunks::<8>();
    for word in words {
        let found = special(u64::from_le_bytes(*word));
        if found != 0 {
            return run + (found.trailing_zeros() / 8) as usize;
        }
        run += 8;
    }
    run + tail
        .iter()
        .take_while(|byte| !matches!(**byte, b'"' | b'\\' | 0..=0x1F))
        .count()
}

/// The high bit of each byte that ends a plain run; exact up to the first one found.
const fn special(word: u64) -> u64 {
    let quote = word ^ (LOW * b'"' as u64);
    let backslash = word ^ (LOW * b'\\' as u64);
    let control = word.wrapping_sub(LOW * 0x20);
    ((quote.wrapping_sub(LOW) & !quote)
        | (backslash.wrapping_sub(LOW) & !backslash)
        | (control & !word))
        & HIGH
}

/// Checks one escape sequence, `at` being the place after the backslash; answers its length.
pub(super) fn escape_length(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(1),
        b'u' => match hex(bytes, at + 1)? {
            0xD800..=0xDBFF => {
                let pair = bytes.get(at + 5) == Some(&b'\\') && bytes.get(at + 6) == Some(&b'u');
                let low = hex(bytes, at + 7)?;
                (pair && (0xDC00..=0xDFFF).contains(&low)).then_some(11)
            }
            0xDC00..=0xDFFF => None,
            _ => Some(5),
        },
        _ => None,
    }
}

fn hex(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0, |value, digit| {
        Some(value * 16 + char::from(*digit).to_digit(16)?)
    })
}

/// Resolves the escapes of a string that was checked before.
pub(super) fn unescape(inner: &str) -> String {
    let bytes = inner.as_bytes();
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((plain, after)) = rest.split_once('\\') {
        out.push_str(plain);
        let at = bytes.len() - after.len();
        let length = escape_length(bytes, at).unwrap_or(after.len());
        if let Some(character) = meaning(bytes, at) {
            out.push(character);
        }
        rest = after.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn meaning(bytes: &[u8], at: usize) -> Option<char> {
    Some(match bytes.get(at)? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let first = hex(bytes, at + 1)?;
            if (0xD800..=0xDBFF).contains(&first) {
                let low = hex(bytes, at + 7)?;
                return char::from_u32(
                    0x1_0000 + ((first - 0xD800) << 10) + low.checked_sub(0xDC00)?,
                );
            }
            return char::from_u32(first);
        }
        other => char::from(*other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_run_ends_at_the_first_special_byte() {
        for special in ['"', '\\', '\n', '\u{1f}', '\0'] {
            for at in 0..20 {
                let text = format!("{}{special}abcdefghij", "é".repeat(at));
                assert_eq!(plain_run(text.as_bytes(), 0), at * 2, "{special:?} at {at}");
            }
        }
        assert_eq!(plain_run("no end \u{7f}€".as_bytes(), 3), 8);
    }

    #[test]
    fn escapes_mean_what_serde_json_says() {
        for inner in [
            "\\ud83d\\ude00x",
            "a\\\\\\\"b\\/",
            "\\u0041\\b\\f\\n\\r\\t",
            "é\\u20ACé",
        ] {
            let theirs: String = serde_json::from_str(&format!("\"{inner}\"")).unwrap();
            assert_eq!(unescape(inner), theirs);
        }
    }
}
