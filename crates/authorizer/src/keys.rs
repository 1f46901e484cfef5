//! The issuer's keys, kept for a while: read when they are needed, by one caller at a time, and
//! not more often than the issuer can bear, whatever tokens claim to be signed with.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tracing::{error, info, warn};

use crate::jwks::{KeySet, VerifyingKey};

/// How long keys are believed before they are read again.
const FRESH: Duration = Duration::from_secs(300);
/// How long keys are believed while they cannot be read again.
const LAST: Duration = Duration::from_secs(1800);
/// How long to wait between two readings, good or bad.
const PAUSE: Duration = Duration::from_secs(10);

/// Where the issuer's keys come from.
pub trait KeySource {
    /// The key set, as the issuer publishes it.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn read(&self) -> impl Future<Output = Result<Vec<u8>, KeySourceError>>;
}

/// Why the issuer's keys cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum KeySourceError {
    /// No answer in time.
    #[error("the issuer did not answer in time")]
    Late,
    /// An answer that is not 200.
    #[error("the issuer answered with status {0}")]
    Status(u16),
    /// The body is too large, or broke off.
    #[error("the issuer's answer is too large or incomplete")]
    Body,
    /// No connection, or no trust in it.
    #[error("the issuer cannot be reached")]
    Unreachable,
}

/// The issuer's keys.
pub struct Keys<S> {
    source: S,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    set: KeySet,
    read: Option<Instant>,
    tried: Option<Instant>,
}

impl Held {
    fn younger_than(&self, age: Duration, now: Instant) -> bool {
        self.read
            .is_some_and(|read| now.saturating_duration_since(read) < age)
    }

    fn rested(&self, now: Instant) -> bool {
        self.tried
            .is_none_or(|tried| now.saturating_duration_since(tried) >= PAUSE)
    }
}

impl<S: KeySource> Keys<S> {
    /// No keys yet.
    pub fn new(source: S) -> Self {
        Self {
            source,
            held: Mutex::default(),
        }
    }

    /// The key with this id. Reads the key set where it is old or lacks the key, unless it was
    /// tried a moment ago; whoever asks meanwhile waits for that reading and makes none.
    pub async fn get(&self, id: &str, now: Instant) -> Option<VerifyingKey> {
        let mut held = self.held.lock().await;
        let enough = held.younger_than(FRESH, now) && held.set.get(id).is_some();
        if !enough && held.rested(now) {
            self.renew(&mut held, now).await;
        }
        if held.younger_than(LAST, now) {
            held.set.get(id).cloned()
        } else {
            None
        }
    }

    async fn renew(&self, held: &mut Held, now: Instant) {
        held.tried = Some(now);
        let why = match self.source.read().await {
            Ok(bytes) => match KeySet::parse(&bytes) {
                Ok(set) => {
                    info!("the issuer's keys were read");
                    held.set = set;
                    held.read = Some(now);
                    return;
                }
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        if held.younger_than(LAST, now) {
            warn!(why, "the issuer's keys could not be read again");
        } else {
            error!(why, "the issuer's keys cannot be read");
        }
    }
}
