//! The issuer's keys, kept for a while: read when they are needed, by one caller at a time, and
//! not more often than the issuer can bear, whatever tokens claim to be signed with.

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use tracing::{error, info, warn};

use crate::jwks::{KeySet, VerifyingKey};

/// How long keys are believed before they are read again.
const FRESH: SignedDuration = SignedDuration::from_secs(300);
/// How long keys are believed while they cannot be read again.
const USABLE: SignedDuration = SignedDuration::from_secs(1800);
/// How long to wait between two readings, good or bad.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);

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
    TimedOut,
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

/// The issuer's keys, as they were last read.
pub struct KeyCache<S> {
    source: S,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    set: KeySet,
    read_at: Option<Timestamp>,
    tried_at: Option<Timestamp>,
}

impl Held {
    fn is_younger_than(&self, age: SignedDuration, now: Timestamp) -> bool {
        self.read_at.is_some_and(|read| within(age, read, now))
    }

    fn may_be_read(&self, now: Timestamp) -> bool {
        !self.tried_at.is_some_and(|tried| within(PAUSE, tried, now))
    }
}

/// Whether less than this has passed since then. Where the clock was set back meanwhile, nobody
/// knows, and it has not.
fn within(span: SignedDuration, then: Timestamp, now: Timestamp) -> bool {
    (SignedDuration::ZERO..span).contains(&now.duration_since(then))
}

impl<S: KeySource> KeyCache<S> {
    /// No keys yet.
    pub fn new(source: S) -> Self {
        Self {
            source,
            held: Mutex::default(),
        }
    }

    /// The key with this id. Reads the key set where it is old or lacks the key, unless it was
    /// tried a moment ago; whoever asks meanwhile waits for that reading and makes none.
    pub async fn get(&self, id: &str, now: Timestamp) -> Option<VerifyingKey> {
        let mut held = self.held.lock().await;
        let enough = held.is_younger_than(FRESH, now) && held.set.get(id).is_some();
        if !enough && held.may_be_read(now) {
            self.read_again(&mut held, now).await;
        }
        if held.is_younger_than(USABLE, now) {
            held.set.get(id).cloned()
        } else {
            None
        }
    }

    async fn read_again(&self, held: &mut Held, now: Timestamp) {
        held.tried_at = Some(now);
        let why = match self.source.read().await {
            Ok(bytes) => match KeySet::parse(&bytes) {
                Ok(set) => {
                    info!("the issuer's keys were read");
                    held.set = set;
                    held.read_at = Some(now);
                    return;
                }
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        if held.is_younger_than(USABLE, now) {
            warn!(why, "the issuer's keys could not be read again");
        } else {
            error!(why, "the issuer's keys cannot be read");
        }
    }
}
