//! A signed-in line to one instance.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ports::CallError;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, redirect};
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::{Mutex, Semaphore};
use url::Url;

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

/// Why there is no session: TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The library for TLS refuses its own defaults.
    #[error("no settings for TLS")]
    Tls(#[from] rustls::Error),
    /// The client refuses to be built from them.
    #[error("no HTTPS client")]
    Client(#[from] reqwest::Error),
}

/// One call of the Table API.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// A JSON document.
    pub(crate) body: Option<Vec<u8>>,
}

impl Session {
    /// A session within the usual limits. Nothing is sent yet.
    ///
    /// # Errors
    /// TLS could not be set up.
    pub fn new(instance: Instance, credentials: Credentials) -> Result<Self, SessionError> {
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
    ) -> Result<Self, SessionError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let http = Client::builder()
            .tls_backend_preconfigured(tls()?)
            .default_headers(headers)
            .user_agent(concat!("snowgate/", env!("CARGO_PKG_VERSION")))
            .https_only(instance.is_https())
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .connect_timeout(limits.connect)
            .timeout(limits.total)
            .pool_max_idle_per_host(limits.in_flight)
            .pool_idle_timeout(Duration::from_secs(20))
            .build()?;
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

/// TLS as servers on the internet are checked by browsers: against Mozilla's roots, as this build
/// has them. Reading the system's at every start would cost a millisecond
/// (docs/decisions/0021-pinned-roots.md).
fn tls() -> Result<ClientConfig, rustls::Error> {
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
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
            let request = self
                .request(call)
                .basic_auth(&*user.name, Some(&*user.password));
            return self.exchange(request, Raw::table).await;
        }
        let token = self.token(None).await?;
        let request = self.request(call).bearer_auth(token.expose());
        match self.exchange(request, Raw::table).await {
            Err(Trouble::Unauthorized) if !*signed_in_again => {
                *signed_in_again = true;
                let token = self.token(Some(token.serial)).await?;
                let request = self.request(call).bearer_auth(token.expose());
                self.exchange(request, Raw::table).await
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
        let request = self
            .http
            .post(self.instance.token_url())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.as_bytes().to_vec());
        let asked_at = Timestamp::now();
        let answer = self.exchange(request, Raw::token).await?;
        let token = Arc::new(Token::read(answer, tokens.count + 1, asked_at)?);
        tokens.count += 1;
        tokens.current = Some(Arc::clone(&token));
        Ok(token)
    }

    fn request(&self, call: &Call) -> RequestBuilder {
        let request = self.http.request(call.method.clone(), call.url.clone());
        match &call.body {
            Some(body) => request
                .header(CONTENT_TYPE, "application/json")
                .body(body.clone()),
            None => request,
        }
    }

    /// One request and its answer, if the breaker lets it through.
    async fn exchange<T>(
        &self,
        request: RequestBuilder,
        judge: fn(Raw) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let pass = self.breaker.admit(Timestamp::now())?;
        let outcome = answer::receive(request).await.and_then(judge);
        pass.settle(!matches!(&outcome, Err(trouble) if trouble.burdens_breaker()));
        outcome
    }
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
