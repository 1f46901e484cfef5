//! What programs do through the service API.

use std::fmt::Write as _;

use serde_json::{Value, json};
use snowgate_core::record::EndReason;
use testkit::world::{BENEFICIARY, OWNER, at, id, requester};

use crate::functions;
use crate::stage::{Reached, event_of, wait};
use crate::table::{Cell, Verdict};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Read,
    Withdraw,
    Revoke,
    Abandon,
    Extend,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    Own,
    ForRequester,
    ForBeneficiary,
    ForOwner,
    Security,
    Other,
}

impl Caller {
    pub(crate) const ALL: [Self; 6] = [
        Self::Own,
        Self::ForRequester,
        Self::ForBeneficiary,
        Self::ForOwner,
        Self::Security,
        Self::Other,
    ];

    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Own => "the program that asked",
            Self::ForRequester => "… on behalf of the requester",
            Self::ForBeneficiary => "… on behalf of the beneficiary",
            Self::ForOwner => "… on behalf of anybody else, the account's owner say",
            Self::Security => "the security client",
            Self::Other => "another program",
        }
    }

    pub(crate) fn can_try(self, action: Action) -> bool {
        let on_behalf = matches!(
            self,
            Self::ForRequester | Self::ForBeneficiary | Self::ForOwner
        );
        action == Action::Revoke || !on_behalf
    }

    const fn client(self) -> &'static str {
        match self {
            Self::Own | Self::ForRequester | Self::ForBeneficiary | Self::ForOwner => "servicenow",
            Self::Security => "watch",
            Self::Other => "another",
        }
    }

    fn body(self) -> Value {
        let person = match self {
            Self::ForRequester => requester().sys_id,
            Self::ForBeneficiary => id(BENEFICIARY),
            Self::ForOwner => id(OWNER),
            Self::Own | Self::Security | Self::Other => return json!({}),
        };
        json!({ "by": { "sys_id": person } })
    }

    pub(crate) fn tries(self, action: Action, reached: &Reached) -> Cell {
        let before = reached.all();
        let answer = match action {
            Action::Extend => extend(reached, self.client()),
            Action::Read => read(reached, self.client()),
            Action::Withdraw => end(reached, self.client(), "withdraw", &self.body()),
            Action::Revoke => end(reached, self.client(), "revoke", &self.body()),
            Action::Abandon => {
                let why = json!({ "reason": "The account is closed" });
                end(reached, self.client(), "abandon", &why)
            }
        };
        let status = answer["statusCode"].as_i64().unwrap();
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        let changed = reached.all() != before;
        if status == 202 {
            assert!(!changed, "the first stays as it is");
            return looked_into(reached, &body);
        }
        if status != 200 {
            assert!(!changed, "{self:?} {action:?} changed something: {body}");
            let mut words = format!(
                "{status} {}: {}",
                body["title"].as_str().unwrap(),
                body["detail"].as_str().unwrap()
            );
            for error in body["errors"].as_array().into_iter().flatten() {
                let (place, why) = (&error["pointer"], &error["detail"]);
                let (place, why) = (place.as_str().unwrap(), why.as_str().unwrap());
                write!(words, " `{place}`: {why}.").unwrap();
            }
            return Cell::new(Verdict::No, words);
        }
        let seen = match body.get("timeline") {
            Some(_) => "the whole request",
            None => "its state, and no more",
        };
        let verdict = match action {
            Action::Read => Verdict::Yes,
            _ if changed => Verdict::Yes,
            _ => Verdict::Already,
        };
        assert!(
            action != Action::Read || !changed,
            "reading changed something"
        );
        let record = reached.load();
        let role = record.revocation();
        let role = role.filter(|_| changed && action == Action::Revoke);
        let words = match role {
            None if changed => format!("200, and {seen}, now `{}`", reached.load().state()),
            None => format!("200, and {seen}"),
            Some(how) => format!(
                "200, and {seen}; the ticket will say “It was ended early by {}”",
                how.by.in_words()
            ),
        };
        Cell::new(verdict, words)
    }
}

/// What becomes of a request for longer once the dispatcher has looked at it.
fn looked_into(reached: &Reached, accepted: &Value) -> Cell {
    let id = accepted["request_id"].as_str().unwrap().parse().unwrap();
    let dispatcher = functions::dispatcher(&reached.world);
    wait(dispatcher.handle(&id, at(reached.now))).unwrap();
    let record = reached.world.load(&id);
    match record.end_reason() {
        None => Cell::new(
            Verdict::Yes,
            format!(
                "202, and a request of its own, which is `{}`: everybody is asked again",
                record.state()
            ),
        ),
        Some(EndReason::Refused { code, .. }) => Cell::new(
            Verdict::No,
            format!("202, then `Refused`: {}", code.in_words()),
        ),
        other => panic!("{other:?}"),
    }
}

fn extend(reached: &Reached, client: &str) -> Value {
    let resource = "/v1/requests/{id}/extend";
    let body = json!({
        "source": {
            "table": "sc_req_item", "sys_id": reached.world.ticket(), "number": "RITM0010001",
        },
        "requested_by": {"sys_id": requester().sys_id},
        "duration": "PT4H",
        "justification": "The close takes longer",
    });
    let event = json!({
        "resource": resource, "path": resource, "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"}, "body": body.to_string(),
        "pathParameters": {"id": reached.id},
        "requestContext": {"httpMethod": "POST", "authorizer": {"client": client}},
    });
    send(reached, event)
}

fn read(reached: &Reached, client: &str) -> Value {
    let event = json!({
        "resource": "/v1/requests/{id}", "path": "/v1/requests/{id}", "httpMethod": "GET",
        "headers": {}, "pathParameters": {"id": reached.id},
        "requestContext": {"httpMethod": "GET", "authorizer": {"client": client}},
    });
    send(reached, event)
}

/// `withdraw`, `revoke` or `abandon` by a client.
pub(crate) fn end(reached: &Reached, client: &str, how: &str, body: &Value) -> Value {
    let resource = format!("/v1/requests/{{id}}/{how}");
    let event = json!({
        "resource": resource, "path": resource, "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"}, "body": body.to_string(),
        "pathParameters": {"id": reached.id},
        "requestContext": {"httpMethod": "POST", "authorizer": {"client": client}},
    });
    send(reached, event)
}

fn send(reached: &Reached, event: Value) -> Value {
    let intake = functions::intake(&reached.world);
    let answer = wait(intake.handle(&event_of(event), at(reached.now)));
    serde_json::to_value(answer).unwrap()
}
