//! The page behind a review link, and the decision that is sent from it.
//!
//! GET and HEAD only show. POST decides: with the link's token, a nonce from our form, our own
//! origin, a choice and a typed reason, by somebody who may still decide at that moment. The
//! decision is signed with a key that only this function may use; the first decision of a slot
//! wins. While the access is there, the same link can end it.

mod decide;
mod revoke;
mod show;

use std::time::Duration;

use askama::Error as TemplateError;
use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use jiff::Timestamp;
use ports::CallError;
use ports::ledger::{Requests, Tokens};
use ports::queue::{OutcomesQueue, WorkQueue};
use ports::servicenow::ServiceNow;
use ports::signature::Signer;
use shell::answer::respond;
use shell::request::Received;
use snowgate_core::approval::{ReviewToken, TokenRow};
use snowgate_core::canonical::CanonicalError;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::installation::Installation;
use snowgate_core::lifecycle::State;
use snowgate_core::page::{self, About, Page, RetainedForm, StatusPage};
use snowgate_core::record::{ChangeError, RequestRecord};
use tracing::{Instrument as _, error, info_span, warn};
use workflow::change::{NotChanged, load};
use workflow::wake;

/// How long a page may take, below the function's own time-out: there must be time left for the
/// page that keeps what was typed.
const PATIENCE: Duration = Duration::from_secs(14);

/// What the approval function may use, and nothing else.
pub trait ApprovalPorts {
    /// Where requests are held.
    type Requests: Requests;
    /// The review links.
    type Tokens: Tokens;
    /// Whether the approver may still decide.
    type ServiceNow: ServiceNow;
    /// What signs decisions.
    type Signer: Signer;
    /// The queue that wakes the provisioner.
    type Work: WorkQueue;
    /// The queue that wakes the reporter.
    type Outcomes: OutcomesQueue;
}

/// The approval function with what it needs.
pub struct Approval<P: ApprovalPorts> {
    /// Where requests are held.
    pub requests: P::Requests,
    /// The review links.
    pub tokens: P::Tokens,
    /// Whether the approver may still decide.
    pub servicenow: P::ServiceNow,
    /// What signs decisions.
    pub signer: P::Signer,
    /// The queue that wakes the provisioner.
    pub work: P::Work,
    /// The queue that wakes the reporter.
    pub outcomes: P::Outcomes,
    /// What may be granted.
    pub guardrails: Guardrails,
    /// Whose installation this is.
    pub installation: Installation,
    /// The origins that forms may come from, beside the domain that was called: where links lead
    /// now, and where links that are still out led before.
    pub origins: Vec<String>,
    /// Whether all decisions are stopped.
    pub hold: bool,
}

/// Why a page could not be served or a decision not be taken.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The answer took too long.
    #[error("the answer took too long")]
    TooSlow,
    /// The record does not agree with itself: somebody has written to it.
    #[error("the content of the request is not what its digest says")]
    Inconsistent,
    /// A page could not be filled.
    #[error("a page could not be filled")]
    Template(#[from] TemplateError),
    /// A decision could not be hashed.
    #[error("a decision could not be hashed")]
    Canonical(#[from] CanonicalError),
    /// The request could not be changed.
    #[error(transparent)]
    NotChanged(#[from] NotChanged),
}

impl ApprovalError {
    /// Whether ServiceNow did not answer. It is asked before anything is written, so nothing was.
    fn is_servicenow(&self) -> bool {
        matches!(self, Self::Call(call) if call.operation.starts_with("servicenow:"))
    }
}

/// A page without words, where not even the words can be had.
const fn empty(status: u16) -> Page {
    Page {
        status,
        html: String::new(),
    }
}

/// A link that opened: the token, what is stored of it, and the request.
pub(crate) struct Opened {
    pub(crate) token: ReviewToken,
    pub(crate) row: TokenRow,
    pub(crate) record: RequestRecord,
}

impl<P: ApprovalPorts> Approval<P> {
    /// Answers what API Gateway handed over.
    pub async fn receive(&self, received: &Received, now: Timestamp) -> ApiGatewayProxyResponse {
        match received {
            Received::Call(event) => self.handle(event, now).await,
            Received::Malformed => {
                let page = self.status(&StatusPage::Malformed, None);
                let page = page.unwrap_or_else(|_| empty(400));
                respond(page.status, page::headers().to_vec(), page.html)
            }
        }
    }

    /// Answers one call. Whatever fails inside becomes a page that says to try again and keeps
    /// what was typed.
    pub async fn handle(
        &self,
        event: &ApiGatewayProxyRequest,
        now: Timestamp,
    ) -> ApiGatewayProxyResponse {
        let method = event.http_method.as_str();
        let page = tokio::time::timeout(PATIENCE, self.page(event, method, now))
            .await
            .unwrap_or(Err(ApprovalError::TooSlow))
            .unwrap_or_else(|failure| {
                error!(
                    error = shell::log::chain(&failure),
                    "a page could not be served"
                );
                let form = self.retained(event);
                let page = match failure {
                    _ if failure.is_servicenow() => StatusPage::ServiceNowUnreachable(form),
                    ApprovalError::NotChanged(NotChanged::Rules(ChangeError::BrokenTrail(_))) => {
                        StatusPage::BrokenTrail
                    }
                    _ => StatusPage::Unavailable(form),
                };
                self.status(&page, None).unwrap_or_else(|_| empty(503))
            });
        let body = if method == "HEAD" {
            String::new()
        } else {
            page.html
        };
        let mut headers = page::headers().to_vec();
        if page.status == 405 {
            headers.push(("Allow", "GET, HEAD, POST".to_owned()));
        }
        respond(page.status, headers, body)
    }

    /// The form that was sent, for pages that show it again; none that came from elsewhere.
    pub(crate) fn retained(&self, event: &ApiGatewayProxyRequest) -> RetainedForm {
        match self.is_ours(event) {
            true => RetainedForm::of(&shell::request::body(event).unwrap_or_default()),
            false => RetainedForm::None,
        }
    }

    /// A page that is no form, about a request where there is one.
    pub(crate) fn status(
        &self,
        page: &StatusPage<'_>,
        about: Option<&About>,
    ) -> Result<Page, ApprovalError> {
        Ok(page::status(page, about, &self.installation)?)
    }

    /// Wakes those who have something to do now: of an approved request the provisioner, and the
    /// reporter, because others who were asked have nothing left to do.
    async fn wake(&self, record: &RequestRecord, now: Timestamp) {
        wake::provisioner(&self.work, record, now).await;
        wake::reporter(&self.outcomes, record, now).await;
    }

    async fn page(
        &self,
        event: &ApiGatewayProxyRequest,
        method: &str,
        now: Timestamp,
    ) -> Result<Page, ApprovalError> {
        if !["GET", "HEAD", "POST"].contains(&method) {
            return Ok(Page {
                status: 405,
                html: String::new(),
            });
        }
        let Some(token) = token_of(event) else {
            return self.status(&StatusPage::UnknownLink, None);
        };
        let Some(row) = self.tokens.token(&token.digest()).await? else {
            return self.status(&StatusPage::UnknownLink, None);
        };
        let record = load(&self.requests, &row.request).await?;
        let span = info_span!("request", request_id = %record.id());
        // Whoever can end the access still can; nothing else is shown or decided.
        let is_there = record.state() == State::Active && !record.is_over(now);
        if let Some(fault) = record.trail_fault().filter(|_| !is_there) {
            span.in_scope(|| warn!(%fault, "a page is not shown: the audit trail is broken"));
            return self.status(&StatusPage::BrokenTrail, None);
        }
        let opened = Opened { token, row, record };
        match method {
            "POST" if is_revocation(event) => {
                self.revoke(event, opened, now).instrument(span).await
            }
            "POST" => self.decide(event, opened, now).instrument(span).await,
            _ => self.show(&opened, None, now).instrument(span).await,
        }
    }
}

/// The token of the link that was opened. A link is written in one way only: a path that says the
/// same otherwise is none.
fn token_of(event: &ApiGatewayProxyRequest) -> Option<ReviewToken> {
    let text = event.path_parameters.get("token")?;
    let before = event.path.as_deref()?.strip_suffix(text.as_str())?;
    let is_plain = before.ends_with("/r/") && !before.contains("//");
    text.parse().ok().filter(|_| is_plain)
}

/// Whether a form is sent to end access, and not to decide.
fn is_revocation(event: &ApiGatewayProxyRequest) -> bool {
    shell::request::body(event).is_ok_and(|body| page::RevokeForm::is_meant(&body))
}
