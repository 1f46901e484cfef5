//! Names for configuration items in a question: a `sys_id`, a name, an FQDN or an IP address.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use crate::id::SysId;

/// What a resource is asked for by. Two spellings of one address are one reference, and names do
/// not differ by letter case, as in ServiceNow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceRef {
    /// The record itself.
    SysId(SysId),
    /// The field `name`: a text without a dot.
    Name(HostName),
    /// The field `fqdn`: a text with a dot.
    Fqdn(HostName),
    /// An address, of the item or of one of its network adapters.
    Address(IpAddr),
}

/// A host name or FQDN: 1 to 100 of `a-z`, `0-9`, `.`, `_`, `-`, in lowercase. It can hold no structure of
/// an encoded query.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(String);

/// Why a text names no resource. The text is never repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResourceRefError {
    /// None of the forms.
    #[error(
        "a resource is a sys_id, an IP address, or a name of 1 to 100 of `A-Z`, `a-z`, `0-9`, `.`, `_`, `-`"
    )]
    Form,
    /// An address that no single host has.
    #[error("the address is loopback, link-local, multicast, broadcast or unspecified")]
    Address,
}

/// Which kind of reference found an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchedBy {
    /// `sys_id`.
    SysId,
    /// `name`.
    Name,
    /// `fqdn`.
    Fqdn,
    /// `ip_address`.
    IpAddress,
}

impl MatchedBy {
    /// As the API and encoded queries have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SysId => "sys_id",
            Self::Name => "name",
            Self::Fqdn => "fqdn",
            Self::IpAddress => "ip_address",
        }
    }
}

impl HostName {
    /// In lowercase.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostName {
    type Err = ResourceRefError;

    fn from_str(text: &str) -> Result<Self, ResourceRefError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_plain = (1..=100).contains(&text.len()) && text.bytes().all(plain);
        let mut labels = text.split('.');
        let whole = labels.all(|label| !label.is_empty());
        // What ends in a number is meant as an address, and is none or it would have been read as one.
        let last = text.rsplit('.').next().unwrap_or_default();
        let address = text.contains('.') && last.bytes().all(|byte| byte.is_ascii_digit());
        let sys_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_plain && whole && !address && !sys_id {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(ResourceRefError::Form)
        }
    }
}

impl FromStr for ResourceRef {
    type Err = ResourceRefError;

    fn from_str(text: &str) -> Result<Self, ResourceRefError> {
        if let Ok(sys_id) = text.parse() {
            return Ok(Self::SysId(sys_id));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            let address = address.to_canonical();
            return match is_one_hosts(address) {
                true => Ok(Self::Address(address)),
                false => Err(ResourceRefError::Address),
            };
        }
        let name: HostName = text.parse()?;
        Ok(match name.0.contains('.') {
            true => Self::Fqdn(name),
            false => Self::Name(name),
        })
    }
}

/// Whether an address can belong to one host alone. Every host has a loopback address, which says nothing
/// about whose it is.
fn is_one_hosts(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            !(v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.octets().starts_with(&[0]))
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback()
                || v6.is_unicast_link_local()
                || v6.is_multicast()
                || v6.is_unspecified())
        }
    }
}

impl ResourceRef {
    /// The kind of reference.
    #[must_use]
    pub const fn matched_by(&self) -> MatchedBy {
        match self {
            Self::SysId(_) => MatchedBy::SysId,
            Self::Name(_) => MatchedBy::Name,
            Self::Fqdn(_) => MatchedBy::Fqdn,
            Self::Address(_) => MatchedBy::IpAddress,
        }
    }

    /// How the value may be stored: of an IPv6 address the forms short (RFC 5952), without leading zeros and
    /// in full, of all else the one. ServiceNow compares without regard to case.
    #[must_use]
    pub fn spellings(&self) -> Vec<String> {
        match self {
            Self::SysId(id) => vec![id.as_str().to_owned()],
            Self::Name(name) | Self::Fqdn(name) => vec![name.0.clone()],
            Self::Address(IpAddr::V4(address)) => vec![address.to_string()],
            Self::Address(IpAddr::V6(address)) => {
                let mut all = vec![
                    address.to_string(),
                    groups(*address, |group| format!("{group:x}")),
                    groups(*address, |group| format!("{group:04x}")),
                ];
                all.dedup();
                all
            }
        }
    }
}

fn groups(address: Ipv6Addr, spelt: fn(u16) -> String) -> String {
    address.segments().map(spelt).join(":")
}

/// An address as a record has it; none where it is none. Records have blanks around addresses.
#[must_use]
pub fn stored_address(text: &str) -> Option<IpAddr> {
    let address: IpAddr = text.trim().parse().ok()?;
    Some(address.to_canonical())
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_says_what_is_meant() {
        for (text, by) in [
            ("0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a", MatchedBy::SysId),
            ("web-01", MatchedBy::Name),
            ("WEB_01", MatchedBy::Name),
            ("web-01.brightwater.example", MatchedBy::Fqdn),
            ("10.20.30.40", MatchedBy::IpAddress),
            ("2001:db8::1", MatchedBy::IpAddress),
        ] {
            let parsed: ResourceRef = text.parse().unwrap();
            assert_eq!(parsed.matched_by(), by, "{text}");
        }
    }

    #[test]
    fn spellings_of_one_thing_are_one() {
        let same = |texts: &[&str]| {
            let parsed: Vec<ResourceRef> = texts.iter().map(|text| text.parse().unwrap()).collect();
            assert!(
                parsed.windows(2).all(|pair| pair[0] == pair[1]),
                "{texts:?}"
            );
        };
        same(&["WEB-01", "web-01"]);
        same(&["2001:DB8:0:0:0:0:0:1", "2001:db8::1", "2001:0db8::0001"]);
        same(&["::ffff:10.20.30.40", "10.20.30.40"]);
        let v6: ResourceRef = "2001:db8::1".parse().unwrap();
        assert_eq!(
            v6.spellings(),
            [
                "2001:db8::1",
                "2001:db8:0:0:0:0:0:1",
                "2001:0db8:0000:0000:0000:0000:0000:0001"
            ]
        );
        let v6: ResourceRef = "2001:db8:1:2:3:4:5:6".parse().unwrap();
        assert_eq!(v6.spellings().len(), 2);
        assert_eq!(stored_address(" 10.20.30.40 "), "10.20.30.40".parse().ok());
        assert_eq!(stored_address("10.20.30.40/24"), None);
    }

    #[test]
    fn nothing_that_could_be_structure_names_a_resource() {
        for text in [
            "",
            " ",
            "web 01",
            "web^active=true",
            "web,db",
            "web=1",
            "web@x",
            "javascript:gs.getUserID()",
            "web^NQname=x",
            "web%5Ex",
            "web\n",
            "w\u{e9}b",
            "web'",
            ".web",
            "web.",
            "web..x",
            "10.20.30",
            "10.20.30.256",
            "010.020.030.040",
            "10.20.30.40/24",
            "fe80::1%eth0",
            "0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A",
            &"a".repeat(101),
        ] {
            assert_eq!(
                text.parse::<ResourceRef>(),
                Err(ResourceRefError::Form),
                "{text:?}"
            );
        }
    }

    #[test]
    fn addresses_that_every_host_has_name_none() {
        for text in [
            "127.0.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.1.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "ff02::1",
            "::ffff:127.0.0.1",
        ] {
            assert_eq!(
                text.parse::<ResourceRef>(),
                Err(ResourceRefError::Address),
                "{text}"
            );
        }
    }
}
