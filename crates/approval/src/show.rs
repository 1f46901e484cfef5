//! What a link shows. Nothing here changes anything.

use jiff::Timestamp;
use ports::ledger::Requests as _;
use ports::servicenow::ServiceNow as _;
use snowgate_core::id::SysId;
use snowgate_core::letter::{asked_line, slot_lines};
use snowgate_core::lifecycle::State;
use snowgate_core::page::{self, FormProblem, Message, Page};
use snowgate_core::record::{DecisionRecord, RequestRecord};
use snowgate_core::ticket::PersonName;
use workflow::approvers;

use crate::{Approval, ApprovalError, Opened, Ports};

impl<P: Ports> Approval<P> {
    /// The form, or, where there is nothing to decide any more, what has happened.
    pub(crate) async fn show(
        &self,
        opened: &Opened,
        again: Option<(&FormProblem, &str)>,
        now: Timestamp,
    ) -> Result<Page, ApprovalError> {
        if let Some(page) = self.closed(opened, again, now).await? {
            return Ok(page);
        }
        let (record, approver) = (&opened.record, &opened.row.approver);
        let documents = self.requests.documents(record.id()).await?;
        let shown = approvers::review(&self.servicenow, record, approver, &documents).await?;
        let Some((_, review)) = shown else {
            return Ok(page::message(&Message::NotAnApprover)?);
        };
        let shown = record.shown_to(approver);
        let shown = shown.ok_or(ApprovalError::Inconsistent)?;
        let nonce = opened.token.nonce(&shown, now);
        Ok(page::form(&review, &nonce, again)?)
    }

    /// The page where there is nothing to decide: decided before, ended, or out of time.
    pub(crate) async fn closed(
        &self,
        opened: &Opened,
        again: Option<(&FormProblem, &str)>,
        now: Timestamp,
    ) -> Result<Option<Page>, ApprovalError> {
        let record = &opened.record;
        if let Some(decided) = decided_for(record, &opened.row.approver) {
            if let Some(page) = self.used(opened, decided, again, now).await? {
                return Ok(Some(page));
            }
            let name = self.name_of(&decided.signed.decision.approver).await;
            let mut lines = vec![asked_line(record)];
            lines.extend(slot_lines(record));
            let message = Message::AlreadyDecided(decided, name, lines);
            return Ok(Some(page::message(&message)?));
        }
        if record.state() != State::Pending {
            let message = Message::Ended(record.state(), asked_line(record));
            return Ok(Some(page::message(&message)?));
        }
        let late = record
            .expires_at()
            .is_none_or(|expires_at| now >= expires_at);
        if late || now >= opened.row.expires_at {
            return Ok(Some(page::message(&Message::ExpiredLink)?));
        }
        if !record.asks(&opened.row.approver) {
            return Ok(Some(page::message(&Message::NoLongerAsked)?));
        }
        Ok(None)
    }

    /// The name of a person for a page; the page does without where ServiceNow does not answer.
    pub(crate) async fn name_of(&self, person: &SysId) -> Option<PersonName> {
        let people = self
            .servicenow
            .people(std::slice::from_ref(person))
            .await
            .ok()?;
        people
            .into_iter()
            .find(|found| found.sys_id == *person)
            .map(|found| found.name)
    }
}

/// The decision that closed the last slot this person could fill: their own, a colleague's, or
/// the denial that ended the request.
pub(crate) fn decided_for<'a>(
    record: &'a RequestRecord,
    approver: &SysId,
) -> Option<&'a DecisionRecord> {
    let asked = record.round()?;
    let mine: Vec<_> = asked
        .slots
        .iter()
        .filter(|slot| slot.approver(approver).is_some())
        .map(|slot| record.decision_of(&slot.id))
        .collect();
    // Somebody who is not asked any more is told no decision of others.
    if mine.is_empty() {
        None
    } else if mine.iter().all(Option::is_some) {
        mine.into_iter().flatten().next_back()
    } else if record.state() == State::Denied {
        record.decisions().last()
    } else {
        None
    }
}
