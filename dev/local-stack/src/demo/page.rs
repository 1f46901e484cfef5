//! The approval page as a browser uses it: open the link, fill in the form, send it.

use reqwest::header::{ORIGIN, REFERER};

/// Why the page did not take the decision.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Nobody answered.
    #[error("the page does not answer")]
    Silent(#[from] reqwest::Error),
    /// The page has no form.
    #[error("the page answered {0} without a form")]
    NoForm(u16),
    /// The decision was refused.
    #[error("the decision was answered with {0}")]
    Refused(u16),
}

/// Opens a review link and approves.
pub(crate) async fn approve(
    client: &reqwest::Client,
    link: &str,
    origin: &str,
    reason: &str,
) -> Result<(), PageError> {
    let shown = client
        .get(link)
        .header("Accept", "text/html")
        .send()
        .await?;
    let status = shown.status().as_u16();
    let mut fields = hidden_fields(&shown.text().await?);
    if fields.is_empty() {
        return Err(PageError::NoForm(status));
    }
    fields.push(("decision".to_owned(), "approve".to_owned()));
    fields.push(("reason".to_owned(), reason.to_owned()));
    let sent = client
        .post(link)
        .header(ORIGIN, origin)
        .header(REFERER, link)
        .form(&fields)
        .send()
        .await?;
    match sent.status() {
        status if status.is_success() || status.is_redirection() => Ok(()),
        status => Err(PageError::Refused(status.as_u16())),
    }
}

/// Names and values of the hidden inputs of a page.
fn hidden_fields(html: &str) -> Vec<(String, String)> {
    html.split("<input")
        .skip(1)
        .filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag))
        .filter(|tag| attribute(tag, "type").as_deref() == Some("hidden"))
        .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)))
        .collect()
}

/// A quoted attribute of a tag, with the character references that templates write undone.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    let plain = [
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
    ];
    Some(plain.iter().fold(value.to_owned(), |text, (coded, plain)| {
        text.replace(coded, plain)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_fields_are_found_and_decoded() {
        let html = r#"<form method="post"><input type="radio" name="decision" value="approve">
            <input type="hidden" name="nonce" value="a&#38;b"><textarea name="reason"></textarea>"#;
        assert_eq!(
            hidden_fields(html),
            [("nonce".to_owned(), "a&b".to_owned())]
        );
        assert!(hidden_fields("<p>gone</p>").is_empty());
    }
}
