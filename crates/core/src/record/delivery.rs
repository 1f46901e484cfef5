//! The outbox of a request: which messages are wanted, and how far each is.
//!
//! There is one machine for every kind of [`Message`], whoever sends it:
//!
//! 1. **wanted** ([`RequestRecord::open_deliveries`]): which messages go out follows from the
//!    record alone. Nobody puts anything into the outbox.
//! 2. **due** ([`RequestRecord::due_deliveries`]): wanted, not closed, and claimed by nobody in the
//!    last two minutes, or longer where it was tried for days.
//! 3. **claim** ([`Event::DeliveryClaimed`]): committed before the message is sent, together with
//!    what it needs (the token of a review link). Of two senders one gets the commit.
//! 4. **send**, then **close**: [`Event::DeliverySent`], or [`Event::DeliverySkipped`] where it is
//!    not sent, for good. Whoever claimed a message closes it, even where the record has gone on
//!    meanwhile; [`ChangeError::NoDelivery`] then says that somebody else has closed it or that it
//!    was forgotten, and is no failure. What cannot be sent for a reason that passes stays claimed,
//!    and is due again when the claim expires.
//!
//! A message goes out twice only after a crash between send and close. A ticket note does not even
//! then: its marker is looked for before it is written.
//!
//! A sender therefore is one loop: for each due message that is its own ([`Message::sender`]),
//! compose it, or skip it with a [`SkipCode`]; claim; send; close. Composing and sending differ by
//! kind, the loop does not.

use jiff::{SignedDuration, Timestamp};

use super::due::RESEND_AFTER;
use super::{ChangeError, Event, Message, RequestRecord, SkipCode};
use crate::bounce::{Bounce, MessageId};
use crate::id::SysId;
use crate::lifecycle::State;
use crate::time::shifted;

/// How far a message is that was claimed or closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// When it was claimed last; none where it was skipped unclaimed. Nobody else claims it for
    /// two minutes, or longer where it was tried for days.
    pub claimed_at: Option<Timestamp>,
    /// What became of it; none while it is being sent.
    pub outcome: Option<DeliveryOutcome>,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The mail service or ServiceNow took it.
    Sent {
        /// When it was taken.
        at: Timestamp,
        /// The id that the mail service gave it, where its loss is to be known.
        message_id: Option<MessageId>,
    },
    /// It is not sent, for good.
    Skipped {
        /// When that was decided.
        at: Timestamp,
        /// Why it is not sent.
        code: SkipCode,
    },
}

/// What the record knows of a message that a bounce reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BouncedMessage {
    /// The message that bounced was sent to this person.
    Sent,
    /// A message to this person is being sent: whoever sends it has not said so yet.
    InFlight,
    /// There is no such message.
    Unknown,
}

impl Delivery {
    /// When it was sent; none where it was not, or not yet.
    #[must_use]
    pub const fn sent_at(&self) -> Option<Timestamp> {
        match &self.outcome {
            Some(DeliveryOutcome::Sent { at, .. }) => Some(*at),
            Some(DeliveryOutcome::Skipped { .. }) | None => None,
        }
    }
}

impl RequestRecord {
    /// The messages that are to be sent now and that nobody is sending.
    #[must_use]
    pub fn due_deliveries(&self, now: Timestamp) -> Vec<Message> {
        let mut due = self.open_deliveries(now);
        due.retain(|message| {
            let delivery = self.delivery(message);
            let claimed_at = delivery.and_then(|delivery| delivery.claimed_at);
            claimed_at.is_none_or(|at| now.duration_since(at) >= self.claim_holds(message, at))
        });
        due
    }

    /// For how long nobody else may claim a message that was claimed then: two minutes, and of one that
    /// could not be sent for more than 48 minutes a 24th of that time, at most a day. Every claim is a row
    /// of the trail, so what is refused for ever is claimed once a day in the end.
    fn claim_holds(&self, message: &Message, claimed_at: Timestamp) -> SignedDuration {
        let wanted_since = match message {
            // Of use only while a decision is awaited, which bounds how often it is claimed.
            Message::ReviewRequest { .. } => return RESEND_AFTER,
            Message::Handled { approver } => self.decided_without(approver),
            Message::Deviation { report } => {
                let reports = self.deviation_reports();
                let report = usize::try_from(*report).ok().and_then(|n| reports.get(n));
                report.map(|report| report.at)
            }
            Message::Reminder { .. } => self.round().and_then(|round| round.reminders.remind_at),
            Message::EndsSoon => self.ends_soon_at(),
            Message::ManagerNotice { .. }
            | Message::Outcome { .. }
            | Message::TicketNote { .. } => None,
        };
        let tried_for = claimed_at.duration_since(wanted_since.unwrap_or(self.since()));
        (tried_for / 24).clamp(RESEND_AFTER, SignedDuration::from_hours(24))
    }

    /// When the first slot was decided on that this person was asked for; none where none was.
    fn decided_without(&self, person: &SysId) -> Option<Timestamp> {
        let round = self.round()?;
        let slots = round.slots.iter();
        let asked = slots.filter(|slot| slot.approver(person).is_some());
        let decided = asked.filter_map(|slot| self.decision_of(&slot.id));
        let first = decided.map(|one| one.signed.decision.at).min()?;
        Timestamp::from_second(first).ok()
    }

    /// The messages that are to be sent now, being sent or not.
    #[must_use]
    pub fn open_deliveries(&self, now: Timestamp) -> Vec<Message> {
        let mut open = self.wanted(now);
        open.retain(|message| {
            let delivery = self.delivery(message);
            delivery.is_none_or(|delivery| delivery.outcome.is_none())
        });
        open
    }

    /// How far a message is; none where nobody has claimed it.
    #[must_use]
    pub fn delivery(&self, message: &Message) -> Option<&Delivery> {
        let mut deliveries = self.deliveries.iter();
        deliveries.find(|delivery| delivery.message == *message)
    }

    /// What is known of the message that a bounce is about. A bounce is believed only where the
    /// record says that this very message was sent to this person.
    #[must_use]
    pub fn bounced_message(&self, bounce: &Bounce) -> BouncedMessage {
        let approver = &bounce.tags.approver;
        let to_them = || {
            let deliveries = self.deliveries.iter();
            deliveries.filter(|delivery| delivery.message.asks() == Some(approver))
        };
        let is_it = |delivery: &Delivery| match &delivery.outcome {
            Some(DeliveryOutcome::Sent { message_id, .. }) => {
                message_id.as_ref() == Some(&bounce.message)
            }
            Some(DeliveryOutcome::Skipped { .. }) | None => false,
        };
        if to_them().any(is_it) {
            BouncedMessage::Sent
        } else if to_them().any(|delivery| delivery.outcome.is_none()) {
            BouncedMessage::InFlight
        } else {
            BouncedMessage::Unknown
        }
    }

    /// The state that the ticket is to have a note on and has none, if any.
    #[must_use]
    pub fn unreported(&self) -> Option<State> {
        let state = self.state();
        let wanted = state.is_reported() && self.ticket_holds() && self.may_be_told();
        (wanted && !self.is_reported(state)).then_some(state)
    }

    /// When a message will be wanted that is not wanted yet.
    pub(super) fn next_wanted(&self, now: Timestamp) -> Option<Timestamp> {
        let at = match self.state() {
            State::Pending => self.round()?.reminders.remind_at,
            State::Active => self.ends_soon_at(),
            _ => None,
        };
        at.filter(|at| *at > now && self.may_be_told())
    }

    /// Every message that what has happened calls for, sent or not. A ticket that was not found to
    /// carry the request has nobody written to: whoever calls us could name anybody.
    fn wanted(&self, now: Timestamp) -> Vec<Message> {
        if !self.may_be_told() {
            return Vec::new();
        }
        let mut wanted = self.wanted_review_requests();
        let manager = self
            .round()
            .and_then(|round| round.notified_manager.clone());
        wanted.extend(manager.map(|manager| Message::ManagerNotice { manager }));
        for approver in self.reached() {
            let open = self.is_asked(approver);
            let approver = approver.clone();
            if open && self.is_to_be_reminded(&approver, now) {
                wanted.push(Message::Reminder { approver });
            } else if !open && !self.has_decided(&approver) && !self.is_unreachable(&approver) {
                wanted.push(Message::Handled { approver });
            }
        }
        let state = self.state();
        if state.is_reported() && self.ticket_holds() {
            wanted.push(Message::TicketNote { state });
            // A dry run asks nobody and mails nobody.
            if state != State::Previewed {
                wanted.push(Message::Outcome { state });
            }
        }
        if self.ticket_holds() {
            let reports = self.wanted_deviation_notes();
            wanted.extend(reports.map(|report| Message::Deviation { report }));
        }
        if state == State::Active && self.ends_soon_at().is_some_and(|at| at <= now) {
            wanted.push(Message::EndsSoon);
        }
        wanted
    }

    /// A review request for each person who may decide an open slot, however many.
    fn wanted_review_requests(&self) -> Vec<Message> {
        if self.state() != State::Pending {
            return Vec::new();
        }
        let mut asked: Vec<&SysId> = Vec::new();
        for approver in self.open_slots().flat_map(|slot| &slot.approvers) {
            if !asked.contains(&&approver.sys_id) {
                asked.push(&approver.sys_id);
            }
        }
        let asked = asked.into_iter().cloned();
        asked
            .map(|approver| Message::ReviewRequest { approver })
            .collect()
    }

    /// Those whom a review request has been sent to, each once.
    fn reached(&self) -> impl Iterator<Item = &SysId> {
        let sent = |delivery: &&Delivery| delivery.sent_at().is_some();
        let deliveries = self.deliveries.iter().filter(sent);
        deliveries.filter_map(|delivery| match &delivery.message {
            Message::ReviewRequest { approver } => Some(approver),
            _ => None,
        })
    }

    /// Whether a decision of this person is awaited.
    fn is_asked(&self, person: &SysId) -> bool {
        self.state() == State::Pending && self.open_slot_of(person).is_some()
    }

    /// Whether a message to this person was lost, so that no other is worth sending either.
    fn is_unreachable(&self, person: &SysId) -> bool {
        self.unreachable().contains(person)
    }

    fn has_decided(&self, person: &SysId) -> bool {
        let mut decisions = self.decisions().iter();
        decisions.any(|decided| decided.signed.decision.approver == *person)
    }

    /// Whether it is time to remind somebody whose review request was sent before that time.
    fn is_to_be_reminded(&self, approver: &SysId, now: Timestamp) -> bool {
        let Some(round) = self.round() else {
            return false;
        };
        let Some(at) = round.reminders.remind_at.filter(|at| *at <= now) else {
            return false;
        };
        let approver = approver.clone();
        let first = self.delivery(&Message::ReviewRequest { approver });
        let sent = first.and_then(Delivery::sent_at);
        now < round.expires_at && sent.is_some_and(|sent| sent < at)
    }

    /// When the requester is notified that the access ends soon; none where it is too short for
    /// that, or revoked.
    fn ends_soon_at(&self) -> Option<Timestamp> {
        let before = self.round()?.reminders.before_end?;
        let before = before.is_positive().then_some(before)?;
        let long = self.request().duration.as_signed() > before;
        let until = self
            .ends_at()
            .filter(|_| long && self.revocation().is_none());
        Some(shifted(until?, -before))
    }

    /// Takes over how far a message is.
    pub(super) fn note_delivery(
        &mut self,
        event: &Event,
        now: Timestamp,
    ) -> Result<(), ChangeError> {
        match event {
            Event::DeliveryClaimed { message } => self.claim(message, now),
            Event::DeliverySent {
                message,
                message_id,
            } => {
                let message_id = message_id.clone();
                self.close(
                    message,
                    DeliveryOutcome::Sent {
                        at: now,
                        message_id,
                    },
                    now,
                )
            }
            Event::DeliverySkipped { message, code } => {
                let code = *code;
                self.close(message, DeliveryOutcome::Skipped { at: now, code }, now)
            }
            _ => Ok(()),
        }
    }

    fn claim(&mut self, message: &Message, now: Timestamp) -> Result<(), ChangeError> {
        if !self.due_deliveries(now).contains(message) {
            return Err(ChangeError::NoDelivery);
        }
        self.put(message, |delivery| delivery.claimed_at = Some(now));
        Ok(())
    }

    fn close(
        &mut self,
        message: &Message,
        outcome: DeliveryOutcome,
        now: Timestamp,
    ) -> Result<(), ChangeError> {
        let fits = match (self.delivery(message), &outcome) {
            // Whoever claimed it says what became of it, even where it is not wanted any more.
            (Some(delivery), _) => delivery.outcome.is_none(),
            (None, DeliveryOutcome::Sent { .. }) => false,
            (None, DeliveryOutcome::Skipped { .. }) => self.open_deliveries(now).contains(message),
        };
        if !fits {
            return Err(ChangeError::NoDelivery);
        }
        self.put(message, |delivery| delivery.outcome = Some(outcome));
        Ok(())
    }

    fn put(&mut self, message: &Message, change: impl FnOnce(&mut Delivery)) {
        let mut deliveries = self.deliveries.iter_mut();
        match deliveries.find(|delivery| delivery.message == *message) {
            Some(delivery) => change(delivery),
            None => {
                let mut delivery = Delivery {
                    message: message.clone(),
                    claimed_at: None,
                    outcome: None,
                };
                change(&mut delivery);
                self.deliveries.push(delivery);
            }
        }
    }
}

#[cfg(test)]
mod tests;
