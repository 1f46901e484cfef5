//! `make demo`: one request the whole way, shown as it happens.

mod page;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::aws::LocalAws;
use crate::checkout::Checkout;
use crate::console::{ReceivedMail, StackFacts, StackFactsError, TimelineRow, state, timeline};
use crate::organisation::{Organisation, OrganisationError};
use crate::stack::{LocalStack, LocalStackError};
use crate::terminal::line;
use crate::up::{self, UpError};
use page::PageError;

/// How long one step may take.
const PATIENCE: Duration = Duration::from_secs(40);
/// How often to look.
const PAUSE: Duration = Duration::from_millis(250);
/// States that no approval leads out of.
const ENDS: [&str; 8] = [
    "refused",
    "undeliverable",
    "denied",
    "expired",
    "withdrawn",
    "failed",
    "revoked",
    "completed",
];

/// Why the demonstration did not get to its end.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The stack did not come up, or did not end.
    #[error(transparent)]
    Up(#[from] UpError),
    /// The stack's file cannot be used.
    #[error(transparent)]
    Stack(#[from] LocalStackError),
    /// The organisation is not known.
    #[error(transparent)]
    Organisation(#[from] OrganisationError),
    /// Part of the stack does not answer.
    #[error("part of the stack does not answer")]
    Fact(#[from] StackFactsError),
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be made")]
    Client(#[from] reqwest::Error),
    /// The approval page did not take the decision.
    #[error("the approval page did not take the decision")]
    Page(#[from] PageError),
    /// Every ticket of the demonstration was used.
    #[error("this stack has shown all its tickets; `make down` and try again")]
    Used,
    /// The service API did not accept the request.
    #[error("the service API answered {status}: {answer}")]
    NotAccepted {
        /// The HTTP status.
        status: u64,
        /// What it said.
        answer: Value,
    },
    /// Something did not happen in time.
    #[error("waited {} s for {what}; the request is `{state}`", PATIENCE.as_secs())]
    Slow {
        /// What was waited for.
        what: &'static str,
        /// Where the request stands.
        state: String,
    },
    /// The request ended without access.
    #[error("the request ended as `{0}`")]
    Ended(String),
    /// IAM does not hold what was approved.
    #[error("IAM does not hold `{0}`")]
    NotInIam(String),
}

/// Brings a stack up if none runs, shows a request, and ends what it started.
pub async fn demo(checkout: &Checkout) -> Result<(), DemoError> {
    let (stack, reused) = up::ensure(checkout).await?;
    let shown = tokio::select! {
        shown = show(checkout, &stack) => shown,
        interrupted = up::interruption() => match interrupted {
            Ok(()) => Err(UpError::Interrupted.into()),
            Err(error) => Err(error.into()),
        },
    };
    if !reused {
        up::down(checkout)?;
    }
    shown
}

/// What the demonstration knows of its request.
struct Story {
    facts: StackFacts,
    id: String,
    begun: Instant,
    reported: usize,
    states: Vec<String>,
}

/// What the ticket of the demonstration asks for.
struct Wanted {
    sys_id: String,
    account: String,
    user: String,
    policy: String,
}

async fn show(checkout: &Checkout, stack: &LocalStack) -> Result<(), DemoError> {
    let organisation = Organisation::load(checkout)?;
    let aws = LocalAws::new(checkout, &stack.aws_endpoint, &stack.region);
    let client = crate::serve::client()?;
    let token = stack.control_token()?;
    let facts = StackFacts::new(stack.clone(), token, client.clone(), aws, Vec::new());
    let ticket = open_ticket(&facts, &organisation).await?;
    let wanted = Wanted::of(&ticket);
    wanted.introduce(&ticket);
    let before = facts.held(&wanted.account, &wanted.user).await?;
    line(&format!("  IAM before: {}", listed(&before)));

    let known = facts.emails().await?.into_iter().map(|one| one.id);
    let known: BTreeSet<String> = known.collect();
    let mut story = Story::begin(facts, &wanted.sys_id).await?;
    let email = story.email(&known).await?;
    tell(&email);
    let decided = Instant::now();
    approve(&client, stack, &email).await?;
    let ticket = story.closed(&wanted.sys_id).await?;
    let after = story.facts.held(&wanted.account, &wanted.user).await?;
    if !after.contains(&wanted.policy) {
        return Err(DemoError::NotInIam(wanted.policy));
    }
    line("");
    line(&format!("  IAM now: {}", listed(&after)));
    let part = |pointer| text(&ticket, pointer);
    line(&format!(
        "  ticket: {}, {}",
        part("/number"),
        part("/state_label")
    ));
    let seconds = story.begun.elapsed().as_secs_f64();
    let from_decision = decided.elapsed().as_secs_f64();
    line(&format!(
        "  {seconds:.1} s in all, {from_decision:.1} s from decision to closed ticket"
    ));
    let iam = json!({
        "account": wanted.account, "user": wanted.user, "before": before, "after": after,
        "granted": wanted.policy,
    });
    story.write(checkout, &iam, &ticket, seconds)
}

impl Wanted {
    fn of(ticket: &Value) -> Self {
        Self {
            sys_id: text(ticket, "/sys_id"),
            account: text(ticket, "/account_id"),
            user: text(ticket, "/principal/name"),
            policy: text(ticket, "/grants/0/policy_arn"),
        }
    }

    fn introduce(&self, ticket: &Value) {
        line("");
        let who = text(ticket, "/requested_for/name");
        line(&format!("{who} asks for {}", self.policy));
        line(&format!(
            "  ticket {}, account {}, IAM user {}",
            text(ticket, "/number"),
            self.account,
            self.user
        ));
    }
}

/// The owner approves, as a browser does.
async fn approve(
    client: &reqwest::Client,
    stack: &LocalStack,
    email: &ReceivedMail,
) -> Result<(), DemoError> {
    let origin = &stack.approval_api;
    let link = email.links(origin).into_iter().next().unwrap_or_default();
    let reason = "Needed for the month-end close.";
    page::approve(client, &link, origin, reason).await?;
    line("  the owner opens the link, types a reason and approves");
    line("");
    Ok(())
}

/// The first ticket that was not raised yet.
async fn open_ticket(facts: &StackFacts, organisation: &Organisation) -> Result<Value, DemoError> {
    for sys_id in &organisation.demo.tickets {
        let ticket = facts.ticket(sys_id).await?;
        if text(&ticket, "/correlation_id").is_empty() {
            return Ok(ticket);
        }
    }
    Err(DemoError::Used)
}

async fn raise(facts: &StackFacts, sys_id: &str) -> Result<String, DemoError> {
    let raised = facts.raise(sys_id, 1).await?;
    match text(&raised, "/request_id") {
        id if id.is_empty() => Err(DemoError::NotAccepted {
            status: raised
                .get("status")
                .and_then(Value::as_u64)
                .unwrap_or_default(),
            answer: raised.get("body").cloned().unwrap_or_default(),
        }),
        id => Ok(id),
    }
}

impl Story {
    /// ServiceNow calls the service API.
    async fn begin(facts: StackFacts, ticket: &str) -> Result<Self, DemoError> {
        let begun = Instant::now();
        let id = raise(&facts, ticket).await?;
        line(&format!(
            "  ServiceNow calls the service API: 202, request {id}"
        ));
        line("");
        Ok(Self {
            facts,
            id,
            begun,
            reported: 0,
            states: Vec::new(),
        })
    }

    /// Prints what is new on the timeline; the request's state.
    async fn follow(&mut self) -> Result<String, DemoError> {
        let answer = self.facts.request(&self.id).await?.unwrap_or_default();
        for row in timeline(&answer).iter().skip(self.reported) {
            self.reported += 1;
            if self.states.last() != Some(&row.state) {
                self.states.push(row.state.clone());
            }
            line(&format!(
                "  {:>5.1} s  {}",
                self.begun.elapsed().as_secs_f64(),
                in_words(row)
            ));
        }
        let state = state(&answer).to_lowercase();
        Ok(state)
    }

    /// Waits for an e-mail that was not there before.
    async fn email(&mut self, known: &BTreeSet<String>) -> Result<ReceivedMail, DemoError> {
        let begun = Instant::now();
        loop {
            let state = self.follow().await?;
            let emails = self.facts.emails().await?;
            if let Some(email) = emails.into_iter().find(|email| !known.contains(&email.id)) {
                return Ok(email);
            }
            if ENDS.contains(&state.as_str()) {
                return Err(DemoError::Ended(state));
            }
            pause(begun, "the e-mail to the owner", &state).await?;
        }
    }

    /// Waits until the access is active and the ticket was updated.
    async fn closed(&mut self, ticket: &str) -> Result<Value, DemoError> {
        let begun = Instant::now();
        loop {
            let state = self.follow().await?;
            if ENDS.contains(&state.as_str()) {
                return Err(DemoError::Ended(state));
            }
            let found = self.facts.ticket(ticket).await?;
            if state == "active" && found.get("active") == Some(&Value::Bool(false)) {
                self.follow().await?;
                return Ok(found);
            }
            pause(begun, "the closed ticket", &state).await?;
        }
    }

    fn write(
        self,
        checkout: &Checkout,
        iam: &Value,
        ticket: &Value,
        seconds: f64,
    ) -> Result<(), DemoError> {
        let path = checkout.local("demo.json");
        let record = json!({
            "request_id": self.id,
            "states": self.states,
            "iam": iam,
            "ticket": ticket,
            "seconds": seconds,
        });
        let text = serde_json::to_string_pretty(&record).unwrap_or_default();
        std::fs::write(&path, text)
            .map_err(|source| LocalStackError::Unwritable { path, source }.into())
    }
}

async fn pause(begun: Instant, what: &'static str, state: &str) -> Result<(), DemoError> {
    if begun.elapsed() > PATIENCE {
        return Err(DemoError::Slow {
            what,
            state: state.to_owned(),
        });
    }
    tokio::time::sleep(PAUSE).await;
    Ok(())
}

fn in_words(row: &TimelineRow) -> String {
    let who = if row.who.is_empty() {
        String::new()
    } else {
        format!(" by {}", row.who)
    };
    format!("{}{who}", row.what)
}

/// Shows the e-mail as its reader gets it.
fn tell(email: &ReceivedMail) {
    line("");
    line(&format!("  e-mail to {}: {}", email.to, email.subject));
    for text in email.text.lines() {
        line(&format!("    │ {text}"));
    }
    line("");
}

fn listed(held: &[String]) -> String {
    if held.is_empty() {
        "no policy and no group".to_owned()
    } else {
        held.join(", ")
    }
}

fn text(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
