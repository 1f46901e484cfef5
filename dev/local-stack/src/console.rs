//! The console: tickets, e-mails, IAM before and after, and timelines. Server-rendered, for the
//! local stack only.

mod facts;
mod held;
mod raise;
mod shown;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;

pub(crate) use facts::{StackFacts, StackFactsError};
use held::HeldEntry;
use raise::RaiseChoices;
use shown::{PrincipalHoldings, TicketRow, notes, text};
pub(crate) use shown::{ReceivedMail, TimelineRow, state, timeline};

use crate::aws::LocalAws;
use crate::checkout::Checkout;
use crate::organisation::{Organisation, OrganisationError};
use crate::stack::{LocalStack, LocalStackError};

/// The console's own pages need nothing but its style sheet and e-mails in frames.
const OWN: &str =
    "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'";
/// An e-mail is somebody else's HTML: styled, and nothing else.
const EMAIL: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// Why the console could not start.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The organisation is not known.
    #[error(transparent)]
    Organisation(#[from] OrganisationError),
    /// The control token is not there.
    #[error(transparent)]
    Stack(#[from] LocalStackError),
    /// The first look at IAM failed.
    #[error("the first look at IAM failed")]
    Facts(#[from] StackFactsError),
}

#[derive(Clone)]
struct Console {
    facts: StackFacts,
    before: Vec<PrincipalHoldings>,
    choices: RaiseChoices,
}

/// The console's pages. Looks at IAM once for what there was before.
pub(crate) async fn router(
    checkout: &Checkout,
    stack: &LocalStack,
    client: reqwest::Client,
) -> Result<Router, ConsoleError> {
    let aws = LocalAws::new(checkout, &stack.aws_endpoint, &stack.region);
    let organisation = Organisation::load(checkout)?;
    let people = organisation.people.keys().cloned().collect();
    let facts = StackFacts::new(stack.clone(), stack.control_token()?, client, aws, people);
    let before = facts.principals().await?;
    Ok(Router::new()
        .route("/", get(overview))
        .route("/style.css", get(style))
        .route("/emails/{id}", get(email))
        .route("/emails/{id}/html", get(email_html))
        .route("/raise", get(raise::form).post(raise::raise))
        .route("/requests/{id}", get(request))
        .layer(axum::middleware::from_fn(by_address))
        .with_state(Console {
            facts,
            before,
            choices: organisation.into(),
        }))
}

/// Lets through what asks for this machine by its address. A page elsewhere whose name was made to
/// point here (DNS rebinding) does not.
async fn by_address(request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let name = host.and_then(|host| host.split(':').next());
    if matches!(name, Some("127.0.0.1" | "localhost")) {
        next.run(request).await
    } else {
        StatusCode::MISDIRECTED_REQUEST.into_response()
    }
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    watch: bool,
    tickets: Vec<TicketRow>,
    emails: Vec<ReceivedMail>,
    principals: Vec<HoldingsDifference>,
}

/// What a principal holds, before and now.
struct HoldingsDifference {
    name: String,
    before: Vec<Compared>,
    now: Vec<Compared>,
}

/// A policy or group, and whether it is on one side only.
struct Compared {
    what: HeldEntry,
    other: bool,
}

#[derive(Template)]
#[template(path = "email.html")]
struct EmailPage {
    id: String,
    from: String,
    to: String,
    subject: String,
    text: String,
    links: Vec<String>,
}

#[derive(Template)]
#[template(path = "request.html")]
struct RequestPage {
    watch: bool,
    id: String,
    state: String,
    ended: String,
    findings: Vec<String>,
    timeline: Vec<TimelineRow>,
    notes: Vec<TimelineRow>,
    emails: Vec<ReceivedMail>,
    answer: String,
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    what: &'static str,
    detail: String,
}

/// Whether the page is to look again by itself: only where somebody asked for that, because what
/// moves under a reader's eyes is in the way of some (WCAG 2.2, 2.2.1).
fn watches(uri: &Uri) -> bool {
    uri.query() == Some("watch")
}

async fn overview(State(console): State<Console>, uri: Uri) -> Response {
    let (tickets, emails, now) = tokio::join!(
        console.facts.tickets(),
        console.facts.emails(),
        console.facts.principals()
    );
    match (tickets, emails, now) {
        (Ok(tickets), Ok(emails), Ok(now)) => {
            let principals = changes(&console.before, &now);
            page(&Overview {
                watch: watches(&uri),
                tickets,
                emails,
                principals,
            })
        }
        (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => failed(&error),
    }
}

/// Compares what there was with what there is.
fn changes(before: &[PrincipalHoldings], now: &[PrincipalHoldings]) -> Vec<HoldingsDifference> {
    let side = |own: &[HeldEntry], other: &[HeldEntry]| {
        own.iter()
            .map(|what| Compared {
                what: what.clone(),
                other: !other.contains(what),
            })
            .collect()
    };
    before
        .iter()
        .zip(now)
        .map(|(then, now)| HoldingsDifference {
            name: now.name.clone(),
            before: side(&then.held, &now.held),
            now: side(&now.held, &then.held),
        })
        .collect()
}

async fn email(State(console): State<Console>, Path(id): Path<String>) -> Response {
    match console.facts.email(&id).await {
        Ok(Some(email)) => page(&EmailPage {
            links: email.links(console.facts.approval_api()),
            id,
            from: email.from,
            to: email.to,
            subject: email.subject,
            text: email.text,
        }),
        Ok(None) => missing("There is no such e-mail"),
        Err(error) => failed(&error),
    }
}

async fn email_html(State(console): State<Console>, Path(id): Path<String>) -> Response {
    match console.facts.email(&id).await {
        Ok(Some(email)) => guarded(EMAIL, Html(email.html).into_response()),
        Ok(None) => missing("There is no such e-mail"),
        Err(error) => failed(&error),
    }
}

async fn request(State(console): State<Console>, Path(id): Path<String>, uri: Uri) -> Response {
    let answer = match console.facts.request(&id).await {
        Ok(Some(answer)) => answer,
        Ok(None) => return missing("There is no such request"),
        Err(error) => return failed(&error),
    };
    let part = |pointer| text(answer.pointer(pointer));
    let (sys_id, number) = (part("/source/sys_id"), part("/source/number"));
    let (ticket, emails) = tokio::join!(console.facts.ticket(&sys_id), console.facts.emails());
    let (ticket, mut emails) = match (ticket, emails) {
        (Ok(ticket), Ok(emails)) => (ticket, emails),
        (Err(error), _) | (_, Err(error)) => return failed(&error),
    };
    emails.retain(|email| email.text.contains(&number));
    let mut findings = raise::findings(answer.get("findings"));
    findings.extend(raise::findings(answer.pointer("/end_reason/findings")));
    page(&RequestPage {
        watch: watches(&uri),
        id,
        state: state(&answer),
        ended: part("/end_reason/detail"),
        findings,
        timeline: timeline(&answer),
        notes: notes(&ticket),
        emails,
        answer: serde_json::to_string_pretty(&answer).unwrap_or_default(),
    })
}

async fn style() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (kind, include_str!("../templates/style.css")).into_response()
}

fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => guarded(OWN, Html(html).into_response()),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn missing(what: &'static str) -> Response {
    let mut response = page(&ErrorPage {
        what,
        detail: String::new(),
    });
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn failed(error: &StackFactsError) -> Response {
    let what = "Part of the stack does not answer";
    let mut response = page(&ErrorPage {
        what,
        detail: error.to_string(),
    });
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}

fn guarded(policy: &'static str, mut response: Response) -> Response {
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(policy),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_and_what_went_is_marked() {
        let principal = |held: &[&str]| PrincipalHoldings {
            name: "210987654321 rita.chen".into(),
            held: held.iter().map(|&what| what.into()).collect(),
        };
        let changes = changes(&[principal(&["a", "b"])], &[principal(&["b", "c"])]);
        let marked = |side: &[Compared]| -> Vec<(String, bool)> {
            side.iter()
                .map(|one| (one.what.clone(), one.other))
                .collect()
        };
        assert_eq!(
            marked(&changes[0].before),
            [("a".into(), true), ("b".into(), false)]
        );
        assert_eq!(
            marked(&changes[0].now),
            [("b".into(), false), ("c".into(), true)]
        );
    }

    #[test]
    fn what_others_wrote_is_escaped() {
        let html = EmailPage {
            id: "1".into(),
            from: String::new(),
            to: String::new(),
            subject: "<script>alert(1)</script>".into(),
            text: "</pre><b>".into(),
            links: Vec::new(),
        }
        .render()
        .unwrap();
        assert!(!html.contains("<script") && !html.contains("</pre><b>"));
    }
}
