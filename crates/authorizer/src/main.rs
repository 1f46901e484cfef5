//! The authorizer as a Lambda function.

use std::time::Duration;

use authorizer::event::AuthorizerEvent;
use authorizer::https::{HttpsKeySource, KeysUrl};
use authorizer::jwks::Algorithm;
use authorizer::token::TokenRules;
use authorizer::{Authorizer, ClientsSecret, Issuer};
use aws_secrets::Secrets;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use ports::CallError;
use shell::environment::{optional, required};

struct StoredSecret {
    secrets: Secrets,
    arn: String,
}

impl ClientsSecret for StoredSecret {
    async fn read(&self) -> Result<String, CallError> {
        Ok(self.secrets.get(&self.arn).await?.expose().to_owned())
    }
}

/// The issuer, where one is configured. Half a configuration stops the start: it would deny
/// everybody or believe too much.
fn issuer() -> Result<Option<Issuer<HttpsKeySource>>, Error> {
    let Some(issuer) = optional("TOKEN_ISSUER") else {
        return Ok(None);
    };
    let url = optional("TOKEN_KEYS_URL");
    let url = url.unwrap_or_else(|| format!("{issuer}/.well-known/jwks.json"));
    let url: KeysUrl = url.parse()?;
    let rules = TokenRules {
        issuer,
        audience: optional("TOKEN_AUDIENCE"),
        algorithms: Algorithm::list(&required("TOKEN_ALGORITHMS")?)?,
        scope_prefix: optional("TOKEN_SCOPE_PREFIX").unwrap_or_default(),
    };
    Ok(Some(Issuer::new(rules, HttpsKeySource::new(url)?)))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shell::log::start();
    let arn = required("CLIENTS_SECRET_ARN")?;
    let secrets = Secrets::new(&shell::aws(Duration::from_secs(3))?);
    let authorizer = Authorizer::new(StoredSecret { secrets, arn }, issuer()?);
    authorizer.warm_up(shell::now()).await;
    let authorizer = &authorizer;
    run(service_fn(async |event: LambdaEvent<AuthorizerEvent>| {
        let decided = authorizer.authorize(&event.payload, shell::now()).await;
        decided.map_err(|unauthorized| Diagnostic {
            error_type: "Unauthorized".to_owned(),
            error_message: unauthorized.to_string(),
        })
    }))
    .await
}
