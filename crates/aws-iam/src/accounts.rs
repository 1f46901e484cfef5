//! Sessions in target accounts: one for each account, kept until shortly before its end.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_errors::call_error;
use aws_sdk_iam::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_iam::config::{Credentials, IdentityCache};
use jiff::{SignedDuration, Timestamp};
use ports::directory::DirectoryError;
use ports::{CallError, Clock};
use snowgate_core::arn::PARTITIONS;
use snowgate_core::id::AccountId;

const ASSUME: &str = "sts:AssumeRole";

/// How long a session lasts, in seconds: the shortest that STS gives (STS API, AssumeRole).
const SESSION: i32 = 900;

/// A session is renewed this long before its end.
const RENEWED_BEFORE: SignedDuration = SignedDuration::from_secs(60);

/// How often the SDK tries a call.
const ATTEMPTS: u32 = 3;

/// How many of the tokens that retries cost come back in a second; without, only calls that
/// succeed give them back, and after a long throttling there would be no retry left.
const TOKENS_BACK: f32 = 10.0;

/// The role that is assumed in every target account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleToAssume {
    partition: String,
    name: String,
    external_id: String,
    session: String,
}

/// Why a role cannot be assumed as it is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RoleToAssumeError {
    /// The partition is none that AWS has.
    #[error("the partition is none that AWS has")]
    Partition,
    /// Not the name of a role, with or without its path.
    #[error("the role is not named by 1 to 64 of `A-Z a-z 0-9 + = , . @ _ -`, after its path")]
    Name,
    /// Not an external id.
    #[error("the external id is not 2 to 1224 of `A-Z a-z 0-9 + = , . @ : / _ -`")]
    ExternalId,
    /// Not the name of a session.
    #[error("the session is not named by 2 to 64 of `A-Z a-z 0-9 + = , . @ _ -`")]
    Session,
}

impl RoleToAssume {
    /// Names the role: its partition (such as `aws`), its name, where it has one with its path
    /// and without the leading `/`, the external id that its trust policy asks for, and the
    /// session name that CloudTrail shows.
    ///
    /// # Errors
    /// Where STS would not take one of them (STS API reference, AssumeRole).
    pub fn new(
        partition: &str,
        name: &str,
        external_id: &str,
        session: &str,
    ) -> Result<Self, RoleToAssumeError> {
        let plain = |text: &str, more: &[u8]| {
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b) || more.contains(&b))
        };
        let last = name.rsplit('/').next().unwrap_or(name);
        if !PARTITIONS.contains(&partition) {
            return Err(RoleToAssumeError::Partition);
        }
        if !(1..=64).contains(&last.len())
            || name.len() > 575
            || name.starts_with('/')
            || !plain(name, b"/")
        {
            return Err(RoleToAssumeError::Name);
        }
        if !(2..=1224).contains(&external_id.len()) || !plain(external_id, b":/") {
            return Err(RoleToAssumeError::ExternalId);
        }
        if !(2..=64).contains(&session.len()) || !plain(session, b"") {
            return Err(RoleToAssumeError::Session);
        }
        Ok(Self {
            partition: partition.to_owned(),
            name: name.to_owned(),
            external_id: external_id.to_owned(),
            session: session.to_owned(),
        })
    }

    fn arn(&self, account: &AccountId) -> String {
        format!("arn:{}:iam::{account}:role/{}", self.partition, self.name)
    }
}

/// IAM clients, one for each account.
#[derive(Debug)]
pub(crate) struct Accounts {
    config: SdkConfig,
    sts: aws_sdk_sts::Client,
    role: RoleToAssume,
    sessions: Mutex<HashMap<AccountId, Session>>,
    clock: Clock,
}

#[derive(Debug, Clone)]
struct Session {
    iam: aws_sdk_iam::Client,
    ends: Timestamp,
}

impl Session {
    /// Whether a new call may use it.
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.ends.duration_since(now) > RENEWED_BEFORE
    }
}

impl Accounts {
    pub(crate) fn new(config: &SdkConfig, role: RoleToAssume, clock: Clock) -> Self {
        let sts = aws_sdk_sts::config::Builder::from(config)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .build();
        Self {
            config: config.clone(),
            sts: aws_sdk_sts::Client::from_conf(sts),
            role,
            sessions: Mutex::default(),
            clock,
        }
    }

    /// The client for an account, with a session that lasts for another minute at least.
    pub(crate) async fn iam(
        &self,
        account: &AccountId,
    ) -> Result<aws_sdk_iam::Client, DirectoryError> {
        if let Some(session) = self.cached(account, self.clock.now()) {
            return Ok(session.iam);
        }
        let session = self.assume(account).await?;
        self.cache(account, session.clone(), self.clock.now());
        Ok(session.iam)
    }

    fn cached(&self, account: &AccountId, now: Timestamp) -> Option<Session> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions
            .get(account)
            .filter(|session| session.is_fresh(now))
            .cloned()
    }

    /// Keeps a session, and drops those that are over.
    fn cache(&self, account: &AccountId, session: Session, now: Timestamp) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| session.is_fresh(now));
        sessions.insert(account.clone(), session);
    }

    async fn assume(&self, account: &AccountId) -> Result<Session, DirectoryError> {
        let answer = self
            .sts
            .assume_role()
            .role_arn(self.role.arn(account))
            .external_id(&self.role.external_id)
            .role_session_name(&self.role.session)
            .duration_seconds(SESSION)
            .send()
            .await
            .map_err(|error| self.not_assumed(account, call_error(ASSUME, &error)))?;
        let unreadable = || CallError::transient(ASSUME, "UnreadableAnswer");
        let given = answer.credentials.ok_or_else(unreadable)?;
        let expiration = SystemTime::try_from(given.expiration).map_err(|_| unreadable())?;
        let credentials = Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            Some(expiration),
            "snowgate-target-account",
        );
        Ok(Session {
            iam: self.client(credentials),
            ends: Timestamp::try_from(expiration).map_err(|_| unreadable())?,
        })
    }

    /// STS answers `AccessDenied` both where there is no such role and where it does not trust us.
    fn not_assumed(&self, account: &AccountId, error: CallError) -> DirectoryError {
        match error.code.as_str() {
            "AccessDenied" | "AccessDeniedException" => {
                DirectoryError::NotPrepared(account.clone())
            }
            _ => error.into(),
        }
    }

    /// A client of its own for each session. The connections are shared where the configuration
    /// holds an HTTP client; the shared identity cache would keep every session for ever. So are not
    /// the tokens that retries cost, which the SDK shares in a process: one account that is
    /// throttled takes none of another's, and its own next session starts anew.
    fn client(&self, credentials: Credentials) -> aws_sdk_iam::Client {
        let tokens = TokenBucket::builder().refill_rate(TOKENS_BACK).build();
        let partition = RetryPartition::custom("target-account").token_bucket(tokens);
        let partition = partition.build();
        let config = aws_sdk_iam::config::Builder::from(&self.config)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .retry_partition(partition)
            .identity_cache(IdentityCache::no_cache())
            .credentials_provider(credentials)
            .build();
        aws_sdk_iam::Client::from_conf(config)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_config::BehaviorVersion;
    use aws_sdk_iam::config::{AsyncSleep, SharedAsyncSleep, Sleep};
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
            ends: now + SignedDuration::from_secs(seconds),
        };
        accounts.cache(&account(1), session(900), now);
        let later = |seconds| now + SignedDuration::from_secs(seconds);
        assert!(accounts.cached(&account(1), later(839)).is_some());
        assert!(accounts.cached(&account(1), later(840)).is_none());
        assert!(accounts.cached(&account(1), later(2000)).is_none());
        assert!(accounts.cached(&account(2), now).is_none());
        // What is over does not stay.
        accounts.cache(&account(2), session(2900), later(2000));
        assert_eq!(accounts.sessions.lock().unwrap().len(), 1);
    }

    /// Waits for nothing.
    #[derive(Debug)]
    struct AtOnce;

    impl AsyncSleep for AtOnce {
        fn sleep(&self, _: std::time::Duration) -> Sleep {
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
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(aws_config::Region::new("eu-central-1"))
            .sleep_impl(SharedAsyncSleep::new(AtOnce))
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
            let started = std::time::Instant::now();
            assert_eq!(asked(&second).await, "NoSuchEntity");
            assert!(
                started.elapsed().as_secs() < 1,
                "it does not wait for the other"
            );
        });
    }

    #[test]
    fn no_trust_is_not_a_failed_call() {
        let accounts = accounts();
        let denied =
            accounts.not_assumed(&account(1), CallError::permanent(ASSUME, "AccessDenied"));
        assert!(matches!(denied, DirectoryError::NotPrepared(id) if id == account(1)));
        let slow = accounts.not_assumed(&account(1), CallError::transient(ASSUME, "Throttling"));
        assert!(matches!(slow, DirectoryError::Call(error) if error.is_transient()));
    }
}
