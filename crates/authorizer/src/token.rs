//! Bearer tokens: JSON Web Tokens (RFC 7519) as access tokens (RFC 9068, and the way of Amazon
//! Cognito), checked against rules that are configuration and never the token's own word.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, Value};
use snowgate_core::strict_json;

use crate::jwks::{Algorithm, VerifyingKey};

/// How far clocks may differ, in seconds.
const SKEW: i64 = 30;
/// How long a token may be good for, in seconds: the longest that Cognito gives.
const MAX_LIFETIME: i64 = 24 * 3600;
/// The longest token that is looked at, in bytes. API Gateway takes 10 kB of headers in all.
const MAX_SIZE: usize = 8 * 1024;
/// The longest id of a key, in bytes.
const MAX_KEY_ID: usize = 256;

/// What a token must be.
#[derive(Debug, Clone)]
pub struct TokenRules {
    /// `iss`, exactly.
    pub issuer: String,
    /// What `aud` must hold. Where there is none, the token is one of Cognito's: it has no `aud`,
    /// and its `token_use` is `access`.
    pub audience: Option<String>,
    /// The algorithms that are accepted.
    pub algorithms: Vec<Algorithm>,
    /// What stands before our scopes, such as `snowgate/`.
    pub scope_prefix: String,
}

/// Why a token was not accepted. For the log only: the caller gets `Unauthorized`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BearerTokenError {
    /// Not three parts of base64url, with JSON objects in the first two.
    #[error("not of the shape of a signed token")]
    Shape,
    /// An algorithm that is not configured, or another than the key's.
    #[error("signed with an algorithm that is not accepted")]
    Algorithm,
    /// Its header asks for something that we do not do.
    #[error("its header has a member that is not accepted")]
    Header,
    /// The issuer has no such key, or its keys cannot be had.
    #[error("no key of the issuer fits")]
    Key,
    /// The signature is not the key's.
    #[error("the signature does not verify")]
    Signature,
    /// From another issuer.
    #[error("from another issuer")]
    Issuer,
    /// For another audience, or no access token.
    #[error("not for this audience, or not an access token")]
    Audience,
    /// Expired, not good yet, good for too long, or without times.
    #[error("not good at this time")]
    Time,
    /// It names no client, or two.
    #[error("names no client")]
    Client,
}

/// A token that is read and not verified yet.
#[derive(Debug)]
pub struct UnverifiedToken<'a> {
    signed: &'a str,
    signature: &'a str,
    algorithm: Algorithm,
    key_id: String,
    claims: Map<String, Value>,
}

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedToken {
    /// The client's id at the issuer.
    pub client_id: String,
    /// Whether it may read.
    pub reads: bool,
    /// Whether it may change something.
    pub writes: bool,
}

impl<'a> UnverifiedToken<'a> {
    /// Reads a token, without believing any of it.
    ///
    /// # Errors
    /// Where it is no signed token, or its header is not acceptable whatever its signature.
    pub fn parse(token: &'a str, rules: &TokenRules) -> Result<Self, BearerTokenError> {
        if token.len() > MAX_SIZE {
            return Err(BearerTokenError::Shape);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(BearerTokenError::Shape)?;
        let (header, claims) = signed.split_once('.').ok_or(BearerTokenError::Shape)?;
        if claims.contains('.') || URL_SAFE_NO_PAD.decode(signature).is_err() {
            return Err(BearerTokenError::Shape);
        }
        let (header, claims) = (object(header)?, object(claims)?);
        let algorithm = header.get("alg").and_then(Value::as_str);
        let algorithm = algorithm
            .and_then(Algorithm::from_name)
            .filter(|algorithm| rules.algorithms.contains(algorithm))
            .ok_or(BearerTokenError::Algorithm)?;
        // `jku`, `jwk`, `x5u` and `x5c` are never looked at; `crit` must be understood or refused.
        let typed = match header.get("typ") {
            None => true,
            Some(Value::String(kind)) => {
                let kind = kind.to_ascii_lowercase();
                ["jwt", "at+jwt", "application/at+jwt"].contains(&kind.as_str())
            }
            Some(_) => false,
        };
        if header.contains_key("crit") || !typed {
            return Err(BearerTokenError::Header);
        }
        let key_id = header.get("kid").and_then(Value::as_str);
        let key_id = key_id.filter(|id| (1..=MAX_KEY_ID).contains(&id.len()));
        Ok(Self {
            signed,
            signature,
            algorithm,
            key_id: key_id.ok_or(BearerTokenError::Key)?.to_owned(),
            claims,
        })
    }

    /// The id of the key that it says it was signed with.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Verifies signature, issuer, audience and times.
    ///
    /// # Errors
    /// Where the signature is not the key's, or a claim is not as the rules want it.
    pub fn verify(
        &self,
        key: &VerifyingKey,
        rules: &TokenRules,
        now: Timestamp,
    ) -> Result<VerifiedToken, BearerTokenError> {
        if key.algorithm() != self.algorithm {
            return Err(BearerTokenError::Algorithm);
        }
        if !key.verifies(self.signed, self.signature) {
            return Err(BearerTokenError::Signature);
        }
        if self.text("iss") != Some(&rules.issuer) {
            return Err(BearerTokenError::Issuer);
        }
        self.check_audience(rules.audience.as_deref())?;
        self.check_times(now.as_second())?;
        let client_id = self.client()?;
        let scope = self.text("scope").unwrap_or_default();
        let has = |name: &str| {
            let mut scopes = scope.split(' ');
            scopes.any(|one| one.strip_prefix(rules.scope_prefix.as_str()) == Some(name))
        };
        Ok(VerifiedToken {
            client_id: client_id.to_owned(),
            reads: has("requests.read"),
            writes: has("requests.write"),
        })
    }

    fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    fn check_audience(&self, audience: Option<&str>) -> Result<(), BearerTokenError> {
        let token_use = self.claims.get("token_use");
        let access = token_use.and_then(Value::as_str) == Some("access");
        let fits = match (audience, self.claims.get("aud")) {
            (Some(wanted), Some(Value::String(one))) => one == wanted,
            (Some(wanted), Some(Value::Array(many))) => {
                many.iter().any(|one| one.as_str() == Some(wanted))
            }
            (Some(_), _) => false,
            (None, aud) => access && aud.is_none(),
        };
        if fits && (access || token_use.is_none()) {
            Ok(())
        } else {
            Err(BearerTokenError::Audience)
        }
    }

    /// `exp`, and `nbf` or `iat` (Cognito has no `nbf`), are needed. `now` is in seconds since 1970.
    fn check_times(&self, now: i64) -> Result<(), BearerTokenError> {
        let time = |claim: &str| match self.claims.get(claim) {
            None => Ok(None),
            Some(value) => seconds(value).map(Some).ok_or(BearerTokenError::Time),
        };
        let (ends, begins, issued) = (time("exp")?, time("nbf")?, time("iat")?);
        let ends = ends.ok_or(BearerTokenError::Time)?;
        let start = begins.or(issued).ok_or(BearerTokenError::Time)?;
        let latest = start.max(issued.unwrap_or(start));
        let begun = latest <= now.saturating_add(SKEW);
        let over = ends.saturating_add(SKEW) <= now;
        let long = ends.saturating_sub(start) > MAX_LIFETIME;
        if begun && !over && !long {
            Ok(())
        } else {
            Err(BearerTokenError::Time)
        }
    }

    /// `client_id` (RFC 9068, 2.2; Cognito) or `azp`; where both stand they agree.
    fn client(&self) -> Result<&str, BearerTokenError> {
        let ids: Vec<&Value> = ["client_id", "azp"]
            .iter()
            .filter_map(|claim| self.claims.get(*claim))
            .collect();
        match ids.as_slice() {
            [Value::String(one)] => Ok(one),
            [Value::String(one), Value::String(two)] if one == two => Ok(one),
            _ => Err(BearerTokenError::Client),
        }
    }
}

fn object(part: &str) -> Result<Map<String, Value>, BearerTokenError> {
    let bytes = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| BearerTokenError::Shape)?;
    match strict_json::parse(&bytes) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(BearerTokenError::Shape),
    }
}

/// A `NumericDate` (RFC 7519, 2) in whole seconds, from 1970 to the year 9999.
fn seconds(value: &Value) -> Option<i64> {
    let text = value.as_number()?.to_string();
    let whole = text
        .split_once('.')
        .map_or(text.as_str(), |(whole, _)| whole);
    let seconds = whole.parse().ok()?;
    (0..253_402_300_800).contains(&seconds).then_some(seconds)
}
