//! The e-mails that SES took.

use serde_json::Value;

use crate::stack::{eventually, text};

/// All e-mails that were sent.
pub struct Mailbox {
    http: reqwest::Client,
    messages: String,
    hub: String,
    links: String,
}

/// An approval e-mail.
#[derive(Debug, Clone)]
pub struct Letter {
    /// To whom.
    pub to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The plain-text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// The review link in the plain-text part.
    pub link: String,
    /// The id that SES gave it.
    pub message: String,
}

/// A mail that needs no answer: it has no review link.
#[derive(Debug, Clone)]
pub struct Notice {
    /// To whom.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The plain-text part.
    pub text: String,
}

impl Letter {
    /// The token in the link.
    #[must_use]
    pub fn token(&self) -> &str {
        let (_, token) = self.link.rsplit_once('/').expect("a link has a path");
        token
    }

    /// Every address that the e-mail links to.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        crate::browser::addresses(&self.html)
    }
}

impl Mailbox {
    pub(crate) fn new(http: reqwest::Client, aws: &str, hub: &str, approval_api: &str) -> Self {
        Self {
            http,
            messages: format!("{aws}/_ministack/ses/messages"),
            hub: hub.to_owned(),
            links: format!("{approval_api}/r/"),
        }
    }

    /// All e-mails, the oldest first. What other tests sent through the same mail service has no
    /// review link and is left out.
    pub async fn all(&self) -> Vec<Letter> {
        let sent = self.sent("").await;
        sent.iter().filter_map(|one| self.letter(one)).collect()
    }

    /// Everything that SES took, or nothing where these words are nowhere in it: reading all of it
    /// takes long, and most looks come too early.
    async fn sent(&self, words: &str) -> Vec<Value> {
        let query = [("account", self.hub.as_str())];
        let answer = self.http.get(&self.messages).query(&query).send().await;
        let answer = answer.expect("the mailbox answers").text().await;
        let answer = answer.expect("an answer is text");
        if !answer.contains(words) {
            return Vec::new();
        }
        let answer: Value = serde_json::from_str(&answer).expect("it answers with JSON");
        let sent = answer["messages"].get(&self.hub).and_then(Value::as_array);
        sent.cloned().unwrap_or_default()
    }

    fn letter(&self, sent: &Value) -> Option<Letter> {
        let body = text(sent, "BodyText");
        let link = body
            .split_whitespace()
            .find(|word| word.starts_with(&self.links))?
            .to_owned();
        let to = sent["To"].as_array().expect("an e-mail goes to somebody");
        Some(Letter {
            to: to
                .iter()
                .map(|one| one.as_str().expect("an address").to_owned())
                .collect(),
            subject: text(sent, "Subject"),
            html: text(sent, "BodyHtml"),
            text: body,
            link,
            message: text(sent, "MessageId"),
        })
    }

    /// The mails about a ticket that need no answer, by its number, the oldest first.
    pub async fn notices(&self, number: &str) -> Vec<Notice> {
        let sent = self.sent(number).await;
        let about = |one: &&Value| {
            let body = text(one, "BodyText");
            body.contains(number) && !body.contains(&self.links)
        };
        let notice = |one: &Value| Notice {
            to: one["To"][0].as_str().expect("an address").to_owned(),
            subject: text(one, "Subject"),
            text: text(one, "BodyText"),
        };
        sent.iter().filter(about).map(notice).collect()
    }

    /// The mail about a ticket whose subject begins so, once it is there.
    pub async fn notice(&self, number: &str, subject: &str) -> Notice {
        eventually(&format!("`{subject}` about {number}"), || async {
            let mut found = self.notices(number).await;
            found.retain(|notice| notice.subject.starts_with(subject));
            assert!(found.len() < 2, "`{subject}` came twice");
            found.pop()
        })
        .await
    }

    /// The e-mails about a ticket, by its number.
    pub async fn about(&self, number: &str) -> Vec<Letter> {
        let sent = self.sent(number).await;
        let about = |one: &&Value| text(one, "BodyText").contains(number);
        let about = sent.iter().filter(about);
        about.filter_map(|one| self.letter(one)).collect()
    }

    /// The e-mail about a ticket to somebody, by the name in the address, once it is there.
    pub async fn to(&self, number: &str, name: &str) -> Letter {
        let address = format!("{name}@brightwater.example");
        eventually(&format!("an e-mail to {name} about {number}"), || async {
            let mut letters = self.about(number).await;
            letters.retain(|letter| letter.to == [address.as_str()]);
            assert!(letters.len() < 2, "{} e-mails to {name}", letters.len());
            letters.pop()
        })
        .await
    }

    /// The one e-mail about a ticket, once it is there.
    pub async fn one(&self, number: &str) -> Letter {
        eventually(&format!("an e-mail about {number}"), || async {
            let mut letters = self.about(number).await;
            assert!(
                letters.len() < 2,
                "{} e-mails about {number}",
                letters.len()
            );
            letters.pop()
        })
        .await
    }
}
