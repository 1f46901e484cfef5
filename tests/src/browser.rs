//! An approver's browser without scripts: opens links, fills in the form, sends it.

use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderMap, ORIGIN, REFERER};

/// A browser.
pub struct Browser {
    http: reqwest::Client,
    origin: String,
}

/// A page that was shown.
#[derive(Debug, Clone)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The HTML.
    pub html: String,
}

impl Page {
    /// Names and values of the hidden fields.
    #[must_use]
    pub fn hidden(&self) -> Vec<(String, String)> {
        let inputs = tags(&self.html, "input");
        inputs
            .filter(|tag| attribute(tag, "type").as_deref() == Some("hidden"))
            .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)))
            .collect()
    }

    /// What stands in the first heading.
    #[must_use]
    pub fn heading(&self) -> &str {
        let (_, rest) = self.html.split_once("<h1>").unwrap_or_default();
        rest.split_once("</h1>").unwrap_or_default().0
    }

    /// A header's value; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Every address that the page names: links, images, styles, scripts.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        addresses(&self.html)
    }
}

impl Browser {
    pub(crate) fn new(http: reqwest::Client, origin: String) -> Self {
        Self { http, origin }
    }

    /// The origin of the approval page.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Opens an address.
    pub async fn open(&self, address: &str) -> Page {
        self.ask(Method::GET, address).await
    }

    /// Calls an address with a method and without a body.
    pub async fn ask(&self, method: Method, address: &str) -> Page {
        let sent = self.http.request(method, address);
        page(sent.header(ACCEPT, "text/html")).await
    }

    /// Opens a link, fills in the form it shows, and sends it.
    pub async fn decide(&self, link: &str, decision: &str, reason: &str) -> Page {
        let shown = self.open(link).await;
        assert_eq!(
            shown.status,
            200,
            "the link shows the form: {}",
            shown.heading()
        );
        let form = filled(&shown, decision, reason);
        assert_eq!(form.len(), 3, "a form with a nonce: {}", shown.heading());
        self.send(link, Some(&self.origin), &form).await
    }

    /// Sends a form as it is, from a page of an origin, or from nowhere.
    pub async fn send(&self, link: &str, origin: Option<&str>, form: &[(String, String)]) -> Page {
        let mut sent = self.http.post(link).header(ACCEPT, "text/html").form(form);
        if let Some(origin) = origin {
            sent = sent
                .header(ORIGIN, origin)
                .header(REFERER, format!("{origin}/"));
        }
        page(sent).await
    }
}

/// The form of a page, filled in.
fn filled(shown: &Page, decision: &str, reason: &str) -> Vec<(String, String)> {
    let mut form = shown.hidden();
    form.push(("decision".to_owned(), decision.to_owned()));
    form.push(("reason".to_owned(), reason.to_owned()));
    form
}

async fn page(sent: reqwest::RequestBuilder) -> Page {
    let answer = sent.send().await.expect("the page answers");
    Page {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        html: answer.text().await.expect("a page is text"),
    }
}

/// The addresses in a text of HTML.
pub(crate) fn addresses(html: &str) -> Vec<String> {
    ["a", "img", "link", "script", "form", "iframe"]
        .into_iter()
        .flat_map(|name| tags(html, name))
        .flat_map(|tag| ["href", "src", "action"].map(|name| attribute(tag, name)))
        .flatten()
        .collect()
}

/// What stands in the tags of a name.
fn tags<'h>(html: &'h str, name: &str) -> impl Iterator<Item = &'h str> {
    let opening = format!("<{name}");
    html.match_indices('<')
        .filter_map(move |(at, _)| html.get(at..)?.strip_prefix(&opening))
        .filter(|rest| rest.starts_with([' ', '\n']))
        .filter_map(|rest| Some(rest.split_once('>')?.0))
}

/// A quoted attribute of a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    let references = [
        ("&#38;", "&"),
        ("&#34;", "\""),
        ("&#60;", "<"),
        ("&#62;", ">"),
    ];
    Some(
        references
            .iter()
            .fold(value.to_owned(), |text, (from, to)| text.replace(from, to)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_hidden_fields_are_found() {
        let html = "<a class=\"x\" href=\"/a?b&#38;c\">t</a><abbr href=\"no\"><img src=\"/i\">\
                    <input type=\"hidden\" name=\"nonce\" value=\"1.a\"><input type=\"radio\" name=\"d\" value=\"v\">";
        assert_eq!(addresses(html), ["/a?b&c", "/i"]);
        let page = Page {
            status: 200,
            headers: HeaderMap::new(),
            html: html.to_owned(),
        };
        assert_eq!(page.hidden(), [("nonce".to_owned(), "1.a".to_owned())]);
    }
}
