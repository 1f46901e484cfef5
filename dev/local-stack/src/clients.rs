//! Credentials of the local stack, new at every start.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// A client of the service API with its secret.
#[derive(Debug, Clone)]
pub(crate) struct ServiceClient {
    /// The id that it sends with its secret.
    pub id: String,
    /// Its secret, 256 random bits in URL-safe base64.
    pub secret: String,
}

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    Randomness,
    /// A key of this length cannot be used.
    #[error("the key of the clients' hashes cannot be used")]
    Key,
}

impl ServiceClient {
    /// A client with a new secret.
    pub(crate) fn new(id: &str) -> Result<Self, CredentialError> {
        Ok(Self {
            id: id.to_owned(),
            secret: random_text()?,
        })
    }
}

/// 256 random bits in URL-safe base64.
pub(crate) fn random_text() -> Result<String, CredentialError> {
    Ok(URL_SAFE_NO_PAD.encode(random()?))
}

fn random() -> Result<[u8; 32], CredentialError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| CredentialError::Randomness)?;
    Ok(bytes)
}

/// The value of the clients' secret: a key, and for each client the hashes of its valid secrets, its
/// ids at the token issuer and the routes that it may call.
pub(crate) fn clients_secret(
    clients: &[(&ServiceClient, &[&str], &[&str])],
) -> Result<Value, CredentialError> {
    let key = random()?;
    let clients = clients
        .iter()
        .map(|(client, oauth_ids, routes)| {
            let hash = keyed_hash(&key, client)?;
            Ok(json!({
                "id": client.id, "hashes": [hash], "oauth_client_ids": oauth_ids, "routes": routes,
            }))
        })
        .collect::<Result<Vec<_>, CredentialError>>()?;
    Ok(json!({ "key": STANDARD.encode(key), "clients": clients }))
}

/// HMAC-SHA256 of the id, a zero byte and the secret, in base64.
fn keyed_hash(key: &[u8], client: &ServiceClient) -> Result<String, CredentialError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| CredentialError::Key)?;
    mac.update(client.id.as_bytes());
    mac.update(&[0]);
    mac.update(client.secret.as_bytes());
    Ok(STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_depends_on_id_and_secret_apart() {
        let client = |id: &str, secret: &str| ServiceClient {
            id: id.into(),
            secret: secret.into(),
        };
        let hash = |client: &ServiceClient| keyed_hash(&[7; 32], client).unwrap();
        assert_ne!(hash(&client("ab", "c")), hash(&client("a", "bc")));
        assert_eq!(
            hash(&client("servicenow", "secret")),
            // printf 'servicenow\0secret' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0707… -binary | base64
            "wpscPWIQhUMwVMpATY8l+BQakckF7P9H39vq8/4BGvg="
        );
    }
}
