//! E-mail addresses and messages that keep themselves out of logs.

use std::fmt;
use std::str::FromStr;

/// An e-mail, ready to send: the same content as plain text and as HTML.
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    /// The subject, one line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
}

/// `Debug` shows no content: an e-mail holds names and a link that decides.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(redacted)")
    }
}

/// A mail address as found in `sys_user.email`: one `@`, no spaces or control characters,
/// at most 254 octets (RFC 5321 4.5.3.1.3), ASCII only so that no look-alike domain passes.
///
/// `Debug` and `Display` never show it; [`EmailAddress::expose`] does.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress {
    whole: String,
    at: usize,
}

/// Why a text is not a usable mail address. The text itself is never repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a usable mail address")]
pub struct EmailError;

impl EmailAddress {
    /// The address itself, for the envelope of an e-mail, and for the people who decide on a request of its owner.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.whole
    }

    /// The mailbox as most systems tell them apart: lowercase, without a `+` suffix (RFC 5233).
    #[must_use]
    pub fn mailbox(&self) -> String {
        let local = self.whole.get(..self.at).unwrap_or_default();
        let local = local.split('+').next().unwrap_or_default();
        format!("{}@{}", local.to_ascii_lowercase(), self.domain())
    }

    /// The domain, in lowercase, for allow-lists.
    #[must_use]
    pub fn domain(&self) -> String {
        self.whole
            .get(self.at + 1..)
            .unwrap_or_default()
            .to_ascii_lowercase()
    }
}

impl FromStr for EmailAddress {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        let (local, domain) = text.split_once('@').ok_or(EmailError)?;
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
        let good = text.len() <= 254
            && (1..=64).contains(&local.len())
            && local.bytes().all(atom)
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && domain.contains('.')
            && domain.split('.').all(label);
        if good {
            Ok(Self {
                whole: text.to_owned(),
                at: local.len(),
            })
        } else {
            Err(EmailError)
        }
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(redacted)")
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted address)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_and_never_shown() {
        let address: EmailAddress = "ada.okafor@meridian.example".parse().unwrap();
        assert_eq!(address.domain(), "meridian.example");
        assert!(!format!("{address} {address:?}").contains("ada"));
        for bad in [
            "",
            "a",
            "@b.example",
            "a@b",
            "a b@c.example",
            "a@b.example\r\nBcc: x@y.example",
            "a@b@c.example",
            "ä@b.example",
            "a@-b.example",
            "a..b@c.example",
            "a@b..example",
        ] {
            assert_eq!(bad.parse::<EmailAddress>(), Err(EmailError), "{bad}");
        }
    }
}
