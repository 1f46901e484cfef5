//! How much of the work grows with the number of requests that wait: none of it.

use crate::built::Functions;
use crate::endpoint::Calls;
use crate::functions::{self, FunctionsError, shown};
use crate::instructions;
use crate::place::Place;
use crate::report::{Report, figure};
use crate::workload::WORKLOADS;

/// How many requests wait.
const PENDING: [u64; 3] = [10, 1_000, 100_000];

/// The functions that look for requests, not only at one.
const LOOKING: [&str; 2] = ["intake", "sweeper"];

/// How far instructions may differ, in percent.
const TOLERANCE: f64 = 3.0;

/// Measures the same calls with few and with many requests in the ledger.
pub(crate) fn measure(
    place: &Place,
    functions: &Functions,
    report: &mut Report,
) -> Result<(), FunctionsError> {
    report.heading("growth: the same call with 10, 1,000 and 100,000 requests that wait");
    let endpoint = functions::endpoint(place)?;
    learn(place, functions, &endpoint)?;
    let mut rows: Vec<(&str, Vec<(Calls, f64)>)> = LOOKING.map(|name| (name, Vec::new())).into();
    for pending in PENDING {
        endpoint.held().store.pend(pending);
        for (name, found) in &mut rows {
            let Some((workload, built)) = WORKLOADS
                .iter()
                .find(|workload| workload.name == *name)
                .and_then(|workload| Some((workload, functions.get(*name)?)))
            else {
                continue;
            };
            let failed = |source| FunctionsError::Measure {
                function: workload.name,
                source,
            };
            let subject = functions::subject(place, &endpoint, workload, built)?;
            let calls = subject.figures().map_err(failed)?.when_warm;
            let counted = match instructions::are_counted() {
                true => subject.instructions().map_err(failed)?.warm,
                false => f64::NAN,
            };
            found.push((calls, counted));
        }
    }
    for (name, found) in &rows {
        verdict(name, found, report);
    }
    Ok(())
}

/// Has the intake take a request in that the others are copies of.
fn learn(
    place: &Place,
    functions: &Functions,
    endpoint: &crate::endpoint::Endpoint,
) -> Result<(), FunctionsError> {
    let intake = WORKLOADS.iter().find(|workload| workload.name == "intake");
    let Some((workload, built)) = intake.zip(functions.get("intake")) else {
        return Ok(());
    };
    endpoint.held().store.learns = true;
    let subject = functions::subject(place, endpoint, workload, built)?;
    let learned = subject.once().map_err(|source| FunctionsError::Measure {
        function: "intake",
        source,
    });
    endpoint.held().store.learns = false;
    learned
}

fn verdict(name: &str, found: &[(Calls, f64)], report: &mut Report) {
    let Some((first, instructions)) = found.first() else {
        return;
    };
    report.holds(
        &format!(
            "{name}: the same calls each time ({} in a series)",
            shown(first)
        ),
        found.iter().all(|(calls, _)| calls == first),
    );
    report.holds(
        &format!("{name}: no Scan"),
        !found
            .iter()
            .any(|(calls, _)| calls.contains_key("DynamoDB.Scan")),
    );
    let counts: Vec<String> = found.iter().map(|(_, count)| figure(*count)).collect();
    report.note(&format!(
        "{name}: {} instructions a call",
        counts.join(" / ")
    ));
    if instructions.is_finite() {
        let off = |count: &f64| (count / instructions - 1.0).abs() * 100.0;
        let worst = found
            .iter()
            .map(|(_, count)| off(count))
            .fold(0.0, f64::max);
        report.at_most(
            &format!("{name}: instructions differ by"),
            worst,
            TOLERANCE,
            "%",
        );
    }
}
