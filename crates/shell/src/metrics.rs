//! Metrics in the log: CloudWatch's embedded metric format (EMF; CloudWatch User Guide,
//! "Specification: Embedded metric format"). No call, no agent: a line on standard output.
//!
//! Every metric is a variant of [`Metric`], every dimension one of [`Dimension`], and their values
//! come from enums too, so that nothing that a person typed can become one and their number stays
//! bounded. `metrics.json` beside this crate's manifest lists them for whoever refers to them:
//! the alarms and the dashboard of `template.yaml` are compared with it.

mod ledger;
mod metric;

pub use ledger::Metered;
pub use metric::{Dimension, Metric};

use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use snowgate_core::approval::Verdict;
use snowgate_core::id::RequestId;
use snowgate_core::lifecycle::State;

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Snowgate";

/// The functions, by the names of their crates and binaries, as they appear in the dimension
/// `Function`.
pub(crate) const FUNCTIONS: [&str; 8] = [
    "authorizer",
    "intake",
    "directory",
    "dispatcher",
    "approval",
    "provisioner",
    "reporter",
    "sweeper",
];

/// One measured value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    metric: Metric,
    value: i64,
    /// The value of the metric's dimension, except for the function, which the emitter knows.
    of: Option<String>,
}

impl Point {
    /// Something happened once.
    #[must_use]
    pub const fn once(metric: Metric) -> Self {
        Self::of(metric, 1)
    }

    /// A request came to a state.
    #[must_use]
    pub fn state(state: State) -> Self {
        Self {
            of: Some(state.to_string()),
            ..Self::once(Metric::States)
        }
    }

    /// Something happened so often.
    #[must_use]
    pub fn times(metric: Metric, count: u32) -> Self {
        Self::of(metric, count.into())
    }

    /// A slot was decided.
    #[must_use]
    pub fn decision(verdict: Verdict) -> Self {
        let verdict = match verdict {
            Verdict::Approve => "approve",
            Verdict::Deny => "deny",
        };
        Self {
            of: Some(verdict.to_owned()),
            ..Self::once(Metric::Decisions)
        }
    }

    /// A time, never below zero: clocks differ a little.
    #[must_use]
    pub fn seconds(metric: Metric, from: Timestamp, to: Timestamp) -> Self {
        Self::of(metric, to.duration_since(from).as_secs().max(0))
    }

    const fn of(metric: Metric, value: i64) -> Self {
        Self {
            metric,
            value,
            of: None,
        }
    }
}

/// Who measures: the stack and the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emitter {
    stack: String,
    function: &'static str,
}

static EMITTER: OnceLock<Emitter> = OnceLock::new();

impl Emitter {
    /// The emitter of a function, by the names that Lambda gives it: `function_name` is
    /// `<stack>-<function>`.
    #[must_use]
    pub fn new(stack: String, function_name: &str) -> Self {
        let own = function_name
            .strip_prefix(stack.as_str())
            .and_then(|rest| rest.strip_prefix('-'));
        let function = FUNCTIONS.into_iter().find(|known| Some(*known) == own);
        Self {
            stack,
            function: function.unwrap_or("other"),
        }
    }

    /// Adds what makes a line of the log a carrier of metrics.
    pub fn embed(&self, line: &mut Map<String, Value>, points: &[Point], at: Timestamp) {
        let directives: Vec<_> = points
            .iter()
            .map(|point| self.directive(line, point))
            .collect();
        line.insert("Stack".to_owned(), json!(self.stack));
        let meta = json!({ "Timestamp": at.as_millisecond(), "CloudWatchMetrics": directives });
        line.insert("_aws".to_owned(), meta);
    }

    fn directive(&self, line: &mut Map<String, Value>, point: &Point) -> Value {
        let name = point.metric.name();
        line.insert(name.to_owned(), json!(point.value));
        let mut dimensions = vec!["Stack"];
        if let Some(dimension) = point.metric.dimension() {
            let value = match (dimension, &point.of) {
                (Dimension::Function, _) => self.function,
                (_, Some(value)) => value.as_str(),
                (_, None) => "other",
            };
            line.insert(dimension.name().to_owned(), json!(value));
            dimensions.push(dimension.name());
        }
        json!({
            "Namespace": NAMESPACE,
            "Dimensions": [dimensions],
            "Metrics": [{ "Name": name, "Unit": point.metric.unit() }],
        })
    }

    /// One line with nothing but metrics, and the request that they are about where there is one.
    fn line(&self, points: &[Point], request: Option<&RequestId>, at: Timestamp) -> String {
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), json!(at.to_string()));
        line.insert("level".to_owned(), json!("INFO"));
        line.insert("message".to_owned(), json!("measured"));
        if let Some(request) = request {
            line.insert("request_id".to_owned(), json!(request.as_str()));
        }
        self.embed(&mut line, points, at);
        Value::Object(line).to_string()
    }
}

/// Says who measures, once. Until then nothing is emitted, as in tests.
pub(crate) fn start(emitter: Emitter) {
    // A second start in one process keeps the first.
    let _ = EMITTER.set(emitter);
}

/// The emitter of this process, once it was started.
pub(crate) fn emitter() -> Option<&'static Emitter> {
    EMITTER.get()
}

/// Writes points about a request into the log.
fn emit(points: &[Point], request: &RequestId, at: Timestamp) {
    write(points, Some(request), at);
}

/// Writes points about a run of a function into the log.
pub fn measure_run(points: &[Point], at: Timestamp) {
    write(points, None, at);
}

fn write(points: &[Point], request: Option<&RequestId>, at: Timestamp) {
    if let (Some(emitter), false) = (emitter(), points.is_empty()) {
        crate::stdout::write_line(&emitter.line(points, request, at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn emitter() -> Emitter {
        Emitter::new("snowgate".to_owned(), "snowgate-provisioner")
    }

    #[test]
    fn a_line_is_as_the_specification_has_it() {
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let id = RequestId::from_random([7; 16]);
        let points = [
            Point::state(State::Active),
            Point::seconds(
                Metric::TimeToAccess,
                at - jiff::SignedDuration::from_secs(12),
                at,
            ),
            Point::once(Metric::Retries),
        ];
        let line = emitter().line(&points, Some(&id), at);
        assert!(!line.contains('\n'), "one line");
        let found: Value = serde_json::from_str(&line).unwrap();
        let directive = |dimensions: Value, name: &str, unit: &str| {
            json!({"Namespace": "Snowgate", "Dimensions": [dimensions],
                   "Metrics": [{"Name": name, "Unit": unit}]})
        };
        let expected = json!({
            "timestamp": "2027-01-15T08:00:00Z",
            "level": "INFO",
            "message": "measured",
            "request_id": "req-07070707070707070707070707070707",
            "Stack": "snowgate",
            "State": "Active",
            "Function": "provisioner",
            "States": 1,
            "TimeToAccess": 12,
            "Retries": 1,
            "_aws": {
                "Timestamp": 1_800_000_000_000_i64,
                "CloudWatchMetrics": [
                    directive(json!(["Stack", "State"]), "States", "Count"),
                    directive(json!(["Stack"]), "TimeToAccess", "Seconds"),
                    directive(json!(["Stack", "Function"]), "Retries", "Count"),
                ],
            },
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn the_list_for_others_is_complete() {
        let listed: Value = serde_json::from_str(include_str!("../metrics.json")).unwrap();
        let metrics = Metric::ALL.map(|metric| {
            let by = metric.dimension().map(Dimension::name);
            let mut dimensions = vec!["Stack"];
            dimensions.extend(by);
            (
                metric.name(),
                json!({"unit": metric.unit(), "dimensions": dimensions}),
            )
        });
        let metrics: serde_json::Map<_, _> = metrics
            .map(|(name, entry)| (name.to_owned(), entry))
            .into_iter()
            .collect();
        assert_eq!(metrics.len(), Metric::ALL.len(), "no name is used twice");
        let expected = json!({"namespace": NAMESPACE, "functions": FUNCTIONS, "metrics": metrics});
        assert_eq!(listed, expected);
    }

    #[test]
    fn only_known_functions_become_a_dimension() {
        let named = |name| Emitter::new("snowgate".to_owned(), name).function;
        assert_eq!(named("snowgate-reporter"), "reporter");
        for odd in ["reporter", "snowgate-", "snowgate-rita", "other-reporter"] {
            assert_eq!(named(odd), "other");
        }
    }

    #[test]
    fn a_time_is_never_below_zero() {
        let at = Timestamp::from_second(100).unwrap();
        let later = Timestamp::from_second(103).unwrap();
        assert_eq!(
            Point::seconds(Metric::TotalTimeToAccess, later, at).value,
            0
        );
        assert_eq!(
            Point::seconds(Metric::TotalTimeToAccess, at, later).value,
            3
        );
    }
}
