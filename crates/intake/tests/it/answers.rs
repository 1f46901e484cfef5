//! Answers and docs/openapi.json say the same, in both directions: each answer is what its schema
//! says, and each property of these schemas is in some answer.

use serde_json::{Value, json};
use snowgate_core::approval::Verdict;
use snowgate_core::finding::{Evidence, Finding, FindingCode, Witness};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{
    Event, FailureCode, Message, RefusalCode, RequestRecord, RetainedBecause, RetainedChange,
    RevokedBy,
};
use snowgate_core::request::{AccessRequest, Extension};
use snowgate_core::slots::{Approver, ApproverRole, OwnedResource, OwnedResourceKind, Slot};
use testkit::samples;
use testkit::schemas::Schemas;
use testkit::world::{OWNER, World, at, id, ready, role_facts};

use super::{Setup, get, setup};

fn document() -> Value {
    serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap()
}

/// What `GET` shows of a request.
fn shown(setup: &Setup, record: &RequestRecord) -> Value {
    let path = "/v1/requests/{id}";
    let answer = setup.send(
        get(path, record.id().as_str(), json!(null), "servicenow"),
        90,
    );
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body
}

/// A request with every kind of grant and every member that a request can have.
fn full_request(world: &World) -> AccessRequest {
    let mut body = samples::body(&world.ticket(), &world.target);
    body["resource"] = json!({"sys_id": id(0x61)});
    body["grants"] = json!([
        {"type": "attach_managed_policy", "policy_arn": samples::policy()},
        {"type": "inline_policy", "document": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}
        ]}},
        {"type": "assume_role", "role_arn": role_facts().arn},
        {"type": "group_membership", "group": "analysts"},
        {"type": "create_user", "tags": {"team": "billing"}, "owner": {"sys_id": id(0x62)}},
    ]);
    let mut request = AccessRequest::parse(body.to_string().as_bytes()).unwrap();
    request.extends = Some(Extension {
        request: samples::request_id(),
        since: at(0),
        before: request.duration,
    });
    request
}

/// Access that an approver ended before its time, with all that such a request can show.
fn revoked_early(world: &World) -> RequestRecord {
    let (record, _) = world.pend(world.receive(full_request(world), at(0)), &[OWNER], at(0));
    let record = world.decide(&record, OWNER, Verdict::Approve, &world.keys, at(1));
    let change = samples::effect(record.id(), &world.target, true).change;
    let client = Actor::Client {
        client: samples::client(),
    };
    let steps = [
        (
            Event::ProvisioningStarted {
                preexisting: Vec::new(),
            },
            Actor::Provisioner,
        ),
        (Event::Activated { until: at(9_000) }, Actor::Provisioner),
        (
            Event::RevocationRequested {
                by: RevokedBy::Approver {
                    role: ApproverRole::Owner,
                    resource: OwnedResourceKind::Item,
                    delegate: true,
                },
                reason: Some("The project was stopped".parse().unwrap()),
                signature: None,
            },
            client,
        ),
        (Event::RevocationStarted, Actor::Provisioner),
        (
            Event::Revoked {
                retained: vec![RetainedChange {
                    change,
                    because: RetainedBecause::ThereBefore,
                }],
            },
            Actor::Provisioner,
        ),
    ];
    let record = steps.into_iter().fold(record, |record, (event, actor)| {
        world.apply(&record, event, actor, at(2))
    });
    let note = Message::TicketNote {
        state: State::Revoked,
    };
    world.deliver(&record, &note, Actor::Reporter, at(2))
}

/// A request that waits for the owner of a configuration item, who stands in for an account's.
fn with_item(world: &World) -> RequestRecord {
    let record = world.received(at(0));
    let mut asked = samples::asked(record.request(), &[id(OWNER)], at(99));
    let item = OwnedResource::Item {
        sys_id: id(0x61),
        instead_of: vec![world.target.account_id.clone()],
    };
    asked.slots.push(Slot::new(item, Vec::new()));
    let sys_id = id(0x16);
    let manager = Approver::own(id(0x17), ApproverRole::LineManager);
    let beneficiary = OwnedResource::Beneficiary { sys_id };
    asked.slots.push(Slot::new(beneficiary, vec![manager]));
    world.apply(
        &record,
        Event::ApprovalRequested { round: asked },
        Actor::Dispatcher,
        at(1),
    )
}

/// A finding with all that one can say.
fn full_finding() -> Finding {
    Finding {
        evidence: Some(Evidence {
            policy: samples::policy().to_string(),
            place: "/Statement/0".to_owned(),
            witness: Some(Witness {
                action: "s3:GetObject".to_owned(),
                resource: "*".to_owned(),
                context: vec![("aws:SourceVpc".to_owned(), "vpc-1".to_owned())],
            }),
        }),
        ..Finding::new("/grants/0", FindingCode::ReadsData, "It reads data.")
    }
}

/// One request for each reason that a request can end for.
fn ended(world: &World) -> [RequestRecord; 3] {
    let refused = Event::Refused {
        code: RefusalCode::OutsideGuardrails,
        findings: vec![full_finding()],
    };
    let undeliverable = Event::Undeliverable {
        slot: "account:210987654321".to_owned(),
    };
    let failed = Event::Failed {
        code: FailureCode::TimedOut,
    };
    let (received, approved) = (|| world.received(at(0)), || world.approved(at(0)));
    [
        world.apply(&received(), refused, Actor::Dispatcher, at(1)),
        world.apply(&received(), undeliverable, Actor::Dispatcher, at(1)),
        world.apply(&approved(), failed, Actor::Provisioner, at(1)),
    ]
}

#[test]
fn each_answer_is_what_its_schema_says_and_each_property_is_in_some_answer() {
    let setup = setup();
    let world = &setup.world;
    let mut schemas = Schemas::new(document());

    let body = setup.body();
    let accepted = setup.post(&body.to_string(), None, 0);
    assert_eq!(accepted.status, 202);
    schemas.check("Accepted", &accepted.body);
    let query = json!({"sys_id": body["source"]["sys_id"]});
    let list = setup.send(get("/v1/requests", "", query, "servicenow"), 1);
    schemas.check("List", &list.body);

    let mut records = vec![
        revoked_early(world),
        super::dry_run::previewed(world),
        with_item(world),
    ];
    records.extend(ended(world));
    records.push(world.received(at(0)));
    for record in &records {
        schemas.check("Request", &shown(&setup, record));
    }
    let (pending, _) = world.pending(&[OWNER], at(0));
    let withdraw = super::ending::event(
        "withdraw",
        pending.id().as_str(),
        r#"{"reason": "Ordered twice"}"#,
        "servicenow",
    );
    schemas.check("Request", &setup.send(withdraw, 1).body);

    let active = super::ending::active(world);
    let revoke = super::ending::event("revoke", active.id().as_str(), "", "watch");
    schemas.check("Ended", &setup.send(revoke, 3).body);
    problems(&setup, &body, &mut schemas);

    let answers = ["Accepted", "List", "Request", "Ended", "Problem"];
    assert_eq!(schemas.not_met(&answers), [""; 0]);
}

/// Each kind of problem; the body is one that was accepted.
fn problems(setup: &Setup, body: &Value, schemas: &mut Schemas) {
    let mut outside = setup.body();
    outside["source"]["table"] = json!("incident");
    let open = setup.world.received(at(0));
    let too_early = super::ending::event("revoke", open.id().as_str(), "", "servicenow");
    for (status, answer) in [
        (400, setup.post("{}", None, 0)),
        (409, setup.post(&body.to_string(), None, 1)),
        (422, setup.post(&outside.to_string(), None, 0)),
        (409, setup.send(too_early, 1)),
        (
            404,
            setup.send(
                get("/v1/requests/{id}", "req-0", json!(null), "servicenow"),
                1,
            ),
        ),
    ] {
        schemas.check("Problem", &answer.problem(status).body);
    }
}

/// API Gateway lets such headers through; for it that is a call that was answered.
#[test]
fn headers_that_http_does_not_allow() {
    let setup = setup();
    let event = json!({
        "httpMethod": "GET", "resource": "/v1/requests", "headers": {"X-Name": "Zo\u{eb}"},
        "requestContext": {"httpMethod": "GET", "authorizer": {"client": "servicenow"}},
    });
    let received = serde_json::from_value(event).unwrap();
    let answer = ready(setup.intake.receive(&received, at(0)));
    assert_eq!(answer.status_code, 400);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
}
