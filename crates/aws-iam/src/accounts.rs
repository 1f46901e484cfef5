//! Sessions in target accounts: one for each account, kept until shortly before its end.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

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

/// What is waited before a role that STS denies is tried again: a role that was just made, or just
/// began to trust us, is not known everywhere for some seconds (IAM User Guide, "Changes that I make
/// are not always immediately visible").
const PROPAGATION: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

tokio::task_local! {
    /// What the work at hand is about.
    static ABOUT: String;
}

/// Does this work in sessions that are named after what it is about, such as the id of a request.
/// CloudTrail shows the name with every call, as the name of the session and as its source identity.
///
/// # Errors
/// Those of the work.
pub fn in_sessions_about<T>(about: &str, work: impl Future<Output = T>) -> impl Future<Output = T> {
    // What a function does is a big future; on the heap it is moved once, wherever it is held.
    ABOUT.scope(about.to_owned(), Box::pin(work))
}

/// Whether STS takes this as the name of a session (STS API reference, AssumeRole).
fn names_session(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    (2..=64).contains(&text.len()) && text.bytes().all(plain)
}

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
    /// and without the leading `/`, the external id that its trust policy asks for, and the name
    /// of sessions for work that is about no one thing.
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
        if !names_session(session) {
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
    propagation: [Duration; 2],
}

#[derive(Debug, Clone)]
struct Session {
    iam: aws_sdk_iam::Client,
    name: String,
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
            propagation: PROPAGATION,
        }
    }

    /// The client for an account, with a session that lasts for another minute at least.
    pub(crate) async fn iam(
        &self,
        account: &AccountId,
    ) -> Result<aws_sdk_iam::Client, DirectoryError> {
        let about = ABOUT.try_with(Clone::clone).ok();
        let about = about.filter(|about| names_session(about));
        let name = about.clone().unwrap_or_else(|| self.role.session.clone());
        if let Some(session) = self.cached(account, &name, self.clock.now()) {
            return Ok(session.iam);
        }
        // Who looks through many accounts comes again soon, and does not wait for each.
        let session = match about {
            Some(_) => self.assume_propagated(account, name).await?,
            None => self.assume(account, name).await?,
        };
        self.cache(account, session.clone(), self.clock.now());
        Ok(session.iam)
    }

    fn cached(&self, account: &AccountId, name: &str, now: Timestamp) -> Option<Session> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions
            .get(account)
            .filter(|session| session.name == name && session.is_fresh(now))
            .cloned()
    }

    /// Keeps a session, and drops those that are over.
    fn cache(&self, account: &AccountId, session: Session, now: Timestamp) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| session.is_fresh(now));
        sessions.insert(account.clone(), session);
    }

    /// Assumes the role, and again where STS may not know yet that it may be.
    async fn assume_propagated(
        &self,
        account: &AccountId,
        name: String,
    ) -> Result<Session, DirectoryError> {
        for pause in self.propagation {
            match self.assume(account, name.clone()).await {
                Err(DirectoryError::NotPrepared(_)) => tokio::time::sleep(pause).await,
                answered => return answered,
            }
        }
        self.assume(account, name).await
    }

    async fn assume(&self, account: &AccountId, name: String) -> Result<Session, DirectoryError> {
        let answer = self
            .sts
            .assume_role()
            .role_arn(self.role.arn(account))
            .external_id(&self.role.external_id)
            .role_session_name(&name)
            .source_identity(&name)
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
            name,
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
mod tests;
