//! What reading IAM takes where each call takes 200 ms, by a clock of the test: nobody waits.
#![expect(
    clippy::unwrap_used,
    reason = "a test that panics is a test that fails"
)]

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_iam::{ReadRole, RoleToAssume};
use aws_sdk_iam::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use ports::Clock;
use snowgate_core::request::AccessRequest;
use testkit::samples::{self, sys_id};
use workflow::survey::survey;

const ACCOUNT: &str = "210987654321";
const EACH: Duration = Duration::from_millis(200);

/// IAM that has ten of everything and answers each call after a while, by a clock of its own.
#[derive(Debug, Clone, Default)]
struct SlowIam(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    calls: u32,
    /// What has passed since the beginning.
    now: Duration,
    /// The calls that are under way: when each is answered, and who waits for it.
    under_way: BTreeMap<u32, (Duration, Waker)>,
    most_under_way: usize,
}

impl SlowIam {
    /// Waits for the answer of one call.
    async fn wait(&self) {
        let (call, answered_at) = {
            let mut seen = self.0.lock().unwrap();
            seen.calls += 1;
            (seen.calls, seen.now + EACH)
        };
        poll_fn(|context| {
            let mut seen = self.0.lock().unwrap();
            if seen.now >= answered_at {
                return Poll::Ready(());
            }
            let waits = (answered_at, context.waker().clone());
            seen.under_way.insert(call, waits);
            seen.most_under_way = seen.most_under_way.max(seen.under_way.len());
            Poll::Pending
        })
        .await;
    }

    /// Runs something to its end: whenever all of it waits, the clock goes on to the next answer.
    fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
                return done;
            }
            let mut seen = self.0.lock().unwrap();
            let next = seen.under_way.values().map(|(answered_at, _)| *answered_at);
            let Some(next) = next.min() else { continue };
            seen.now = next;
            let answered = seen.under_way.extract_if(.., |_, (at, _)| *at <= next);
            answered.for_each(|(_, (_, waker))| waker.wake());
        }
    }
}

fn ten(of: impl Fn(u32) -> String) -> String {
    (0..10).map(of).collect()
}

fn member(text: &str) -> String {
    format!("<member>{text}</member>")
}

fn attached(holder: &str) -> String {
    let policies = ten(|n| {
        member(&format!(
            "<PolicyName>p</PolicyName><PolicyArn>arn:aws:iam::{ACCOUNT}:policy/{holder}-{n}</PolicyArn>"
        ))
    });
    format!("<AttachedPolicies>{policies}</AttachedPolicies><IsTruncated>false</IsTruncated>")
}

fn inline() -> String {
    let names = ten(|n| member(&format!("inline-{n}")));
    format!("<PolicyNames>{names}</PolicyNames><IsTruncated>false</IsTruncated>")
}

fn group(name: &str) -> String {
    format!(
        "<Path>/</Path><GroupName>{name}</GroupName><GroupId>AGPA{name}</GroupId>\
         <Arn>arn:aws:iam::{ACCOUNT}:group/{name}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>"
    )
}

/// What IAM and STS answer (their API references), as far as it is read.
fn result(action: &str, parameters: &BTreeMap<String, String>) -> String {
    let named = |key: &str| parameters.get(key).map_or("", String::as_str);
    let document = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
    match action {
        "AssumeRole" => "<Credentials><AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey>\
             <SessionToken>c</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
            .to_owned(),
        "GetUser" => format!(
            "<User><Path>/enrolled/</Path><UserName>{name}</UserName><UserId>AIDAEXAMPLE</UserId>\
             <Arn>arn:aws:iam::{ACCOUNT}:user/enrolled/{name}</Arn>\
             <CreateDate>2026-01-01T00:00:00Z</CreateDate></User>",
            name = named("UserName")
        ),
        "GetAccountSummary" => "<SummaryMap></SummaryMap>".to_owned(),
        "ListGroupsForUser" => {
            let groups = ten(|n| member(&group(&format!("group-{n}"))));
            format!("<Groups>{groups}</Groups><IsTruncated>false</IsTruncated>")
        }
        "GetGroup" => format!(
            "<Group>{}</Group><Users></Users><IsTruncated>false</IsTruncated>",
            group(named("GroupName"))
        ),
        "ListAttachedUserPolicies" => attached("user"),
        "ListAttachedGroupPolicies" => attached(named("GroupName")),
        "ListUserPolicies" | "ListGroupPolicies" => inline(),
        "GetUserPolicy" | "GetGroupPolicy" => format!(
            "<UserName>u</UserName><GroupName>g</GroupName><PolicyName>p</PolicyName>\
             <PolicyDocument>{document}</PolicyDocument>"
        ),
        "GetPolicy" => "<Policy><DefaultVersionId>v1</DefaultVersionId></Policy>".to_owned(),
        "GetPolicyVersion" => format!(
            "<PolicyVersion><Document>{document}</Document><VersionId>v1</VersionId></PolicyVersion>"
        ),
        // What nobody thought of is no answer, and fails the test.
        other => format!("<Unknown>{other}</Unknown>"),
    }
}

impl HttpConnector for SlowIam {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let iam = self.clone();
        let body = request.body().bytes().unwrap_or_default().to_vec();
        HttpConnectorFuture::new(async move {
            iam.wait().await;
            let body = String::from_utf8(body).unwrap();
            let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
            let parameters: BTreeMap<String, String> = pairs
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect();
            let action = parameters.get("Action").unwrap().clone();
            let result = result(&action, &parameters);
            let answer = format!(
                "<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"
            );
            let status = StatusCode::try_from(200_u16).unwrap();
            Ok(HttpResponse::new(status, SdkBody::from(answer)))
        })
    }
}

fn config(iam: &SlowIam) -> SdkConfig {
    let connector = SharedHttpConnector::new(iam.clone());
    let credentials = Credentials::new("a", "b", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .build()
}

/// Ten groups of ten managed and ten inline policies, and as much of the user's own, fit into the
/// minute that the provisioner has several times over; one after the other they would not.
#[test]
fn a_principal_with_many_policies_is_read_in_time() {
    let iam = SlowIam::default();
    let role = RoleToAssume::new("aws", "snowgate-read", "external-id", "snowgate").unwrap();
    let directory = ReadRole::new(&config(&iam), role, Clock::new(|| samples::at(0)));
    let mut target = samples::user();
    target.account_id = ACCOUNT.parse().unwrap();
    let body = samples::body(&sys_id(), &target).to_string();
    let request = AccessRequest::parse(body.as_bytes()).unwrap();
    let guardrails = testkit::world::World::default().guardrails;
    // The SDK sets timers, which never run out.
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().build().unwrap();
    let _entered = runtime.enter();
    let facts = iam.run(survey(&directory, &request, &guardrails)).unwrap();
    assert_eq!((facts.held.len(), facts.held_inline.len()), (110, 100));
    let seen = iam.0.lock().unwrap();
    assert!(EACH * seen.calls > Duration::from_secs(60), "{seen:?}");
    assert!(seen.now < Duration::from_secs(20), "{seen:?}");
    assert!(seen.most_under_way <= 20, "{seen:?}");
}
