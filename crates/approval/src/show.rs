//! What a link shows. Nothing here changes anything.

use std::time::Duration;

use jiff::Timestamp;
use ports::ledger::Requests as _;
use ports::servicenow::ServiceNow as _;
use snowgate_core::id::SysId;
use snowgate_core::lifecycle::State;
use snowgate_core::page::{self, About, FormFields, Page, PastAnswer, StatusPage};
use snowgate_core::record::{DecisionRecord, RequestRecord};
use snowgate_core::review::approval_lines;
use snowgate_core::ticket::PersonName;
use workflow::approvers;

use crate::{Approval, ApprovalError, ApprovalPorts, Opened};

/// How long a page waits for names. It may come after a decision was written, which must be said.
const PATIENCE_FOR_NAMES: Duration = Duration::from_secs(2);

impl<P: ApprovalPorts> Approval<P> {
    /// The form, or, where there is nothing to decide any more, what has happened. `again` is what
    /// was sent and could not be taken.
    pub(crate) async fn show(
        &self,
        opened: &Opened,
        again: Option<FormFields>,
        now: Timestamp,
    ) -> Result<Page, ApprovalError> {
        if let Some(page) = self.closed(opened, again.as_ref(), now).await? {
            return Ok(page);
        }
        let (record, approver) = (&opened.record, &opened.row.approver);
        let ticket = self.servicenow.ticket(&record.request().source).await?;
        if !ticket.is_some_and(|ticket| ticket.active) {
            let about = self.about(record).await;
            return self.status(&StatusPage::TicketClosed, Some(&about));
        }
        let documents = self.requests.documents(record.id()).await?;
        let (servicenow, installation) = (&self.servicenow, &self.installation);
        let shown =
            approvers::review(servicenow, record, approver, &documents, installation, now).await?;
        let Some((_, review)) = shown else {
            let about = self.about(record).await;
            return self.status(&StatusPage::NotAnApprover, Some(&about));
        };
        let shown = record.shown_to(approver);
        let shown = shown.ok_or(ApprovalError::Inconsistent)?;
        let fields = FormFields {
            nonce: opened.token.nonce(&shown, now),
            ..again.unwrap_or_default()
        };
        Ok(page::form(&review, &fields)?)
    }

    /// The page where there is nothing to decide: decided before, ended, or out of time.
    pub(crate) async fn closed(
        &self,
        opened: &Opened,
        again: Option<&FormFields>,
        now: Timestamp,
    ) -> Result<Option<Page>, ApprovalError> {
        let (record, reader) = (&opened.record, &opened.row.approver);
        if let Some(decided) = decided_for(record, reader) {
            if let Some(page) = self.used(opened, decided, again, now).await? {
                return Ok(Some(page));
            }
            let (about, decided_by) = self.named(record, decided).await;
            let past = PastAnswer {
                decided,
                reader,
                decided_by,
                state: record.state(),
                approvals: approval_lines(record),
            };
            let page = StatusPage::AlreadyDecided(past);
            return self.status(&page, Some(&about)).map(Some);
        }
        let late = record.round().is_none_or(|round| now >= round.expires_at);
        let page = match record.state() {
            State::Pending if late || now >= opened.row.expires_at => StatusPage::ExpiredLink,
            State::Pending if !record.asks(reader) => StatusPage::NoLongerAsked,
            State::Pending => return Ok(None),
            state => StatusPage::Ended(state),
        };
        let about = self.about(record).await;
        self.status(&page, Some(&about)).map(Some)
    }

    /// Which request a page is about, with the requester's name where ServiceNow answers.
    pub(crate) async fn about(&self, record: &RequestRecord) -> About {
        let requester = &record.request().requested_by;
        let [name] = self.names_of([requester]).await;
        About::new(record, name, &self.installation)
    }

    /// The same, and the name of whoever decided.
    pub(crate) async fn named(
        &self,
        record: &RequestRecord,
        decided: &DecisionRecord,
    ) -> (About, Option<PersonName>) {
        let decider = &decided.signed.decision.approver;
        let [requester, decided_by] = self
            .names_of([&record.request().requested_by, decider])
            .await;
        let about = About::new(record, requester, &self.installation);
        (about, decided_by)
    }

    /// The names of people for a page; it does without where ServiceNow does not answer soon.
    async fn names_of<const N: usize>(&self, people: [&SysId; N]) -> [Option<PersonName>; N] {
        let ids = people.map(Clone::clone);
        let found = tokio::time::timeout(PATIENCE_FOR_NAMES, self.servicenow.people(&ids)).await;
        let found = found.ok().and_then(Result::ok).unwrap_or_default();
        people.map(|person| {
            let mut found = found.iter();
            let found = found.find(|found| found.sys_id == *person);
            found.map(|found| found.name.clone())
        })
    }
}

/// The decision that closed the last slot this person could fill: their own, a colleague's, or
/// the denial that ended the request.
pub(crate) fn decided_for<'a>(
    record: &'a RequestRecord,
    approver: &SysId,
) -> Option<&'a DecisionRecord> {
    let round = record.round()?;
    let mine: Vec<_> = round
        .slots
        .iter()
        .filter(|slot| slot.approver(approver).is_some())
        .map(|slot| record.decision_of(&slot.id))
        .collect();
    // Somebody who is not asked any more is shown no decision of others.
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
