//! `POST /v1/requests/{id}/extend`: the same access for longer, as a request of its own. It goes
//! through every check and every approval again; until then nothing changes for the access that
//! is there.

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use jiff::Timestamp;
use shell::answer::Problem;
use snowgate_core::id::ClientId;
use snowgate_core::lifecycle::State;
use snowgate_core::request::AccessRequest;

use crate::view::broken_trail;
use crate::{Intake, IntakePorts};

impl<P: IntakePorts> Intake<P> {
    /// Accepts an extension. Whether the access is there still is looked at by the
    /// dispatcher, so that a call that is repeated later gets the same answer.
    pub(crate) async fn extend(
        &self,
        event: &ApiGatewayProxyRequest,
        client: ClientId,
        now: Timestamp,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        let before = self.find_own(event, &client).await?;
        if before.trail_fault().is_some() {
            return Err(broken_trail(&before));
        }
        let Some(extension) = before.extension() else {
            let why = match before.state() {
                State::Received | State::Pending | State::Approved | State::Provisioning => {
                    "No access is granted yet. Extend the request once it is `Active`."
                }
                _ => "No access was granted, so there is nothing to extend.",
            };
            return Err(Problem::new(409, "Not in this state")
                .detail(why)
                .request(before.id().clone())
                .state(before.state()));
        };
        let parse =
            |bytes: &[u8]| AccessRequest::parse_extension(bytes, before.request(), extension);
        let path = format!("/v1/requests/{}/extend", before.id());
        self.accept((event, &path), parse, client, now).await
    }
}
