//! Who calls the service API: HTTP Basic credentials (RFC 7617) and the clients that may use
//! them.
//!
//! The clients stand in one secret. Each has an id, up to two keyed hashes of its secret and up to
//! two ids at the token issuer (two, so that either can be replaced without a gap), and the exact
//! routes it may call. Checking a client that does not exist takes the same work as checking one
//! that does, and so do user-ids and passwords of any length.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

use crate::id::ClientId;

/// How many secrets, and how many ids at the token issuer, a client may have at a time.
const MAX_SECRETS: usize = 2;
/// How long an id at the token issuer may be.
const MAX_OAUTH_ID: usize = 128;

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
pub struct BasicCredentialsError;

impl BasicCredentials {
    /// Reads the value of an `Authorization` header: the scheme in any case, one or more
    /// spaces, base64 of UTF-8, split at the first colon; no control characters (RFC 7617, 2).
    ///
    /// # Errors
    /// Where it is anything else.
    pub fn parse(header: &str) -> Result<Self, BasicCredentialsError> {
        let (scheme, rest) = header.split_once(' ').ok_or(BasicCredentialsError)?;
        if !scheme.eq_ignore_ascii_case("basic") || header.len() > LONGEST_HEADER {
            return Err(BasicCredentialsError);
        }
        let bytes = STANDARD
            .decode(rest.trim_matches(' '))
            .map_err(|_| BasicCredentialsError)?;
        let text = String::from_utf8(bytes).map_err(|_| BasicCredentialsError)?;
        let (user, password) = text.split_once(':').ok_or(BasicCredentialsError)?;
        if text.chars().any(char::is_control) {
            return Err(BasicCredentialsError);
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
    #[serde(default)]
    hashes: Vec<String>,
    #[serde(default)]
    oauth_client_ids: Vec<String>,
    routes: Vec<String>,
}

/// What a client may call: one of [`Route::ALL`]. API Gateway takes the `*` of an ARN for any text,
/// slashes and nothing included, so that a pattern of a client's own could reach further than it
/// reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Route {
    method: String,
    path: String,
}

/// A text that is no route of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a route is one of the API's, such as `GET /v1/requests/*`")]
pub struct RouteError;

impl Route {
    /// Every route that a client can be given. A `*` stands for the id of a request, or the name of a user.
    pub const ALL: [&str; 9] = [
        "POST /v1/requests",
        "GET /v1/requests",
        "GET /v1/requests/*",
        "POST /v1/requests/*/withdraw",
        "POST /v1/requests/*/revoke",
        "POST /v1/requests/*/abandon",
        "POST /v1/requests/*/extend",
        "GET /v1/users",
        "GET /v1/users/*",
    ];

    /// The route as API Gateway names it in `execute-api` ARNs: `GET/v1/requests/*`.
    #[must_use]
    pub fn in_arn(&self) -> String {
        format!("{}{}", self.method, self.path)
    }

    /// Whether the route only reads.
    #[must_use]
    pub fn reads(&self) -> bool {
        self.method == "GET"
    }

    /// The route of `HEAD` beside that of `GET`, in `execute-api` ARNs; none for other methods.
    #[must_use]
    pub fn head_in_arn(&self) -> Option<String> {
        self.reads().then(|| format!("HEAD{}", self.path))
    }
}

impl TryFrom<String> for Route {
    type Error = RouteError;
    fn try_from(text: String) -> Result<Self, RouteError> {
        let known = Self::ALL.contains(&text.as_str());
        let (method, path) = text.split_once(' ').filter(|_| known).ok_or(RouteError)?;
        Ok(Self {
            method: method.to_owned(),
            path: path.to_owned(),
        })
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
    /// The id as it is compared.
    padded: PaddedId,
    /// Two equal ones where there is one secret; none where the client has no secret.
    hashes: Option<[[u8; 32]; MAX_SECRETS]>,
    oauth_ids: Vec<String>,
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
    /// A client has neither hash nor id at the token issuer, or more than two hashes, or one that
    /// is not base64 of 32 bytes.
    #[error("a client has not one or two hashes of 32 bytes in base64")]
    Hashes,
    /// A client has more than two ids at the token issuer, or one that is no visible ASCII.
    #[error("a client has not one or two ids at the token issuer")]
    OauthIds,
    /// A client has a route that is none of the API's.
    #[error("a client has a route that is none of the API's")]
    Routes,
    /// Two clients have the same id, here or at the token issuer.
    #[error("two clients have the same id")]
    Duplicate,
}

/// A client that has proved who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The id under which its credentials are configured.
    pub id: ClientId,
    /// What it may call, and nothing else.
    pub routes: Vec<Route>,
}

/// All the work that whoever calls could measure, so that it can be counted.
trait Work {
    /// Hashes a message, part by part.
    fn mac(&mut self, key: &Hmac<Sha256>, message: &[&[u8]]) -> [u8; 32];
    /// Compares two texts of the same length.
    fn are_equal(&mut self, one: &[u8], other: &[u8]) -> Choice;
}

/// Does it so that what is compared takes no part in how long it takes.
struct InConstantTime;

impl Work for InConstantTime {
    fn mac(&mut self, key: &Hmac<Sha256>, message: &[&[u8]]) -> [u8; 32] {
        let mut mac = key.clone();
        message.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }

    fn are_equal(&mut self, one: &[u8], other: &[u8]) -> Choice {
        one.ct_eq(other)
    }
}

/// The longest header with Basic credentials that is read.
const LONGEST_HEADER: usize = "Basic ".len() + LONGEST_CREDENTIALS / 3 * 4;
/// The longest user-id and password that it can carry, with the byte between them: an id of 64, and
/// a secret of 256, which is six times as long as those that are made here.
const LONGEST_CREDENTIALS: usize = 321;
/// How many blocks of SHA-256 credentials take, however long they are.
const BLOCKS: usize = LONGEST_CREDENTIALS / 64 + 2;
/// What is hashed beside short credentials.
const ZEROS: [u8; BLOCKS * 64] = [0; BLOCKS * 64];

/// How many bytes are hashed beside credentials of this length, so that all take the same blocks:
/// a message has nine bytes of padding at least (FIPS 180-4, 5.1.1).
const fn filler(credentials: usize) -> usize {
    let blocks = (credentials + 9).div_ceil(64);
    (BLOCKS.saturating_sub(blocks) * 64).saturating_sub(9)
}

/// A client id in as many bytes as the longest has, and its length.
type PaddedId = [u8; 65];

/// The id so; what is longer than any client's is like none.
fn padded(id: &str) -> PaddedId {
    let mut padded = [0; 65];
    let length = u8::try_from(id.len()).unwrap_or(u8::MAX);
    match padded.get_mut(..id.len()) {
        Some(start) if id.len() < 65 => start.copy_from_slice(id.as_bytes()),
        _ => padded.fill(u8::MAX),
    }
    if let Some(last) = padded.last_mut() {
        *last = length;
    }
    padded
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
        let ids = clients.iter().map(|client| client.id.as_str());
        let oauth_ids = clients.iter().flat_map(|client| &client.oauth_ids);
        if repeats(ids) || repeats(oauth_ids.map(String::as_str)) {
            return Err(ClientsError::Duplicate);
        }
        Ok(Self { key, clients })
    }

    /// The client that has this id at the token issuer, if any. Whoever asks has checked the
    /// token: an id alone proves nothing.
    #[must_use]
    pub fn by_oauth_client_id(&self, oauth_client_id: &str) -> Option<Caller> {
        let known = |client: &&Client| client.oauth_ids.iter().any(|id| id == oauth_client_id);
        self.clients.iter().find(known).map(Client::caller)
    }

    /// The client that these credentials prove, if any. Every client is compared, in constant
    /// time, whether or not one was found, and all credentials take the same hashing, whatever
    /// their length.
    #[must_use]
    pub fn authenticate(&self, credentials: &BasicCredentials) -> Option<Caller> {
        self.authenticate_by(&mut InConstantTime, credentials)
    }

    fn authenticate_by(
        &self,
        work: &mut impl Work,
        credentials: &BasicCredentials,
    ) -> Option<Caller> {
        let BasicCredentials { user, password } = credentials;
        let mac = work.mac(&self.key, &[user.as_bytes(), &[0], password.as_bytes()]);
        let length = user.len() + 1 + password.len();
        let rest = ZEROS.get(..filler(length)).unwrap_or(&ZEROS);
        std::hint::black_box(work.mac(&self.key, &[rest]));
        let user = padded(user);
        let mut found = u64::MAX;
        for (index, client) in (0_u64..).zip(&self.clients) {
            // A client without a secret takes the same work, and is never proved.
            let has_secret = Choice::from(u8::from(client.hashes.is_some()));
            let hashes = client.hashes.unwrap_or_default();
            let equal = hashes.iter().map(|hash| work.are_equal(hash, &mac));
            let proved = has_secret & equal.fold(Choice::from(0), |a, b| a | b);
            let id_matches = work.are_equal(&client.padded, &user);
            found.conditional_assign(&index, proved & id_matches);
        }
        let client = self.clients.get(usize::try_from(found).ok()?)?;
        Some(client.caller())
    }
}

fn repeats<'a>(ids: impl Iterator<Item = &'a str>) -> bool {
    let mut ids: Vec<&str> = ids.collect();
    ids.sort_unstable();
    ids.windows(2).any(|pair| pair.first() == pair.last())
}

impl Client {
    fn caller(&self) -> Caller {
        Caller {
            id: self.id.clone(),
            routes: self.routes.clone(),
        }
    }
}

impl TryFrom<ClientEntry> for Client {
    type Error = ClientsError;
    fn try_from(entry: ClientEntry) -> Result<Self, ClientsError> {
        let decode =
            |text: &String| -> Option<[u8; 32]> { STANDARD.decode(text).ok()?.try_into().ok() };
        let hashes: Option<Vec<[u8; 32]>> = entry.hashes.iter().map(decode).collect();
        let hashes = match hashes.as_deref() {
            Some([]) if !entry.oauth_client_ids.is_empty() => None,
            Some([one]) => Some([*one, *one]),
            Some([one, two]) => Some([*one, *two]),
            _ => return Err(ClientsError::Hashes),
        };
        let visible = |id: &String| {
            (1..=MAX_OAUTH_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
        };
        let oauth_ids = entry.oauth_client_ids;
        if oauth_ids.len() > MAX_SECRETS || !oauth_ids.iter().all(visible) {
            return Err(ClientsError::OauthIds);
        }
        let routes = entry.routes.into_iter().map(Route::try_from);
        let routes: Result<_, RouteError> = routes.collect();
        Ok(Self {
            padded: padded(entry.id.as_str()),
            id: entry.id,
            hashes,
            oauth_ids,
            routes: routes.map_err(|RouteError| ClientsError::Routes)?,
        })
    }
}

#[cfg(test)]
mod tests;
