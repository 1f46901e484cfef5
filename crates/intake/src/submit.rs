//! `POST /v1/requests`.

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use jiff::{SignedDuration, Timestamp};
use ports::ledger::{Created, IdempotencyKey, MAX_DRY_RUNS, NewRequest, Requests as _};
use shell::answer::{Problem, json_answer};
use shell::request::header;
use snowgate_core::body::FieldError;
use snowgate_core::canonical;
use snowgate_core::finding::{Finding, refusal};
use snowgate_core::id::{ClientId, Digest, RequestId};
use snowgate_core::record::RequestRecord;
use snowgate_core::request::AccessRequest;
use tracing::{error, info};
use workflow::wake;

use crate::answer::AcceptedAnswer;
use crate::body::JsonBody;
use crate::{Intake, IntakePorts, unavailable};

/// How long an idempotency key is remembered: ServiceNow may repeat a call for seven days.
const KEY_LIFE: SignedDuration = SignedDuration::from_hours(8 * 24);

impl<P: IntakePorts> Intake<P> {
    pub(crate) async fn submit(
        &self,
        event: &ApiGatewayProxyRequest,
        client: ClientId,
        now: Timestamp,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        let path = "/v1/requests";
        self.accept((event, path), AccessRequest::parse, client, now)
            .await
    }

    /// Accepts the request that the body asks for, once for each key and call.
    pub(crate) async fn accept(
        &self,
        (event, path): (&ApiGatewayProxyRequest, &str),
        parse: impl FnOnce(&[u8]) -> Result<AccessRequest, Vec<FieldError>>,
        client: ClientId,
        now: Timestamp,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        let body = JsonBody::required(event)?;
        let key = idempotency_key(event, &body.digest(), path, now)?;
        let (request, findings) = match body.read(parse).and_then(|request| self.judge(request)) {
            Ok(judged) => judged,
            // The first call may have been accepted under other guardrails, or by another Snowgate.
            Err(problem) => return self.replay(&client, key.as_ref(), now, problem).await,
        };
        let random = shell::random::bytes().map_err(|failure| {
            error!(error = %failure, "no random bytes");
            Problem::unavailable()
        })?;
        let change = RequestRecord::receive(RequestId::from_random(random), client, request, now);
        let change = change.map_err(|failure| {
            error!(error = %failure, "a request could not be hashed");
            Problem::unavailable()
        })?;
        let new = NewRequest { change, key };
        let record = match self
            .requests
            .create(&new)
            .await
            .map_err(|e| unavailable(&e))?
        {
            Created::New => {
                // Where that fails the request is held all the same, and the sweeper wakes it.
                wake::everybody(&self.queues, &new.change.record, now).await;
                new.change.record
            }
            Created::Replayed(record) => *record,
            Created::KeyReused => return Err(key_reused()),
            Created::RecordBusy(id) => {
                let detail = "This ServiceNow record already has an open request.";
                let problem = Problem::new(409, "Request open").detail(detail);
                return Err(match id {
                    Some(own) => problem.request(own),
                    None => problem,
                });
            }
            Created::TooManyDryRuns => {
                let detail = format!(
                    "This ServiceNow record has had {MAX_DRY_RUNS} dry runs, which is as many as one may have."
                );
                return Err(Problem::new(409, "Dry runs used up").detail(detail));
            }
        };
        Ok(accepted(&record, &findings))
    }

    /// The answer to a call that cannot be accepted now: the one to the call before, where this one
    /// repeats it, else the problem.
    async fn replay(
        &self,
        client: &ClientId,
        key: Option<&IdempotencyKey>,
        now: Timestamp,
        problem: Problem,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        let Some(key) = key else {
            return Err(problem);
        };
        let made = self.requests.made_by(client, key, now).await;
        match made.map_err(|e| unavailable(&e))? {
            Some(Created::Replayed(record)) => {
                // What the guardrails of now say of it and do not refuse.
                let mut findings = self.guardrails.evaluate_request(record.request());
                findings.retain(|finding| finding.code.refusal().is_none());
                Ok(accepted(&record, &findings))
            }
            Some(Created::KeyReused) => Err(key_reused()),
            _ => Err(problem),
        }
    }

    /// Judges a request by the guardrails: with the findings that do not refuse it.
    ///
    /// # Errors
    /// 422 with all findings, where one refuses it.
    fn judge(&self, request: AccessRequest) -> Result<(AccessRequest, Vec<Finding>), Problem> {
        let findings = self.guardrails.evaluate_request(&request);
        if refusal(&findings).is_none() {
            return Ok((request, findings));
        }
        let detail =
            "Valid, but not permitted by the guardrails. No request was created. See `findings`.";
        Err(Problem::new(422, "Outside the guardrails")
            .detail(detail)
            .findings(findings))
    }
}

fn accepted(record: &RequestRecord, findings: &[Finding]) -> ApiGatewayProxyResponse {
    info!(request_id = %record.id(), "request accepted");
    let answer = AcceptedAnswer::new(record.id(), record.request_digest(), findings);
    json_answer(202, &answer)
}

fn idempotency_key(
    event: &ApiGatewayProxyRequest,
    body: &Digest,
    path: &str,
    now: Timestamp,
) -> Result<Option<IdempotencyKey>, Problem> {
    if !event.headers.contains_key("idempotency-key") {
        return Ok(None);
    }
    let key = header(event, "idempotency-key").filter(|key| {
        (1..=255).contains(&key.len()) && key.bytes().all(|b| (0x21..=0x7e).contains(&b))
    });
    let Some(key) = key else {
        let detail = "`Idempotency-Key` stands once and is 1 to 255 visible ASCII characters.";
        return Err(Problem::new(400, "Bad request").detail(detail));
    };
    let call = canonical::digest("call", &(event.http_method.as_str(), path, body)).map_err(
        |failure| {
            error!(error = %failure, "a call could not be hashed");
            Problem::unavailable()
        },
    )?;
    Ok(Some(IdempotencyKey {
        key: key.to_owned(),
        call,
        expires_at: now + KEY_LIFE,
    }))
}

fn key_reused() -> Problem {
    let detail = "This `Idempotency-Key` was already used with a different call.";
    Problem::new(409, "Idempotency key reused").detail(detail)
}
