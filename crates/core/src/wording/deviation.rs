//! What was found otherwise in IAM: for the ticket.

use crate::markup::{Text, code};
use crate::record::{BlockedBecause, Deviation, DeviationReport, RequestRecord};

/// Whether a report is about access that outlives its end.
fn outlives(report: &DeviationReport) -> bool {
    let mut found = report.found.iter();
    found.any(|one| one.is_still_there() || *one == Deviation::Parked)
}

/// What a report says first: whether access outlives its end, or something changed during it.
pub(crate) fn status(report: &DeviationReport) -> &'static str {
    match outlives(report) {
        true => "Access not removed",
        false => "Changed in IAM",
    }
}

/// What a report says, in lines.
pub(crate) fn lines(record: &RequestRecord, report: &DeviationReport) -> Vec<Text> {
    let mut lines: Vec<Text> = report.found.iter().map(|one| line(record, one)).collect();
    let is_parked = report.found.contains(&Deviation::Parked);
    lines.extend(match (outlives(report), is_parked) {
        (true, true) => vec![
            Text::new(
                "The access may still be in effect. Snowgate tries to remove it once a day from now \
                 on, without end, and its operators have been alerted.",
            ),
            Text::new(format!(
                "Where it can't be removed, as in an AWS account that was closed, the security team \
                 can end the attempts: {}.",
                code(&format!("snowgate requests abandon {}", record.id()))
            )),
        ],
        (true, false) => vec![Text::new(
            "The access may still be in effect. Snowgate keeps trying to remove it, and its \
             operators have been alerted.",
        )],
        (false, _) => Vec::new(),
    });
    lines
}

fn line(record: &RequestRecord, deviation: &Deviation) -> Text {
    let who = super::principal(&record.request().target);
    let line = match deviation {
        Deviation::Missing { change } if change.is_of_user() => format!(
            "the policy by which {} ends by itself was changed in IAM by someone. The user ends as \
             planned.",
            change.in_words()
        ),
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
        Deviation::StillThere { change, because } if change.is_of_user() => format!(
            "{} could not be ended. {}",
            change.in_words(),
            because.in_words()
        ),
        Deviation::StillThere { change, because } => format!(
            "{} is still there. {}",
            change.in_words(),
            because.in_words()
        ),
        Deviation::Parked => "it could not be removed for a day.".to_owned(),
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
        Deviation::Missing { change } if change.is_of_user() => Some(Text::new(format!(
            "The policy by which {} ends by itself had been changed in IAM by someone before.",
            change.in_words()
        ))),
        Deviation::Missing { change } => Some(
            Text::new(format!(
                "{} had been changed in IAM by someone before.",
                change.in_words()
            ))
            .capitalized(),
        ),
        Deviation::StillThere { .. } | Deviation::Parked => None,
    });
    told.collect()
}

/// That the user of a request which failed was not deleted, if it was not.
pub(crate) fn user_left(record: &RequestRecord) -> Option<Text> {
    let is_left = |one: &Deviation| {
        matches!(one, Deviation::StillThere { change, because: BlockedBecause::UserLeft }
            if change.is_of_user())
    };
    let left = record.deviations().any(is_left) && record.request().creates_user();
    left.then(|| {
        let who = super::principal(&record.request().target);
        Text::new(format!(
            "{who} was created and could not be deleted. It is denied everything, and a person has to look at it."
        ))
    })
}

/// What could not be removed of access that was abandoned, when, and what stood in the way: the last that
/// was found of each change. Some of it may have been removed since.
pub(crate) fn abandoned(record: &RequestRecord) -> Vec<Text> {
    let mut last = Vec::new();
    for report in record.deviation_reports() {
        for found in &report.found {
            if let Deviation::StillThere { change, because } = found {
                last.retain(|(other, _, _)| *other != change);
                last.push((change, because, report.at));
            }
        }
    }
    let told = last.into_iter().map(|(change, because, at)| {
        let (what, when, why) = (
            change.in_words(),
            super::time::date_time(at),
            because.in_words(),
        );
        Text::new(format!("{what} could not be removed on {when}. {why}")).capitalized()
    });
    told.collect()
}
