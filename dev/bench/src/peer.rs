//! The same authorizer in Python, in AWS's own runtime client for Python.

use std::sync::Arc;

use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::function::Start;
use crate::measure::{Figures, MeasureError, Subject};
use crate::place::{Place, PlaceError};
use crate::report::{Report, figure};
use crate::workload;

/// Why there is nothing to compare with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PeerError {
    /// There is no folder for what it says.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// It could not be measured.
    #[error("the authorizer in Python")]
    Measure(#[from] MeasureError),
}

/// Measures the peer beside the figures of the authorizer, which handled the same event.
pub(crate) fn compare(
    place: &Place,
    endpoint: &Endpoint,
    event: &Arc<Vec<u8>>,
    ours: &Figures,
    report: &mut Report,
) -> Result<(), PeerError> {
    let folder = place.path("dev/bench/peer");
    let mut environment = workload::environment(endpoint);
    for (name, value) in [
        ("PYTHONPATH", folder.display().to_string()),
        ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        ("LAMBDA_TASK_ROOT", folder.display().to_string()),
    ] {
        environment.push((name.to_owned(), value));
    }
    let subject = Subject {
        start: Start {
            command: vec![
                place.python(),
                "-m".into(),
                "awslambdaric".into(),
                "authorizer.handler".into(),
            ],
            environment,
            log: place.scratch("peer")?.join("log.txt"),
        },
        endpoint,
        event: Arc::clone(event),
        calls: 1_000,
    };
    let theirs = subject.figures()?;
    report.heading(
        "authorizer beside the same in Python (boto3, awslambdaric; same run, same inputs)",
    );
    for (what, ours, theirs, unit) in [
        ("init CPU", ours.init / 1_000.0, theirs.init / 1_000.0, "ms"),
        (
            "first call CPU",
            ours.first / 1_000.0,
            theirs.first / 1_000.0,
            "ms",
        ),
        ("warm call CPU", ours.warm, theirs.warm, "µs"),
        (
            "calls in a second (wall clock)",
            ours.rate,
            theirs.rate,
            "/s",
        ),
        ("memory", ours.memory, theirs.memory, "MB"),
    ] {
        let (ours, theirs) = (figure(ours), figure(theirs));
        report.note(&format!(
            "{what:<32} Rust {ours:>9} {unit:<3} Python {theirs:>9} {unit}"
        ));
    }
    report.holds(
        "both give the same answer",
        same(&ours.answer, &theirs.answer),
    );
    report.aims_above(
        "init CPU, Python to Rust",
        theirs.init / ours.init,
        [80.0, 50.0],
        "times",
    );
    report.aims_above(
        "warm CPU, Python to Rust",
        theirs.warm / ours.warm,
        [4.0, 2.0],
        "times",
    );
    report.note(&format!(
        "calls in a second, Rust to Python: {} times",
        figure(ours.rate / theirs.rate)
    ));
    Ok(())
}

/// Whether two answers say the same. Members without a value count as absent.
fn same(ours: &[u8], theirs: &[u8]) -> bool {
    let read = |text| {
        serde_json::from_slice::<Value>(text).map(|mut answer| {
            prune(&mut answer);
            answer
        })
    };
    matches!((read(ours), read(theirs)), (Ok(ours), Ok(theirs)) if ours == theirs && ours.is_object())
}

fn prune(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|_, member| !member.is_null());
        members.values_mut().for_each(prune);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_and_null_are_the_same() {
        assert!(same(br#"{"a":{"b":1,"c":null}}"#, br#"{"a":{"b":1}}"#));
        assert!(!same(br#"{"a":1}"#, br#"{"a":2}"#));
        assert!(!same(b"x", b"x"));
    }
}
