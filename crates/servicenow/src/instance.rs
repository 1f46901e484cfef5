//! The one ServiceNow instance that calls go to.

use std::fmt;
use std::str::FromStr;

use snowgate_core::id::SysId;
use url::{Host, Url};

use crate::trouble::Trouble;

/// The longest address that is sent. Longer ones are cut or refused by parts of the platform.
const MAX_URL: usize = 2_048;

/// The origin of an instance, such as `https://example.service-now.com`.
///
/// Parsed once; every address that is called is made from it.
#[derive(Clone, PartialEq, Eq)]
pub struct Instance {
    origin: Url,
}

/// Why a text is not the origin of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InstanceError {
    /// Not a URL at all.
    #[error("not a URL")]
    NotAUrl,
    /// Plain HTTP to a host that is not a loopback address, or another scheme.
    #[error("the scheme must be https (http is for 127.0.0.0/8 and [::1] only)")]
    Scheme,
    /// More than scheme, host and port, or not written plainly.
    #[error("an origin is scheme, host and port, written plainly and nothing else")]
    NotAnOrigin,
}

impl FromStr for Instance {
    type Err = InstanceError;

    fn from_str(text: &str) -> Result<Self, InstanceError> {
        let url = Url::parse(text).map_err(|_| InstanceError::NotAUrl)?;
        let loopback = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(_)) | None => false,
        };
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            _ => return Err(InstanceError::Scheme),
        }
        // The parser forgives much (tabs, backslashes, numbers for hosts, look-alike letters).
        // Whatever it had to change, to add or to set aside is refused.
        let plain = text.strip_suffix('/').unwrap_or(text);
        let plain = match url.scheme() {
            "https" => plain.strip_suffix(":443").unwrap_or(plain),
            _ => plain.strip_suffix(":80").unwrap_or(plain),
        };
        if !url
            .origin()
            .ascii_serialization()
            .eq_ignore_ascii_case(plain)
        {
            return Err(InstanceError::NotAnOrigin);
        }
        Ok(Self { origin: url })
    }
}

impl Instance {
    /// Whether the connection is encrypted.
    pub(crate) fn is_https(&self) -> bool {
        self.origin.scheme() == "https"
    }

    /// Where tokens are fetched.
    pub(crate) fn token_url(&self) -> Url {
        let mut url = self.origin.clone();
        url.set_path("/oauth_token.do");
        url
    }

    /// A table, or one record of it, with parameters.
    pub(crate) fn table_url(
        &self,
        table: &'static str,
        record: Option<&SysId>,
        parameters: &[(&'static str, String)],
    ) -> Result<Url, Trouble> {
        let mut url = self.origin.clone();
        let record = record.map(|id| format!("/{id}")).unwrap_or_default();
        url.set_path(&format!("/api/now/v2/table/{table}{record}"));
        let pairs: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        url.set_query(Some(&pairs.join("&")));
        if url.as_str().len() >= MAX_URL {
            return Err(Trouble::TooLong);
        }
        Ok(url)
    }
}

/// Percent-encodes everything but letters, digits, `-`, `.`, `_` and the comma (RFC 3986, 2.2
/// and 3.4), so that fifty ids fit into an address.
fn escaped(value: &str) -> String {
    use fmt::Write as _;
    value.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b',') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Instance({})", self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_taken() {
        for good in [
            "https://example.service-now.com",
            "https://example.service-now.com/",
            "https://Example.Service-Now.com",
            "https://example.service-now.com:8443",
            "https://example.service-now.com:443",
            "http://127.0.0.1:8080",
            "http://127.8.9.1",
            "http://[::1]:9000/",
        ] {
            assert!(good.parse::<Instance>().is_ok(), "{good}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        use InstanceError::{NotAUrl, NotAnOrigin, Scheme};
        for (bad, why) in [
            ("", NotAUrl),
            ("example.service-now.com", NotAUrl),
            ("//example.service-now.com", NotAUrl),
            ("https://", NotAUrl),
            ("https://a b.example", NotAUrl),
            ("http://example.service-now.com", Scheme),
            ("http://localhost:8080", Scheme),
            ("http://127.0.0.1.evil.example", Scheme),
            ("http://169.254.169.254", Scheme),
            ("http://0.0.0.0:80", Scheme),
            ("http://[::ffff:127.0.0.1]", Scheme),
            ("ftp://127.0.0.1", Scheme),
            ("file:///etc/passwd", Scheme),
            ("javascript:alert(1)", Scheme),
            ("https://user@example.com", NotAnOrigin),
            ("https://user:pass@example.com", NotAnOrigin),
            ("https://@example.com", NotAnOrigin),
            ("https://good.example@evil.example", NotAnOrigin),
            ("https://good.example#@evil.example", NotAnOrigin),
            ("https://good.example\\@evil.example", NotAnOrigin),
            ("https:\\\\example.com", NotAnOrigin),
            ("https:/example.com", NotAnOrigin),
            ("https:example.com", NotAnOrigin),
            ("https://example.com/api", NotAnOrigin),
            ("https://example.com/?x=1", NotAnOrigin),
            ("https://example.com?", NotAnOrigin),
            ("https://example.com/#", NotAnOrigin),
            ("https://exa\tmple.com", NotAnOrigin),
            ("https://example.com\n", NotAnOrigin),
            (" https://example.com", NotAnOrigin),
            ("https://ex\u{e4}mple.com", NotAnOrigin),
            ("https://example\u{3002}com", NotAnOrigin),
            ("https://example%2ecom", NotAnOrigin),
            ("http://0x7f.1", NotAnOrigin),
            ("http://2130706433", NotAnOrigin),
            ("http://127.1:80", NotAnOrigin),
        ] {
            assert_eq!(bad.parse::<Instance>(), Err(why), "{bad}");
        }
    }

    #[test]
    fn addresses_stay_within_the_instance() {
        let instance: Instance = "https://example.service-now.com".parse().unwrap();
        let id: SysId = "ab".repeat(16).parse().unwrap();
        let query = [("sysparm_query", "a=b^c=d&x#y/../@,".to_owned())];
        let url = instance.table_url("incident", Some(&id), &query).unwrap();
        assert_eq!(
            url.as_str(),
            "https://example.service-now.com/api/now/v2/table/incident/abababababababababababababababab\
             ?sysparm_query=a%3Db%5Ec%3Dd%26x%23y%2F..%2F%40,"
        );
        assert_eq!(
            instance.token_url().as_str(),
            "https://example.service-now.com/oauth_token.do"
        );
    }

    #[test]
    fn long_addresses_are_refused() {
        let instance: Instance = "https://example.service-now.com".parse().unwrap();
        let long = [("sysparm_query", "x".repeat(2_000))];
        assert_eq!(
            instance.table_url("incident", None, &long),
            Err(Trouble::TooLong)
        );
    }
}
