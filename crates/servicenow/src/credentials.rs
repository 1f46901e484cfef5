//! What the session signs in with.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use zeroize::Zeroizing;

/// The credentials of an integration user, as the secret holds them.
///
/// One of three JSON objects, without further members:
/// - `{"username", "password"}`: HTTP Basic (RFC 7617) on every call;
/// - `{"client_id", "client_secret", "grant_type": "client_credentials"}`: OAuth 2.0, RFC 6749 4.4,
///   and `username`, where it is known, of the user that the client acts as;
/// - all four, with `grant_type` `password` or without it: OAuth 2.0, RFC 6749 4.3, for instances
///   that have nothing newer.
///
/// `Debug` never shows them, and they are wiped from memory when dropped.
pub struct ServiceNowCredentials(SignIn);

pub(crate) type Secret = Zeroizing<String>;

/// A user with password.
pub(crate) struct User {
    pub(crate) name: Secret,
    pub(crate) password: Secret,
}

/// An OAuth client with secret.
pub(crate) struct OAuthClient {
    pub(crate) id: Secret,
    pub(crate) secret: Secret,
}

/// How a session signs in.
pub(crate) enum SignIn {
    Basic(User),
    /// With the name of the user that the client acts as, where it is known.
    ClientCredentials(OAuthClient, Option<Secret>),
    Password(OAuthClient, User),
}

/// Why a text holds no credentials. The text itself is never repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServiceNowCredentialsError {
    /// Not a JSON object of the known members, each a string.
    #[error("the ServiceNow credentials are not a JSON object of the known members")]
    NotJson,
    /// The members do not go together.
    #[error(
        "the ServiceNow credentials are neither user and password, nor client and secret with \
         a grant type, nor all four"
    )]
    Combination,
    /// A value that is empty, too long, holds control characters, or a user name with a colon.
    #[error("the value of `{0}` in the ServiceNow credentials cannot be used")]
    Value(&'static str),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    username: Option<String>,
    password: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    grant_type: Option<String>,
}

fn checked(
    name: &'static str,
    text: Option<Secret>,
) -> Result<Option<Secret>, ServiceNowCredentialsError> {
    let Some(text) = text else {
        return Ok(None);
    };
    let good = (1..=1_024).contains(&text.len())
        && !text.chars().any(char::is_control)
        && !(name == "username" && text.contains(':'));
    if good {
        Ok(Some(text))
    } else {
        Err(ServiceNowCredentialsError::Value(name))
    }
}

impl FromStr for ServiceNowCredentials {
    type Err = ServiceNowCredentialsError;

    fn from_str(text: &str) -> Result<Self, ServiceNowCredentialsError> {
        let members: Members =
            serde_json::from_str(text).map_err(|_| ServiceNowCredentialsError::NotJson)?;
        // All are taken over before any is checked, so that each is wiped whatever comes out.
        let [name, password, id, secret] = [
            members.username,
            members.password,
            members.client_id,
            members.client_secret,
        ]
        .map(|text| text.map(Zeroizing::new));
        let name = checked("username", name)?;
        let password = checked("password", password)?;
        let id = checked("client_id", id)?;
        let secret = checked("client_secret", secret)?;
        let sign_in = match (name, password, id, secret, members.grant_type.as_deref()) {
            (Some(name), Some(password), None, None, None) => {
                SignIn::Basic(User { name, password })
            }
            (name, None, Some(id), Some(secret), Some("client_credentials")) => {
                SignIn::ClientCredentials(OAuthClient { id, secret }, name)
            }
            (Some(name), Some(password), Some(id), Some(secret), None | Some("password")) => {
                SignIn::Password(OAuthClient { id, secret }, User { name, password })
            }
            _ => return Err(ServiceNowCredentialsError::Combination),
        };
        Ok(Self(sign_in))
    }
}

impl ServiceNowCredentials {
    pub(crate) const fn sign_in(&self) -> &SignIn {
        &self.0
    }

    /// The name of the user that these credentials are of, where it is known.
    pub(crate) fn user_name(&self) -> Option<&str> {
        match &self.0 {
            SignIn::Basic(user) | SignIn::Password(_, user) => Some(&user.name),
            SignIn::ClientCredentials(_, name) => name.as_ref().map(|name| name.as_str()),
        }
    }

    /// The form that fetches a token; none where there are no tokens.
    pub(crate) fn token_form(&self) -> Option<Secret> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        let (client, user) = match &self.0 {
            SignIn::Basic(_) => return None,
            SignIn::ClientCredentials(client, _) => (client, None),
            SignIn::Password(client, user) => (client, Some(user)),
        };
        let grant = if user.is_some() {
            "password"
        } else {
            "client_credentials"
        };
        form.append_pair("grant_type", grant)
            .append_pair("client_id", &client.id)
            .append_pair("client_secret", &client.secret);
        if let Some(user) = user {
            form.append_pair("username", &user.name)
                .append_pair("password", &user.password);
        }
        Some(Zeroizing::new(form.finish()))
    }
}

impl fmt::Debug for ServiceNowCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            SignIn::Basic(_) => "ServiceNowCredentials(Basic, redacted)",
            SignIn::ClientCredentials(..) => "ServiceNowCredentials(client_credentials, redacted)",
            SignIn::Password(..) => "ServiceNowCredentials(password, redacted)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_shapes_are_told_apart_and_never_shown() {
        for (text, shown, form) in [
            (
                r#"{"username":"u-canary","password":"p:canary"}"#,
                "ServiceNowCredentials(Basic, redacted)",
                None,
            ),
            (
                r#"{"client_id":"i-canary","client_secret":"s&=canary","grant_type":"client_credentials"}"#,
                "ServiceNowCredentials(client_credentials, redacted)",
                Some(
                    "grant_type=client_credentials&client_id=i-canary&client_secret=s%26%3Dcanary",
                ),
            ),
            (
                r#"{"username":"u-canary","client_id":"i","client_secret":"s","grant_type":"client_credentials"}"#,
                "ServiceNowCredentials(client_credentials, redacted)",
                Some("grant_type=client_credentials&client_id=i&client_secret=s"),
            ),
            (
                r#"{"username":"u","password":"p","client_id":"i","client_secret":"s"}"#,
                "ServiceNowCredentials(password, redacted)",
                Some("grant_type=password&client_id=i&client_secret=s&username=u&password=p"),
            ),
        ] {
            let credentials: ServiceNowCredentials = text.parse().unwrap();
            assert_eq!(format!("{credentials:?}"), shown);
            assert_eq!(credentials.user_name().is_some(), text.contains("username"));
            assert_eq!(
                credentials.token_form().as_deref().map(String::as_str),
                form
            );
        }
    }

    #[test]
    fn other_texts_are_refused() {
        use ServiceNowCredentialsError::{Combination, NotJson, Value};
        for (text, why) in [
            ("", NotJson),
            ("[]", NotJson),
            (r#"{"username":"u","password":1}"#, NotJson),
            (r#"{"username":"u","password":"p","x":""}"#, NotJson),
            (r#"{"username":"u","username":"v","password":"p"}"#, NotJson),
            ("{}", Combination),
            (r#"{"username":"u"}"#, Combination),
            (r#"{"client_id":"i","client_secret":"s"}"#, Combination),
            (
                r#"{"client_id":"i","client_secret":"s","grant_type":"password"}"#,
                Combination,
            ),
            (
                r#"{"username":"u","password":"p","grant_type":"password"}"#,
                Combination,
            ),
            (r#"{"username":"u:v","password":"p"}"#, Value("username")),
            (r#"{"username":"u","password":""}"#, Value("password")),
            (r#"{"username":"u","password":"a\nb"}"#, Value("password")),
        ] {
            assert_eq!(
                text.parse::<ServiceNowCredentials>().err(),
                Some(why),
                "{text}"
            );
        }
    }
}
