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

/// A mail address of the plain kind: before the `@` only `A-Z`, `a-z`, `0-9`, `.`, `_`, `+`, `-`
/// and `'`, behind it a host name, at most 254 octets (RFC 5321 4.5.3.1.3).
///
/// RFC 5322 allows more: quotes, comments, and characters by which mail systems route (`%`, `!`).
/// One mailbox has many spellings there, and whoever could choose one would pass for another
/// person; so these are no addresses here. ASCII only, so that no look-alike passes.
///
/// `Debug` and `Display` never show it; [`EmailAddress::expose`] does.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress {
    whole: String,
    at: usize,
}

/// What `sys_user.email` holds. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum MailField {
    /// Nothing.
    #[default]
    Empty,
    /// An address.
    Address(EmailAddress),
    /// Something that is not one address of the plain kind. Whose mailbox that is cannot be said.
    Unreadable,
}

impl MailField {
    /// Reads the field as it stands, to the letter: nothing is trimmed or repaired.
    #[must_use]
    pub fn read(text: &str) -> Self {
        match text.parse() {
            Ok(address) => Self::Address(address),
            Err(EmailError) if text.is_empty() => Self::Empty,
            Err(EmailError) => Self::Unreadable,
        }
    }

    /// The address, where there is one.
    #[must_use]
    pub const fn address(&self) -> Option<&EmailAddress> {
        match self {
            Self::Address(address) => Some(address),
            Self::Empty | Self::Unreadable => None,
        }
    }
}

impl fmt::Debug for MailField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "Empty",
            Self::Address(_) => "Address(redacted)",
            Self::Unreadable => "Unreadable",
        })
    }
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
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._+-'".contains(&b);
        let good = text.len() <= 254
            && (1..=64).contains(&local.len())
            && local.bytes().all(plain)
            && !local.starts_with(['.', '+'])
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
pub(crate) mod tests {
    use super::*;

    /// Ways to write the mailbox `rita@meridian.example` that are not its plain address.
    pub(crate) const SPELLINGS: [&str; 31] = [
        " ",
        " rita@meridian.example",
        "rita@meridian.example ",
        "rita@meridian.example\n",
        "\trita@meridian.example",
        "\u{a0}rita@meridian.example",
        "\u{200b}rita@meridian.example",
        "\u{feff}rita@meridian.example",
        "Rita Chen <rita@meridian.example>",
        "<rita@meridian.example>",
        "mailto:rita@meridian.example",
        "rita@meridian.example.",
        "rita.@meridian.example",
        ".rita@meridian.example",
        "+rita@meridian.example",
        "rita@meridian.example, x@meridian.example",
        "rita@meridian.example;x@meridian.example",
        "rita@meridian.example x@meridian.example",
        "\"rita\"@meridian.example",
        "rita(Rita)@meridian.example",
        "rita@(here)meridian.example",
        "rita@[192.0.2.1]",
        "rita%meridian.example@meridian.example",
        "meridian.example!rita@meridian.example",
        "@relay.example:rita@meridian.example",
        "rit\u{430}@meridian.example",
        "r\u{131}ta@meridian.example",
        "\u{ff52}ita@meridian.example",
        "rita@mer\u{131}dian.example",
        "rita\u{ff20}meridian.example",
        "rita@meridian\u{3002}example",
    ];

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

    #[test]
    fn what_is_no_plain_address_is_unreadable_and_never_repaired() {
        for spelling in SPELLINGS {
            assert_eq!(
                MailField::read(spelling),
                MailField::Unreadable,
                "{spelling}"
            );
        }
        for b in 0x21_u8..0x7f {
            let local = format!("a{}b", char::from(b));
            let plain = b.is_ascii_alphanumeric() || b"._+-'".contains(&b);
            let read = MailField::read(&format!("{local}@meridian.example"));
            assert_eq!(read.address().is_some(), plain, "{local}");
        }
        assert_eq!(MailField::read(""), MailField::Empty);
        let field = MailField::read("O'Brien.x+team@Meridian.example");
        assert_eq!(
            field.address().unwrap().mailbox(),
            "o'brien.x@meridian.example"
        );
        assert!(!format!("{field:?}").contains("rien"));
    }
}
