//! One function, watched while it starts, answers its first call, and answers many.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::endpoint::{Calls, Endpoint};
use crate::function::{ProcessError, Running, Start};
use crate::report::median;
use crate::runtime_api::{RuntimeApi, RuntimeError};

/// How often a function is started to find the medians.
const STARTS: usize = 7;

/// How many series of warm calls the median is taken of.
const SERIES: u64 = 5;

/// Calls whose instructions are counted.
const COUNTED: u64 = 100;

/// How often a count is tried.
const ATTEMPTS: usize = 4;

/// Why a function could not be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MeasureError {
    /// Its process.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// What it did with the Runtime API.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// Its instructions could not be counted.
    #[error("the instructions of `{0}` were not counted")]
    Uncounted(String),
}

/// What is measured, and what it works on.
pub(crate) struct Subject<'a> {
    /// How it is started; the Runtime API is added.
    pub(crate) start: Start,
    /// The services it calls.
    pub(crate) endpoint: &'a Endpoint,
    /// What it is asked each time.
    pub(crate) event: Arc<Vec<u8>>,
    /// How many warm calls a series has.
    pub(crate) calls: u64,
}

/// Times, memory and calls.
#[derive(Debug)]
pub(crate) struct Figures {
    /// CPU until it asks for its first event, in microseconds.
    pub(crate) init: f64,
    /// CPU of the first call, in microseconds.
    pub(crate) first: f64,
    /// CPU of a later call, in microseconds.
    pub(crate) warm: f64,
    /// Later calls in a second of wall-clock time.
    pub(crate) rate: f64,
    /// Memory after all calls, in megabytes.
    pub(crate) memory: f64,
    /// Connections to the Runtime API.
    pub(crate) connections: u64,
    /// Calls of AWS before the first event.
    pub(crate) at_start: Calls,
    /// Calls of AWS for each series of warm calls.
    pub(crate) when_warm: Calls,
    /// The last answer.
    pub(crate) answer: Vec<u8>,
    /// Calls that ended in an error.
    pub(crate) failed: u64,
}

/// Instructions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    /// Until it asks for its first event.
    pub(crate) init: f64,
    /// Of the first call.
    pub(crate) first: f64,
    /// Of a later call.
    pub(crate) warm: f64,
}

impl Subject<'_> {
    fn begin(&self, counted: bool) -> Result<(RuntimeApi, Running), MeasureError> {
        let api = RuntimeApi::start()?;
        let mut start = self.start.clone();
        let variable = "AWS_LAMBDA_RUNTIME_API".to_owned();
        start.environment.push((variable, api.address()));
        let running = if counted {
            start.counted()
        } else {
            start.plainly()
        }?;
        api.wait()?;
        if !counted {
            // What remains to be done after the request for the next event was sent.
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok((api, running))
    }

    /// Starts it several times, and lets the last one work.
    pub(crate) fn figures(&self) -> Result<Figures, MeasureError> {
        let (mut init, mut first) = (Vec::new(), Vec::new());
        let mut last = None;
        for _ in 0..STARTS {
            drop(last.take());
            self.endpoint.calls();
            let (api, running) = self.begin(false)?;
            let at_start = self.endpoint.calls();
            let started = running.cpu()?;
            api.order(&self.event, 1)?;
            std::thread::sleep(Duration::from_millis(5));
            init.push(started);
            first.push(running.cpu()? - started);
            // Ended in this order: the function, then what it talks to.
            last = Some((running, api, at_start));
        }
        let Some((running, api, at_start)) = last else {
            return Err(RuntimeError::Silent.into());
        };
        let (mut warm, mut rate) = (Vec::new(), Vec::new());
        let mut answers = api.order(&self.event, self.calls)?;
        let mut when_warm = Calls::new();
        for _ in 0..SERIES {
            self.endpoint.calls();
            let (before, begun) = (running.cpu()?, Instant::now());
            answers = api.order(&self.event, self.calls)?;
            let seconds = begun.elapsed().as_secs_f64();
            warm.push((running.cpu()? - before) / self.calls as f64);
            rate.push(self.calls as f64 / seconds);
            when_warm = self.endpoint.calls();
        }
        Ok(Figures {
            init: median(init),
            first: median(first),
            warm: median(warm),
            rate: median(rate),
            memory: running.memory()?,
            connections: api.connections(),
            at_start,
            when_warm,
            answer: answers.last,
            failed: answers.failed,
        })
    }

    /// Starts it and has it handle one event.
    pub(crate) fn once(&self) -> Result<(), MeasureError> {
        let (api, running) = self.begin(false)?;
        api.order(&self.event, 1)?;
        drop(running);
        Ok(())
    }

    /// Counts instructions: of a start, of a start with one call, of a start with many.
    pub(crate) fn instructions(&self) -> Result<Counted, MeasureError> {
        let [none, one, many] = [0, 1, 1 + COUNTED].map(|calls| self.count(calls));
        let (none, one, many) = (none?, one?, many?);
        Ok(Counted {
            init: none,
            first: one - none,
            warm: (many - one) / COUNTED as f64,
        })
    }

    /// Counts a start with so many calls. A machine that is busy may make a function that is
    /// watched give a connection up and open another; the
    /// least of several counts is taken then.
    fn count(&self, calls: u64) -> Result<f64, MeasureError> {
        let mut least: Option<f64> = None;
        for _ in 0..ATTEMPTS {
            self.endpoint.connections();
            let (api, running) = self.begin(true)?;
            if calls > 0 {
                api.order(&self.event, calls)?;
            }
            least = running
                .end()
                .map(|count| least.map_or(count, |least| least.min(count)));
            if self.endpoint.connections() <= 1 {
                break;
            }
        }
        least.ok_or_else(|| MeasureError::Uncounted(self.start.log.display().to_string()))
    }

    /// How much memory many calls add, in megabytes.
    pub(crate) fn growth(&self, calls: u64) -> Result<f64, MeasureError> {
        let (api, running) = self.begin(false)?;
        api.order(&self.event, 1_000)?;
        let before = running.memory()?;
        api.order(&self.event, calls)?;
        let after = running.memory()?;
        drop(running);
        Ok(after - before)
    }
}
