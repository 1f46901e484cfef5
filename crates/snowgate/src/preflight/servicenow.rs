//! ServiceNow: whether it can be reached, and what the two users may do.
//!
//! Nothing is changed: an update without fields is what a user without the right is refused, and
//! what a user with it does nothing by.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request, Response, StatusCode};
use https::{HttpsClient, HttpsSettings, Roots};
use jiff::fmt::rfc2822;
use serde::Deserialize;
use serde_json::Value;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::request::TableName;

use super::aws_facts::AwsFacts;
use super::hub::clock;
use super::result::PreflightResult;
use super::test_ticket::TestTicket;

/// How long the instance may take for one answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// The largest answer that is read, in bytes.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// The check of the user that reads.
const READS: &str = "servicenow read";
/// The check of the user that writes.
const WRITES: &str = "servicenow write";
/// What the reading user must see, and the fields that rows must have (docs/operating.md).
const READ: [(&str, &[&str]); 5] = [
    (
        PEOPLE,
        &["name", "active", "locked_out", "email", "user_name"],
    ),
    ("sys_user_group", &["active", "manager"]),
    ("sys_user_grmember", &["user", "group"]),
    ("sys_user_delegate", &["user", "delegate", "starts", "ends"]),
    (
        "cmdb_ci_cloud_service_account",
        &[
            "account_id",
            "name",
            "owned_by",
            "managed_by",
            "support_group",
        ],
    ),
];
/// Whose fields they are that say who manages somebody, where the guardrails want that.
const PEOPLE: &str = "sys_user";
/// What the reading user must see of every ticket.
const TICKET: &[&str] = &["number", "active", "opened_by"];
/// Tables that the writing user must not be able to change.
const PROTECTED: [&str; 3] = [
    "sys_user",
    "sys_user_group",
    "cmdb_ci_cloud_service_account",
];
/// Rows that are looked at: some may be hidden.
const ROWS: &str = "20";

/// The members of a secret with credentials.
#[derive(Deserialize)]
struct SecretMembers {
    username: Option<String>,
    password: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    grant_type: Option<String>,
}

/// One user of the instance.
struct User {
    client: HttpsClient,
    instance: String,
    check: &'static str,
    /// The header with the user's credential.
    authorization: String,
    /// What the instance said of the time when it let the user in.
    time: Option<f64>,
}

/// There is no answer, or none that could be read.
struct NoAnswer;

/// Everything about ServiceNow.
pub(super) async fn check(
    facts: &AwsFacts,
    guardrails: &Guardrails,
    tickets: &[TestTicket],
    now: i64,
) -> Vec<PreflightResult> {
    let tables = guardrails.tables();
    let mut results = Vec::new();
    let mut users = Vec::new();
    for (name, check) in [("read", READS), ("write", WRITES)] {
        match User::enter(facts, name, check).await {
            Ok(user) => users.push(user),
            Err(result) => results.push(result),
        }
    }
    if let Some(user) = users.first() {
        results.push(clock("ServiceNow", user.time, now));
    }
    let reader = users.iter().find(|user| user.check == READS);
    let writer = users.iter().find(|user| user.check == WRITES);
    if let Some(reader) = reader {
        results.extend(reader.reads(tables, guardrails.wants_managers()).await);
        results.extend(reader.writes_none(tickets).await);
    }
    if let Some(writer) = writer {
        results.extend(writer.writes_tickets(tables, tickets).await);
        if let Some(reader) = reader {
            results.extend(writer.writes_nothing_else(reader).await);
        }
    }
    results
}

/// A client as the functions have it: no redirects, no proxies, Mozilla's roots, and plain HTTP for
/// an instance on this machine only.
fn client(instance: &str) -> Option<HttpsClient> {
    HttpsClient::new(&HttpsSettings {
        roots: Roots::Mozilla,
        plain: instance.starts_with("http://127.0.0.1:"),
        connect: PATIENCE,
        idle: PATIENCE,
        idle_connections: 1,
    })
    .ok()
}

async fn call(
    client: &HttpsClient,
    request: Request<Vec<u8>>,
) -> Result<Response<Vec<u8>>, NoAnswer> {
    match tokio::time::timeout(PATIENCE, client.call(request, MOST_BYTES)).await {
        Ok(Ok(answer)) => Ok(answer),
        _ => Err(NoAnswer),
    }
}

impl User {
    /// Signs in and sees whether the instance answers.
    async fn enter(
        facts: &AwsFacts,
        name: &str,
        check: &'static str,
    ) -> Result<Self, PreflightResult> {
        let bad = |found: String, remedy: &str| PreflightResult::bad(check, "", found, remedy);
        let text = facts.text(&format!("/secrets/{name}/SecretString"));
        let secret: SecretMembers = serde_json::from_str(text).map_err(|_| {
            bad(
                "not tried: its secret has no usable value".to_owned(),
                "see the result for the secret",
            )
        })?;
        let instance = facts.parameter("ServiceNowUrl").to_owned();
        let client = client(&instance)
            .ok_or_else(|| bad("TLS could not be set up".to_owned(), "report this"))?;
        let unreachable = |NoAnswer| {
            let remedy = "see that ServiceNowUrl is the instance, that it is awake, and that nothing is in between";
            bad("the instance cannot be reached".to_owned(), remedy)
        };
        let signed_in = sign_in(&client, &instance, secret).await;
        let Some(authorization) = signed_in.map_err(unreachable)? else {
            return Err(bad(
                "the instance gives no token for the credential".to_owned(),
                "see its OAuth application and the user, then the secret",
            ));
        };
        let mut user = Self {
            client,
            instance,
            check,
            authorization,
            time: None,
        };
        let first = "sc_req_item?sysparm_limit=1&sysparm_fields=sys_id";
        let answer = user.send(Method::GET, first).await.map_err(unreachable)?;
        user.time = time_of(&answer);
        match answer.status() {
            StatusCode::UNAUTHORIZED => Err(bad(
                "the instance refuses the credential".to_owned(),
                "see the user (active, not locked, not web-service-only with SSO) and the secret",
            )),
            status if status.is_server_error() => Err(bad(
                format!("the instance answers {status}"),
                "see that the instance is awake, then its own log",
            )),
            _ => Ok(user),
        }
    }

    /// A call of the Table API; an update is sent without fields.
    async fn send(&self, method: Method, path: &str) -> Result<Response<Vec<u8>>, NoAnswer> {
        let mut request = Request::builder()
            .uri(format!("{}/api/now/v2/table/{path}", self.instance))
            .header("Accept", "application/json")
            .header("Authorization", &self.authorization);
        let body = if method == Method::PATCH {
            request = request.header("Content-Type", "application/json");
            b"{}".to_vec()
        } else {
            Vec::new()
        };
        let request = request.method(method).body(body).map_err(|_| NoAnswer)?;
        call(&self.client, request).await
    }

    /// The first rows of a table with these fields; none where the table cannot be read.
    async fn rows(&self, table: &str, fields: &[&str]) -> Option<Vec<Value>> {
        let fields = fields.join(",");
        let path = format!(
            "{table}?sysparm_limit={ROWS}&sysparm_exclude_reference_link=true&sysparm_fields=sys_id,{fields}"
        );
        let answer = self.send(Method::GET, &path).await.ok()?;
        if answer.status() != StatusCode::OK {
            return None;
        }
        let body: Value = serde_json::from_slice(answer.body()).ok()?;
        body.get("result")?.as_array().cloned()
    }

    /// What the reading user must see.
    async fn reads(&self, tables: &[TableName], managers: bool) -> Vec<PreflightResult> {
        let tickets = tables.iter().map(|table| (table.as_str(), TICKET));
        let mut results = Vec::new();
        for (table, fields) in READ.into_iter().chain(tickets) {
            let manager = (managers && table == PEOPLE).then_some("manager");
            let fields: Vec<&str> = fields.iter().copied().chain(manager).collect();
            results.push(self.sees(table, &fields).await);
        }
        results
    }

    async fn sees(&self, table: &str, fields: &[&str]) -> PreflightResult {
        let remedy = "give the reading user read ACLs for the table and the fields of docs/operating.md, section 4";
        let bad = |found: String| PreflightResult::bad(self.check, table, found, remedy);
        let Some(rows) = self.rows(table, fields).await else {
            return bad("cannot be read".to_owned());
        };
        // Nobody need have named a delegate.
        if rows.is_empty() && table != "sys_user_delegate" {
            return bad("shows no row".to_owned());
        }
        let hidden = fields
            .iter()
            .find(|field| rows.iter().any(|row| row.get(**field).is_none()));
        match hidden {
            Some(field) => bad(format!("hides `{field}`")),
            None => PreflightResult::good(self.check, table, "can be read"),
        }
    }

    /// That the reading user cannot write.
    async fn writes_none(&self, tickets: &[TestTicket]) -> Vec<PreflightResult> {
        let mut results = Vec::new();
        for ticket in tickets {
            let may = self.may_write(&ticket.table, &ticket.sys_id).await;
            results.push(self.must_not(&ticket.table, may));
        }
        if let Some(id) = self.first("sys_user").await {
            let may = self.may_write("sys_user", &id).await;
            results.push(self.must_not("sys_user", may));
        }
        results
    }

    /// That the writing user can write tickets.
    async fn writes_tickets(
        &self,
        tables: &[TableName],
        tickets: &[TestTicket],
    ) -> Vec<PreflightResult> {
        let mut results = Vec::new();
        for table in tables.iter().map(TableName::as_str) {
            let Some(ticket) = tickets.iter().find(|ticket| ticket.table == table) else {
                let remedy = "make a ticket for this and name it with --ticket <table>/<sys_id>";
                results.push(PreflightResult::bad(
                    self.check,
                    table,
                    "writing was not tried",
                    remedy,
                ));
                continue;
            };
            results.push(match self.may_write(table, &ticket.sys_id).await {
                Some(true) => PreflightResult::good(self.check, table, "can be written"),
                Some(false) => PreflightResult::bad(self.check, table, "cannot be written", "give the writing user a write ACL for the table, and see that the ticket is there and open"),
                None => self.unclear(table),
            });
        }
        results
    }

    /// That the writing user can write nothing else. The rows are found by the one who reads.
    async fn writes_nothing_else(&self, reader: &Self) -> Vec<PreflightResult> {
        let mut results = Vec::new();
        for table in PROTECTED {
            if let Some(id) = reader.first(table).await {
                results.push(self.must_not(table, self.may_write(table, &id).await));
            }
        }
        results
    }

    async fn first(&self, table: &str) -> Option<String> {
        let rows = self.rows(table, &["sys_id"]).await?;
        rows.first()?.get("sys_id")?.as_str().map(str::to_owned)
    }

    /// Whether an update is let through; none where the answer is neither yes nor no.
    async fn may_write(&self, table: &str, sys_id: &str) -> Option<bool> {
        let answer = self
            .send(Method::PATCH, &format!("{table}/{sys_id}"))
            .await
            .ok()?;
        match answer.status() {
            status if status.is_success() => Some(true),
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::UNAUTHORIZED => Some(false),
            _ => None,
        }
    }

    fn must_not(&self, table: &str, may: Option<bool>) -> PreflightResult {
        let about = format!("{table}, writing");
        match may {
            Some(false) => PreflightResult::good(self.check, &about, "refused, as it must be"),
            Some(true) => PreflightResult::bad(
                self.check,
                &about,
                "this user may write here",
                "take the role that allows it away; neither user is ever an admin",
            ),
            None => self.unclear(&about),
        }
    }

    fn unclear(&self, about: &str) -> PreflightResult {
        PreflightResult::bad(
            self.check,
            about,
            "the instance gave no clear answer",
            "try again; then see the instance's own log",
        )
    }
}

/// The header to authenticate with: Basic (RFC 7617) where there is no OAuth client, otherwise a
/// token; none where the instance gives none.
async fn sign_in(
    client: &HttpsClient,
    instance: &str,
    with: SecretMembers,
) -> Result<Option<String>, NoAnswer> {
    let (Some(id), Some(secret)) = (with.client_id, with.client_secret) else {
        let basic = with.username.zip(with.password);
        let header = |(user, password)| {
            let pair = format!("{user}:{password}");
            format!("Basic {}", STANDARD.encode(pair))
        };
        return Ok(basic.map(header));
    };
    let grant = with.grant_type.unwrap_or_default();
    let mut form = vec![
        ("grant_type", grant),
        ("client_id", id),
        ("client_secret", secret),
    ];
    if let (Some(user), Some(password)) = (with.username, with.password) {
        form.extend([("username", user), ("password", password)]);
    }
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let request = Request::post(format!("{instance}/oauth_token.do"))
        .header("Accept", "application/json")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form.into_bytes())
        .map_err(|_| NoAnswer)?;
    let answer = call(client, request).await?;
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let token = body.get("access_token").and_then(Value::as_str);
    Ok(token.map(|token| format!("Bearer {token}")))
}

/// The time that an answer carries, in seconds since 1970 (RFC 9110, section 6.6.1).
#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
fn time_of(answer: &Response<Vec<u8>>) -> Option<f64> {
    let text = answer.headers().get("date")?.to_str().ok()?;
    let time = rfc2822::parse(text).ok()?;
    Some(time.timestamp().as_second() as f64)
}
