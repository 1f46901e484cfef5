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

pub mod event;
pub mod https;
pub mod jwks;
pub mod keys;
pub mod token;

use aws_lambda_events::apigw::ApiGatewayCustomAuthorizerResponse;
use aws_lambda_events::iam::{IamPolicyEffect, IamPolicyStatement};
use jiff::{SignedDuration, Timestamp};
use ports::CallError;
use serde_json::{Value, json};
use snowgate_core::caller::{BasicCredentials, Caller, Clients};
use tokio::sync::Mutex;
use tracing::{error, warn};

use crate::event::{Authorization, AuthorizerEvent};
use crate::keys::{KeyCache, KeySource};
use crate::token::{BearerTokenError, TokenRules, UnverifiedToken, VerifiedToken};

/// How long the clients' secret is believed before it is read again. With API Gateway's own
/// cache of 30 s, a withdrawn credential works for a minute at most.
const FRESH: SignedDuration = SignedDuration::from_secs(30);

/// What every client may read that may call anything: the description of the API.
const ROUTES_OF_EVERY_CLIENT: [&str; 2] = ["GET/v1/openapi.json", "HEAD/v1/openapi.json"];

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
    keys: KeyCache<K>,
}

impl<K: KeySource> Issuer<K> {
    /// An issuer of which no keys were read yet.
    pub fn new(rules: TokenRules, source: K) -> Self {
        Self {
            rules,
            keys: KeyCache::new(source),
        }
    }

    async fn verify(&self, token: &str, now: Timestamp) -> Result<VerifiedToken, BearerTokenError> {
        let token = UnverifiedToken::parse(token, &self.rules)?;
        let key = self.keys.get(token.key_id(), now).await;
        token.verify(&key.ok_or(BearerTokenError::Key)?, &self.rules, now)
    }
}

/// The authorizer with the clients it knows.
pub struct Authorizer<S, K> {
    secret: S,
    issuer: Option<Issuer<K>>,
    clients: Mutex<Option<CachedClients>>,
}

/// The clients of the secret, and when it was read.
struct CachedClients {
    read_at: Timestamp,
    clients: Clients,
}

impl CachedClients {
    /// Whether they are believed still. Where the clock was set back since, they are not.
    fn is_fresh(&self, now: Timestamp) -> bool {
        (SignedDuration::ZERO..FRESH).contains(&now.duration_since(self.read_at))
    }
}

/// What API Gateway takes for "401" (API Gateway Developer Guide, "Use API Gateway Lambda
/// authorizers"): this text, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Unauthorized")]
pub struct Unauthorized;

/// The credentials of a call, not verified yet.
enum PresentedCredentials<'a, K> {
    Basic(BasicCredentials),
    Bearer(&'a str, &'a Issuer<K>),
}

impl<S: ClientsSecret, K: KeySource> Authorizer<S, K> {
    /// An authorizer that has read nothing yet. Without an issuer no token is believed.
    pub fn new(secret: S, issuer: Option<Issuer<K>>) -> Self {
        Self {
            secret,
            issuer,
            clients: Mutex::new(None),
        }
    }

    /// Reads the secret and the issuer's keys ahead of the first call. A failure is only logged:
    /// the first call tries again, and is refused if it fails again.
    pub async fn warm_up(&self, now: Timestamp) {
        *self.clients.lock().await = self.read_clients(now).await;
        if let Some(issuer) = &self.issuer {
            issuer.keys.get("", now).await;
        }
    }

    /// Decides on one call.
    ///
    /// # Errors
    /// [`Unauthorized`] where the credentials do not prove a client.
    pub async fn authorize(
        &self,
        event: &AuthorizerEvent,
        now: Timestamp,
    ) -> Result<ApiGatewayCustomAuthorizerResponse, Unauthorized> {
        let credentials = self.credentials(&event.authorization)?;
        let arn = event.method_arn.as_str();
        let mut cached = self.clients.lock().await;
        if !cached.as_ref().is_some_and(|cached| cached.is_fresh(now)) {
            *cached = self.read_clients(now).await;
        }
        let Some(CachedClients { clients, .. }) = cached.as_ref() else {
            return Ok(deny(arn));
        };
        let caller = match credentials {
            PresentedCredentials::Basic(basic) => clients.authenticate(&basic),
            PresentedCredentials::Bearer(token, issuer) => match issuer.verify(token, now).await {
                Ok(token) => caller_of_token(clients, &token),
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
        authorization: &'a Authorization,
    ) -> Result<PresentedCredentials<'a, K>, Unauthorized> {
        let Authorization::One(header) = authorization else {
            return Err(Unauthorized);
        };
        if let Ok(basic) = BasicCredentials::parse(header) {
            return Ok(PresentedCredentials::Basic(basic));
        }
        let (scheme, token) = header.split_once(' ').ok_or(Unauthorized)?;
        match &self.issuer {
            Some(issuer) if scheme.eq_ignore_ascii_case("bearer") => Ok(
                PresentedCredentials::Bearer(token.trim_matches(' '), issuer),
            ),
            _ => Err(Unauthorized),
        }
    }

    async fn read_clients(&self, now: Timestamp) -> Option<CachedClients> {
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
        match Clients::parse(&text) {
            Ok(clients) => Some(CachedClients {
                read_at: now,
                clients,
            }),
            Err(error) => {
                error!(%error, "the clients' secret cannot be used");
                None
            }
        }
    }
}

/// The client that a token stands for, with those of its routes that the token's scopes name.
fn caller_of_token(clients: &Clients, token: &VerifiedToken) -> Option<Caller> {
    let mut caller = clients.by_oauth_client_id(&token.client_id)?;
    caller.routes.retain(|route| match route.reads() {
        true => token.reads,
        false => token.writes,
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
    let all = ROUTES_OF_EVERY_CLIENT.map(|route| Some(route.to_owned()));
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
