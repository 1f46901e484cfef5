//! Whose installation this is: the organisation that pages and e-mails speak for, and the
//! ServiceNow instance that their links lead to.

use std::fmt;
use std::str::FromStr;

use iam_policy::foreign::visible;

use crate::markup::seen;
use crate::request::Source;

/// The name of the organisation that runs this installation: 1 to 60 visible characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationName(String);

/// A text that is no name of an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of an organisation is 1 to 60 visible characters on one line")]
pub struct OrganizationNameError;

impl FromStr for OrganizationName {
    type Err = OrganizationNameError;

    fn from_str(text: &str) -> Result<Self, OrganizationNameError> {
        let text = text.trim();
        let is_good = visible(text) == text && seen(text).is_some();
        match text.chars().count() {
            1..=60 if is_good => Ok(Self(text.to_owned())),
            _ => Err(OrganizationNameError),
        }
    }
}

impl fmt::Display for OrganizationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose installation this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    organization: Option<OrganizationName>,
    servicenow: String,
}

impl Installation {
    /// An installation of an organisation, with the origin of its ServiceNow instance: scheme and
    /// host, without a slash at the end.
    #[must_use]
    pub fn new(organization: Option<OrganizationName>, servicenow: impl Into<String>) -> Self {
        Self {
            organization,
            servicenow: servicenow.into(),
        }
    }

    /// Who writes: `Brightwater · AWS access requests`.
    #[must_use]
    pub fn heading(&self) -> String {
        match &self.organization {
            Some(name) => format!("{name} · AWS access requests"),
            None => "AWS access requests".to_owned(),
        }
    }

    /// The page of a record in ServiceNow. It is made of the configured origin, the name of a table
    /// and a `sys_id`, all of which hold no character that has a meaning in URLs.
    #[must_use]
    pub fn record_url(&self, source: &Source) -> String {
        let (table, sys_id) = (source.table.as_str(), &source.sys_id);
        format!(
            "{}/nav_to.do?uri=%2F{table}.do%3Fsys_id%3D{sys_id}",
            self.servicenow
        )
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn installation() -> Installation {
        let name = "Brightwater".parse().ok();
        Installation::new(name, "https://brightwater.service-now.com")
    }

    #[test]
    fn a_link_leads_to_the_record_in_the_configured_instance() {
        let source = crate::record::tests::request().source;
        let url = installation().record_url(&source);
        let sys_id = &source.sys_id;
        let expected = format!(
            "https://brightwater.service-now.com/nav_to.do?uri=%2Fsc_req_item.do%3Fsys_id%3D{sys_id}"
        );
        assert_eq!(url, expected);
    }

    #[test]
    fn a_name_is_one_visible_line() {
        for bad in [
            "",
            " ",
            "a\nb",
            "a\u{202e}b",
            "a`b",
            "\u{a0}",
            "a\u{2800}",
            &"x".repeat(61),
        ] {
            assert_eq!(bad.parse::<OrganizationName>(), Err(OrganizationNameError));
        }
        let none = Installation::new(None, "https://x.example").heading();
        assert_eq!(none, "AWS access requests");
        assert_eq!(
            installation().heading(),
            "Brightwater · AWS access requests"
        );
    }
}
