//! Revokes access through a link that was used, by somebody who was asked and may still decide. A
//! revocation removes access and grants none, so it is not signed; who it was is in the audit
//! trail.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use jiff::Timestamp;
use ports::CallError;
use shell::request::body;
use snowgate_core::id::SysId;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::page::{self, FormFields, FormProblem, Page, RevokeForm, StatusPage};
use snowgate_core::record::{ChangeError, DecisionRecord, Event, RequestRecord, RevokedBy};
use snowgate_core::slots::Excluded;
use tracing::{info, warn};
use workflow::approvers::{self, Rules};
use workflow::change::{NotChanged, write};

use crate::{Approval, ApprovalError, ApprovalPorts, Opened};

impl<P: ApprovalPorts> Approval<P> {
    /// What a used link shows while its access is there, or has just been ended; none where
    /// there is no access.
    pub(crate) async fn used(
        &self,
        opened: &Opened,
        decided: &DecisionRecord,
        again: Option<&FormFields>,
        now: Timestamp,
    ) -> Result<Option<Page>, ApprovalError> {
        let record = &opened.record;
        let early = record.revocation().is_some();
        let page = match record.state() {
            State::Active if !record.is_over(now) => {
                let (about, decided_by) = self.named(record, decided).await;
                let round = record.round().ok_or(ApprovalError::Inconsistent)?;
                let purpose = RevokeForm::purpose(&round.content);
                let fields = FormFields {
                    nonce: opened.token.nonce(&purpose, now),
                    ..again.cloned().unwrap_or_default()
                };
                let by = (&opened.row.approver, decided_by.as_ref());
                let ends = (record.ends_at(), record.trail_fault().is_some());
                let page = page::active(&about, decided, by, ends, &fields, now)?;
                return Ok(Some(page));
            }
            State::Active | State::Revoking => StatusPage::BeingEnded,
            State::Revoked if early => StatusPage::EndedEarly,
            _ => return Ok(None),
        };
        let about = self.about(record).await;
        self.status(&page, Some(&about)).map(Some)
    }

    /// Ends the access now.
    pub(crate) async fn revoke(
        &self,
        event: &ApiGatewayProxyRequest,
        opened: Opened,
        now: Timestamp,
    ) -> Result<Page, ApprovalError> {
        if let Some(page) = self.unread(event, &opened.record)? {
            return Ok(page);
        }
        let (record, approver) = (&opened.record, &opened.row.approver);
        let content = match record.round() {
            Some(round) if record.state() == State::Active && !record.is_over(now) => {
                &round.content
            }
            _ => return self.show(&opened, None, now).await,
        };
        let form = match RevokeForm::parse(&body(event).unwrap_or_default()) {
            Ok(form) => form,
            Err(fields) => return self.show(&opened, Some(fields), now).await,
        };
        let purpose = RevokeForm::purpose(content);
        if !opened.token.accepts_nonce(&form.nonce, &purpose, now) {
            let again = form.fields().with(FormProblem::Stale);
            return self.show(&opened, Some(again), now).await;
        }
        let Some(by) = self.early_role(record, approver, now).await? else {
            warn!("a revocation was refused");
            let about = self.about(record).await;
            return self.status(&StatusPage::CannotEnd, Some(&about));
        };
        let event = Event::RevocationRequested {
            by,
            reason: Some(form.reason),
            signature: None,
        };
        self.end_now(opened, event, now).await
    }

    /// In which role this person was asked, if they still have that role. The ticket does
    /// not count: it is usually closed while the access is there.
    async fn early_role(
        &self,
        record: &RequestRecord,
        approver: &SysId,
        now: Timestamp,
    ) -> Result<Option<RevokedBy>, CallError> {
        let Some(round) = record.round() else {
            return Ok(None);
        };
        let mut sys_ids = vec![record.request().requested_by.clone()];
        sys_ids.extend(round.binding.owner().cloned());
        let excluded = Excluded {
            sys_ids,
            ..Excluded::default()
        };
        let rules = Rules {
            excluded: &excluded,
            unreachable: &[],
            guardrails: &self.guardrails,
            now,
        };
        for slot in &round.slots {
            let Some(person) = slot.approver(approver) else {
                continue;
            };
            let one = std::slice::from_ref(slot);
            let found = approvers::qualification(&self.servicenow, one, approver, &rules).await?;
            if found.lost.is_empty() {
                return Ok(Some(RevokedBy::approver(person, &slot.resource)));
            }
        }
        Ok(None)
    }

    async fn end_now(
        &self,
        opened: Opened,
        event: Event,
        now: Timestamp,
    ) -> Result<Page, ApprovalError> {
        let actor = Actor::Approver {
            sys_id: opened.row.approver,
        };
        let about = self.about(&opened.record).await;
        match write(&self.requests, opened.record, event, &actor, now).await {
            Ok(record) => {
                info!("access ended early");
                self.wake(&record, now).await;
            }
            // Somebody else was first, or its time has come: it is ended either way.
            Err(NotChanged::Rules(ChangeError::AlreadyRevoked | ChangeError::Transition(_))) => {}
            Err(other) => return Err(other.into()),
        }
        self.status(&StatusPage::BeingEnded, Some(&about))
    }
}
