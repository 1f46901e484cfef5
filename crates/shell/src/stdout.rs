//! Standard output, which Lambda takes for the log.

use std::io::Write as _;

/// Writes a whole line. What cannot be written is lost: there is nowhere left to say so.
pub(crate) fn write_line(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
}
