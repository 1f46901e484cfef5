//! `GET /v1/requests/{id}` and `GET /v1/requests?sys_id=…`. A client sees its own requests; those
//! of others do not exist for it.

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use ports::ledger::{RequestIndex as _, Requests as _};
use shell::answer::{Problem, json_answer};
use snowgate_core::audit::{self, StoredRow};
use snowgate_core::id::{ClientId, RequestId, SysId};
use snowgate_core::record::RequestRecord;
use tracing::error;

use crate::answer::{ListAnswer, RequestAnswer};
use crate::{Intake, IntakePorts, unavailable};

impl<P: IntakePorts> Intake<P> {
    pub(crate) async fn show(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        let record = self.find_own(event, client).await?;
        self.answer(&record).await
    }

    /// The request that the path names, if it is the client's.
    pub(crate) async fn find_own(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
    ) -> Result<RequestRecord, Problem> {
        self.find_visible(event, |record| record.client() == client)
            .await
    }

    /// The request that the path names, if it is visible to this caller. Any other answers as one
    /// that does not exist.
    pub(crate) async fn find_visible(
        &self,
        event: &ApiGatewayProxyRequest,
        is_visible: impl FnOnce(&RequestRecord) -> bool,
    ) -> Result<RequestRecord, Problem> {
        let missing = || Problem::new(404, "Not found").detail("No request with this id.");
        let id = event
            .path_parameters
            .get("id")
            .and_then(|id| id.parse::<RequestId>().ok());
        let id = id.ok_or_else(missing)?;
        let record = self.requests.load(&id).await.map_err(|e| unavailable(&e))?;
        record.filter(is_visible).ok_or_else(missing)
    }

    /// Where a request stands; nothing of one that its audit trail does not bear out.
    pub(crate) async fn answer(
        &self,
        record: &RequestRecord,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        if record.trail_fault().is_some() {
            return Err(broken_trail(record));
        }
        let trail = self.requests.trail(record.id()).await;
        let mut trail = trail.map_err(|e| unavailable(&e))?;
        // Somebody may have added rows since the record was read.
        let known = |row: &StoredRow| row.place.is_none_or(|n| n < record.audit().count);
        trail.retain(known);
        let trail = audit::verify(&trail, record).map_err(|fault| {
            error!(request_id = %record.id(), %fault, "the audit trail of a request is broken");
            broken_trail(record)
        })?;
        Ok(json_answer(200, &RequestAnswer::new(record, &trail)))
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
            .index
            .of_record(client, &sys_id)
            .await
            .map_err(|e| unavailable(&e))?;
        Ok(json_answer(200, &ListAnswer::new(&found)))
    }
}

/// The audit trail does not bear the request out: nothing is said of it.
pub(crate) fn broken_trail(record: &RequestRecord) -> Problem {
    let detail = "The audit trail of this request doesn't match its record, so nothing is shown of \
                  it and nothing is granted. Access that it gave is removed at its end. The \
                  operators are alerted.";
    Problem::new(500, "Audit trail broken")
        .detail(detail)
        .request(record.id().clone())
}
