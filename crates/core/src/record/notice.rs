//! Mails beside the review letters: reminders, and telling people how it went.
//!
//! Which mails are wanted follows from the record. Each is claimed before it is sent and closed
//! afterwards, so that it goes out once; a second one goes out only after a crash between the
//! two.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::event::codes;
use super::{ChangeError, RequestRecord, due::RESEND_AFTER};
use crate::id::SysId;
use crate::lifecycle::State;

/// A mail that is no review letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Notice {
    /// To somebody who has not decided, with a fresh link, before the time is over.
    Reminder {
        /// To whom.
        approver: SysId,
    },
    /// To somebody who was asked and has nothing left to do.
    Handled {
        /// To whom.
        approver: SysId,
    },
    /// To the requester: where the request has come.
    Outcome {
        /// To which state.
        state: State,
    },
    /// To the requester: the access ends soon.
    EndsSoon,
}

impl Notice {
    /// Whether the dispatcher sends it; the reporter sends all others. Only the dispatcher can
    /// open review links.
    #[must_use]
    pub const fn is_by_dispatcher(&self) -> bool {
        matches!(self, Self::Reminder { .. })
    }
}

/// How far such a mail is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeState {
    /// Which.
    pub notice: Notice,
    /// When somebody set about sending it. Nobody else does for two minutes.
    pub claimed_at: Timestamp,
    /// What became of it; none while it is being sent.
    pub closed: Option<Closing>,
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Closing {
    /// The mail service took it.
    Sent,
    /// It is not sent, for good.
    Skipped {
        /// Why.
        why: SkipCode,
    },
}

codes!(
    /// Why a mail is not sent.
    SkipCode {
        /// ServiceNow has no such person.
        NoSuchPerson => "ServiceNow has no such person.",
        /// The account is inactive.
        Inactive => "The person's ServiceNow account is inactive.",
        /// The account is locked.
        Locked => "The person's ServiceNow account is locked out.",
        /// There is no usable address.
        NoMail => "The person has no usable e-mail address.",
        /// The address is in a domain that is not allowed.
        ForeignMail => "The domain of the person's e-mail address is not allowed.",
        /// The person may not be asked any more.
        NotAnApprover => "The person is no longer an approver.",
        /// The mail service refused it.
        MailRefused => "The e-mail service rejected the e-mail.",
        /// It could not be sent for so long that nobody needs it any more.
        TooLate => "The e-mail could not be sent in time.",
    }
);

/// When people are reminded; settled when the owners are asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminders {
    /// When those who have not decided are reminded.
    pub decide_at: Option<Timestamp>,
    /// How long before the end of the access the requester is told of it.
    pub before_end: Option<SignedDuration>,
}

impl Reminders {
    /// Settles the times. Zero means no reminder. A reminder to decide comes at the earliest
    /// when half of the time is over.
    #[must_use]
    pub fn new(
        asked_at: Timestamp,
        expires_at: Timestamp,
        before_expiry: SignedDuration,
        before_end: SignedDuration,
    ) -> Self {
        let least = (expires_at.duration_since(asked_at) / 2).min(before_expiry);
        Self {
            decide_at: before_expiry.is_positive().then(|| expires_at - least),
            before_end: before_end.is_positive().then_some(before_end),
        }
    }
}

impl RequestRecord {
    /// The mails that are to be sent now and that nobody is sending.
    #[must_use]
    pub fn due_notices(&self, now: Timestamp) -> Vec<Notice> {
        let mut open = self.open_notices(now);
        open.retain(|notice| {
            let state = self.notice_state(notice);
            state.is_none_or(|state| now.duration_since(state.claimed_at) >= RESEND_AFTER)
        });
        open
    }

    /// The mails that are to be sent now, being sent or not.
    pub(super) fn open_notices(&self, now: Timestamp) -> Vec<Notice> {
        let closed = |notice: &Notice| {
            self.notice_state(notice)
                .is_some_and(|state| state.closed.is_some())
        };
        let mut wanted = self.wanted(now);
        wanted.retain(|notice| !closed(notice));
        wanted
    }

    /// When a mail will be wanted that is not wanted yet.
    pub(super) fn next_notice(&self, now: Timestamp) -> Option<Timestamp> {
        let at = match self.state {
            State::Pending => self.asked.as_ref()?.reminders.decide_at,
            State::Active => self.ends_soon_at(),
            _ => None,
        };
        at.filter(|at| *at > now)
    }

    /// Every mail that what has happened calls for, sent or not. A ticket that was not found to
    /// carry the request has nobody written to: whoever calls us could name anybody.
    fn wanted(&self, now: Timestamp) -> Vec<Notice> {
        let mut wanted = Vec::new();
        for approver in self.reached() {
            let open = self.state == State::Pending && self.open_slot_of(approver).is_some();
            let approver = approver.clone();
            if open && self.reminds(&approver, now) {
                wanted.push(Notice::Reminder { approver });
            } else if !open && !self.has_decided(&approver) && !self.is_unreachable(&approver) {
                wanted.push(Notice::Handled { approver });
            }
        }
        // A dry run asks nobody and mails nobody.
        if self.state.is_reported() && self.ticket_holds() && self.state != State::Previewed {
            wanted.push(Notice::Outcome { state: self.state });
        }
        if self.state == State::Active && self.ends_soon_at().is_some_and(|at| at <= now) {
            wanted.push(Notice::EndsSoon);
        }
        wanted
    }

    /// Those whom a review letter has reached, each once.
    fn reached(&self) -> impl Iterator<Item = &SysId> {
        let letters = self.asked.iter().flat_map(|asked| &asked.letters);
        letters
            .filter(|letter| letter.sent_at.is_some())
            .map(|letter| &letter.approver)
    }

    /// Whether a letter to this person was lost, so that no other mail is worth sending either.
    fn is_unreachable(&self, person: &SysId) -> bool {
        let mut lost = self.asked.iter().flat_map(|asked| &asked.unreachable);
        lost.any(|one| one == person)
    }

    fn has_decided(&self, person: &SysId) -> bool {
        self.decisions
            .iter()
            .any(|decided| decided.signed.decision.approver == *person)
    }

    /// Whether it is time to remind somebody whose letter went out before that time.
    fn reminds(&self, approver: &SysId, now: Timestamp) -> bool {
        let Some(asked) = &self.asked else {
            return false;
        };
        let Some(at) = asked.reminders.decide_at.filter(|at| *at <= now) else {
            return false;
        };
        let letter = asked.letters.iter().find(|one| one.approver == *approver);
        let sent = letter.and_then(|letter| letter.sent_at);
        now < asked.expires_at && sent.is_some_and(|sent| sent < at)
    }

    /// When the requester is told that the access ends soon; none where it is too short for
    /// that, or ended early.
    fn ends_soon_at(&self) -> Option<Timestamp> {
        let before = self.asked.as_ref()?.reminders.before_end?;
        let long = self.request.duration.as_signed() > before;
        let until = self.until.filter(|_| long && self.revocation.is_none())?;
        Some(until - before)
    }

    fn notice_state(&self, notice: &Notice) -> Option<&NoticeState> {
        self.notices.iter().find(|state| state.notice == *notice)
    }

    pub(super) fn claim_notice(
        &mut self,
        notice: &Notice,
        now: Timestamp,
    ) -> Result<(), ChangeError> {
        if !self.due_notices(now).contains(notice) {
            return Err(ChangeError::NoNotice);
        }
        self.put_notice(notice, None, now);
        Ok(())
    }

    pub(super) fn close_notice(
        &mut self,
        notice: &Notice,
        closing: Closing,
        now: Timestamp,
    ) -> Result<(), ChangeError> {
        let fits = match (self.notice_state(notice), closing) {
            // Whoever claimed it says what became of it, even where it is not wanted any more.
            (Some(state), _) => state.closed.is_none(),
            (None, Closing::Sent) => false,
            (None, Closing::Skipped { .. }) => self.open_notices(now).contains(notice),
        };
        if !fits {
            return Err(ChangeError::NoNotice);
        }
        self.put_notice(notice, Some(closing), now);
        Ok(())
    }

    fn put_notice(&mut self, notice: &Notice, closed: Option<Closing>, now: Timestamp) {
        let mut states = self.notices.iter_mut();
        match states.find(|state| state.notice == *notice) {
            Some(state) => {
                state.closed = closed;
                if closed.is_none() {
                    state.claimed_at = now;
                }
            }
            None => self.notices.push(NoticeState {
                notice: notice.clone(),
                claimed_at: now,
                closed,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
