//! A session with one instance: signing in, limits, retries.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{Method, Request, Uri};
use https::{HttpsClient, HttpsSettings, Roots, TlsError};
use jiff::Timestamp;
use ports::{CallError, Clock};
use tokio::sync::{Mutex, Semaphore};
use zeroize::Zeroizing;

use crate::answer::{self, RawAnswer, TableAnswer};
use crate::breaker::Breaker;
use crate::credentials::{ServiceNowCredentials, SignIn};
use crate::error::ServiceNowError;
use crate::instance::Instance;
use crate::limits::Limits;
use crate::token::OAuthToken;

/// A session with one instance and one set of credentials. Clones share tokens, limits and
/// breaker; a process needs one for each set of credentials.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    http: HttpsClient,
    instance: Instance,
    credentials: ServiceNowCredentials,
    limits: Limits,
    in_flight: Semaphore,
    breaker: Breaker,
    tokens: Mutex<Tokens>,
    clock: Clock,
}

/// The token in use, and how many there have been.
#[derive(Default)]
struct Tokens {
    current: Option<Arc<OAuthToken>>,
    count: u64,
}

/// The value of `User-Agent`.
const AGENT: &str = concat!("snowgate/", env!("CARGO_PKG_VERSION"));

/// One call of the Table API.
pub(crate) struct TableCall {
    pub(crate) method: Method,
    pub(crate) url: Uri,
    /// A JSON document.
    pub(crate) body: Option<Vec<u8>>,
}

impl Session {
    /// A session within the usual limits. Nothing is sent yet.
    ///
    /// # Errors
    /// TLS could not be set up.
    pub fn new(
        instance: Instance,
        credentials: ServiceNowCredentials,
        clock: Clock,
    ) -> Result<Self, TlsError> {
        Self::with_limits(instance, credentials, Limits::default(), clock)
    }

    /// A session within other limits.
    ///
    /// # Errors
    /// As for [`Session::new`].
    pub fn with_limits(
        instance: Instance,
        credentials: ServiceNowCredentials,
        limits: Limits,
        clock: Clock,
    ) -> Result<Self, TlsError> {
        let http = HttpsClient::new(&HttpsSettings {
            roots: Roots::Mozilla,
            plain: !instance.is_https(),
            connect: limits.connect,
            idle: Duration::from_secs(20),
            idle_connections: limits.in_flight,
        })?;
        Ok(Self(Arc::new(Inner {
            http,
            instance,
            credentials,
            in_flight: Semaphore::new(limits.in_flight),
            limits,
            breaker: Breaker::new(clock.clone()),
            tokens: Mutex::new(Tokens::default()),
            clock,
        })))
    }

    /// The instance that is called.
    pub(crate) fn instance(&self) -> &Instance {
        &self.0.instance
    }

    /// The time now, by the clock of the session.
    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The name of the user that it signs in as, where it is known.
    pub(crate) fn user_name(&self) -> Option<&str> {
        self.0.credentials.user_name()
    }

    /// Makes a call: waits until fewer than the limit are in flight, signs in where needed, sends
    /// it, and sends it again where that is safe and likely to help.
    pub(crate) async fn call(
        &self,
        operation: &'static str,
        call: &TableCall,
    ) -> Result<TableAnswer, CallError> {
        let inner = &self.0;
        let outcome = tokio::time::timeout(inner.limits.total, inner.attempts(operation, call));
        outcome
            .await
            .unwrap_or(Err(ServiceNowError::TimedOut))
            .map_err(|error| error.in_call(operation))
    }
}

impl Inner {
    async fn attempts(
        &self,
        operation: &'static str,
        call: &TableCall,
    ) -> Result<TableAnswer, ServiceNowError> {
        // The semaphore is never closed.
        let _turn = self
            .in_flight
            .acquire()
            .await
            .map_err(|_| ServiceNowError::TimedOut)?;
        let writes = call.method != Method::GET;
        let mut signed_in_again = false;
        let mut tried = 0;
        loop {
            let error = match self.send_signed_in(call, &mut signed_in_again).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let wait = error
                .resend(writes)
                .and_then(|asked| self.limits.wait(tried, asked, jitter()));
            let Some(wait) = wait else {
                return Err(error);
            };
            tried += 1;
            tracing::debug!(operation, code = error.code(), tried, "sending again");
            tokio::time::sleep(wait).await;
        }
    }

    /// Sends the call once; with a token that is refused, once more with a fresh one, but only
    /// once in the life of a call.
    async fn send_signed_in(
        &self,
        call: &TableCall,
        signed_in_again: &mut bool,
    ) -> Result<TableAnswer, ServiceNowError> {
        if let SignIn::Basic(user) = self.credentials.sign_in() {
            let pair = Zeroizing::new(format!("{}:{}", *user.name, *user.password));
            let request = request(call, &format!("Basic {}", STANDARD.encode(&*pair)))?;
            return self.exchange(request, RawAnswer::table).await;
        }
        let token = self.token(None).await?;
        let first = request(call, &format!("Bearer {}", token.expose()))?;
        match self.exchange(first, RawAnswer::table).await {
            Err(ServiceNowError::Unauthorized) if !*signed_in_again => {
                *signed_in_again = true;
                let token = self.token(Some(token.serial)).await?;
                let again = request(call, &format!("Bearer {}", token.expose()))?;
                self.exchange(again, RawAnswer::table).await
            }
            other => other,
        }
    }

    /// The token in use, fetched where there is none, it is about to end, or it is the one that
    /// was refused. While one caller fetches, the others wait for what it brings.
    async fn token(&self, refused: Option<u64>) -> Result<Arc<OAuthToken>, ServiceNowError> {
        let mut tokens = self.tokens.lock().await;
        let current = tokens.current.take();
        // After the lock: others may have waited long for it.
        let now = self.clock.now();
        let usable = |token: &Arc<OAuthToken>| token.is_fresh(now) && refused != Some(token.serial);
        if let Some(token) = current.filter(usable) {
            tokens.current = Some(Arc::clone(&token));
            return Ok(token);
        }
        let form = self
            .credentials
            .token_form()
            .ok_or(ServiceNowError::SignInRefused)?;
        let request = Request::post(self.instance.token_url()?)
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, AGENT)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.as_bytes().to_vec())
            .map_err(|_| ServiceNowError::SignInRefused)?;
        let answer = self.exchange(request, RawAnswer::token).await?;
        let token = Arc::new(OAuthToken::read(answer, tokens.count + 1, now)?);
        tokens.count += 1;
        tokens.current = Some(Arc::clone(&token));
        Ok(token)
    }

    /// One request and its answer, if the breaker lets it through.
    async fn exchange<T>(
        &self,
        request: Request<Vec<u8>>,
        read: fn(RawAnswer) -> Result<T, ServiceNowError>,
    ) -> Result<T, ServiceNowError> {
        let permit = self.breaker.admit()?;
        let outcome = answer::receive(&self.http, request).await.and_then(read);
        permit.report(!matches!(&outcome, Err(error) if error.counts_against_breaker()));
        outcome
    }
}

/// A call as an HTTP request with this `Authorization`.
fn request(call: &TableCall, authorization: &str) -> Result<Request<Vec<u8>>, ServiceNowError> {
    // The credentials were checked when they were parsed: no value is refused here.
    let mut proof =
        HeaderValue::from_str(authorization).map_err(|_| ServiceNowError::Unauthorized)?;
    proof.set_sensitive(true);
    let request = Request::builder()
        .method(call.method.clone())
        .uri(call.url.clone())
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, AGENT)
        .header(AUTHORIZATION, proof);
    let request = match &call.body {
        Some(body) => request
            .header(CONTENT_TYPE, "application/json")
            .body(body.clone()),
        None => request.body(Vec::new()),
    };
    request.map_err(|_| ServiceNowError::Unauthorized)
}

/// A random number for the pause before a retry. Without randomness retries of several processes
/// may coincide, nothing worse.
fn jitter() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX / 2)
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("instance", &self.0.instance)
            .field("credentials", &self.0.credentials)
            .finish_non_exhaustive()
    }
}
