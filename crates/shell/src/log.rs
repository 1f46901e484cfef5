//! Structured logs: one JSON object a line on standard output.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The crates whose logs are our own.
const OURS: [&str; 9] = [
    "shell",
    "authorizer",
    "intake",
    "dispatcher",
    "approval",
    "provisioner",
    "reporter",
    "sweeper",
    "servicenow",
];

/// Starts logging. `RUST_LOG` sets the level; the SDK's own logs stay at `warn`, because below
/// it they hold requests.
pub fn start() {
    let ours = match std::env::var("RUST_LOG").unwrap_or_default().as_str() {
        "error" => LevelFilter::ERROR,
        "warn" => LevelFilter::WARN,
        "debug" => LevelFilter::DEBUG,
        _ => LevelFilter::INFO,
    };
    let targets = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_targets(OURS.map(|name| (name, ours)));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_ansi(false);
    let subscriber = tracing_subscriber::registry().with(targets).with(lines);
    // A second start in one process (tests) keeps the first.
    let _ = subscriber.try_init();
}

/// An error with everything beneath it, in one line, for the log at the boundary.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}
