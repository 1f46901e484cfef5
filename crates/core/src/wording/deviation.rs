//! What was found otherwise in IAM: for the ticket.

use crate::markup::{Text, code};
use crate::record::{Deviation, DeviationReport, RequestRecord};

/// What a report says first: whether access outlives its end, or something changed during it.
pub(crate) fn status(report: &DeviationReport) -> &'static str {
    match report.found.iter().any(Deviation::is_still_there) {
        true => "Access not removed",
        false => "Changed in IAM",
    }
}

/// What a report says, in lines.
pub(crate) fn lines(record: &RequestRecord, report: &DeviationReport) -> Vec<Text> {
    let mut lines: Vec<Text> = report.found.iter().map(|one| line(record, one)).collect();
    if status(report) == "Access not removed" {
        lines.push(Text::new(
            "The access may still be in effect. Snowgate keeps trying to remove it, and its \
             operators have been alerted.",
        ));
    }
    lines
}

fn line(record: &RequestRecord, deviation: &Deviation) -> Text {
    let who = super::principal(&record.request().target);
    let line = match deviation {
        Deviation::Missing { change } => format!(
            "{} is not in IAM as it was granted: someone changed it there. It is not granted again; \
             if it is still needed, request it again.",
            change.in_words()
        ),
        Deviation::Renamed { name } => format!(
            "{who} is named {} now. The access ends as planned.",
            code(name.as_str())
        ),
        Deviation::Gone => format!("{who} does not exist any more, and its access went with it."),
        Deviation::StillThere { change, because } => format!(
            "{} is still there. {}",
            change.in_words(),
            because.in_words()
        ),
    };
    Text::new(line).capitalized()
}

/// What the note on the end of access adds: that the principal is gone or renamed, and what was
/// not there to be removed.
pub(crate) fn at_the_end(record: &RequestRecord) -> Vec<Text> {
    let told = record.deviations().filter_map(|deviation| match deviation {
        Deviation::Gone => Some(line(record, deviation)),
        Deviation::Renamed { name } => {
            let who = super::principal(&record.request().target);
            let now = code(name.as_str());
            Some(Text::new(format!("{who} is named {now} now.")))
        }
        Deviation::Missing { change } => Some(
            Text::new(format!(
                "{} had been changed in IAM by someone before.",
                change.in_words()
            ))
            .capitalized(),
        ),
        Deviation::StillThere { .. } => None,
    });
    told.collect()
}
