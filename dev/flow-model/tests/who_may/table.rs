//! Cells, and tables that people read: stages with the same answer stand together.

use std::fmt::Write as _;

use crate::stage::Stage;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Yes,
    Already,
    No,
}

impl Verdict {
    const fn in_words(self) -> &'static str {
        match self {
            Self::Yes => "**yes**",
            Self::Already => "*already*",
            Self::No => "no",
        }
    }
}

/// Whether it was done, and what came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    verdict: Verdict,
    answer: String,
}

impl Cell {
    pub(crate) const fn new(verdict: Verdict, answer: String) -> Self {
        Self { verdict, answer }
    }
}

/// A table with a row for each person and answer.
pub(crate) fn table(rows: &[(String, Vec<(Stage, Cell)>)]) -> String {
    let mut text =
        "| who | while the request is | may | and sees |\n|---|---|---|---|\n".to_owned();
    // Who sees the same everywhere stands together.
    let mut people: Vec<(String, &Vec<(Stage, Cell)>)> = Vec::new();
    for (who, cells) in rows {
        match people.iter_mut().find(|(_, known)| *known == cells) {
            Some((all, _)) => write!(all, "<br>{who}").unwrap(),
            None => people.push((who.clone(), cells)),
        }
    }
    for (who, cells) in &people {
        let mut answers: Vec<(&Cell, Vec<&str>)> = Vec::new();
        for (stage, cell) in cells.iter() {
            match answers.iter_mut().find(|(known, _)| *known == cell) {
                Some((_, stages)) => stages.push(stage.in_words()),
                None => answers.push((cell, vec![stage.in_words()])),
            }
        }
        let all = answers.len() == 1;
        for (nth, (cell, stages)) in answers.iter().enumerate() {
            let who = if nth == 0 { who.as_str() } else { "" };
            let stages = if all {
                "anything".to_owned()
            } else {
                stages.join(", ")
            };
            let (may, answer) = (cell.verdict.in_words(), &cell.answer);
            writeln!(text, "| {who} | {stages} | {may} | {answer} |").unwrap();
        }
    }
    text
}

/// A table of people and what came of it, without stages.
pub(crate) fn plain(head: &str, rows: &[(String, Cell)]) -> String {
    let mut text = format!("{head}\n|---|---|---|\n");
    for (who, cell) in rows {
        let (may, answer) = (cell.verdict.in_words(), &cell.answer);
        writeln!(text, "| {who} | {may} | {answer} |").unwrap();
    }
    text
}
