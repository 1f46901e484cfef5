/// A stretch of the text, in bytes: `start` included, `end` not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The stretch at the very beginning that holds nothing.
    pub const EMPTY: Self = Self { start: 0, end: 0 };

    /// The stretch of `text` that is meant; empty when it is not inside.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    /// Line and column of the first character. Reads the text up to there: for
    /// many places of one text use a [`LineIndex`].
    #[must_use]
    pub fn position(self, text: &str) -> Position {
        Position::of(text, self.start as usize)
    }
}

/// A place as people count: both from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Position {
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Self {
            line,
            column: characters(before.get(line_start..).unwrap_or_default()) + 1,
        }
    }
}

/// Characters of UTF-8 text that may be cut: bytes that do not continue another.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| (**byte & 0xC0) != 0x80).count()
}

/// Where the lines of a text begin, for asking about many places.
#[derive(Debug, Clone)]
pub struct LineIndex<'a> {
    text: &'a str,
    starts: Vec<u32>,
}

impl<'a> LineIndex<'a> {
    /// Reads the text once.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        let ends = text
            .bytes()
            .zip(1_u32..)
            .filter(|(byte, _)| *byte == b'\n')
            .map(|(_, next)| next);
        Self {
            text,
            starts: std::iter::once(0).chain(ends).collect(),
        }
    }

    /// Line and column of the first character of `span`.
    #[must_use]
    pub fn position(&self, span: Span) -> Position {
        let line = self.starts.partition_point(|start| *start <= span.start);
        let start = self
            .starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or(0);
        let before = self
            .text
            .as_bytes()
            .get(start as usize..span.start as usize);
        Position {
            line,
            column: characters(before.unwrap_or_default()) + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_answers_as_the_slow_way() {
        let text = "aé\n\nxyz\n";
        let index = LineIndex::new(text);
        for start in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            let span = Span {
                start: u32::try_from(start).unwrap(),
                end: 0,
            };
            assert_eq!(index.position(span), span.position(text), "at {start}");
        }
    }
}
