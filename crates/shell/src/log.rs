//! Structured logs: one JSON object a line on standard output.
//!
//! Each line has `timestamp`, `level`, `target`, `message`, the fields of the event, and, where
//! they are known, `request_id` (the request, from the span around what is done for it) and
//! `invocation_id` (Lambda's own id of the call, from the runtime's span). Other fields of spans
//! are not written. An error is counted as [`Metric::LoggedErrors`] by its own line.

use std::error::Error;
use std::fmt;
use std::panic::Location;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::environment::optional;
use crate::metrics::{self, Emitter, FUNCTIONS, Metric, Point};
use crate::stdout;

/// The crates whose level `RUST_LOG` sets, beside the functions' own.
const LIBRARIES: [&str; 3] = ["shell", "servicenow", "workflow"];

/// What is taken over from spans, and what it is called in the log.
const FROM_SPANS: [(&str, &str); 2] =
    [("request_id", "request_id"), ("requestId", "invocation_id")];

/// Starts logging, and metrics where the function knows its stack (`STACK`, and Lambda's
/// `AWS_LAMBDA_FUNCTION_NAME`). `RUST_LOG` sets the level of our own crates; the SDK's own logs
/// stay at `warn`, because below it they hold requests.
pub fn start() {
    if let (Some(stack), Some(name)) = (optional("STACK"), optional("AWS_LAMBDA_FUNCTION_NAME")) {
        metrics::start(Emitter::new(stack, &name));
    }
    let ours = match optional("RUST_LOG").as_deref() {
        Some("error") => LevelFilter::ERROR,
        Some("warn") => LevelFilter::WARN,
        Some("debug") => LevelFilter::DEBUG,
        _ => LevelFilter::INFO,
    };
    let targets = FUNCTIONS.into_iter().chain(LIBRARIES);
    let filter = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_targets(targets.map(|target| (target, ours)))
        // The span of an invocation, and nothing else at this level.
        .with_target("lambda_runtime::layers", LevelFilter::INFO);
    let lines = Lines {
        emitter: metrics::emitter().cloned(),
        write: stdout::write_line,
    };
    // A second start in one process (tests) keeps the first.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init();
    std::panic::set_hook(Box::new(|panic| ended(panic.location())));
}

/// Says where a bug ended the process, and nothing of what it was about: the text of a panic may
/// hold what must not be in a log. Lambda reports the end itself.
fn ended(place: Option<&Location<'_>>) {
    let place = place.map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, "a bug ended the process");
}

/// An error with everything beneath it, in one line, for the log at the boundary.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

/// Writes every event as a line.
struct Lines<W> {
    emitter: Option<Emitter>,
    write: W,
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: Fn(&str) + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Fields::default();
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.take(fields);
            }
        }
        // What the event itself says goes before what its spans say.
        event.record(&mut line);
        let (metadata, now) = (event.metadata(), crate::now());
        let Fields(mut line) = line;
        let mut put = |name: &str, text: &str| line.insert(name.to_owned(), Value::from(text));
        put("timestamp", &now.to_string());
        put("level", metadata.level().as_str());
        put("target", metadata.target());
        let ours = !metadata.target().starts_with("lambda_runtime");
        if let (Some(emitter), true) = (&self.emitter, ours && *metadata.level() == Level::ERROR) {
            emitter.embed(&mut line, &[Point::once(Metric::LoggedErrors)], now);
        }
        (self.write)(&Value::Object(line).to_string());
    }
}

/// The fields of a span or an event.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    /// Takes over what a span says, unless a nearer one said it.
    fn take(&mut self, span: &Self) {
        for (from, to) in FROM_SPANS {
            if let Some(value) = span.0.get(from) {
                self.0.entry(to).or_insert_with(|| value.clone());
            }
        }
    }
}

impl Visit for Fields {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.put(field, chain(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::json;
    use tracing::{error, error_span, info, info_span};

    use super::*;

    /// The lines that something writes, without their time.
    fn lines(emitter: Option<Emitter>, what: impl FnOnce()) -> Vec<Value> {
        let written = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&written);
        let write = move |line: &str| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let time = line.as_object_mut().unwrap().remove("timestamp");
            assert!(time.is_some_and(|at| at.as_str().unwrap().parse::<jiff::Timestamp>().is_ok()));
            sink.lock().unwrap().push(line);
        };
        let subscriber = tracing_subscriber::registry().with(Lines { emitter, write });
        tracing::subscriber::with_default(subscriber, what);
        std::mem::take(&mut *written.lock().unwrap())
    }

    #[test]
    fn a_line_names_the_request_and_the_invocation() {
        let lines = lines(None, || {
            let invocation = info_span!(
                "Lambda runtime invoke",
                requestId = "inv-1",
                xrayTraceId = "t"
            );
            let _invocation = invocation.enter();
            info!("before");
            let request = error_span!("request", request_id = %"req-1");
            let _request = request.enter();
            info!(state = %"Active", tried = 3_u32, "written down");
            info!(request_id = "req-2", "another");
        });
        let base =
            json!({"level": "INFO", "target": "shell::log::tests", "invocation_id": "inv-1"});
        let with = |more: Value| {
            let mut line = base.clone();
            line.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            line
        };
        let expected = [
            with(json!({"message": "before"})),
            with(
                json!({"message": "written down", "request_id": "req-1", "state": "Active", "tried": 3}),
            ),
            with(json!({"message": "another", "request_id": "req-2"})),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_panic_is_told_by_its_place_and_counted() {
        let emitter = Emitter::new("snowgate".to_owned(), "snowgate-intake");
        let here = Location::caller();
        let lines = lines(Some(emitter), || ended(Some(here)));
        let [line] = lines.as_slice() else {
            unreachable!("{lines:?}")
        };
        assert_eq!(line["place"], here.to_string());
        assert_eq!(
            (&line["message"], &line["LoggedErrors"]),
            (&json!("a bug ended the process"), &json!(1))
        );
    }

    #[test]
    fn an_error_counts_itself_and_nothing_else_does() {
        let emitter = Emitter::new("snowgate".to_owned(), "snowgate-reporter");
        let lines = lines(Some(emitter), || {
            info!("fine");
            error!(error = "no route", "the ticket could not be updated");
            error!(target: "lambda_runtime::runtime", "not ours");
        });
        assert_eq!(lines.len(), 3);
        let counted: Vec<_> = lines.iter().map(|line| line.get("LoggedErrors")).collect();
        assert_eq!(counted, [None, Some(&json!(1)), None]);
        assert_eq!(lines[1]["Function"], "reporter");
        assert_eq!(
            lines[1]["_aws"]["CloudWatchMetrics"],
            json!([{"Namespace": "Snowgate", "Dimensions": [["Stack", "Function"]],
                    "Metrics": [{"Name": "LoggedErrors", "Unit": "Count"}]}])
        );
    }
}
