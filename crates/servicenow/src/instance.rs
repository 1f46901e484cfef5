//! The one ServiceNow instance that calls go to.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use http::Uri;
use snowgate_core::id::SysId;

use crate::error::ServiceNowError;

/// The longest address that is sent. Longer ones are cut or refused by parts of the platform.
const MAX_URL: usize = 2_048;

/// The origin of an instance, such as `https://example.service-now.com`.
///
/// Parsed once; every address that is called is made from it.
#[derive(Clone, PartialEq, Eq)]
pub struct Instance {
    /// Scheme, host and, unless it is the scheme's own, port, in lowercase.
    origin: String,
    https: bool,
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

    /// Nothing is forgiven, changed or added: of the many ways to write an address only the plain
    /// one is taken (RFC 3986, 3.2.2, without user, percent-encoding and names beyond ASCII).
    fn from_str(text: &str) -> Result<Self, InstanceError> {
        let (scheme, rest) = text.split_once(':').ok_or(InstanceError::NotAUrl)?;
        let scheme = scheme.to_ascii_lowercase();
        if scheme.is_empty() || !scheme.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return Err(InstanceError::NotAUrl);
        }
        let https = scheme == "https";
        if !https && scheme != "http" {
            return Err(InstanceError::Scheme);
        }
        let authority = rest.strip_prefix("//").ok_or(InstanceError::NotAnOrigin)?;
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let (host, port) = split(authority);
        let loopback = is_loopback(host).ok_or(InstanceError::NotAnOrigin)?;
        let port = port
            .map(|port| number(port).ok_or(InstanceError::NotAnOrigin))
            .transpose()?;
        if !https && !loopback {
            return Err(InstanceError::Scheme);
        }
        let usual = if https { 443 } else { 80 };
        let port = port.filter(|port| *port != usual);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let origin = format!("{scheme}://{}{port}", host.to_ascii_lowercase());
        Ok(Self { origin, https })
    }
}

/// A host and what stands behind its last colon, which an IPv6 address has inside brackets too.
fn split(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// A port as it is plainly written.
fn number(port: &str) -> Option<u16> {
    let number: u16 = port.parse().ok()?;
    (number > 0 && number.to_string() == port).then_some(number)
}

/// Whether a host is this machine by its address; none where it is not plainly written.
fn is_loopback(host: &str) -> Option<bool> {
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']')?;
        let parsed: Ipv6Addr = address.parse().ok()?;
        return (parsed.to_string() == address).then_some(parsed.is_loopback());
    }
    let is_good = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.len() > 253 || !host.split('.').all(is_good) {
        return None;
    }
    // What ends in a number is an address to whoever resolves it, in one of several notations.
    let last = host.rsplit('.').next()?;
    if last.starts_with(|first: char| first.is_ascii_digit()) {
        let parsed: Ipv4Addr = host.parse().ok()?;
        return Some(parsed.is_loopback());
    }
    Some(false)
}

impl Instance {
    /// Scheme, host and, unless it is the scheme's own, port, in lowercase.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether the connection is encrypted.
    pub(crate) fn is_https(&self) -> bool {
        self.https
    }

    /// Where tokens are fetched.
    pub(crate) fn token_url(&self) -> Result<Uri, ServiceNowError> {
        self.address("/oauth_token.do")
    }

    /// A table, or one record of it, with parameters. The table is a known word, or a name that was checked.
    pub(crate) fn table_url(
        &self,
        table: &str,
        record: Option<&SysId>,
        parameters: &[(&'static str, String)],
    ) -> Result<Uri, ServiceNowError> {
        self.address(&table_path(table, record, parameters))
    }

    /// How many bytes of such an address are left for more values.
    pub(crate) fn room(&self, table: &str, parameters: &[(&'static str, String)]) -> usize {
        let taken = self.origin.len() + table_path(table, None, parameters).len();
        MAX_URL.saturating_sub(taken + 1)
    }
    /// The instance, and a path and a query of characters that need no escaping.
    fn address(&self, path: &str) -> Result<Uri, ServiceNowError> {
        let address = format!("{}{path}", self.origin);
        if address.len() >= MAX_URL {
            return Err(ServiceNowError::TooLong);
        }
        // Never in vain: an origin that was parsed, known words, and what is escaped.
        address.parse().map_err(|_| ServiceNowError::TooLong)
    }
}

fn table_path(
    table: &str,
    record: Option<&SysId>,
    parameters: &[(&'static str, String)],
) -> String {
    let record = record.map(|id| format!("/{id}")).unwrap_or_default();
    let pairs: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", escaped(value)))
        .collect();
    format!("/api/now/v2/table/{table}{record}?{}", pairs.join("&"))
}

/// Percent-encodes everything but letters, digits, `-`, `.`, `_` and the comma (RFC 3986, 2.2
/// and 3.4), so that fifty ids fit into an address.
pub(crate) fn escaped(value: &str) -> String {
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
            ("https://", NotAnOrigin),
            ("https://a b.example", NotAnOrigin),
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
            (" https://example.com", NotAUrl),
            ("https://ex\u{e4}mple.com", NotAnOrigin),
            ("https://example\u{3002}com", NotAnOrigin),
            ("https://example%2ecom", NotAnOrigin),
            ("http://0x7f.1", NotAnOrigin),
            ("http://2130706433", NotAnOrigin),
            ("http://127.1:80", NotAnOrigin),
            ("http://127.0.0.01", NotAnOrigin),
            ("https://0x7f000001", NotAnOrigin),
            ("https://[0:0::1]", NotAnOrigin),
            ("https://[::1", NotAnOrigin),
            ("https://example.com:", NotAnOrigin),
            ("https://example.com:0443", NotAnOrigin),
            ("https://example.com:+443", NotAnOrigin),
            ("https://example.com:65536", NotAnOrigin),
            ("https://example..com", NotAnOrigin),
            ("https://example.com//", NotAnOrigin),
            ("https://-example.com", NotAnOrigin),
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
            url.to_string(),
            "https://example.service-now.com/api/now/v2/table/incident/abababababababababababababababab\
             ?sysparm_query=a%3Db%5Ec%3Dd%26x%23y%2F..%2F%40,"
        );
        assert_eq!(
            instance.token_url().unwrap().to_string(),
            "https://example.service-now.com/oauth_token.do"
        );
    }

    #[test]
    fn long_addresses_are_refused() {
        let instance: Instance = "https://example.service-now.com".parse().unwrap();
        let long = [("sysparm_query", "x".repeat(2_000))];
        assert_eq!(
            instance.table_url("incident", None, &long),
            Err(ServiceNowError::TooLong)
        );
    }
}
