//! The REQUEST authorizer of the service API: HTTP Basic (RFC 7617) against the clients' secret.
//!
//! - No credentials, or wrong ones: `Unauthorized`, which API Gateway answers with 401 and the
//!   challenge of its gateway response. Known and unknown clients take the same work.
//! - Right ones: a policy with the exact routes of the client, for all methods it may call,
//!   because API Gateway caches it for other calls with the same credentials.
//! - The secret cannot be read: everybody is denied.

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

/// How long the clients' secret is believed before it is read again. With API Gateway's own
/// cache of 30 s, a withdrawn credential works for a minute at most.
const FRESH: Duration = Duration::from_secs(30);

/// Where the clients' secret comes from.
pub trait ClientsSecret {
    /// The text of the secret.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn read(&self) -> impl Future<Output = Result<String, CallError>>;
}

/// The authorizer with the clients it knows.
pub struct Authorizer<S> {
    secret: S,
    known: Mutex<Option<(Instant, Clients)>>,
}

/// What API Gateway takes for "401" (API Gateway Developer Guide, "Use API Gateway Lambda
/// authorizers"): this text, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Unauthorized")]
pub struct Unauthorized;

impl<S: ClientsSecret> Authorizer<S> {
    /// An authorizer that has not read the secret yet.
    pub fn new(secret: S) -> Self {
        Self {
            secret,
            known: Mutex::new(None),
        }
    }

    /// Reads the secret ahead of the first call. A failure is only logged: the first call tries
    /// again, and is denied if it fails again.
    pub async fn warm_up(&self) {
        if let Some(clients) = self.read().await {
            *self.known.lock().await = Some((Instant::now(), clients));
        }
    }

    /// Decides on one call.
    ///
    /// # Errors
    /// [`Unauthorized`] where the credentials do not prove a client.
    pub async fn authorize(
        &self,
        event: &ApiGatewayCustomAuthorizerRequestTypeRequest,
    ) -> Result<ApiGatewayCustomAuthorizerResponse, Unauthorized> {
        let header = event
            .headers
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        let twice = event
            .multi_value_headers
            .get_all("authorization")
            .iter()
            .nth(1)
            .is_some();
        let credentials = header
            .filter(|_| !twice)
            .and_then(|h| BasicCredentials::parse(h).ok());
        let credentials = credentials.ok_or(Unauthorized)?;
        let arn = event.method_arn.as_deref().unwrap_or_default();
        let mut known = self.known.lock().await;
        if known
            .as_ref()
            .is_none_or(|(read, _)| read.elapsed() >= FRESH)
        {
            *known = self.read().await.map(|clients| (Instant::now(), clients));
        }
        let Some((_, clients)) = known.as_ref() else {
            return Ok(deny(arn));
        };
        let Some(caller) = clients.authenticate(&credentials) else {
            warn!("credentials do not prove a client");
            return Err(Unauthorized);
        };
        Ok(allow(&caller, arn).unwrap_or_else(|| deny(arn)))
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

/// The policy for a client, from the ARN of the method that was called:
/// `arn:partition:execute-api:region:account:api/stage/METHOD/path`.
fn allow(caller: &Caller, method_arn: &str) -> Option<ApiGatewayCustomAuthorizerResponse> {
    let mut parts = method_arn.splitn(3, '/');
    let (api, stage) = (parts.next()?, parts.next()?);
    if !api.starts_with("arn:") || parts.next().is_none() {
        return None;
    }
    let routes: Vec<String> = caller
        .routes
        .iter()
        .map(|route| format!("{api}/{stage}/{}", route.in_arn()))
        .collect();
    let context = json!({"client": caller.id});
    Some(response(
        caller.id.as_str(),
        IamPolicyEffect::Allow,
        routes,
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
