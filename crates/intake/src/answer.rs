//! The API's answers, as they are written. Every member is always there, unless its type says that
//! it is left out; docs/openapi.json describes the same, and a test compares them.

mod preview;
mod request;

use serde::Serialize;
use snowgate_core::finding::Finding;
use snowgate_core::id::{AccountId, Digest, RequestId};
use snowgate_core::lifecycle::State;
use snowgate_core::principal::{Principal, PrincipalName, PrincipalType};

pub(crate) use request::RequestAnswer;

/// `Accepted`: the answer to a new request, the same each time it is sent again.
#[derive(Debug, Serialize)]
pub(crate) struct AcceptedAnswer<'a> {
    request_id: &'a RequestId,
    state: State,
    digest: &'a Digest,
    findings: &'a [Finding],
    status_url: StatusUrl<'a>,
}

impl<'a> AcceptedAnswer<'a> {
    /// The state is that of a request that was just received, whatever became of it since: a call
    /// that is repeated gets the same answer.
    pub(crate) fn new(id: &'a RequestId, digest: &'a Digest, findings: &'a [Finding]) -> Self {
        Self {
            request_id: id,
            state: State::Received,
            digest,
            findings,
            status_url: StatusUrl(id),
        }
    }
}

/// `List`: the client's requests for a ServiceNow record.
#[derive(Debug, Serialize)]
pub(crate) struct ListAnswer<'a> {
    requests: Vec<ListedRequest<'a>>,
}

impl<'a> ListAnswer<'a> {
    pub(crate) fn new(found: &'a [(RequestId, State)]) -> Self {
        let requests = found.iter().map(|(id, state)| ListedRequest {
            request_id: id,
            state: *state,
            status_url: StatusUrl(id),
        });
        Self {
            requests: requests.collect(),
        }
    }
}

/// `Listed`: one of them.
#[derive(Debug, Serialize)]
struct ListedRequest<'a> {
    request_id: &'a RequestId,
    state: State,
    status_url: StatusUrl<'a>,
}

/// `Ended`: what a security client learns of a request that it ended.
#[derive(Debug, Serialize)]
pub(crate) struct EndedAnswer<'a> {
    pub(crate) request_id: &'a RequestId,
    pub(crate) state: State,
}

/// `StatusUrl`: where a request can be read.
#[derive(Debug)]
struct StatusUrl<'a>(&'a RequestId);

impl Serialize for StatusUrl<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("/v1/requests/{}", self.0))
    }
}

/// `Target`: the principal that receives the grants.
#[derive(Debug, Serialize)]
struct TargetAnswer<'a> {
    account_id: &'a AccountId,
    principal: PrincipalAnswer<'a>,
}

#[derive(Debug, Serialize)]
struct PrincipalAnswer<'a> {
    #[serde(rename = "type")]
    kind: PrincipalType,
    name: &'a PrincipalName,
}

impl<'a> From<&'a Principal> for TargetAnswer<'a> {
    fn from(target: &'a Principal) -> Self {
        Self {
            account_id: &target.account_id,
            principal: PrincipalAnswer {
                kind: target.kind,
                name: &target.name,
            },
        }
    }
}
