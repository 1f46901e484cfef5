//! What records are looked up by: how it may be stored, and whether a record shows it.

use std::net::IpAddr;

use snowgate_core::entitlement::{ResourceRef, UserRef, stored_address};
use snowgate_core::id::SysId;

/// A value that records are looked up by. All of them were parsed into types that hold no structure of a query.
#[derive(Debug, Clone)]
pub(super) struct Key {
    spellings: Vec<String>,
    echo: Echo,
}

/// When a stored value is the one that was asked for.
#[derive(Debug, Clone)]
enum Echo {
    /// It is the same.
    Exact,
    /// It is the same but for letter case and blanks behind it, as databases compare text.
    AnyCase,
    /// It is a spelling of the same address.
    Address(IpAddr),
}

impl Key {
    /// How the value may be stored; at least one spelling.
    pub(super) fn spellings(&self) -> &[String] {
        &self.spellings
    }

    /// Whether a stored value is this one.
    pub(super) fn is(&self, stored: &str) -> bool {
        match &self.echo {
            Echo::Exact => self.spellings.iter().any(|one| one == stored),
            Echo::AnyCase => {
                let stored = stored.trim_end_matches(' ');
                let mut spellings = self.spellings.iter();
                spellings.any(|one| one.eq_ignore_ascii_case(stored))
            }
            Echo::Address(address) => stored_address(stored) == Some(*address),
        }
    }
}

impl From<&SysId> for Key {
    fn from(id: &SysId) -> Self {
        Self {
            spellings: vec![id.as_str().to_owned()],
            echo: Echo::Exact,
        }
    }
}

impl From<&ResourceRef> for Key {
    fn from(resource: &ResourceRef) -> Self {
        let echo = match resource {
            ResourceRef::SysId(_) => Echo::Exact,
            ResourceRef::Name(_) | ResourceRef::Fqdn(_) => Echo::AnyCase,
            ResourceRef::Address(address) => Echo::Address(*address),
        };
        Self {
            spellings: resource.spellings(),
            echo,
        }
    }
}

impl From<&UserRef> for Key {
    fn from(user: &UserRef) -> Self {
        match user {
            UserRef::SysId(id) => id.into(),
            UserRef::UserName(text) | UserRef::Email(text) => Self {
                spellings: vec![text.clone()],
                echo: Echo::AnyCase,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_value_is_the_one_that_was_asked_for_or_it_is_not() {
        let is = |resource: &str, stored: &str| {
            let resource: ResourceRef = resource.parse().unwrap();
            Key::from(&resource).is(stored)
        };
        let id = "0a".repeat(16);
        assert!(is(&id, &id) && !is(&id, &id.to_uppercase()) && !is(&id, &format!("{id} ")));
        assert!(is("web-1", "WEB-1") && is("web-1", "web-1  "));
        for other in [
            "",
            "web-1x",
            " web-1",
            "w\u{e9}b-1",
            "web-1\n",
            "web-1\u{a0}",
        ] {
            assert!(!is("web-1", other), "{other:?}");
        }
        assert!(is("10.1.1.1", " 10.1.1.1 ") && is("2001:db8::1", "2001:0DB8:0::1"));
        for other in ["", "10.1.1.10", "10.1.1.1/24", "10.1.1.1,10.1.1.2"] {
            assert!(!is("10.1.1.1", other), "{other:?}");
        }
    }
}
