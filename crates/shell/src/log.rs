//! Structured logs: one JSON object a line on standard output.

use tracing_subscriber::EnvFilter;

/// Starts logging. `RUST_LOG` sets the level; the SDK's own logs stay at `warn`, because below
/// it they hold requests.
pub fn start() {
    let level = std::env::var("RUST_LOG").unwrap_or_default();
    let ours = match level.as_str() {
        "error" | "warn" | "debug" => level.as_str(),
        _ => "info",
    };
    let filter = format!(
        "warn,shell={ours},authorizer={ours},intake={ours},dispatcher={ours},approval={ours},\
         provisioner={ours},reporter={ours},sweeper={ours},servicenow={ours}"
    );
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_ansi(false)
        .with_env_filter(EnvFilter::new(filter));
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
