//! Where the next page of a list begins, as clients send it back. What is in it is no matter to them, and
//! says nothing of what they may see: each page is read by what the client sees then.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ports::user_records::UserPlace;
use snowgate_core::id::AccountId;

/// What stands before everything else, so that a later form is told from this one.
const FORM: &str = "1";

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// In which account.
    pub(crate) account: AccountId,
    /// After which user there; none where it begins with the first.
    pub(crate) after: Option<UserPlace>,
}

impl Cursor {
    /// As it is sent: letters, digits, `-` and `_`.
    pub(crate) fn written(&self) -> String {
        let place = self.after.as_ref().map_or("", |place| place.0.as_str());
        URL_SAFE_NO_PAD.encode(format!("{FORM}#{}#{place}", self.account))
    }

    /// Reads one; none where it is none of ours.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let mut parts = text.splitn(3, '#');
        if parts.next()? != FORM {
            return None;
        }
        let account = parts.next()?.parse().ok()?;
        let name = parts.next()?;
        let after = (!name.is_empty()).then(|| UserPlace(name.to_owned()));
        Some(Self { account, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let places = ["ci-a+b=c,d.e@f_g", "!", "a#b"].map(|name| Some(UserPlace(name.to_owned())));
        for after in places.into_iter().chain([None]) {
            let account = "210987654321".parse().unwrap();
            let cursor = Cursor { account, after };
            let written = cursor.written();
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            assert!(written.bytes().all(is_plain), "{written}");
            assert_eq!(Cursor::read(&written), Some(cursor));
        }
        let bad = [
            String::new(),
            "210987654321".to_owned(),
            URL_SAFE_NO_PAD.encode("2#210987654321#"),
            URL_SAFE_NO_PAD.encode("1#210987654321"),
            URL_SAFE_NO_PAD.encode("1#21098765432#"),
            URL_SAFE_NO_PAD.encode([0xff, 0xfe]),
        ];
        for bad in bad {
            assert_eq!(Cursor::read(&bad), None, "{bad}");
        }
    }
}
