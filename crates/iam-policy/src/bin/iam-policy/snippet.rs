//! The line of a text with carets under the place that is meant.

use std::io::{IsTerminal, Write};

use iam_policy::foreign::characters::{MarkCount, is_hidden};
use iam_policy::json::{Position, Span};

use crate::arguments::Color;

/// Widest piece of a line that is shown.
const WIDTH: usize = 110;

/// Escape sequences, or nothing.
#[derive(Clone, Copy)]
pub(crate) struct Paint(bool);

impl Paint {
    pub(crate) fn new(color: Color) -> Self {
        Self(match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
            }
        })
    }

    /// The text in an ANSI colour, such as `31` for red or `1` for bold.
    pub(crate) fn of(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Writes the line with carets below.
pub(crate) fn write(
    out: &mut dyn Write,
    paint: Paint,
    color: &str,
    text: &str,
    span: Span,
    position: Position,
) -> std::io::Result<()> {
    let line = text
        .lines()
        .nth(position.line.saturating_sub(1))
        .unwrap_or_default();
    let marked = span
        .of(text)
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        .max(1);
    let column = position.column.saturating_sub(1);
    // Long lines are cut so that the place stands near the left.
    let cut = if column + marked.min(40) > WIDTH {
        column.saturating_sub(30)
    } else {
        0
    };
    let mut marks = MarkCount::default();
    let shown: String = line
        .chars()
        .skip(cut)
        .take(WIDTH)
        .map(|sign| match sign {
            '\t' => ' ',
            // One sign for one, so that the carets stand where they should.
            hidden if is_hidden(hidden) || marks.is_stacked(hidden) => '\u{fffd}',
            shown => shown,
        })
        .collect();
    let room = shown.chars().count().saturating_sub(column - cut).max(1);
    let number = position.line.to_string();
    let margin = " ".repeat(number.len());
    let bar = paint.of("34", "|");
    let dots = if cut > 0 { "…" } else { "" };
    writeln!(out, " {margin} {bar}")?;
    writeln!(out, " {} {bar} {dots}{shown}", paint.of("34", &number))?;
    let space = " ".repeat(column - cut + dots.chars().count());
    writeln!(
        out,
        " {margin} {bar} {space}{}",
        paint.of(color, &"^".repeat(marked.min(room)))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, what: &str) -> String {
        let start = text.find(what).unwrap();
        let span = Span {
            start: u32::try_from(start).unwrap(),
            end: u32::try_from(start + what.len()).unwrap(),
        };
        let mut out = Vec::new();
        write(
            &mut out,
            Paint::new(Color::Never),
            "31",
            text,
            span,
            span.position(text),
        )
        .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn carets_stand_under_the_place() {
        assert_eq!(
            written("{\n\t\"é\": \"bad\"\n}", "\"bad\""),
            "   |\n 2 |  \"é\": \"bad\"\n   |       ^^^^^\n"
        );
    }

    #[test]
    fn what_is_hidden_takes_its_place() {
        assert_eq!(
            written("{\"a\u{202e}\u{2800}\": \"bad\"}", "\"bad\""),
            "   |\n 1 | {\"a\u{fffd}\u{fffd}\": \"bad\"}\n   |         ^^^^^\n"
        );
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = format!("{}X{}", "é".repeat(500), "b".repeat(500));
        let shown = written(&text, "X");
        let lines: Vec<&str> = shown.lines().collect();
        assert!(
            lines.iter().all(|line| line.chars().count() < WIDTH + 10),
            "{shown}"
        );
        let column = |line: &str, sign| line.chars().position(|other| other == sign);
        assert_eq!(column(lines[1], 'X'), column(lines[2], '^'));
    }
}
