//! Every function: size, start, first call, later calls, memory, connections.

use std::io;
use std::sync::Arc;

use crate::built::{Built, Functions};
use crate::certificate::{self, CertificateError};
use crate::endpoint::{Calls, Endpoint};
use crate::function::Start;
use crate::instructions;
use crate::measure::{Counted, Figures, MeasureError, Subject};
use crate::peer::{self, PeerError};
use crate::place::{Place, PlaceError};
use crate::report::{Report, figure};
use crate::workload::{self, WORKLOADS, Workload, WorkloadError};

/// Warm calls after which memory may have grown by a megabyte.
const MANY: u64 = 50_000;

/// Why functions could not be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FunctionsError {
    /// No certificate for the local endpoint.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The local endpoint could not be started.
    #[error("the local endpoint could not be started")]
    Endpoint(#[from] io::Error),
    /// No event.
    #[error(transparent)]
    Workload(#[from] WorkloadError),
    /// No folder for what it says.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// A function could not be measured.
    #[error("`{function}`")]
    Measure {
        /// The function.
        function: &'static str,
        /// The step that failed.
        source: MeasureError,
    },
    /// The peer could not be measured.
    #[error(transparent)]
    Peer(#[from] PeerError),
}

/// Starts the services that functions call.
pub(crate) fn endpoint(place: &Place) -> Result<Endpoint, FunctionsError> {
    let endpoint = Endpoint::start(certificate::make(place)?)?;
    workload::fill(&endpoint);
    Ok(endpoint)
}

/// A function with its work, ready to be measured.
pub(crate) fn subject<'a>(
    place: &Place,
    endpoint: &'a Endpoint,
    workload: &Workload,
    built: &Built,
) -> Result<Subject<'a>, FunctionsError> {
    Ok(Subject {
        start: Start {
            command: vec![built.bootstrap.clone()],
            environment: workload::environment(endpoint),
            log: place.scratch(workload.name)?.join("log.txt"),
        },
        endpoint,
        event: Arc::new(workload.event(place)?),
        calls: workload.series,
    })
}

/// Measures the functions: all, or those that are named.
pub(crate) fn measure(
    place: &Place,
    functions: &Functions,
    only: &[String],
    report: &mut Report,
) -> Result<(), FunctionsError> {
    let endpoint = endpoint(place)?;
    let measured = |name: &str| WORKLOADS.iter().any(|workload| workload.name == name);
    report.holds(
        "every function of the template is measured",
        functions.keys().all(|name| measured(name)),
    );
    if !instructions::are_counted() {
        report.note(
            "valgrind is not here (local/packages.sh installs it): no instructions are counted",
        );
    }
    for workload in &WORKLOADS {
        let wanted = only.is_empty() || only.iter().any(|name| name == workload.name);
        let Some(built) = functions.get(workload.name).filter(|_| wanted) else {
            continue;
        };
        let failed = |source| FunctionsError::Measure {
            function: workload.name,
            source,
        };
        let subject = subject(place, &endpoint, workload, built)?;
        let figures = subject.figures().map_err(failed)?;
        report.heading(&format!("{} ({})", workload.name, workload.does));
        size(workload, built, report);
        if instructions::are_counted() {
            count(workload, subject.instructions().map_err(failed)?, report);
        }
        times(workload, &figures, report);
        calls(workload, &figures, report);
        if workload.name == "authorizer" {
            let growth = subject.growth(MANY).map_err(failed)?;
            report.at_most("memory after 50,000 more calls", growth, 1.0, "MB");
            peer::compare(place, &endpoint, &subject.event, &figures, report)?;
        }
        for operation in endpoint.refused() {
            report.holds(&format!("`{operation}` is not asked for"), false);
        }
    }
    Ok(())
}

/// A figure with the function it is of, for the list at the end.
fn named(workload: &Workload, figure: &str) -> String {
    format!("{}: {figure}", workload.name)
}

/// One client, or several: the targets differ.
fn for_clients(workload: &Workload, one: f64, several: f64) -> f64 {
    if workload.clients == 1 { one } else { several }
}

fn size(workload: &Workload, built: &Built, report: &mut Report) {
    let aim = for_clients(workload, 2.7, 3.2);
    let limits = [aim, workload.limits.zip];
    report.aims(&named(workload, "zip"), built.zipped, limits, "MB");
}

/// A function that fetches a secret connects and fetches in init, others in the first call: what
/// counts is both together.
fn count(workload: &Workload, counted: Counted, report: &mut Report) {
    report.note(&format!(
        "init {} and first call {} instructions",
        figure(counted.init),
        figure(counted.first)
    ));
    let aim = for_clients(workload, 1_200_000.0, 3_000_000.0) + 4_000_000.0;
    report.aims(
        &named(workload, "init and first call"),
        counted.init + counted.first,
        [aim, workload.limits.start],
        "instructions",
    );
    let limit = workload.limits.warm;
    // The design has an aim for the one call that every other call waits for.
    let aim = if workload.name == "authorizer" {
        105_000.0
    } else {
        limit
    };
    report.aims(
        &named(workload, "warm call"),
        counted.warm,
        [aim, limit],
        "instructions",
    );
}

fn times(workload: &Workload, figures: &Figures, report: &mut Report) {
    report.note(&format!(
        "CPU: init {} ms, first call {} ms, warm call {} µs; {} calls/s",
        figure(figures.init / 1_000.0),
        figure(figures.first / 1_000.0),
        figure(figures.warm),
        figure(figures.rate),
    ));
    // Entropy from the jitter of the processor takes 40 ms, in whatever phase it falls.
    let start = (figures.init + figures.first) / 1_000.0;
    report.at_most(
        &named(workload, "CPU of init and first call (jitter guard)"),
        start,
        10.0,
        "ms",
    );
    let memory = for_clients(workload, 8.0, 10.0);
    report.aims(
        &named(workload, "memory"),
        figures.memory,
        [memory, workload.limits.memory],
        "MB",
    );
}

fn calls(workload: &Workload, figures: &Figures, report: &mut Report) {
    report.at_most(
        &named(workload, "connections to the Runtime API"),
        figures.connections as f64,
        1.0,
        "",
    );
    let secret = "secretsmanager.GetSecretValue";
    let mut at_start = Calls::new();
    if workload.fetches > 0 {
        at_start.insert(secret.to_owned(), workload.fetches);
    }
    report.holds(
        &format!("at start: {}", shown(&at_start)),
        figures.at_start == at_start,
    );
    let warm: Calls = workload
        .calls
        .iter()
        .map(|(name, times)| ((*name).to_owned(), times * workload.series))
        .collect();
    let good = figures.when_warm == warm;
    let each: Calls = workload
        .calls
        .iter()
        .map(|(name, times)| ((*name).to_owned(), *times))
        .collect();
    report.holds(&format!("each warm call: {}", shown(&each)), good);
    if !good {
        report.note(&format!(
            "it called, in {} calls: {}",
            workload.series,
            shown(&figures.when_warm)
        ));
    }
    if figures.failed > 0 {
        report.holds("no call ends in an error", false);
    }
    let answer = String::from_utf8_lossy(&figures.answer);
    let start: String = answer.chars().take(100).collect();
    report.note(&format!("answer: {start}"));
}

/// Calls, in words.
pub(crate) fn shown(calls: &Calls) -> String {
    if calls.is_empty() {
        return "no call of AWS".to_owned();
    }
    let one = |(name, times): (&String, &u64)| format!("{times} × {name}");
    calls.iter().map(one).collect::<Vec<_>>().join(", ")
}
