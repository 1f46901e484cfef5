//! Review links and decisions: what the link proves, what is signed, what verifies.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::id::{Digest, RequestId, SysId};
use crate::person::PeopleMarks;

/// The secret of a review link: 256 random bits, written in base64url without padding.
/// Only its digest is stored. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct ReviewToken([u8; 32]);

/// A text that is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a review token")]
pub struct TokenError;

impl ReviewToken {
    /// Makes a token from 32 random bytes.
    #[must_use]
    pub const fn from_random(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The token as it stands in the link.
    #[must_use]
    pub fn expose(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is stored of it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }

    /// The nonce of a form that showed this content at this time: `seconds.mac`. It is computed from the
    /// token alone, so that showing the form has no side effect.
    #[must_use]
    pub fn nonce(&self, content: &Digest, shown: Timestamp) -> String {
        let seconds = shown.as_second();
        format!(
            "{seconds}.{}",
            URL_SAFE_NO_PAD.encode(self.nonce_mac(content, seconds).finalize().into_bytes())
        )
    }

    /// Whether the nonce belongs to a form of this link that showed this content, at most
    /// `NONCE_HOURS` ago. It is written in one way only: as [`ReviewToken::nonce`] does.
    #[must_use]
    pub fn accepts_nonce(&self, nonce: &str, content: &Digest, now: Timestamp) -> bool {
        let Some((seconds, mac)) = nonce.split_once('.') else {
            return false;
        };
        let (Ok(seconds), Ok(mac)) = (seconds.parse::<i64>(), URL_SAFE_NO_PAD.decode(mac)) else {
            return false;
        };
        let age = now.as_second().saturating_sub(seconds);
        let is_plain = nonce.strip_prefix(&format!("{seconds}.")).is_some();
        is_plain
            && (-60..=NONCE_HOURS * 3600).contains(&age)
            && self.nonce_mac(content, seconds).verify_slice(&mac).is_ok()
    }

    fn nonce_mac(&self, content: &Digest, seconds: i64) -> Hmac<Sha256> {
        // HMAC takes keys of any length (RFC 2104), so this arm is never taken for 32 bytes.
        let mut mac = match Hmac::<Sha256>::new_from_slice(&self.0) {
            Ok(mac) => mac,
            Err(_) => Hmac::<Sha256>::new(&Default::default()),
        };
        mac.update(b"snowgate/nonce/1\n");
        mac.update(&seconds.to_be_bytes());
        mac.update(content.as_str().as_bytes());
        mac
    }
}

/// How long a form may stay open before it must be loaded again.
pub const NONCE_HOURS: i64 = 12;

impl FromStr for ReviewToken {
    type Err = TokenError;
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError)?;
        Ok(Self(bytes.try_into().map_err(|_| TokenError)?))
    }
}

impl fmt::Debug for ReviewToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReviewToken(redacted)")
    }
}

/// What is stored of a review link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// The digest of the token.
    pub digest: Digest,
    /// The request it reviews.
    pub request: RequestId,
    /// The person it was sent to.
    pub approver: SysId,
    /// After this it opens nothing.
    pub expires_at: Timestamp,
}

/// Approve or deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The slot is approved.
    Approve,
    /// The slot is denied, which ends the request.
    Deny,
}

/// What an approver says, and what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// On which request.
    pub request: RequestId,
    /// On exactly which content.
    pub content: Digest,
    /// For which slot.
    pub slot: String,
    /// Approve or deny.
    pub verdict: Verdict,
    /// Through the link that was sent to this person.
    pub approver: SysId,
    /// When, to the second.
    pub at: i64,
    /// The digest of the typed reason.
    pub reason: Digest,
    /// Who decided and who must not have, by what they are recognised by. A decision without it
    /// grants nothing.
    pub identities: Option<PeopleMarks>,
}

impl Decision {
    /// Whether it was signed at a time that has not come, as far as clocks agree.
    #[must_use]
    pub fn is_from_the_future(&self, now: Timestamp) -> bool {
        self.at > now.as_second().saturating_add(CLOCKS_AGREE)
    }
}

/// How many seconds the clocks of two functions may differ; the preflight checks the same.
const CLOCKS_AGREE: i64 = 120;

/// A decision with the MAC that only the approval function can make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedDecision {
    /// What was said.
    pub decision: Decision,
    /// HMAC-SHA-256 over [`Decision::signed_bytes`].
    pub mac: MacTag,
}

/// A message authentication code, in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MacTag(Vec<u8>);

impl MacTag {
    /// Takes the bytes of a code.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes of the code.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<String> for MacTag {
    type Error = base64::DecodeError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        STANDARD.decode(text).map(Self)
    }
}

impl From<MacTag> for String {
    fn from(tag: MacTag) -> Self {
        STANDARD.encode(tag.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::{InvolvedMarks, Mark};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn tokens_round_trip_and_hide() {
        let token = ReviewToken::from_random([7; 32]);
        assert_eq!(token.expose().parse::<ReviewToken>(), Ok(token.clone()));
        assert_eq!(format!("{token:?}"), "ReviewToken(redacted)");
        for bad in [
            "",
            "x",
            "approve",
            &"A".repeat(42),
            &"A".repeat(44),
            &format!("{}=", token.expose()),
        ] {
            assert_eq!(bad.parse::<ReviewToken>(), Err(TokenError), "{bad}");
        }
    }

    #[test]
    fn a_nonce_is_of_one_link_one_content_and_one_time() {
        let (mine, other) = (
            ReviewToken::from_random([1; 32]),
            ReviewToken::from_random([2; 32]),
        );
        let (shown, swapped) = (Digest::of(b"shown"), Digest::of(b"swapped"));
        let nonce = mine.nonce(&shown, at(1_000_000));
        let accepts = |nonce: &str, second| mine.accepts_nonce(nonce, &shown, at(second));
        assert!(accepts(&nonce, 1_000_000));
        assert!(accepts(&nonce, 1_000_000 + 12 * 3600));
        assert!(!accepts(&nonce, 1_000_001 + 12 * 3600));
        assert!(!accepts(&nonce, 900_000));
        assert!(!other.accepts_nonce(&nonce, &shown, at(1_000_000)));
        assert!(!mine.accepts_nonce(&nonce, &swapped, at(1_000_000)));
        assert!(!accepts(&nonce.replacen('1', "2", 1), 1_000_000));
        for same_number in ["+1000000", "01000000", "1000000 ", " 1000000"] {
            let other = nonce.replacen("1000000", same_number, 1);
            assert!(!accepts(&other, 1_000_000), "{other}");
        }
        assert!(!accepts(&format!("{nonce}="), 1_000_000));
        assert!(!accepts("", 0));
        assert!(!accepts("1000000.", 1_000_000));
    }

    #[test]
    fn every_member_of_a_decision_is_signed() {
        let decision = Decision {
            request: RequestId::from_random([1; 16]),
            content: Digest::of(b"content"),
            slot: "account:210987654321".to_owned(),
            verdict: Verdict::Approve,
            approver: "0".repeat(32).parse().unwrap(),
            at: 1,
            reason: Digest::of(b"reason"),
            identities: None,
        };
        let same = decision.signed_bytes().unwrap();
        let mark = |n: u8| Mark::try_from(format!("{n:032x}")).unwrap();
        let marks = |count: u8| (0..count).map(mark).collect::<Vec<_>>();
        let one = |n: u8| InvolvedMarks {
            sys_id: format!("{n:032x}").parse().unwrap(),
            marks: marks(5),
            has_mailbox: false,
        };
        // A requester, an owner and all that a ticket can name, each recognised by everything; and
        // somebody who stands in for another.
        let most = PeopleMarks {
            deciders: marks(10),
            involved: (0..8).map(one).collect(),
        };
        let less = PeopleMarks {
            deciders: marks(9),
            ..most.clone()
        };
        let known = |identities: &PeopleMarks| Decision {
            identities: Some(identities.clone()),
            ..decision.clone()
        };
        let (most, less) = (known(&most), known(&less));
        assert!(most.signed_bytes().unwrap().len() < 4096);
        let others = [
            Decision {
                request: RequestId::from_random([2; 16]),
                ..decision.clone()
            },
            Decision {
                content: Digest::of(b"other"),
                ..decision.clone()
            },
            Decision {
                slot: "account:320987654321".to_owned(),
                ..decision.clone()
            },
            Decision {
                verdict: Verdict::Deny,
                ..decision.clone()
            },
            Decision {
                approver: "1".repeat(32).parse().unwrap(),
                ..decision.clone()
            },
            Decision {
                at: 2,
                ..decision.clone()
            },
            Decision {
                reason: Digest::of(b"x"),
                ..decision
            },
            most.clone(),
        ];
        for other in others {
            assert_ne!(other.signed_bytes().unwrap(), same);
        }
        assert_ne!(most.signed_bytes().unwrap(), less.signed_bytes().unwrap());
    }
}
