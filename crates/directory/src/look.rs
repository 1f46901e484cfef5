//! Looking at a user in IAM: kept for a minute, and not more often than an account bears it.

use std::collections::HashMap;
use std::sync::PoisonError;

use jiff::{SignedDuration, Timestamp};
use ports::described_users::DescribedUsers as _;
use ports::directory::DirectoryError;
use snowgate_core::identity::DescribedUser;
use snowgate_core::principal::{Principal, PrincipalKey};
use tracing::{error, warn};

use crate::{DirectoryPorts, UserDirectory};

/// How long what IAM said is good.
const KEPT: SignedDuration = SignedDuration::from_secs(60);

/// How many users are kept.
const MOST: usize = 200;

/// What IAM said of a user.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// When IAM was asked, by this function's clock.
    pub(crate) at: Timestamp,
    /// The user; none where there is none.
    pub(crate) found: Option<DescribedUser>,
}

/// Why IAM was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It did not answer, or not so that it could be read.
    Unavailable,
    /// The account has no read role that trusts us.
    NotPrepared,
    /// Users of the account were looked at too often just now.
    Paced,
}

/// What IAM said lately.
#[derive(Debug, Default)]
pub(crate) struct Looks(HashMap<PrincipalKey, Look>);

impl Looks {
    /// What IAM said of a user less than a minute ago.
    fn recent(&self, user: &PrincipalKey, now: Timestamp) -> Option<Look> {
        let look = self.0.get(user);
        look.filter(|look| look.is_recent(now)).cloned()
    }

    /// Keeps a look, and drops what is over and, where there are too many, the oldest.
    fn keep(&mut self, user: PrincipalKey, look: Look) {
        self.0.retain(|_, kept| kept.is_recent(look.at));
        if self.0.len() >= MOST {
            let oldest = self.0.iter().min_by_key(|(_, kept)| kept.at);
            let oldest = oldest.map(|(user, _)| user.clone());
            oldest.map(|oldest| self.0.remove(&oldest));
        }
        self.0.insert(user, look);
    }
}

impl Look {
    fn is_recent(&self, now: Timestamp) -> bool {
        now.duration_since(self.at).abs() < KEPT
    }
}

impl<P: DirectoryPorts> UserDirectory<P> {
    /// What IAM says of a user, or said less than a minute ago.
    pub(crate) async fn look(&self, user: &Principal, now: Timestamp) -> Result<Look, Unread> {
        let key = user.key_by_name();
        let recent = {
            let looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
            looks.recent(&key, now)
        };
        if let Some(look) = recent {
            return Ok(look);
        }
        let is_admitted = {
            let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
            pace.admits(&user.account_id, now)
        };
        if !is_admitted {
            return Err(Unread::Paced);
        }
        let found = self
            .users
            .described(user)
            .await
            .map_err(|error| unread(&error))?;
        let look = Look { at: now, found };
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        looks.keep(key, look.clone());
        Ok(look)
    }
}

/// Logs why IAM could not be read. What passes by itself is no error.
fn unread(failure: &DirectoryError) -> Unread {
    let chain = shell::log::chain(failure);
    match failure {
        DirectoryError::NotPrepared(_) => {
            error!(error = chain, "a user cannot be looked at");
            Unread::NotPrepared
        }
        DirectoryError::Call(call) if call.is_transient() => {
            warn!(error = chain, "IAM did not answer");
            Unread::Unavailable
        }
        DirectoryError::Call(_) => {
            error!(error = chain, "a user cannot be looked at");
            Unread::Unavailable
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn no_more_users_are_kept_than_there_is_room_for() {
        let mut looks = Looks::default();
        let key = |n: i64| -> PrincipalKey { format!("210987654321#user#u{n}").parse().unwrap() };
        for n in 0..300 {
            let look = Look {
                at: at(n / 10),
                found: None,
            };
            looks.keep(key(n), look);
            assert!(looks.0.len() <= MOST);
        }
        assert!(looks.recent(&key(299), at(30)).is_some());
        assert!(looks.recent(&key(0), at(30)).is_none());
        looks.keep(
            key(0),
            Look {
                at: at(89),
                found: None,
            },
        );
        assert_eq!(looks.0.len(), 1);
    }
}
