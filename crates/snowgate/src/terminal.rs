//! What the operator sees.

use std::io::Write as _;

use iam_policy::foreign::characters::is_hidden;

/// Writes one line to standard output. A closed pipe is no reason to stop.
pub fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", shown(text));
    let _ = out.flush();
}

/// Writes one line to standard error: progress, which must not mix with what programs read.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", shown(text));
}

/// Writes an error with all its sources to standard error.
pub fn failure(error: &dyn std::error::Error) {
    note(&format!("error: {error}"));
    let mut source = error.source();
    while let Some(cause) = source {
        note(&format!("  because: {cause}"));
        source = cause.source();
    }
}

/// Text in which a terminal obeys nothing: what others write into files and answers is quoted where
/// it is put into words, and this is for whatever was not.
fn shown(text: &str) -> String {
    let seen = |c: char| match c {
        '\n' => c,
        hidden if is_hidden(hidden) => '\u{fffd}',
        seen => seen,
    };
    text.chars().map(seen).collect()
}
