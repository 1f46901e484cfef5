//! A signed-in line to one instance.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{Method, Request, Uri};
use https::{Client, Roots, Settings, TlsError};
use jiff::Timestamp;
use ports::CallError;
use tokio::sync::{Mutex, Semaphore};
use zeroize::Zeroizing;

use crate::answer::{self, Answer, Raw};
use crate::breaker::Breaker;
use crate::credentials::{Credentials, Kind};
use crate::instance::Instance;
use crate::limits::Limits;
use crate::token::Token;
use crate::trouble::Trouble;

/// A line to one instance with one set of credentials. Clones share tokens, limits and breaker;
/// a process needs one for each set of credentials.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    http: Client,
    instance: Instance,
    credentials: Credentials,
    limits: Limits,
    turns: Semaphore,
    breaker: Breaker,
    token: Mutex<Tokens>,
}

/// The token in use, and how many there have been.
#[derive(Default)]
struct Tokens {
    current: Option<Arc<Token>>,
    count: u64,
}

/// Who calls.
const AGENT: &str = concat!("snowgate/", env!("CARGO_PKG_VERSION"));

/// One call of the Table API.
pub(crate) struct Call {
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
    pub fn new(instance: Instance, credentials: Credentials) -> Result<Self, TlsError> {
        Self::with_limits(instance, credentials, Limits::default())
    }

    /// A session within other limits.
    ///
    /// # Errors
    /// As for [`Session::new`].
    pub fn with_limits(
        instance: Instance,
        credentials: Credentials,
        limits: Limits,
    ) -> Result<Self, TlsError> {
        let http = Client::new(&Settings {
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
            turns: Semaphore::new(limits.in_flight),
            limits,
            breaker: Breaker::default(),
            token: Mutex::new(Tokens::default()),
        })))
    }

    /// The instance that is called.
    pub(crate) fn instance(&self) -> &Instance {
        &self.0.instance
    }

    /// Makes a call: waits for its turn, signs in where needed, sends it, and sends it again
    /// where that is safe and likely to help.
    pub(crate) async fn call(
        &self,
        operation: &'static str,
        call: &Call,
    ) -> Result<Answer, CallError> {
        let inner = &self.0;
        let outcome = tokio::time::timeout(inner.limits.total, inner.attempts(operation, call));
        outcome
            .await
            .unwrap_or(Err(Trouble::TimedOut))
            .map_err(|trouble| trouble.of(operation))
    }
}

impl Inner {
    async fn attempts(&self, operation: &'static str, call: &Call) -> Result<Answer, Trouble> {
        // The semaphore is never closed.
        let _turn = self.turns.acquire().await.map_err(|_| Trouble::TimedOut)?;
        let writes = call.method != Method::GET;
        let mut signed_in_again = false;
        let mut tried = 0;
        loop {
            let trouble = match self.authorised(call, &mut signed_in_again).await {
                Ok(answer) => return Ok(answer),
                Err(trouble) => trouble,
            };
            let wait = trouble
                .resend(writes)
                .and_then(|asked| self.limits.wait(tried, asked, chance()));
            let Some(wait) = wait else {
                return Err(trouble);
            };
            tried += 1;
            tracing::debug!(operation, code = trouble.code(), tried, "sending again");
            tokio::time::sleep(wait).await;
        }
    }

    /// Sends the call once; with a token that is refused, once more with a fresh one, but only
    /// once in the life of a call.
    async fn authorised(&self, call: &Call, signed_in_again: &mut bool) -> Result<Answer, Trouble> {
        if let Kind::Basic(user) = self.credentials.kind() {
            let pair = Zeroizing::new(format!("{}:{}", *user.name, *user.password));
            let request = request(call, &format!("Basic {}", STANDARD.encode(&*pair)))?;
            return self.exchange(request, Raw::table).await;
        }
        let token = self.token(None).await?;
        let first = request(call, &format!("Bearer {}", token.expose()))?;
        match self.exchange(first, Raw::table).await {
            Err(Trouble::Unauthorized) if !*signed_in_again => {
                *signed_in_again = true;
                let token = self.token(Some(token.serial)).await?;
                let again = request(call, &format!("Bearer {}", token.expose()))?;
                self.exchange(again, Raw::table).await
            }
            other => other,
        }
    }

    /// The token in use, fetched where there is none, it is about to end, or it is the one that
    /// was refused. While one caller fetches, the others wait for what it brings.
    async fn token(&self, refused: Option<u64>) -> Result<Arc<Token>, Trouble> {
        let mut tokens = self.token.lock().await;
        let current = tokens.current.take();
        let usable =
            |token: &Arc<Token>| token.is_fresh(Timestamp::now()) && refused != Some(token.serial);
        if let Some(token) = current.filter(usable) {
            tokens.current = Some(Arc::clone(&token));
            return Ok(token);
        }
        let form = self
            .credentials
            .token_form()
            .ok_or(Trouble::SignInRefused)?;
        let request = Request::post(self.instance.token_url()?)
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, AGENT)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.as_bytes().to_vec())
            .map_err(|_| Trouble::SignInRefused)?;
        let asked_at = Timestamp::now();
        let answer = self.exchange(request, Raw::token).await?;
        let token = Arc::new(Token::read(answer, tokens.count + 1, asked_at)?);
        tokens.count += 1;
        tokens.current = Some(Arc::clone(&token));
        Ok(token)
    }

    /// One request and its answer, if the breaker lets it through.
    async fn exchange<T>(
        &self,
        request: Request<Vec<u8>>,
        judge: fn(Raw) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let pass = self.breaker.admit(Timestamp::now())?;
        let outcome = answer::receive(&self.http, request).await.and_then(judge);
        pass.reassign(!matches!(&outcome, Err(trouble) if trouble.burdens_breaker()));
        outcome
    }
}

/// A call as a request that carries this proof of who calls.
fn request(call: &Call, authorization: &str) -> Result<Request<Vec<u8>>, Trouble> {
    // The credentials were checked when they were parsed: no value is refused here.
    let mut proof = HeaderValue::from_str(authorization).map_err(|_| Trouble::Unauthorized)?;
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
    request.map_err(|_| Trouble::Unauthorized)
}

/// Any number. Without randomness retries of several processes may coincide, nothing worse.
fn chance() -> u32 {
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
