//! `GET /v1/requests/{id}` and `GET /v1/requests?sys_id=…`. A client sees its own requests; those
//! of others do not exist for it.

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use ports::ledger::Ledger;
use ports::queue::RequestsQueue;
use serde_json::{Value, json};
use shell::answer::{Problem, json_answer};
use snowgate_core::audit::AuditRow;
use snowgate_core::id::{ClientId, RequestId, SysId};
use snowgate_core::record::{EndReason, Event, RequestRecord, Revocation, RevokedBy};

use crate::preview::preview;
use crate::{Intake, unavailable};

impl<L: Ledger, Q: RequestsQueue> Intake<L, Q> {
    pub(crate) async fn show(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        let record = self.own(event, client).await?;
        self.answer(&record).await
    }

    /// The request that the path names, if it is the client's.
    pub(crate) async fn own(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
    ) -> Result<RequestRecord, Problem> {
        self.named(event, |record| record.client == *client).await
    }

    /// The request that the path names, if it is one that this caller may name. Any other answers
    /// as one that does not exist.
    pub(crate) async fn named(
        &self,
        event: &ApiGatewayProxyRequest,
        may: impl FnOnce(&RequestRecord) -> bool,
    ) -> Result<RequestRecord, Problem> {
        let missing = || Problem::new(404, "Not found").detail("No request with this id.");
        let id = event
            .path_parameters
            .get("id")
            .and_then(|id| id.parse::<RequestId>().ok());
        let id = id.ok_or_else(missing)?;
        let record = self.ledger.load(&id).await.map_err(|e| unavailable(&e))?;
        record.filter(may).ok_or_else(missing)
    }

    /// Where a request stands.
    pub(crate) async fn answer(
        &self,
        record: &RequestRecord,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        let trail = self.ledger.trail(&record.id).await;
        let trail = trail.map_err(|e| unavailable(&e))?;
        Ok(json_answer(200, &whole(record, &trail)))
    }

    pub(crate) async fn list(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        let query = &event.query_string_parameters;
        let sys_id = query
            .first("sys_id")
            .and_then(|text| text.parse::<SysId>().ok());
        let alone = query.iter().all(|(name, _)| name == "sys_id");
        let Some(sys_id) = sys_id.filter(|_| alone) else {
            let detail = "The only parameter is `sys_id`, 32 lowercase hexadecimal digits.";
            return Err(Problem::new(400, "Bad request").detail(detail));
        };
        let found = self
            .ledger
            .of_record(client, &sys_id)
            .await
            .map_err(|e| unavailable(&e))?;
        let requests: Vec<Value> = found
            .iter()
            .map(|(id, state)| json!({"request_id": id, "state": state, "status_url": format!("/v1/requests/{id}")}))
            .collect();
        Ok(json_answer(200, &json!({"requests": requests})))
    }
}

fn whole(record: &RequestRecord, trail: &[AuditRow]) -> Value {
    let request = &record.request;
    let decisions: Vec<Value> = record
        .decisions
        .iter()
        .map(|decided| {
            let decision = &decided.signed.decision;
            let at = jiff::Timestamp::from_second(decision.at).ok();
            json!({"slot": decision.slot, "decision": decision.verdict, "reason": decided.reason, "at": at})
        })
        .collect();
    let slots: Vec<Value> = record
        .asked
        .iter()
        .flat_map(|asked| &asked.slots)
        .map(
            |slot| json!({"slot": slot.id, "resource": slot.resource, "asked": slot.approvers.len()}),
        )
        .collect();
    json!({
        "request_id": record.id,
        "state": record.state,
        "digest": record.request_digest,
        "content_digest": record.asked.as_ref().map(|asked| &asked.content),
        "source": request.source,
        "target": {
            "account_id": request.target.account_id,
            "principal": {"type": request.target.kind, "name": request.target.name},
        },
        "grants": request.grants,
        "resource": request.resource,
        "extends": request.extends.as_ref().map(|before| json!({
            "request_id": before.request, "since": before.since, "total": request.total(),
        })),
        "duration": request.duration,
        "created_at": record.created_at,
        "decide_by": record.asked.as_ref().map(|asked| asked.expires_at),
        "until": record.until,
        "dry_run": request.dry_run,
        "preview": record.preview.as_ref().map(|found| preview(found, &request.target)),
        "ended_early": record.revocation.as_ref().map(ended_early),
        "retained": record.retained,
        "slots": slots,
        "findings": record.asked.as_ref().map(|asked| &asked.findings),
        "decisions": decisions,
        "end_reason": record.end_reason.as_ref().map(end_reason),
        "reported": record.reported,
        "timeline": trail.iter().map(step).collect::<Vec<_>>(),
    })
}

fn ended_early(revocation: &Revocation) -> Value {
    json!({
        "by": revocation.by,
        "in_words": revocation.by.in_words(),
        "reason": revocation.reason,
        "at": revocation.at,
        "instead_of": revocation.instead_of,
    })
}

fn end_reason(reason: &EndReason) -> Value {
    match reason {
        EndReason::Refused { code, findings } => {
            json!({"code": code, "detail": code.in_words(), "findings": findings})
        }
        EndReason::Failed { code } => json!({"code": code, "detail": code.in_words()}),
        EndReason::Withdrawn { reason } => {
            json!({"code": "withdrawn", "detail": "It was cancelled.", "reason": reason})
        }
        EndReason::Undeliverable { slot } => {
            json!({"code": "nobody_to_ask", "detail": "No approver could be found.", "slot": slot})
        }
    }
}

/// A row of the trail without what identifies people.
fn step(row: &AuditRow) -> Value {
    use snowgate_core::lifecycle::Actor;
    let event = match &row.event {
        Event::Received { .. } => "received",
        Event::ApprovalRound { .. } => "owners_found",
        Event::LetterClaimed { .. } => "letter_prepared",
        Event::LetterSent { .. } => "letter_sent",
        Event::LetterBounced { .. } => "letter_bounced",
        Event::ApproverDisqualified { .. } => "approver_disqualified",
        Event::SlotReassigned { .. } => "owners_found_anew",
        Event::DecisionRecord { .. } => "decided",
        Event::ProvisioningStarted => "provisioning_started",
        Event::Activated { .. } => "access_verified",
        Event::RevocationStarted => "revocation_started",
        Event::RevocationRequested { .. } => "revocation_requested",
        Event::Revoked { .. } => "removal_verified",
        Event::Previewed { .. } => "previewed",
        Event::NoticeClaimed { .. } => "notice_prepared",
        Event::NoticeSent { .. } => "notice_sent",
        Event::NoticeSkipped { .. } => "notice_skipped",
        Event::Refused { .. } => "refused",
        Event::Undeliverable { .. } => "undeliverable",
        Event::Expired => "expired",
        Event::Withdrawn { .. } => "withdrawn",
        Event::Failed { .. } => "failed",
        Event::Reported { .. } => "ticket_told",
    };
    let by_security = matches!(
        &row.event,
        Event::RevocationRequested {
            by: RevokedBy::Security,
            ..
        }
    );
    let actor = match &row.actor {
        Actor::Client { .. } if by_security => "security",
        Actor::Client { .. } => "client",
        Actor::Approver { .. } => "approver",
        Actor::Approval => "approval",
        Actor::Dispatcher => "dispatcher",
        Actor::Provisioner => "provisioner",
        Actor::Reporter => "reporter",
        Actor::Sweeper => "sweeper",
    };
    json!({"at": row.at, "event": event, "state": row.state, "by": actor})
}
