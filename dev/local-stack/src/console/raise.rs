//! Raising a request from a form, as a catalogue item of ServiceNow does: the item's record is made
//! in the emulator, whose REST message then calls the service API.

use askama::Template;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use snowgate_core::kind::GrantKind;

use super::facts::{StackFacts, StackFactsError};
use super::shown::text;
use super::{Console, failed, page};
use crate::organisation::{MemberAccount, Organisation};

/// What can be chosen in the form.
#[derive(Debug, Clone)]
pub(super) struct RaiseChoices {
    accounts: Vec<MemberAccount>,
    people: Vec<(String, String)>,
}

impl From<Organisation> for RaiseChoices {
    fn from(organisation: Organisation) -> Self {
        Self {
            accounts: organisation.member_accounts,
            people: organisation.people.into_iter().collect(),
        }
    }
}

/// The kinds of grants, with what the form calls them.
const KINDS: [(GrantKind, &str); GrantKind::ALL.len()] = [
    (GrantKind::AttachManagedPolicy, "Attach a managed policy"),
    (GrantKind::AssumeRole, "Assume a role"),
    (GrantKind::GroupMembership, "Join a group"),
    (GrantKind::InlinePolicy, "Inline policy"),
    (GrantKind::CreateUser, "Create the IAM user"),
];

/// The form as it was sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RaiseForm {
    /// The sys_id of the person asking.
    requested_for: String,
    account: String,
    principal_type: String,
    principal: String,
    kind: String,
    /// An ARN, or a group's name.
    #[serde(default)]
    name: String,
    /// The text of an inline policy.
    #[serde(default)]
    document: String,
    duration: String,
    justification: String,
    /// A checkbox: there or not.
    dry_run: Option<String>,
}

impl RaiseForm {
    /// What the form shows at first: a request that can be granted.
    fn example(choices: &RaiseChoices) -> Self {
        let account = choices
            .accounts
            .first()
            .map_or("", |first| first.id.as_str());
        let rita = |(name, _): &&(String, String)| name == "rita.chen";
        let person = choices.people.iter().find(rita).or(choices.people.first());
        let (principal, requested_for) = person.cloned().unwrap_or_default();
        Self {
            requested_for,
            account: account.to_owned(),
            principal_type: "user".to_owned(),
            principal,
            kind: "attach_managed_policy".to_owned(),
            name: format!("arn:aws:iam::{account}:policy/reports-read"),
            document: String::new(),
            duration: "PT4H".to_owned(),
            justification: "Month-end reconciliation of settlement files".to_owned(),
            dry_run: None,
        }
    }

    /// Whether the principal is of that type.
    fn principal_is(&self, kind: &str) -> bool {
        self.principal_type == kind
    }

    fn grant(&self) -> Result<Value, serde_json::Error> {
        let kind = self.kind.parse::<GrantKind>().ok();
        let value = match kind {
            Some(GrantKind::InlinePolicy) => serde_json::from_str(&self.document)?,
            _ => json!(self.name.trim()),
        };
        let mut grant = Map::new();
        grant.insert("type".to_owned(), json!(self.kind));
        let member = kind.map(|kind| kind.row().member);
        if let Some(member) = member.filter(|member| *member != "type") {
            grant.insert(member.to_owned(), value);
        }
        Ok(Value::Object(grant))
    }

    /// The record of the item, with an id and a number of its own.
    fn record(&self, grant: &Value, random: [u8; 16]) -> Value {
        let sys_id = format!("{:032x}", u128::from_be_bytes(random));
        let number = u128::from_be_bytes(random) % 1_000_000;
        json!({
            "sys_id": sys_id,
            "sys_class_name": "sc_req_item",
            "number": format!("RITM9{number:06}"),
            "short_description": "Temporary access to AWS",
            "active": "true",
            "state": "1",
            "requested_for": self.requested_for,
            "opened_by": self.requested_for,
            "u_confidential": "false",
            "u_account_id": self.account.trim(),
            "u_principal_type": self.principal_type,
            "u_principal_name": self.principal.trim(),
            "u_grants": json!([grant]).to_string(),
            "u_duration": self.duration.trim(),
            // A browser sends line ends as CR LF; ServiceNow keeps LF.
            "u_justification": self.justification.replace("\r\n", "\n"),
        })
    }
}

#[derive(Template)]
#[template(path = "raise.html")]
struct RaisePage<'a> {
    choices: &'a RaiseChoices,
    order: &'a RaiseForm,
    kinds: [(&'static str, &'static str); GrantKind::ALL.len()],
    refusal: Option<Refusal>,
}

/// Why there is no request.
struct Refusal {
    title: String,
    detail: String,
    findings: Vec<String>,
}

impl Refusal {
    /// What the service API answered (RFC 9457), or that it did not.
    fn of(raised: &Value) -> Self {
        let text = |pointer| text(raised.pointer(pointer));
        Self {
            title: format!("{} {}", text("/status"), text("/body/title")),
            detail: format!("{} {}", text("/body/detail"), text("/error")),
            findings: findings(raised.pointer("/body/findings")),
        }
    }
}

/// Findings in sentences, with the place that each is about.
pub(super) fn findings(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .map(|finding| {
            let part = |pointer| text(finding.pointer(pointer));
            let witness = match finding.pointer("/evidence/witness") {
                Some(witness) => format!(" Example: {witness}"),
                None => String::new(),
            };
            let place = [
                part("/pointer"),
                part("/evidence/policy"),
                part("/evidence/place"),
            ];
            let place: Vec<_> = place.into_iter().filter(|one| !one.is_empty()).collect();
            let place = if place.is_empty() {
                String::new()
            } else {
                format!(" ({})", place.join(", "))
            };
            format!("{}: {}{place}{witness}", part("/code"), part("/detail"))
        })
        .collect()
}

pub(super) async fn form(State(console): State<Console>) -> Response {
    let order = RaiseForm::example(&console.choices);
    shown(&console.choices, &order, None)
}

/// Raises the request and shows it, or why there is none.
pub(super) async fn raise(
    State(console): State<Console>,
    headers: HeaderMap,
    Form(order): Form<RaiseForm>,
) -> Response {
    if !from_here(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let grant = match order.grant() {
        Ok(grant) => grant,
        Err(error) => {
            let refusal = Refusal {
                title: "The policy is not JSON".to_owned(),
                detail: error.to_string(),
                findings: Vec::new(),
            };
            return shown(&console.choices, &order, Some(refusal));
        }
    };
    let mut random = [0; 16];
    if getrandom::fill(&mut random).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let record = order.record(&grant, random);
    match console.facts.order(&record, order.dry_run.is_some()).await {
        Ok(raised) => match raised.get("request_id").and_then(Value::as_str) {
            Some(id) => Redirect::to(&format!("/requests/{id}")).into_response(),
            None => shown(&console.choices, &order, Some(Refusal::of(&raised))),
        },
        Err(error) => failed(&error),
    }
}

fn shown(choices: &RaiseChoices, order: &RaiseForm, refusal: Option<Refusal>) -> Response {
    let refused = refusal.is_some();
    let mut response = page(&RaisePage {
        choices,
        order,
        kinds: KINDS.map(|(kind, label)| (kind.row().wire, label)),
        refusal,
    });
    if refused {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    response
}

/// Whether a form was sent from the console's own page: its origin is the host that was called,
/// which is this machine (`by_address`).
fn from_here(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), Some(host)) => origin.strip_prefix("http://") == Some(host),
        _ => false,
    }
}

impl StackFacts {
    /// Makes the record of an item and raises its request; what the service API answered.
    async fn order(&self, record: &Value, dry_run: bool) -> Result<Value, StackFactsError> {
        self.control("records", &json!({ "sc_req_item": [record] }))
            .await?;
        let body = if dry_run {
            json!({ "dry_run": true })
        } else {
            json!({})
        };
        let order = json!({
            "record": text(record.get("sys_id")),
            "service_api": self.service_api(),
            "body": body,
        });
        self.control("actions/raise", &order).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(kind: &str) -> RaiseForm {
        RaiseForm {
            requested_for: "aaaa".into(),
            account: "210987654321".into(),
            principal_type: "user".into(),
            principal: " rita.chen ".into(),
            kind: kind.into(),
            name: "analysts".into(),
            document: r#"{"Statement": []}"#.into(),
            duration: "PT4H".into(),
            justification: "One\r\nTwo".into(),
            dry_run: None,
        }
    }

    #[test]
    fn each_kind_names_what_it_grants() {
        let mut kinds = KINDS.map(|(kind, _)| kind);
        let grants = kinds.map(|kind| order(kind.row().wire).grant().unwrap());
        let wanted = [
            json!({"type": "attach_managed_policy", "policy_arn": "analysts"}),
            json!({"type": "assume_role", "role_arn": "analysts"}),
            json!({"type": "group_membership", "group": "analysts"}),
            json!({"type": "inline_policy", "document": {"Statement": []}}),
            json!({"type": "create_user"}),
        ];
        assert_eq!(grants, wanted);
        kinds.sort();
        assert_eq!(kinds, GrantKind::ALL, "the form has every kind");
    }

    #[test]
    fn a_policy_that_is_not_json_is_not_sent() {
        let mut order = order("inline_policy");
        order.document = "{".into();
        assert!(order.grant().is_err());
    }

    #[test]
    fn the_record_is_that_of_a_catalogue_item() {
        let order = order("group_membership");
        let record = order.record(&order.grant().unwrap(), [255; 16]);
        assert_eq!(record["sys_id"], "f".repeat(32));
        assert_eq!(record["number"], "RITM9211455");
        assert_eq!(record["u_principal_name"], "rita.chen");
        assert_eq!(record["u_justification"], "One\nTwo");
        assert_eq!(
            record["u_grants"],
            r#"[{"group":"analysts","type":"group_membership"}]"#
        );
    }

    #[test]
    fn only_our_own_form_raises() {
        let sent = |origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "127.0.0.1:8083".parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            from_here(&headers)
        };
        assert!(sent(Some("http://127.0.0.1:8083")));
        for foreign in [
            "http://127.0.0.1:8084",
            "https://127.0.0.1:8083",
            "null",
            "http://evil.example",
        ] {
            assert!(!sent(Some(foreign)), "{foreign}");
        }
        assert!(!sent(None));
    }

    #[test]
    fn findings_are_told_with_their_place_and_example() {
        let list = json!([
            {"pointer": "/duration", "code": "too_long", "detail": "Too long."},
            {"pointer": "", "code": "escalates", "detail": "It escalates.",
             "evidence": {"policy": "reports-read", "place": "Statement[0]", "witness": {"action": "iam:PassRole"}}},
        ]);
        assert_eq!(
            findings(Some(&list)),
            [
                "too_long: Too long. (/duration)",
                "escalates: It escalates. (reports-read, Statement[0]) Example: {\"action\":\"iam:PassRole\"}",
            ]
        );
    }
}
