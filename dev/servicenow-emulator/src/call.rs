//! A call as it came in: what its address, parameters and headers say.

use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};

use crate::answer::Answer;
use crate::render::{Display, Shape};

/// Bodies above this are refused, as an instance does by default (10 MB).
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// Which version of the API an address names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// `/api/now/table`.
    Unversioned,
    /// `/api/now/v1/table`.
    One,
    /// `/api/now/v2/table`.
    Two,
}

impl Version {
    /// Whether a list without rows is 200 rather than 404.
    pub(crate) fn empty_list_is_found(self) -> bool {
        self == Self::Two
    }

    fn path(self) -> &'static str {
        match self {
            Self::Unversioned => "/api/now/table",
            Self::One => "/api/now/v1/table",
            Self::Two => "/api/now/v2/table",
        }
    }
}

/// The name under which faults aim at the token endpoint.
pub(crate) const TOKEN_ENDPOINT: &str = "oauth_token.do";

/// What an address points to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) version: Version,
    pub(crate) table: String,
    pub(crate) sys_id: Option<String>,
}

impl Target {
    /// Reads `/api/now[/v1|/v2]/table/{table}[/{sys_id}]`, or the token endpoint.
    fn parse(path: &str) -> Option<Self> {
        if path == "/oauth_token.do" {
            let table = TOKEN_ENDPOINT.to_owned();
            return Some(Self {
                version: Version::Two,
                table,
                sys_id: None,
            });
        }
        let (version, rest) = [Version::Two, Version::One, Version::Unversioned]
            .into_iter()
            .find_map(|version| Some((version, path.strip_prefix(version.path())?)))?;
        let mut parts = rest.strip_prefix('/')?.split('/');
        let table = parts.next().filter(|table| !table.is_empty())?.to_owned();
        let sys_id = parts.next().filter(|id| !id.is_empty()).map(str::to_owned);
        parts.next().is_none().then_some(Self {
            version,
            table,
            sys_id,
        })
    }
}

/// A call of the Table API.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) target: Target,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) path: String,
    /// Length of path and query as sent.
    pub(crate) url_length: usize,
    /// Decoded parameters in the order in which they came.
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) body: Bytes,
    base_url: String,
}

impl Call {
    /// The first value of a parameter, empty without one.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.parameters
            .iter()
            .find(|(each, _)| each == name)
            .map_or("", |(_, value)| value)
    }

    /// A parameter that must be a whole number; others count as not sent.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.parameter(name).parse().ok()
    }

    /// How the caller wants records shown.
    pub(crate) fn shape(&self) -> Shape {
        let fields = Some(self.parameter("sysparm_fields")).filter(|fields| !fields.is_empty());
        Shape {
            fields: fields.map(|list| list.split(',').map(|f| f.trim().to_owned()).collect()),
            display: Display::parse(Some(self.parameter("sysparm_display_value"))),
            links: self.parameter("sysparm_exclude_reference_link") != "true",
            root: format!("{}{}", self.base_url, self.target.version.path()),
        }
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether this goes to the token endpoint rather than to a table.
    pub(crate) fn is_for_token(&self) -> bool {
        self.target.table == TOKEN_ENDPOINT
    }

    /// The names of the fields that a write sends.
    pub(crate) fn sent_fields(&self) -> Vec<String> {
        if self.is_for_token() {
            return Vec::new();
        }
        match serde_json::from_slice(&self.body) {
            Ok(serde_json::Value::Object(body)) => body.into_iter().map(|(name, _)| name).collect(),
            _ => Vec::new(),
        }
    }

    /// Reads a request.
    ///
    /// # Errors
    /// The answer to an address that means nothing or to a body that is too large.
    pub(crate) async fn read(request: Request, base_url: &str) -> Result<Self, Answer> {
        let (parts, body) = request.into_parts();
        let target = Target::parse(parts.uri.path()).ok_or_else(|| {
            let message = "Requested URI does not represent any resource";
            Answer::failure(StatusCode::BAD_REQUEST, message, None)
        })?;
        let body = to_bytes(body, BODY_LIMIT).await.map_err(|_| {
            Answer::failure(StatusCode::PAYLOAD_TOO_LARGE, "Payload too large", None)
        })?;
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self {
            target,
            method: parts.method,
            headers: parts.headers,
            parameters: url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            url_length: parts
                .uri
                .path_and_query()
                .map_or(0, |text| text.as_str().len()),
            path: parts.uri.path().to_owned(),
            body,
            base_url: base_url.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_version_table_and_record() {
        let target = |path| Target::parse(path);
        let two = target("/api/now/v2/table/sys_user/abc").unwrap();
        assert_eq!(
            (two.version, two.sys_id.as_deref()),
            (Version::Two, Some("abc"))
        );
        assert_eq!(
            target("/api/now/v1/table/sys_user").unwrap().version,
            Version::One
        );
        assert_eq!(
            target("/api/now/table/sys_user/").unwrap().version,
            Version::Unversioned
        );
        for path in [
            "/api/now/table",
            "/api/now/v2/table/",
            "/api/now/v2/table/a/b/c",
            "/x",
        ] {
            assert_eq!(target(path), None, "{path}");
        }
    }
}
