//! ServiceNow: whether it can be reached, and what the two users may do.
//!
//! Nothing is changed: an update without fields is what a user without the right is refused, and
//! what a user with it does nothing by.

use std::time::Duration;

use jiff::fmt::rfc2822;
use reqwest::{Client, Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::facts::Facts;
use super::finding::Finding;
use super::hub::clock;

/// What the reading user must see, and the fields that rows must have (docs/operating.md).
const READ: [(&str, &[&str]); 5] = [
    ("sys_user", &["name", "active", "locked_out", "email"]),
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

/// Credentials, in the members that the secrets have.
#[derive(Deserialize)]
struct Credentials {
    username: Option<String>,
    password: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    grant_type: Option<String>,
}

/// A ticket that an update without fields may be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TestTicket {
    table: String,
    sys_id: String,
}

impl std::str::FromStr for TestTicket {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |word: &str, length: usize| {
            word.len() <= length && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        match text.split_once('/') {
            Some((table, id)) if plain(table, 80) && id.len() == 32 && plain(id, 32) => Ok(Self {
                table: table.to_owned(),
                sys_id: id.to_owned(),
            }),
            _ => Err("a ticket is <table>/<sys_id>, such as sc_req_item/0123…"),
        }
    }
}

/// One user of the instance.
struct User {
    client: Client,
    instance: String,
    name: &'static str,
    check: &'static str,
    authorization: Authorization,
    /// What the instance said of the time when it let the user in.
    time: Option<f64>,
}

enum Authorization {
    Basic { user: String, password: String },
    Bearer(String),
}

/// Everything about ServiceNow.
pub(crate) async fn check(
    facts: &Facts,
    tables: &[String],
    tickets: &[TestTicket],
    now: i64,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut users = Vec::new();
    for (name, check) in [("read", "servicenow read"), ("write", "servicenow write")] {
        match User::enter(facts, name, check).await {
            Ok(user) => users.push(user),
            Err(finding) => findings.push(finding),
        }
    }
    if let Some(user) = users.first() {
        findings.push(clock("ServiceNow", user.time, now));
    }
    let reader = users.iter().find(|user| user.name == "read");
    let writer = users.iter().find(|user| user.name == "write");
    if let Some(reader) = reader {
        findings.extend(reader.reads(tables).await);
        findings.extend(reader.writes_none(tickets).await);
    }
    if let Some(writer) = writer {
        findings.extend(writer.writes_tickets(tables, tickets).await);
        if let Some(reader) = reader {
            findings.extend(writer.writes_nothing_else(reader).await);
        }
    }
    findings
}

impl User {
    /// Signs in and sees whether the instance answers.
    async fn enter(
        facts: &Facts,
        name: &'static str,
        check: &'static str,
    ) -> Result<Self, Finding> {
        let bad = |found: String, remedy: &str| Finding::bad(check, "", found, remedy);
        let text = facts.text(&format!("/secrets/{name}/SecretString"));
        let credentials: Credentials = serde_json::from_str(text).map_err(|_| {
            bad(
                "not tried: its secret has no usable value".to_owned(),
                "see the finding about the secret",
            )
        })?;
        let instance = facts.parameter("ServiceNowUrl").to_owned();
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(15))
            .no_proxy()
            .build()
            .map_err(|_| bad("no client".to_owned(), "report this"))?;
        let reach = "see that ServiceNowUrl is the instance, that it is awake, and that nothing is in between";
        let authorization = match sign_in(&client, &instance, credentials).await {
            Ok(Some(authorization)) => authorization,
            Ok(None) => {
                return Err(bad(
                    "the instance gives no token for the credential".to_owned(),
                    "see its OAuth application and the user, then the secret",
                ));
            }
            Err(_) => return Err(bad("the instance cannot be reached".to_owned(), reach)),
        };
        let mut user = Self {
            client,
            instance,
            name,
            check,
            authorization,
            time: None,
        };
        let answer = user
            .send(
                Method::GET,
                "sc_req_item?sysparm_limit=1&sysparm_fields=sys_id",
            )
            .await
            .map_err(|_| bad("the instance cannot be reached".to_owned(), reach))?;
        user.time = time_of(&answer);
        match answer.status() {
            StatusCode::UNAUTHORIZED => Err(bad(
                "the instance refuses the credential".to_owned(),
                "see the user (active, not locked, not web-service-only with SSO) and the secret",
            )),
            status if status.is_server_error() => {
                Err(bad(format!("the instance answers {status}"), reach))
            }
            _ => Ok(user),
        }
    }

    async fn send(&self, method: Method, path: &str) -> Result<Response, reqwest::Error> {
        let url = format!("{}/api/now/v2/table/{path}", self.instance);
        let mut request = self
            .client
            .request(method.clone(), url)
            .header("Accept", "application/json");
        request = match &self.authorization {
            Authorization::Basic { user, password } => request.basic_auth(user, Some(password)),
            Authorization::Bearer(token) => request.bearer_auth(token),
        };
        if method == Method::PATCH {
            request = request
                .header("Content-Type", "application/json")
                .body("{}");
        }
        request.send().await
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
        let body: Value = answer.json().await.ok()?;
        body.get("result")?.as_array().cloned()
    }

    /// What the reading user must see.
    async fn reads(&self, tables: &[String]) -> Vec<Finding> {
        let tickets = tables.iter().map(|table| (table.as_str(), TICKET));
        let mut findings = Vec::new();
        for (table, fields) in READ.into_iter().chain(tickets) {
            findings.push(self.sees(table, fields).await);
        }
        findings
    }

    async fn sees(&self, table: &str, fields: &[&str]) -> Finding {
        let remedy = "give the reading user read ACLs for the table and the fields of docs/operating.md, section 4";
        let bad = |found: String| Finding::bad(self.check, table, found, remedy);
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
            None => Finding::good(self.check, table, "can be read"),
        }
    }

    /// That the reading user cannot write.
    async fn writes_none(&self, tickets: &[TestTicket]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for ticket in tickets {
            let may = self.may_write(&ticket.table, &ticket.sys_id).await;
            findings.push(self.must_not(&ticket.table, may));
        }
        if let Some(id) = self.first("sys_user").await {
            let may = self.may_write("sys_user", &id).await;
            findings.push(self.must_not("sys_user", may));
        }
        findings
    }

    /// That the writing user can write tickets.
    async fn writes_tickets(&self, tables: &[String], tickets: &[TestTicket]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for table in tables {
            let Some(ticket) = tickets.iter().find(|ticket| ticket.table == *table) else {
                let remedy = "make a ticket for this and name it with --ticket <table>/<sys_id>";
                findings.push(Finding::bad(
                    self.check,
                    table,
                    "writing was not tried",
                    remedy,
                ));
                continue;
            };
            findings.push(match self.may_write(table, &ticket.sys_id).await {
                Some(true) => Finding::good(self.check, table, "can be written"),
                Some(false) => Finding::bad(self.check, table, "cannot be written", "give the writing user a write ACL for the table, and see that the ticket is there and open"),
                None => self.unclear(table),
            });
        }
        findings
    }

    /// That the writing user can write nothing else. The rows are found by the one who reads.
    async fn writes_nothing_else(&self, reader: &Self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for table in PROTECTED {
            if let Some(id) = reader.first(table).await {
                findings.push(self.must_not(table, self.may_write(table, &id).await));
            }
        }
        findings
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

    fn must_not(&self, table: &str, may: Option<bool>) -> Finding {
        let about = format!("{table}, writing");
        match may {
            Some(false) => Finding::good(self.check, &about, "refused, as it must be"),
            Some(true) => Finding::bad(
                self.check,
                &about,
                "this user may write here",
                "take the role that allows it away; neither user is ever an admin",
            ),
            None => self.unclear(&about),
        }
    }

    fn unclear(&self, about: &str) -> Finding {
        Finding::bad(
            self.check,
            about,
            "the instance gave no clear answer",
            "try again; then see the instance's own log",
        )
    }
}

/// Basic where there is no OAuth client; otherwise a token, none where it is refused.
async fn sign_in(
    client: &Client,
    instance: &str,
    with: Credentials,
) -> Result<Option<Authorization>, reqwest::Error> {
    let (Some(id), Some(secret)) = (with.client_id, with.client_secret) else {
        let basic = with.username.zip(with.password);
        return Ok(basic.map(|(user, password)| Authorization::Basic { user, password }));
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
    let answer = client
        .post(format!("{instance}/oauth_token.do"))
        .form(&form)
        .send()
        .await?;
    let body: Value = answer.json().await.unwrap_or_default();
    let token = body.get("access_token").and_then(Value::as_str);
    Ok(token.map(|token| Authorization::Bearer(token.to_owned())))
}

/// The time that an answer carries, in seconds since 1970 (RFC 9110, section 6.6.1).
#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
fn time_of(answer: &Response) -> Option<f64> {
    let text = answer.headers().get("date")?.to_str().ok()?;
    let time = rfc2822::parse(text).ok()?;
    Some(time.timestamp().as_second() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_a_table_and_a_sys_id() {
        let id = "e".repeat(32);
        let ticket: TestTicket = format!("sc_task/{id}").parse().unwrap();
        assert_eq!(
            (ticket.table.as_str(), ticket.sys_id),
            ("sc_task", id.clone())
        );
        for odd in [
            "sc_task".to_owned(),
            format!("sc_task/{id}?x"),
            format!("../x/{id}"),
            "sc_task/1".to_owned(),
        ] {
            assert!(odd.parse::<TestTicket>().is_err(), "{odd}");
        }
    }
}
