//! What people typed over several lines, as others read it: every line of it is seen to be theirs.

use std::fmt;

use iam_policy::foreign::characters::{MarkCount, is_hidden};

use crate::markup::Html;
use crate::prose::may_select;

/// The most lines that are shown at once; more could push away what follows.
const MAX_LINES: usize = 12;
/// The width of lines in plain text, in characters.
const WIDTH: usize = 74;

/// A justification or a reason.
#[derive(Clone, PartialEq, Eq)]
pub struct Quotation {
    /// Line by line, with one space between words and one empty line between paragraphs.
    lines: Vec<String>,
}

/// `Debug` shows nothing of what was typed.
impl fmt::Debug for Quotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quotation({} lines)", self.lines.len())
    }
}

impl Quotation {
    /// Takes what was typed.
    #[must_use]
    pub fn new(typed: &str) -> Self {
        let lines = typed.lines().map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            seen(&words.join(" "))
        });
        let mut lines: Vec<String> = lines.collect();
        lines.dedup_by(|next, before| next.is_empty() && before.is_empty());
        Self { lines }
    }

    /// What is shown first, as HTML.
    #[must_use]
    pub fn html(&self) -> Html {
        let shown: Vec<&str> = self
            .lines
            .iter()
            .take(MAX_LINES)
            .map(String::as_str)
            .collect();
        Html::escaped(&shown.join("\n"))
    }

    /// What is shown on demand, as HTML; none where all is shown.
    #[must_use]
    pub fn rest_html(&self) -> Option<Html> {
        let rest: Vec<&str> = self
            .lines
            .iter()
            .skip(MAX_LINES)
            .map(String::as_str)
            .collect();
        (!rest.is_empty()).then(|| Html::escaped(&rest.join("\n")))
    }

    /// How many lines are shown on demand, in words: `3 more lines`.
    #[must_use]
    pub fn more(&self) -> Option<String> {
        match self.lines.len().saturating_sub(MAX_LINES) {
            0 => None,
            1 => Some("1 more line".to_owned()),
            more => Some(format!("{more} more lines")),
        }
    }

    /// What is shown first, as lines of plain text that each say whose they are.
    #[must_use]
    pub fn plain(&self) -> Vec<String> {
        let lines = self.lines.iter().take(MAX_LINES);
        lines.flat_map(|line| folded(line)).collect()
    }

    /// All of it, as lines of plain text that each say whose they are.
    #[must_use]
    pub fn plain_whole(&self) -> Vec<String> {
        self.lines.iter().flat_map(|line| folded(line)).collect()
    }
}

/// A line on which everything is seen. What is typed today has nothing else; what was stored before
/// may have.
fn seen(line: &str) -> String {
    let mut marks = MarkCount::default();
    let mut out = String::with_capacity(line.len());
    let mut before = ' ';
    for c in line.chars() {
        let stacked = marks.is_stacked(c);
        let selects = may_select(before, c);
        if (stacked || is_hidden(c)) && !selects {
            out.push_str(&format!("⟨U+{:04X}⟩", u32::from(c)));
        } else {
            out.push(c);
        }
        before = c;
    }
    out
}

/// A line, folded so that no program does it in another way.
fn folded(line: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        let mut letters: Vec<char> = word.chars().collect();
        let held = lines.last().map_or(0, |last| last.chars().count());
        if held > 0 && held + 1 + letters.len() <= WIDTH {
            if let Some(last) = lines.last_mut() {
                last.push(' ');
            }
        } else if held > 0 {
            lines.push(String::new());
        }
        // A word that is longer than a line is broken.
        while letters.len() > WIDTH {
            let rest = letters.split_off(WIDTH);
            if let Some(last) = lines.last_mut() {
                last.extend(letters);
            }
            lines.push(String::new());
            letters = rest;
        }
        if let Some(last) = lines.last_mut() {
            last.extend(letters);
        }
    }
    lines
        .into_iter()
        .map(|line| format!("> {line}").trim_end().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_and_spaces_push_nothing_away() {
        let typed = format!(
            "One  {} two\n\n\n\nthree{}",
            " ".repeat(500),
            "\nx".repeat(1600)
        );
        let quotation = Quotation::new(&typed);
        let plain = quotation.plain();
        assert_eq!(plain.first().unwrap(), "> One two");
        assert_eq!(plain.get(1).unwrap(), ">");
        assert_eq!(plain.len(), MAX_LINES);
        assert_eq!(quotation.more().unwrap(), "1591 more lines");
        assert_eq!(quotation.plain_whole().len(), 1603);
        let rest = quotation.rest_html().unwrap().to_string();
        assert_eq!(rest.lines().count(), 1591);
        assert_eq!(format!("{quotation:?}"), "Quotation(1603 lines)");
    }

    #[test]
    fn everything_is_seen() {
        let plain = Quotation::new("a\u{202e}b\u{2800} \u{301}\n⚠\u{fe0f}").plain();
        assert_eq!(plain, ["> a⟨U+202E⟩b⟨U+2800⟩ ⟨U+0301⟩", "> ⚠\u{fe0f}"]);
    }

    #[test]
    fn long_lines_are_folded() {
        let quotation = Quotation::new(&format!("{} {}", "ab ".repeat(40), "c".repeat(200)));
        let plain = quotation.plain();
        assert!(plain.iter().all(|line| line.starts_with("> ")), "{plain:?}");
        assert!(plain.iter().all(|line| line.chars().count() <= WIDTH + 2));
        let words: String = plain.iter().map(|line| line.replace("> ", "")).collect();
        assert_eq!(
            words.replace(' ', ""),
            format!("{}{}", "ab".repeat(40), "c".repeat(200))
        );
        assert_eq!(quotation.rest_html(), None);
    }

    proptest! {
        #[test]
        fn every_line_says_whose_it_is(typed in "[a-c \n<&>]{0,400}") {
            let quotation = Quotation::new(&typed);
            for line in quotation.plain_whole() {
                prop_assert!(line.starts_with('>') && line.lines().count() == 1);
            }
            prop_assert!(quotation.plain().len() <= MAX_LINES * (400 / WIDTH + 2));
            prop_assert!(!quotation.html().to_string().contains(['<', '>']));
        }
    }
}
