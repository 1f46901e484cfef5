//! What was called lately, without bodies and credentials.

use std::collections::{HashMap, VecDeque};

use axum::http::header;
use serde::Serialize;

use crate::call::Call;
use crate::clock;

/// How many calls are remembered.
const KEPT: usize = 1_000;

/// One call of the Table API or the token endpoint.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CallRecord {
    /// Counts from 1 since the start or the last reset.
    pub(crate) n: u64,
    pub(crate) at: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// Decoded `sysparm_…` parameters; none of the token endpoint.
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) table: String,
    pub(crate) sys_id: Option<String>,
    /// Names of the fields that a write sent.
    pub(crate) fields: Vec<String>,
    pub(crate) user: Option<String>,
    /// `basic`, `bearer` or nothing.
    pub(crate) scheme: Option<&'static str>,
    /// HTTP status; 0 if the caller went away before the answer.
    pub(crate) status: u16,
    /// The fault that hit it.
    pub(crate) fault: Option<&'static str>,
    /// Whether the caller sent a cookie back, which it should not.
    pub(crate) sent_cookie: bool,
    /// Length of path and query as sent.
    pub(crate) url_length: usize,
    pub(crate) millis: u64,
}

impl CallRecord {
    /// What the call itself says; the caller and the outcome are filled in later.
    pub(crate) fn of(call: &Call) -> Self {
        let parameters = if call.is_for_token() {
            Vec::new()
        } else {
            call.parameters.clone()
        };
        Self {
            n: 0,
            at: clock::stored_now(),
            method: call.method.to_string(),
            path: call.path.clone(),
            parameters,
            table: call.target.table.clone(),
            sys_id: call.target.sys_id.clone(),
            fields: call.sent_fields(),
            user: None,
            scheme: None,
            status: 0,
            fault: None,
            sent_cookie: call.headers.contains_key(header::COOKIE),
            url_length: call.url_length,
            millis: 0,
        }
    }
}

/// The recent calls and how many run at once.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    recent: VecDeque<CallRecord>,
    /// How many calls ended since the last reset.
    pub(crate) total: u64,
    in_flight: usize,
    /// The most that ran at once since the last reset.
    pub(crate) peak_in_flight: usize,
    /// Sessions with a call under way.
    busy: HashMap<String, usize>,
}

impl Calls {
    /// Notes that a call began; gives how many run now and whether its session is in use.
    pub(crate) fn begin(&mut self, session: Option<&str>) -> (usize, bool) {
        self.in_flight += 1;
        self.peak_in_flight = self.peak_in_flight.max(self.in_flight);
        let mut shared = false;
        if let Some(session) = session {
            let running = self.busy.entry(session.to_owned()).or_default();
            shared = *running > 0;
            *running += 1;
        }
        (self.in_flight, shared)
    }

    /// Notes that a call ended, answered or not.
    pub(crate) fn end(&mut self, session: Option<&str>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(session) = session {
            if let Some(running) = self.busy.get_mut(session) {
                *running -= 1;
            }
            self.busy.retain(|_, running| *running > 0);
        }
    }

    /// Remembers a call.
    pub(crate) fn remember(&mut self, mut record: CallRecord) {
        self.total += 1;
        record.n = self.total;
        if self.recent.len() == KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(record);
    }

    /// The remembered calls, oldest first.
    pub(crate) fn recent(&self) -> impl Iterator<Item = &CallRecord> {
        self.recent.iter()
    }

    /// Forgets the calls; those under way stay counted.
    pub(crate) fn clear(&mut self) {
        self.recent.clear();
        self.total = 0;
        self.peak_in_flight = self.in_flight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_at_once_and_shared_sessions_are_seen() {
        let mut calls = Calls::default();
        assert_eq!(calls.begin(Some("s")), (1, false));
        assert_eq!(calls.begin(Some("s")), (2, true));
        calls.end(Some("s"));
        calls.end(Some("s"));
        assert_eq!(calls.begin(Some("s")), (1, false));
        assert_eq!(calls.peak_in_flight, 2);
        calls.clear();
        assert_eq!(calls.peak_in_flight, 1);
    }
}
