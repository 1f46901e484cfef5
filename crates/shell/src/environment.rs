//! Configuration from environment variables, read once at start.

use std::str::FromStr;

use snowgate_core::installation::Installation;

/// The variable that names the organisation.
const ORGANIZATION_NAME: &str = "ORGANIZATION_NAME";

/// A variable that is missing or cannot be used. Names the variable, never its value.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// It is not set, or empty.
    #[error("the environment variable `{0}` is not set")]
    Missing(&'static str),
    /// It cannot be used.
    #[error("the environment variable `{name}` cannot be used: {why}")]
    Unusable {
        /// The variable.
        name: &'static str,
        /// What is wrong with its value.
        why: String,
    },
}

/// A variable that must be there.
///
/// # Errors
/// Where it is not set or empty.
pub fn required(name: &'static str) -> Result<String, EnvironmentError> {
    optional(name).ok_or(EnvironmentError::Missing(name))
}

/// A variable that may be there; empty counts as absent.
#[must_use]
pub fn optional(name: &'static str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A variable that must be there and parse.
///
/// # Errors
/// Where it is not set, empty, or does not parse.
pub fn parsed<T: FromStr<Err: std::fmt::Display>>(
    name: &'static str,
) -> Result<T, EnvironmentError> {
    let value = required(name)?;
    value
        .parse()
        .map_err(|error: T::Err| EnvironmentError::Unusable {
            name,
            why: error.to_string(),
        })
}

/// Whose installation this is: the organisation of `ORGANIZATION_NAME`, if it is set, with the
/// origin of its ServiceNow instance.
///
/// # Errors
/// Where the name cannot be shown.
pub fn installation(servicenow: &str) -> Result<Installation, EnvironmentError> {
    let organization = match optional(ORGANIZATION_NAME) {
        Some(_) => Some(parsed(ORGANIZATION_NAME)?),
        None => None,
    };
    Ok(Installation::new(organization, servicenow))
}

/// The origin of a URL: scheme, host and port in lowercase, as browsers send it, without path
/// (RFC 6454, section 6).
#[must_use]
pub fn origin_of(url: &str) -> String {
    url.splitn(4, '/')
        .take(3)
        .collect::<Vec<_>>()
        .join("/")
        .to_ascii_lowercase()
}

/// The origins of a variable's URLs, which stand between commas; none where it is not set.
#[must_use]
pub fn origins(name: &'static str) -> Vec<String> {
    optional(name).map_or_else(Vec::new, |listed| origins_of(&listed))
}

fn origins_of(listed: &str) -> Vec<String> {
    let urls = listed.split(',').map(str::trim);
    urls.filter(|url| !url.is_empty()).map(origin_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_an_origin_for_each_url() {
        let listed = "https://a.example/live, https://B.example,,";
        assert_eq!(
            origins_of(listed),
            ["https://a.example", "https://b.example"]
        );
        assert_eq!(origins_of(""), [""; 0]);
    }

    #[test]
    fn origins_have_no_path() {
        for url in [
            "https://a.example",
            "https://a.example/prod",
            "https://a.example/prod/x/",
        ] {
            assert_eq!(origin_of(url), "https://a.example");
        }
        assert_eq!(
            origin_of("http://127.0.0.1:8080/prod"),
            "http://127.0.0.1:8080"
        );
    }
}
