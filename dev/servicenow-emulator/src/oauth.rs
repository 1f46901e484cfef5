//! `/oauth_token.do`: client credentials, password and refresh grants.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::call::Call;
use crate::config::ConfigError;
use crate::identity::{self, Account, Tokens};

/// Refresh tokens live 100 days by default.
const REFRESH_LIFE: Duration = Duration::from_secs(8_640_000);

/// Answers a token call. Parameters count only in a form body.
pub(crate) fn token(
    call: &Call,
    accounts: &[Account],
    tokens: &mut Tokens,
    life: Duration,
    now: Timestamp,
) -> Answer {
    if call.method != Method::POST {
        return Answer::empty(StatusCode::METHOD_NOT_ALLOWED).with(header::ALLOW, "POST");
    }
    let form = call
        .header(&header::CONTENT_TYPE)
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
    if !form || !call.parameters.is_empty() {
        let text = "parameters belong into a form-encoded body";
        return refused(StatusCode::BAD_REQUEST, "invalid_request", text);
    }
    let form: BTreeMap<_, _> = url::form_urlencoded::parse(&call.body)
        .into_owned()
        .collect();
    let value = |name: &str| form.get(name).map_or("", String::as_str);
    let client = identity::by_client(accounts, value("client_id"), value("client_secret"));
    let Some(client) = client else {
        return denied();
    };
    let (user, refresh) = match value("grant_type") {
        "client_credentials" => (client.login.user.clone(), None),
        "password" => {
            let (user, password) = (value("username"), value("password"));
            match identity::by_password(accounts, user, password) {
                Some(account) => (account.login.user.clone(), Some(String::new())),
                None => return denied(),
            }
        }
        "refresh_token" => match tokens.holder(value("refresh_token"), true, now) {
            Some(user) => (user.to_owned(), Some(value("refresh_token").to_owned())),
            None => return denied(),
        },
        _ => {
            let text = "grant_type is not supported";
            return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", text);
        }
    };
    granted(tokens, &user, refresh, life, now).unwrap_or_else(|_| denied())
}

/// A new access token; an empty refresh token asks for a new one, a given one is kept.
fn granted(
    tokens: &mut Tokens,
    user: &str,
    refresh: Option<String>,
    life: Duration,
    now: Timestamp,
) -> Result<Answer, ConfigError> {
    let mut body = json!({
        "access_token": tokens.issue(user, life, false, now)?,
        "scope": "useraccount",
        "token_type": "Bearer",
        "expires_in": life.as_secs(),
    });
    if let (Some(refresh), Value::Object(members)) = (refresh, &mut body) {
        let token = match refresh.as_str() {
            "" => tokens.issue(user, REFRESH_LIFE, true, now)?,
            _ => refresh,
        };
        members.insert("refresh_token".to_owned(), Value::String(token));
    }
    Ok(Answer::json(StatusCode::OK, &body).with(header::CACHE_CONTROL, "no-store"))
}

fn denied() -> Answer {
    refused(StatusCode::UNAUTHORIZED, "server_error", "access_denied")
}

fn refused(status: StatusCode, error: &str, description: &str) -> Answer {
    Answer::json(
        status,
        &json!({ "error": error, "error_description": description }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Rules;
    use crate::config::Config;
    use axum::extract::Request;

    async fn ask(
        config: &Config,
        tokens: &mut Tokens,
        query: Option<&str>,
        body: &str,
    ) -> (u16, Value) {
        let accounts = identity::accounts(config, &Rules::load().unwrap());
        let request = Request::post(format!("/oauth_token.do?{}", query.unwrap_or_default()))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body.to_owned().into())
            .unwrap();
        let call = Call::read(request, "http://x").await.unwrap();
        let life = Duration::from_secs(1_800);
        let answer = token(&call, &accounts, tokens, life, Timestamp::UNIX_EPOCH);
        (
            answer.status.as_u16(),
            serde_json::from_str(&answer.body).unwrap(),
        )
    }

    #[tokio::test]
    async fn the_three_grants_work() {
        let (config, mut tokens) = (Config::generated().unwrap(), Tokens::default());
        let login = &config.read;
        let client = format!(
            "client_id={}&client_secret={}",
            login.client_id,
            login.client_secret.expose()
        );
        let body = format!("grant_type=client_credentials&{client}");
        let (status, reply) = ask(&config, &mut tokens, None, &body).await;
        assert_eq!((status, &reply["expires_in"]), (200, &json!(1_800)));
        assert!(reply.get("refresh_token").is_none());
        let (user, password) = (&login.user, login.password.expose());
        let body = format!("grant_type=password&username={user}&password={password}&{client}");
        let (status, reply) = ask(&config, &mut tokens, None, &body).await;
        assert_eq!(status, 200);
        let refresh = reply["refresh_token"].as_str().unwrap().to_owned();
        let body = format!("grant_type=refresh_token&refresh_token={refresh}&{client}");
        let (status, reply) = ask(&config, &mut tokens, None, &body).await;
        assert_eq!(
            (status, reply["refresh_token"].as_str()),
            (200, Some(refresh.as_str()))
        );
        let access = reply["access_token"].as_str().unwrap();
        assert_eq!(
            tokens.holder(access, false, Timestamp::UNIX_EPOCH),
            Some("snowgate.read")
        );
    }

    #[tokio::test]
    async fn wrong_secrets_and_parameters_in_the_address_are_refused() {
        let (config, mut tokens) = (Config::generated().unwrap(), Tokens::default());
        let good = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            config.read.client_id,
            config.read.client_secret.expose()
        );
        let (status, reply) = ask(&config, &mut tokens, None, &format!("{good}x")).await;
        assert_eq!(
            (status, &reply["error_description"]),
            (401, &json!("access_denied"))
        );
        assert_eq!(ask(&config, &mut tokens, Some(&good), "").await.0, 400);
        assert_eq!(ask(&config, &mut tokens, Some(&good), &good).await.0, 400);
        let odd = good.replace("client_credentials", "magic");
        assert_eq!(
            ask(&config, &mut tokens, None, &odd).await.1["error"],
            "unsupported_grant_type"
        );
    }
}
