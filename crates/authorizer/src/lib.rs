//! The REQUEST authorizer of the service API: HTTP Basic (RFC 7617) against the clients' secret,
//! and, where an issuer is configured, bearer tokens (RFC 6750) of that issuer.
//!
//! - No credentials, or wrong ones: `Unauthorized`, which API Gateway answers with 401 and the
//!   challenges of its gateway response. Known and unknown clients take the same work, and
//!   nothing tells a caller what was wrong.
//! - Right ones: a policy with the exact routes of the client, for all methods it may call,
//!   because API Gateway caches it for other calls with the same credentials. A token can narrow
//!   these routes by its scopes and never widen them.
//! - The secret cannot be read: everybody is denied. The issuer's keys cannot be had: tokens
//!   prove nothing.

pub mod https;
pub mod jwks;
pub mod keys;
pub mod token;

use std::time::{Duration, Instant};

use aws_lambda_events::apigw::{
    ApiGatewayCustomAuthorizerRequestTypeRequest, ApiGatewayCustomAuthorizerResponse,
};
use aws_lambda_events::iam::{IamPolicyEffect, IamPolicyStatement};
use ports::CallError;
use serde_json::{Value, json};
use snowgate_core::caller::{BasicCredentials, Caller, Clients};
use tokio::sync::Mutex;
use tracing::{error, warn};

use crate::keys::{KeySource, Keys};
use crate::token::{Proved, TokenError, TokenRules, Unverified};

/// How long the clients' secret is believed before it is read again. With API Gateway's own
/// cache of 30 s, a withdrawn credential works for a minute at most.
const FRESH: Duration = Duration::from_secs(30);

/// What every client may read that may call anything: the description of the API.
const FOR_ALL: [&str; 2] = ["GET/v1/openapi.json", "HEAD/v1/openapi.json"];

/// Where the clients' secret comes from.
pub trait ClientsSecret {
    /// The text of the secret.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn read(&self) -> impl Future<Output = Result<String, CallError>>;
}

/// The issuer whose tokens are believed.
pub struct Issuer<K> {
    rules: TokenRules,
    keys: Keys<K>,
}

impl<K: KeySource> Issuer<K> {
    /// An issuer of which no keys were read yet.
    pub fn new(rules: TokenRules, source: K) -> Self {
        Self {
            rules,
            keys: Keys::new(source),
        }
    }

    async fn proved(&self, token: &str, now: Now) -> Result<Proved, TokenError> {
        let token = Unverified::parse(token, &self.rules)?;
        let key = self.keys.get(token.key_id(), now.instant).await;
        token.verify(&key.ok_or(TokenError::Key)?, &self.rules, now.second)
    }
}

/// The authorizer with the clients it knows.
pub struct Authorizer<S, K> {
    secret: S,
    issuer: Option<Issuer<K>>,
    known: Mutex<Option<(Instant, Clients)>>,
}

/// The time, for what lasts here and for what is written in tokens.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// A clock that never goes back.
    pub instant: Instant,
    /// Seconds since 1970.
    pub second: i64,
}

impl Now {
    /// This moment.
    #[must_use]
    pub fn read() -> Self {
        Self {
            instant: Instant::now(),
            second: shell::now().as_second(),
        }
    }
}

/// What API Gateway takes for "401" (API Gateway Developer Guide, "Use API Gateway Lambda
/// authorizers"): this text, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Unauthorized")]
pub struct Unauthorized;

/// What a call proves itself with, as far as its header can tell.
enum Credentials<'a, K> {
    Basic(BasicCredentials),
    Bearer(&'a str, &'a Issuer<K>),
}

impl<S: ClientsSecret, K: KeySource> Authorizer<S, K> {
    /// An authorizer that has read nothing yet. Without an issuer no token is believed.
    pub fn new(secret: S, issuer: Option<Issuer<K>>) -> Self {
        Self {
            secret,
            issuer,
            known: Mutex::new(None),
        }
    }

    /// Reads the secret and the issuer's keys ahead of the first call. A failure is only logged:
    /// the first call tries again, and is refused if it fails again.
    pub async fn warm_up(&self, now: Now) {
        if let Some(clients) = self.read().await {
            *self.known.lock().await = Some((now.instant, clients));
        }
        if let Some(issuer) = &self.issuer {
            issuer.keys.get("", now.instant).await;
        }
    }

    /// Decides on one call.
    ///
    /// # Errors
    /// [`Unauthorized`] where the credentials do not prove a client.
    pub async fn authorize(
        &self,
        event: &ApiGatewayCustomAuthorizerRequestTypeRequest,
        now: Now,
    ) -> Result<ApiGatewayCustomAuthorizerResponse, Unauthorized> {
        let credentials = self.credentials(event)?;
        let arn = event.method_arn.as_deref().unwrap_or_default();
        let mut known = self.known.lock().await;
        let old = |read: &Instant| now.instant.saturating_duration_since(*read) >= FRESH;
        if known.as_ref().is_none_or(|(read, _)| old(read)) {
            *known = self.read().await.map(|clients| (now.instant, clients));
        }
        let Some((_, clients)) = known.as_ref() else {
            return Ok(deny(arn));
        };
        let caller = match credentials {
            Credentials::Basic(basic) => clients.authenticate(&basic),
            Credentials::Bearer(token, issuer) => match issuer.proved(token, now).await {
                Ok(proved) => of_token(clients, &proved),
                Err(error) => {
                    warn!(%error, "a token is not believed");
                    return Err(Unauthorized);
                }
            },
        };
        let Some(caller) = caller else {
            warn!("credentials do not prove a client");
            return Err(Unauthorized);
        };
        Ok(allow(&caller, arn).unwrap_or_else(|| deny(arn)))
    }

    fn credentials<'a>(
        &'a self,
        event: &'a ApiGatewayCustomAuthorizerRequestTypeRequest,
    ) -> Result<Credentials<'a, K>, Unauthorized> {
        let mut all = event.multi_value_headers.get_all("authorization").iter();
        if all.nth(1).is_some() {
            return Err(Unauthorized);
        }
        let header = event.headers.get("authorization").ok_or(Unauthorized)?;
        let header = header.to_str().map_err(|_| Unauthorized)?;
        if let Ok(basic) = BasicCredentials::parse(header) {
            return Ok(Credentials::Basic(basic));
        }
        let (scheme, token) = header.split_once(' ').ok_or(Unauthorized)?;
        match &self.issuer {
            Some(issuer) if scheme.eq_ignore_ascii_case("bearer") => {
                Ok(Credentials::Bearer(token.trim_matches(' '), issuer))
            }
            _ => Err(Unauthorized),
        }
    }

    async fn read(&self) -> Option<Clients> {
        let text = match self.secret.read().await {
            Ok(text) => text,
            Err(failure) => {
                error!(
                    error = shell::log::chain(&failure),
                    "the clients' secret cannot be read"
                );
                return None;
            }
        };
        let clients = Clients::parse(&text);
        if let Err(problem) = &clients {
            error!(error = %problem, "the clients' secret cannot be used");
        }
        clients.ok()
    }
}

/// The client that a token stands for, with those of its routes that the token's scopes name.
fn of_token(clients: &Clients, proved: &Proved) -> Option<Caller> {
    let mut caller = clients.of_token(&proved.client_id)?;
    caller.routes.retain(|route| match route.reads() {
        true => proved.reads,
        false => proved.writes,
    });
    Some(caller)
}

/// The policy for a client, from the ARN of the method that was called:
/// `arn:partition:execute-api:region:account:api/stage/METHOD/path`. None where that is no ARN, or
/// the client may call nothing.
fn allow(caller: &Caller, method_arn: &str) -> Option<ApiGatewayCustomAuthorizerResponse> {
    let mut parts = method_arn.splitn(3, '/');
    let (api, stage) = (parts.next()?, parts.next()?);
    if !api.starts_with("arn:") || parts.next().is_none() || caller.routes.is_empty() {
        return None;
    }
    let own = caller.routes.iter().map(|route| Some(route.in_arn()));
    let heads = caller.routes.iter().map(|route| route.head_in_arn());
    let all = FOR_ALL.map(|route| Some(route.to_owned()));
    let routes = own.chain(heads).chain(all).flatten();
    let resources = routes.map(|route| [api, "/", stage, "/", &route].concat());
    let context = json!({"client": caller.id});
    Some(response(
        caller.id.as_str(),
        IamPolicyEffect::Allow,
        resources.collect(),
        context,
    ))
}

fn deny(method_arn: &str) -> ApiGatewayCustomAuthorizerResponse {
    response(
        "nobody",
        IamPolicyEffect::Deny,
        vec![method_arn.to_owned()],
        json!({}),
    )
}

fn response(
    principal: &str,
    effect: IamPolicyEffect,
    resource: Vec<String>,
    context: Value,
) -> ApiGatewayCustomAuthorizerResponse {
    let mut statement = IamPolicyStatement::default();
    statement.action = vec!["execute-api:Invoke".to_owned()];
    statement.effect = effect;
    statement.resource = resource;
    let mut response = ApiGatewayCustomAuthorizerResponse::default();
    response.principal_id = Some(principal.to_owned());
    response.policy_document.version = Some("2012-10-17".to_owned());
    response.policy_document.statement = vec![statement];
    response.context = context;
    response
}

#[cfg(test)]
mod tests;
