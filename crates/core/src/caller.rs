//! Who calls the service API: HTTP Basic credentials (RFC 7617) and the clients that may use
//! them.
//!
//! The clients stand in one secret. Each has an id, up to two keyed hashes of its secret (two,
//! so that a secret can be replaced without a gap) and the exact routes it may call. Checking a
//! client that does not exist takes the same work as checking one that does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

use crate::id::ClientId;

/// How many secrets a client may have at a time.
const SECRETS: usize = 2;

/// A user-id and password, as the header carried them. `Debug` never shows them.
pub struct BasicCredentials {
    user: String,
    password: String,
}

impl std::fmt::Debug for BasicCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BasicCredentials(redacted)")
    }
}

/// A header that carries no Basic credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not HTTP Basic credentials")]
pub struct BasicError;

impl BasicCredentials {
    /// Reads the value of an `Authorization` header: the scheme in any case, one or more
    /// spaces, base64 of UTF-8, split at the first colon; no control characters (RFC 7617, 2).
    ///
    /// # Errors
    /// Where it is anything else.
    pub fn parse(header: &str) -> Result<Self, BasicError> {
        let (scheme, rest) = header.split_once(' ').ok_or(BasicError)?;
        if !scheme.eq_ignore_ascii_case("basic") || header.len() > 2048 {
            return Err(BasicError);
        }
        let bytes = STANDARD
            .decode(rest.trim_matches(' '))
            .map_err(|_| BasicError)?;
        let text = String::from_utf8(bytes).map_err(|_| BasicError)?;
        let (user, password) = text.split_once(':').ok_or(BasicError)?;
        if text.chars().any(char::is_control) {
            return Err(BasicError);
        }
        Ok(Self {
            user: user.to_owned(),
            password: password.to_owned(),
        })
    }
}

/// The secret that holds the clients, as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientsFile {
    key: String,
    clients: Vec<ClientEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientEntry {
    id: ClientId,
    hashes: Vec<String>,
    routes: Vec<Route>,
}

/// A method and a path that a client may call, such as `POST /v1/requests`,
/// `GET /v1/requests/*` or `POST /v1/requests/*/withdraw`. A `*` is a whole segment, once at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Route {
    method: String,
    path: String,
}

/// A text that is no route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a route is a method and a path, such as `GET /v1/requests/*`")]
pub struct RouteError;

impl Route {
    /// The route as API Gateway names it in `execute-api` ARNs: `GET/v1/requests/*`.
    #[must_use]
    pub fn in_arn(&self) -> String {
        format!("{}{}", self.method, self.path)
    }
}

impl TryFrom<String> for Route {
    type Error = RouteError;
    fn try_from(text: String) -> Result<Self, RouteError> {
        let (method, path) = text.split_once(' ').ok_or(RouteError)?;
        let fixed = match path.split_once("/*") {
            Some((before, after)) if after.is_empty() || after.starts_with('/') => {
                format!("{before}{after}")
            }
            Some(_) => return Err(RouteError),
            None => path.to_owned(),
        };
        let good = ["GET", "POST"].contains(&method)
            && fixed.starts_with("/v1/")
            && fixed
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-'));
        match good {
            true => Ok(Self {
                method: method.to_owned(),
                path: path.to_owned(),
            }),
            false => Err(RouteError),
        }
    }
}

impl From<Route> for String {
    fn from(route: Route) -> Self {
        format!("{} {}", route.method, route.path)
    }
}

/// The clients that may call.
pub struct Clients {
    key: Hmac<Sha256>,
    clients: Vec<Client>,
}

struct Client {
    id: ClientId,
    hashes: [[u8; 32]; SECRETS],
    routes: Vec<Route>,
}

/// Why the secret that holds the clients cannot be used. Says nothing of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientsError {
    /// Not of the right shape.
    #[error("the clients' secret is not of the right shape")]
    Shape,
    /// The key has fewer than 32 bytes or is not base64.
    #[error("the key in the clients' secret is not base64 of at least 32 bytes")]
    Key,
    /// A client has no hash, or more than two, or one that is not base64 of 32 bytes.
    #[error("a client has not one or two hashes of 32 bytes in base64")]
    Hashes,
    /// Two clients have the same id.
    #[error("two clients have the same id")]
    Duplicate,
}

/// A client that has proved who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Its id.
    pub id: ClientId,
    /// What it may call, and nothing else.
    pub routes: Vec<Route>,
}

fn mac_of(key: &Hmac<Sha256>, user: &str, password: &str) -> [u8; 32] {
    let mut mac = key.clone();
    mac.update(user.as_bytes());
    mac.update(&[0]);
    mac.update(password.as_bytes());
    mac.finalize().into_bytes().into()
}

impl Clients {
    /// Reads the secret.
    ///
    /// # Errors
    /// Where it cannot be used.
    pub fn parse(secret: &str) -> Result<Self, ClientsError> {
        let file: ClientsFile = serde_json::from_str(secret).map_err(|_| ClientsError::Shape)?;
        let key = STANDARD.decode(&file.key).map_err(|_| ClientsError::Key)?;
        if key.len() < 32 {
            return Err(ClientsError::Key);
        }
        let key = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| ClientsError::Key)?;
        let clients: Vec<Client> = file
            .clients
            .into_iter()
            .map(Client::try_from)
            .collect::<Result<_, _>>()?;
        let mut ids: Vec<&ClientId> = clients.iter().map(|client| &client.id).collect();
        ids.sort();
        if ids.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(ClientsError::Duplicate);
        }
        Ok(Self { key, clients })
    }

    /// The client that these credentials prove, if any. Every client is compared, in constant
    /// time, whether or not one was found.
    #[must_use]
    pub fn authenticate(&self, credentials: &BasicCredentials) -> Option<Caller> {
        let mac = mac_of(&self.key, &credentials.user, &credentials.password);
        let mut found = u64::MAX;
        for (index, client) in (0_u64..).zip(&self.clients) {
            let one_of = |hash: &[u8; 32]| hash.ct_eq(&mac);
            let proved = client
                .hashes
                .iter()
                .map(one_of)
                .fold(Choice::from(0), |a, b| a | b);
            let named = client
                .id
                .as_str()
                .as_bytes()
                .ct_eq(credentials.user.as_bytes());
            found.conditional_assign(&index, proved & named);
        }
        let client = self.clients.get(usize::try_from(found).ok()?)?;
        Some(Caller {
            id: client.id.clone(),
            routes: client.routes.clone(),
        })
    }
}

impl TryFrom<ClientEntry> for Client {
    type Error = ClientsError;
    fn try_from(entry: ClientEntry) -> Result<Self, ClientsError> {
        let decode =
            |text: &String| -> Option<[u8; 32]> { STANDARD.decode(text).ok()?.try_into().ok() };
        let hashes: Option<Vec<[u8; 32]>> = entry.hashes.iter().map(decode).collect();
        let hashes = match hashes.as_deref() {
            Some([one]) => [*one, *one],
            Some([one, two]) => [*one, *two],
            _ => return Err(ClientsError::Hashes),
        };
        Ok(Self {
            id: entry.id,
            hashes,
            routes: entry.routes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(clients: &[(&str, &[&str])]) -> String {
        let key = [9; 32];
        let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        let clients = clients.iter().map(|(id, secrets)| serde_json::json!({
            "id": id,
            "hashes": secrets.iter().map(|s| STANDARD.encode(mac_of(&mac, id, s))).collect::<Vec<_>>(),
            "routes": ["POST /v1/requests", "GET /v1/requests/*"],
        }));
        serde_json::json!({"key": STANDARD.encode(key), "clients": clients.collect::<Vec<_>>()})
            .to_string()
    }

    fn basic(user_password: &str) -> BasicCredentials {
        BasicCredentials::parse(&format!("Basic {}", STANDARD.encode(user_password))).unwrap()
    }

    #[test]
    fn headers_are_read_as_rfc_7617_says() {
        let read = |header: &str| BasicCredentials::parse(header).map(|c| (c.user, c.password));
        // The example of RFC 7617, section 2.
        assert_eq!(
            read("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            Ok(("Aladdin".into(), "open sesame".into()))
        );
        // Section 2.1: UTF-8.
        assert_eq!(
            read("bAsIc dGVzdDoxMjPCow=="),
            Ok(("test".into(), "123£".into()))
        );
        // The first colon divides.
        assert_eq!(
            read(&format!("Basic {}", STANDARD.encode("a:b:c"))),
            Ok(("a".into(), "b:c".into()))
        );
        for bad in [
            "",
            "Basic",
            "Bearer abc",
            "Basic !!!",
            "Basic QWxhZGRpbg==",
            "Basic /w==",
            "Basic YTpiCg==",
        ] {
            assert_eq!(read(bad), Err(BasicError), "{bad}");
        }
    }

    #[test]
    fn each_of_two_secrets_proves_its_client_and_no_other() {
        let clients =
            Clients::parse(&secret(&[("prod", &["old", "new"]), ("test", &["new"])])).unwrap();
        let caller = |text: &str| {
            clients
                .authenticate(&basic(text))
                .map(|caller| caller.id.to_string())
        };
        assert_eq!(caller("prod:old").as_deref(), Some("prod"));
        assert_eq!(caller("prod:new").as_deref(), Some("prod"));
        assert_eq!(caller("test:new").as_deref(), Some("test"));
        for bad in [
            "test:old",
            "prod:",
            ":",
            "Prod:old",
            "prod :old",
            "prod\u{fb01}:old",
            "other:old",
            "prod:old ",
        ] {
            assert_eq!(caller(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_route_has_one_open_segment_at_most() {
        for good in [
            "POST /v1/requests",
            "GET /v1/requests/*",
            "POST /v1/requests/*/withdraw",
        ] {
            let route = Route::try_from(good.to_owned()).unwrap();
            assert_eq!(route.in_arn(), good.replacen(' ', "", 1));
        }
        for bad in [
            "DELETE /v1/requests",
            "POST /v1/requests/*x",
            "POST /v1/*/*",
            "POST /*",
            "POST /v1/requests/x*",
            "GET /v2/requests",
        ] {
            assert_eq!(Route::try_from(bad.to_owned()), Err(RouteError), "{bad}");
        }
    }

    #[test]
    fn secrets_that_cannot_be_used_say_why_and_not_what() {
        let good = secret(&[("prod", &["one"])]);
        assert!(Clients::parse(&good).is_ok());
        let error = |text: &str| Clients::parse(text).err();
        assert_eq!(error("{}"), Some(ClientsError::Shape));
        assert_eq!(
            error(&good.replace("POST ", "DELETE ")),
            Some(ClientsError::Shape)
        );
        assert_eq!(
            error(&good.replace(&STANDARD.encode([9; 32]), "AAAA")),
            Some(ClientsError::Key)
        );
        assert_eq!(error(&secret(&[("prod", &[])])), Some(ClientsError::Hashes));
        assert_eq!(
            error(&secret(&[("prod", &["1", "2", "3"])])),
            Some(ClientsError::Hashes)
        );
        assert_eq!(
            error(&secret(&[("a", &["1"]), ("a", &["2"])])),
            Some(ClientsError::Duplicate)
        );
    }
}
