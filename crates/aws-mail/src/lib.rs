//! E-mails by Amazon SES (API version 2).

use aws_config::SdkConfig;
use aws_errors::call_error_with;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageTag};
use ports::CallError;
use ports::mail::Mailer;
use snowgate_core::bounce::{EmailTags, MessageId};
use snowgate_core::email::Email;
use snowgate_core::email::EmailAddress;

const SEND: &str = "ses:SendEmail";

/// How often the SDK tries a call: once for each claim. An e-mail that SES took although its answer got
/// lost would be sent twice; one that failed is sent again when the message is due again.
const ATTEMPTS: u32 = 1;

/// Codes of transient errors, beyond the usual: the daily quota, and sending that was paused (SES API v2
/// reference, SendEmail).
const TRANSIENT: &[&str] = &["LimitExceededException", "SendingPausedException"];

/// Sends e-mails by SES.
#[derive(Debug, Clone)]
pub struct SesMailer {
    client: Client,
    sender: String,
    configuration_set: Option<String>,
}

impl SesMailer {
    /// Sends from this address, which may carry a name (`Snowgate <access@example.com>`), under
    /// this configuration set.
    #[must_use]
    pub fn new(
        config: &SdkConfig,
        sender: impl Into<String>,
        configuration_set: Option<String>,
    ) -> Self {
        let config = aws_sdk_sesv2::config::Builder::from(config)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .build();
        Self {
            client: Client::from_conf(config),
            sender: sender.into(),
            configuration_set,
        }
    }
}

fn utf8(text: &str) -> Result<Content, CallError> {
    Content::builder()
        .data(text)
        .charset("UTF-8")
        .build()
        .map_err(|error| CallError::permanent(SEND, "NotSent").because(error))
}

fn content(email: &Email) -> Result<EmailContent, CallError> {
    // A subject is one header: whatever could begin another is refused, not repaired.
    if email.subject.chars().any(char::is_control) {
        return Err(CallError::permanent(SEND, "SubjectNotOneLine"));
    }
    let body = Body::builder()
        .text(utf8(&email.text)?)
        .html(utf8(&email.html)?)
        .build();
    let message = Message::builder()
        .subject(utf8(&email.subject)?)
        .body(body)
        .build();
    Ok(EmailContent::builder().simple(message).build())
}

/// The tags of an e-mail: sys_ids and request ids are of the characters that SES allows in tags
/// (SES API v2 reference, MessageTag).
fn tags(tags: &EmailTags) -> Result<Vec<MessageTag>, CallError> {
    [
        ("request_id", tags.request.as_str()),
        ("approver", tags.approver.as_str()),
    ]
    .into_iter()
    .map(|(name, value)| {
        MessageTag::builder()
            .name(name)
            .value(value)
            .build()
            .map_err(|error| CallError::permanent(SEND, "NotSent").because(error))
    })
    .collect()
}

impl Mailer for SesMailer {
    async fn send(
        &self,
        to: &EmailAddress,
        email: &Email,
        about: Option<&EmailTags>,
    ) -> Result<Option<MessageId>, CallError> {
        let answer = self
            .client
            .send_email()
            .from_email_address(&self.sender)
            .destination(Destination::builder().to_addresses(to.expose()).build())
            .content(content(email)?)
            .set_email_tags(about.map(tags).transpose()?)
            .set_configuration_set_name(self.configuration_set.clone())
            .send()
            .await;
        let sent = answer.map_err(|error| call_error_with(SEND, &error, TRANSIENT))?;
        Ok(sent.message_id().and_then(|id| id.parse().ok()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_config::{BehaviorVersion, Region};
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use aws_smithy_runtime_api::client::http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    };
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    /// What becomes of every call, and how many there were.
    #[derive(Debug, Clone)]
    struct Endpoint(
        fn() -> Result<HttpResponse, ConnectorError>,
        Arc<AtomicUsize>,
    );

    impl HttpConnector for Endpoint {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            self.1.fetch_add(1, Ordering::Relaxed);
            HttpConnectorFuture::ready((self.0)())
        }
    }

    impl HttpClient for Endpoint {
        fn http_connector(
            &self,
            _: &HttpConnectorSettings,
            _: &RuntimeComponents,
        ) -> SharedHttpConnector {
            SharedHttpConnector::new(self.clone())
        }
    }

    fn answers(status: u16, body: &'static str) -> Result<HttpResponse, ConnectorError> {
        Ok(HttpResponse::new(
            status.try_into().unwrap(),
            SdkBody::from(body),
        ))
    }

    #[tokio::test]
    async fn a_letter_is_sent_once_whatever_becomes_of_it() {
        const THROTTLED: &str = r#"{"__type":"TooManyRequestsException","message":"slow down"}"#;
        let endpoints: [fn() -> _; 5] = [
            || answers(200, r#"{"MessageId":"0102-1"}"#),
            || answers(500, "{}"),
            || answers(503, ""),
            || answers(429, THROTTLED),
            // Whether SES took it is not known.
            || Err(ConnectorError::timeout("no answer".into())),
        ];
        for (case, answer) in endpoints.into_iter().enumerate() {
            let calls = Arc::new(AtomicUsize::new(0));
            let keys = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
            let config = SdkConfig::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("eu-west-1"))
                .credentials_provider(SharedCredentialsProvider::new(keys))
                .http_client(Endpoint(answer, Arc::clone(&calls)))
                .build();
            let mailer = SesMailer::new(&config, "snowgate@meridian.example", None);
            let to = "ada@meridian.example".parse().unwrap();
            let sent = mailer.send(&to, &email("Access"), None).await;
            assert_eq!(sent.is_ok(), case == 0, "case {case}: {sent:?}");
            assert_eq!(calls.load(Ordering::Relaxed), 1, "case {case}");
        }
    }

    fn email(subject: &str) -> Email {
        Email {
            subject: subject.to_owned(),
            text: "Grüße".to_owned(),
            html: "<p>Grüße</p>".to_owned(),
        }
    }

    #[test]
    fn a_letter_is_text_and_html_in_utf8() {
        let content = content(&email("Zugriff für Rita")).unwrap();
        let message = content.simple().unwrap();
        let (text, html) = (
            message.body().unwrap().text().unwrap(),
            message.body().unwrap().html().unwrap(),
        );
        assert_eq!(message.subject().unwrap().data(), "Zugriff für Rita");
        for (part, data) in [(text, "Grüße"), (html, "<p>Grüße</p>")] {
            assert_eq!((part.data(), part.charset()), (data, Some("UTF-8")));
        }
    }

    #[test]
    fn a_subject_cannot_carry_a_second_header() {
        for bad in [
            "Access\r\nBcc: eve@meridian.example",
            "Access\nx",
            "Access\0",
        ] {
            assert!(!content(&email(bad)).unwrap_err().is_transient());
        }
    }
}
