//! The rows of the audit trail: one for each change, each with the hash of the one before.

use jiff::Timestamp;

use super::parked::abandons_only_what_is_parked;
use super::{Delivery, DeliveryOutcome, DeviationReport, Event, Phase, RequestRecord};
use crate::audit::{AuditHead, Audited, KnownRows, TrailEvidence, TrailFault, TrailRow, since_of};
use crate::canonical::CanonicalError;
use crate::effect::EffectChange;
use crate::id::RequestId;
use crate::lifecycle::{Actor, State};
use crate::stored::{self, ReadError};

/// One row of a request's trail.
pub type AuditRow = TrailRow<RequestRecord>;

impl Event {
    /// Whether this ends something and gives nothing. It is written even where the trail is
    /// broken: nothing that ends access depends on one row being right.
    #[must_use]
    pub const fn only_ends(&self) -> bool {
        matches!(
            self,
            Self::RevocationRequested { .. }
                | Self::RevocationStarted
                | Self::Revoked { .. }
                | Self::Abandoned { .. }
                | Self::Failed { .. }
                | Self::Expired
                | Self::Withdrawn { .. }
        )
    }
}

impl Audited for RequestRecord {
    type Id = RequestId;
    type Event = Event;
    type State = State;

    const PURPOSE: &'static str = "snowgate/audit/1";

    fn id(&self) -> &RequestId {
        self.id()
    }

    fn state(&self) -> State {
        self.state()
    }

    fn version(&self) -> u64 {
        self.version()
    }

    fn audit(&self) -> &AuditHead {
        self.audit()
    }

    fn follows_from(&self, rows: &[AuditRow]) -> bool {
        self.is_what_rows_come_to(rows)
    }

    fn broken(self, fault: TrailFault, next: u64, rows: KnownRows<'_>) -> Self {
        let (record, evidence) = match rows {
            KnownRows::First(rows) => {
                let evidence = TrailEvidence::of_part(rows, self.id());
                (self, evidence)
            }
            KnownRows::All(rows) => {
                let evidence = match fault {
                    TrailFault::Head => TrailEvidence::of_part(rows, self.id()),
                    _ => TrailEvidence::of(rows, &self),
                };
                let read: Vec<AuditRow> = rows.iter().filter_map(|row| row.read().ok()).collect();
                (self.with_deliveries_of(&read), evidence)
            }
        };
        record.with_broken_trail(fault, next, evidence)
    }

    fn write_row(row: &AuditRow) -> Result<String, CanonicalError> {
        stored::write(row)
    }

    fn read_row(text: &str) -> Result<AuditRow, ReadError> {
        stored::read(text)
    }
}

impl RequestRecord {
    /// What is wrong with the audit trail of this record; none where it is whole.
    #[must_use]
    pub const fn trail_fault(&self) -> Option<TrailFault> {
        self.head.audit.fault
    }

    /// What the rows of a broken trail say of access; nothing where the trail is whole.
    #[must_use]
    pub const fn evidence(&self) -> &TrailEvidence {
        &self.evidence
    }

    /// The same record, whose trail was found broken and says this, and whose next row has this place
    /// or a later one.
    #[must_use]
    pub fn with_broken_trail(
        mut self,
        fault: TrailFault,
        next: u64,
        evidence: TrailEvidence,
    ) -> Self {
        let head = &mut self.head.audit;
        head.fault = Some(fault);
        head.count = head.count.max(next);
        self.evidence = evidence;
        self
    }

    /// The same record, with the user that it created, where its broken trail does not say which: the user's
    /// own record and IAM do. One that is known otherwise stays.
    #[must_use]
    pub fn with_created_user(mut self, unique_id: &str) -> Self {
        if self.trail_fault().is_some() && self.unique_id().is_none() {
            self.evidence.created_user = Some(unique_id.to_owned());
        }
        self
    }

    /// The same record, believed of which user it created whatever became of its trail: to look whether more
    /// of it is to be read, and for nothing else.
    #[must_use]
    pub fn at_its_word(mut self) -> Self {
        self.evidence
            .created_user
            .clone_from(&self.head.created_user);
        self
    }

    /// Whether an event is taken although the trail is broken: one that only ends something, or says
    /// what stands in the way of an end, or, where that may be told, how far a message is.
    pub(super) const fn takes_despite_fault(&self, event: &Event) -> bool {
        let delivery = matches!(
            event,
            Event::DeliveryClaimed { .. }
                | Event::DeliverySent { .. }
                | Event::DeliverySkipped { .. }
        );
        let found = matches!(event, Event::DeviationsFound { .. });
        // A request of which something may be in IAM has not come to an end of those who never got any.
        let ends = event.only_ends()
            && !(self.evidence.may_be_begun
                && matches!(event, Event::Expired | Event::Withdrawn { .. }));
        ends || found || (delivery && self.may_be_told())
    }

    /// Whether people and ticket may be told what this record says: its trail is whole, or the
    /// request has ended and the last row bears that out.
    pub(super) const fn may_be_told(&self) -> bool {
        match self.trail_fault() {
            None => true,
            Some(TrailFault::Head) => false,
            Some(_) => self.state().is_terminal(),
        }
    }

    /// Whether what the record says is what these rows, which are its trail, come to.
    fn is_what_rows_come_to(&self, rows: &[AuditRow]) -> bool {
        let Some(first) = rows.first() else {
            return false;
        };
        let client = Actor::Client {
            client: self.client().clone(),
        };
        let received = Event::Received {
            request: self.head.request_digest.clone(),
        };
        first.event == received
            && first.actor == client
            && first.at == self.head.created_at
            && self.head.request.digest().ok().as_ref() == Some(&self.head.request_digest)
            && phase_of(rows).as_ref() == Some(&self.phase)
            && abandons_only_what_is_parked(rows)
            && since_of(rows) == Some(self.head.since)
            && self.head.preexisting == preexisting_in(rows)
            && self.head.created_user == created_user_in(rows)
            && (self.head.created_user.is_none() || self.request().creates_user())
            && self.head.deviations == deviations_in(rows)
            && self.deliveries.iter().all(|one| one.is_borne_out_by(rows))
    }

    /// The same record without what it has of messages and these rows do not say: a message that
    /// nobody sent is sent.
    fn with_deliveries_of(mut self, rows: &[AuditRow]) -> Self {
        let borne_out = |delivery: &Delivery| delivery.is_borne_out_by(rows);
        self.deliveries.retain(borne_out);
        self
    }
}

impl Delivery {
    /// Whether rows say what this does of its message.
    fn is_borne_out_by(&self, rows: &[AuditRow]) -> bool {
        let says = |at: Timestamp, event: Event| {
            let mut rows = rows.iter();
            rows.any(|row| row.at == at && row.event == event)
        };
        let message = || self.message.clone();
        let is_claimed = self
            .claimed_at
            .is_none_or(|at| says(at, Event::DeliveryClaimed { message: message() }));
        let is_closed = self.outcome.clone().is_none_or(|outcome| match outcome {
            DeliveryOutcome::Sent { at, message_id } => says(
                at,
                Event::DeliverySent {
                    message: message(),
                    message_id,
                },
            ),
            DeliveryOutcome::Skipped { at, code } => says(
                at,
                Event::DeliverySkipped {
                    message: message(),
                    code,
                },
            ),
        });
        is_claimed && is_closed
    }
}

/// The phase that rows come to; none where they lead nowhere.
fn phase_of(rows: &[AuditRow]) -> Option<Phase> {
    let mut later = rows.iter().skip(1);
    later.try_fold(Phase::Received, |phase, row| {
        phase.after(&row.event, row.state, row.at).ok()
    })
}

/// What looks at IAM found, as rows have it.
fn deviations_in(rows: &[AuditRow]) -> Vec<DeviationReport> {
    let reports = rows.iter().filter_map(|row| match &row.event {
        Event::DeviationsFound { found } => Some(DeviationReport {
            at: row.at,
            found: found.clone(),
        }),
        _ => None,
    });
    reports.collect()
}

/// The unique id of the user that a request created, as rows have it.
#[must_use]
pub fn created_user_in(rows: &[AuditRow]) -> Option<String> {
    rows.iter().find_map(|row| match &row.event {
        Event::UserCreated { unique_id } => Some(unique_id.clone()),
        _ => None,
    })
}

/// What was in IAM before the request was begun, as rows have it.
#[must_use]
pub fn preexisting_in(rows: &[AuditRow]) -> Vec<EffectChange> {
    let found = rows.iter().rev().find_map(|row| match &row.event {
        Event::ProvisioningStarted { preexisting } => Some(preexisting.clone()),
        _ => None,
    });
    found.unwrap_or_default()
}
