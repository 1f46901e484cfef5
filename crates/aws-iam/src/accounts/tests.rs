//! Sessions, one for each account.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::BehaviorVersion;
use aws_sdk_iam::config::{AsyncSleep, SharedAsyncSleep, SharedCredentialsProvider, Sleep};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use super::*;

fn role() -> RoleToAssume {
    RoleToAssume::new("aws-cn", "snowgate/read", "ext:1", "snowgate-dispatcher").unwrap()
}

fn accounts() -> Accounts {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .build();
    Accounts::new(&config, role(), Clock::new(|| Timestamp::UNIX_EPOCH))
}

fn account(n: u8) -> AccountId {
    format!("{n:012}").parse().unwrap()
}

#[test]
fn roles_are_named_in_their_partition() {
    assert_eq!(
        role().arn(&account(7)),
        "arn:aws-cn:iam::000000000007:role/snowgate/read"
    );
    for (partition, name, external, session, error) in [
        ("aws-x", "r", "id", "se", RoleToAssumeError::Partition),
        ("aws", "", "id", "se", RoleToAssumeError::Name),
        ("aws", "/r", "id", "se", RoleToAssumeError::Name),
        ("aws", "r*", "id", "se", RoleToAssumeError::Name),
        ("aws", "r", "i", "se", RoleToAssumeError::ExternalId),
        ("aws", "r", "id", "s", RoleToAssumeError::Session),
        ("aws", "r", "id", "s s", RoleToAssumeError::Session),
    ] {
        assert_eq!(
            RoleToAssume::new(partition, name, external, session),
            Err(error)
        );
    }
}

#[test]
fn a_session_is_renewed_a_minute_before_its_end() {
    let accounts = accounts();
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    let session = |seconds| Session {
        iam: accounts.client(Credentials::new("a", "b", None, None, "test")),
        name: "req-1".to_owned(),
        ends: now + SignedDuration::from_secs(seconds),
    };
    accounts.cache(&account(1), session(900), now);
    let later = |seconds| now + SignedDuration::from_secs(seconds);
    let cached = |of: u8, name, at| accounts.cached(&account(of), name, at).is_some();
    assert!(cached(1, "req-1", later(839)));
    assert!(!cached(1, "req-1", later(840)));
    assert!(!cached(1, "req-1", later(2000)));
    assert!(!cached(2, "req-1", now));
    // Another request has a session of its own.
    assert!(!cached(1, "req-2", now));
    // What is over does not stay.
    accounts.cache(&account(2), session(2900), later(2000));
    assert_eq!(accounts.sessions.lock().unwrap().len(), 1);
}

/// Waits for nothing, and keeps for how long it was asked to wait in all.
#[derive(Debug, Clone, Default)]
struct AtOnce(Arc<Mutex<Duration>>);

impl AtOnce {
    fn asked(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

impl AsyncSleep for AtOnce {
    fn sleep(&self, time: Duration) -> Sleep {
        *self.0.lock().unwrap() += time;
        Sleep::new(std::future::ready(()))
    }
}

/// IAM that throttles so many calls, and has no such user then.
#[derive(Debug, Clone)]
struct Throttling(Arc<AtomicUsize>);

impl HttpConnector for Throttling {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(1), Ordering::Relaxed);
        let (status, code) = match left {
            0 => (404, "NoSuchEntity"),
            _ => (400, "Throttling"),
        };
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code></Error></ErrorResponse>"
        );
        let status = StatusCode::try_from(status).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
    }
}

#[test]
fn one_throttled_account_takes_no_retries_of_another() {
    let throttled = Arc::new(AtomicUsize::new(0));
    let connector = Throttling(Arc::clone(&throttled));
    let waits = AtOnce::default();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(aws_config::Region::new("eu-central-1"))
        .sleep_impl(SharedAsyncSleep::new(waits.clone()))
        .http_client(http_client_fn(move |_, _| {
            SharedHttpConnector::new(connector.clone())
        }))
        .build();
    let accounts = Accounts::new(&config, role(), Clock::new(|| Timestamp::UNIX_EPOCH));
    let credentials = || Credentials::new("a", "b", None, None, "test");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let asked = async |iam: &aws_sdk_iam::Client| {
            let answer = iam.get_user().user_name("rita").send().await;
            call_error("iam:GetUser", &answer.unwrap_err()).code
        };
        let first = accounts.client(credentials());
        throttled.store(usize::MAX, Ordering::Relaxed);
        for _ in 0..150 {
            assert_eq!(asked(&first).await, "Throttling");
        }
        // Another account, or the next session of the same one: throttled once, and tried again.
        let second = accounts.client(credentials());
        throttled.store(1, Ordering::Relaxed);
        let before = waits.asked();
        assert_eq!(asked(&second).await, "NoSuchEntity");
        // One throttled call of its own waits for a second or two, and for nobody else.
        let waited = waits.asked() - before;
        assert!(waited <= Duration::from_secs(5), "{waited:?}");
    });
}

#[test]
fn no_trust_is_not_a_failed_call() {
    let accounts = accounts();
    let denied = accounts.not_assumed(&account(1), CallError::permanent(ASSUME, "AccessDenied"));
    assert!(matches!(denied, DirectoryError::NotPrepared(id) if id == account(1)));
    let slow = accounts.not_assumed(&account(1), CallError::transient(ASSUME, "Throttling"));
    assert!(matches!(slow, DirectoryError::Call(error) if error.is_transient()));
}

/// STS that denies so many times, then gives a session; it keeps what it was asked.
#[derive(Debug, Clone)]
struct Sts {
    denies: usize,
    asked: Arc<Mutex<Vec<String>>>,
}

impl HttpConnector for Sts {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default();
        let mut asked = self.asked.lock().unwrap();
        asked.push(String::from_utf8_lossy(body).into_owned());
        let (status, body) = if asked.len() <= self.denies {
            let code = "<Type>Sender</Type><Code>AccessDenied</Code>";
            (
                403,
                format!("<ErrorResponse><Error>{code}</Error></ErrorResponse>"),
            )
        } else {
            let given = "<AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey>\
                         <SessionToken>c</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration>";
            let result =
                format!("<AssumeRoleResult><Credentials>{given}</Credentials></AssumeRoleResult>");
            (
                200,
                format!("<AssumeRoleResponse>{result}</AssumeRoleResponse>"),
            )
        };
        let status = StatusCode::try_from(status).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
    }
}

/// Accounts that such an STS answers for, and what it was asked.
fn asking(denies: usize) -> (Accounts, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let sts = Sts {
        denies,
        asked: Arc::clone(&asked),
    };
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(aws_config::Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "a", "b", None, None, "test",
        )))
        .http_client(http_client_fn(move |_, _| {
            SharedHttpConnector::new(sts.clone())
        }))
        .build();
    let clock = Clock::new(|| Timestamp::UNIX_EPOCH);
    let accounts = Accounts {
        propagation: [Duration::from_millis(20), Duration::from_millis(30)],
        ..Accounts::new(&config, role(), clock)
    };
    (accounts, asked)
}

#[tokio::test]
async fn a_role_that_is_not_known_everywhere_yet_is_tried_again() {
    let begun = std::time::Instant::now();
    let (accounts, asked) = asking(2);
    let about =
        async |accounts: &Accounts| in_sessions_about("req-1", accounts.iam(&account(1))).await;
    assert!(about(&accounts).await.is_ok());
    assert_eq!(asked.lock().unwrap().len(), 3);
    assert!(begun.elapsed() >= Duration::from_millis(50));
    // One that stays denied is no role for us.
    let (accounts, asked) = asking(usize::MAX);
    let denied = about(&accounts).await;
    assert!(matches!(denied, Err(DirectoryError::NotPrepared(id)) if id == account(1)));
    assert_eq!(asked.lock().unwrap().len(), 3);
    // Work that is about no one thing does not wait.
    assert!(accounts.iam(&account(1)).await.is_err());
    assert_eq!(asked.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_session_says_what_it_is_for() {
    let (accounts, asked) = asking(0);
    for about in ["req-1", "req-1", "req-2", "no name"] {
        let opened = in_sessions_about(about, accounts.iam(&account(1))).await;
        assert!(opened.is_ok());
    }
    assert!(accounts.iam(&account(1)).await.is_ok());
    let asked = asked.lock().unwrap();
    let named = |name: &str| {
        let names = |body: &&String| {
            body.contains(&format!("RoleSessionName={name}&"))
                && format!("{body}&").contains(&format!("SourceIdentity={name}&"))
        };
        asked.iter().filter(names).count()
    };
    // One session for each request; what is no name leaves the function's own.
    assert_eq!(
        (named("req-1"), named("req-2"), named("snowgate-dispatcher")),
        (1, 1, 1)
    );
    assert_eq!(asked.len(), 3);
}
