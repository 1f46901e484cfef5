//! How often IAM of one account is asked. It limits the calls to an account as a whole, and removals of
//! access need them: who looks must not be in their way.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use snowgate_core::id::AccountId;

/// How many users of an account may be looked at in a row.
const BURST: u32 = 5;

/// After how long one more may be.
const ONE_MORE: SignedDuration = SignedDuration::from_secs(2);

/// How many users of each account were looked at lately, by this environment of the function.
#[derive(Debug, Default)]
pub(crate) struct Pace(HashMap<AccountId, Timestamp>);

impl Pace {
    /// Whether a user of this account may be looked at now; it counts as looked at then.
    pub(crate) fn admits(&mut self, account: &AccountId, now: Timestamp) -> bool {
        // For each account the time at which all that was taken is back. What is back already is forgotten,
        // and so is a time that no clock came to by taking, for it is a clock that was put back.
        let whole = ONE_MORE * i32::try_from(BURST).unwrap_or(1);
        self.0.retain(|_, back| *back > now && *back <= now + whole);
        let back = self.0.get(account).copied().unwrap_or(now) + ONE_MORE;
        let is_admitted = back <= now + whole;
        if is_admitted {
            self.0.insert(account.clone(), back);
        }
        is_admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn an_account_is_asked_five_times_in_a_row_and_then_every_two_seconds() {
        let (one, other): (AccountId, AccountId) = (
            "210987654321".parse().unwrap(),
            "320987654321".parse().unwrap(),
        );
        let mut pace = Pace::default();
        let mut admitted = |account: &AccountId, second| pace.admits(account, at(second));
        for _ in 0..5 {
            assert!(admitted(&one, 0));
        }
        assert!(!admitted(&one, 0) && !admitted(&one, 1));
        // One account takes nothing of another's.
        assert!(admitted(&other, 1));
        assert!(admitted(&one, 2) && !admitted(&one, 3));
        assert!(admitted(&one, 4) && !admitted(&one, 5));
        // Being refused costs nothing, and all of it comes back.
        for _ in 0..5 {
            assert!(admitted(&one, 60));
        }
        assert!(!admitted(&one, 60));
        // A clock that is put back keeps nobody out for long.
        assert!(admitted(&one, -9_000));
    }
}
