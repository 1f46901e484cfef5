//! IAM by the script: what it answers, in which order, and what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_iam::config::{
    AsyncSleep, Credentials, SharedAsyncSleep, SharedCredentialsProvider, Sleep,
};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use jiff::Timestamp;
use ports::Clock;

use crate::document::percent_decoded;
use crate::{MemberRole, RoleToAssume};

/// What IAM's messages repeat of a call.
pub(super) const CANARY: &str = "canary-of-ci-billing";

/// Waits for nothing.
#[derive(Debug)]
struct AtOnce;

impl AsyncSleep for AtOnce {
    fn sleep(&self, _: std::time::Duration) -> Sleep {
        Sleep::new(std::future::ready(()))
    }
}

/// An answer of IAM: what is in the result, or a status with a code.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Result(String),
    Failed(u16, &'static str),
}

impl Answer {
    fn http(self, action: &str) -> HttpResponse {
        let (status, body) = match self {
            Self::Result(result) => {
                let result = format!("<{action}Result>{result}</{action}Result>");
                (
                    200,
                    format!("<{action}Response>{result}</{action}Response>"),
                )
            }
            Self::Failed(status, code) => {
                let error = format!("<Code>{code}</Code><Message>{CANARY}</Message>");
                let error = format!("<Error><Type>Sender</Type>{error}</Error>");
                (status, format!("<ErrorResponse>{error}</ErrorResponse>"))
            }
        };
        HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body))
    }
}

/// IAM that answers as it was told, in that order, and keeps what it was asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Script {
    answers: Arc<Mutex<VecDeque<(&'static str, Answer)>>>,
    asked: Arc<Mutex<Vec<BTreeMap<String, String>>>>,
}

/// The members of a form, by name.
fn members(body: &str) -> BTreeMap<String, String> {
    let member = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap();
        let value = percent_decoded(value).unwrap();
        (name.to_owned(), value)
    };
    body.split('&').map(member).collect()
}

impl HttpConnector for Script {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default();
        let asked = members(std::str::from_utf8(body).unwrap());
        let action = asked["Action"].clone();
        let answer = if action == "AssumeRole" {
            let given = "<AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey>\
                         <SessionToken>c</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration>";
            Answer::Result(format!("<Credentials>{given}</Credentials>"))
        } else {
            let (wanted, answer) = self.answers.lock().unwrap().pop_front().unwrap();
            assert_eq!(action, wanted, "the calls come in this order");
            self.asked.lock().unwrap().push(asked);
            answer
        };
        HttpConnectorFuture::ready(Ok(answer.http(&action)))
    }
}

/// The member role of an IAM that answers so, and what it is asked.
pub(super) fn member(answers: &[(&'static str, Answer)]) -> (MemberRole, Script) {
    let script = Script::default();
    script.answers.lock().unwrap().extend(answers.to_vec());
    let connector = script.clone();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .sleep_impl(SharedAsyncSleep::new(AtOnce))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "a", "b", None, None, "test",
        )))
        .http_client(http_client_fn(move |_, _| {
            SharedHttpConnector::new(connector.clone())
        }))
        .build();
    let role = RoleToAssume::new("aws", "SnowgateMember", "ext:1", "snowgate-test").unwrap();
    let clock = Clock::new(|| Timestamp::UNIX_EPOCH);
    (MemberRole::new(&config, role, clock), script)
}

impl Script {
    /// What was asked, once everything was answered.
    pub(super) fn asked(&self) -> Vec<BTreeMap<String, String>> {
        assert!(self.answers.lock().unwrap().is_empty(), "a call is missing");
        self.asked.lock().unwrap().clone()
    }
}
