//! docs/openapi.json and the code say the same of what is sent: every state, code, kind of grant
//! and member that one has, the other has too.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use snowgate_core::body::{FieldError, FieldErrorCode};
use snowgate_core::finding::FindingCode;
use snowgate_core::lifecycle::State;
use snowgate_core::record::{FailureCode, RefusalCode, RevokedBy};
use snowgate_core::request::{AccessRequest, Grant};
use snowgate_core::slots::{ApproverRole, OwnedResourceKind};
use testkit::world::{OWNER, at};

use super::{get, setup};

fn document() -> Value {
    serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap()
}

/// Follows a reference.
fn schema<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value.get("$ref").and_then(Value::as_str);
    target.map_or(value, |path| {
        document.pointer(path.trim_start_matches('#')).unwrap()
    })
}

fn named<'a>(document: &'a Value, name: &str) -> &'a Value {
    &document["components"]["schemas"][name]
}

fn words(list: &Value) -> BTreeSet<String> {
    let words = list.as_array().unwrap().iter();
    words
        .map(|word| word.as_str().unwrap().to_owned())
        .collect()
}

fn members(object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

/// Serde names everything that it knows when it meets what it does not know.
fn expected(error: &serde_json::Error) -> BTreeSet<String> {
    let text = error.to_string();
    let (_, list) = text.split_once("expected ").unwrap();
    let names = list.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

fn variants<T: DeserializeOwned>() -> BTreeSet<String> {
    let error = serde_json::from_value::<T>(json!("?")).err().unwrap();
    expected(&error)
}

#[test]
fn states_and_codes_are_those_of_the_code() {
    let document = document();
    let check = |name: &str, known: BTreeSet<String>| {
        assert!(!known.is_empty());
        assert_eq!(words(&named(&document, name)["enum"]), known, "{name}");
    };
    check("State", variants::<State>());
    check("ErrorCode", variants::<FieldErrorCode>());
    check("FindingCode", variants::<FindingCode>());
    check("RefusalCode", variants::<RefusalCode>());
    check("FailureCode", variants::<FailureCode>());
}

#[test]
fn grants_are_those_of_the_code() {
    let document = document();
    let listed = named(&document, "Grant")["oneOf"].as_array().unwrap();
    let kind = |grant: &Value| {
        let grant = schema(&document, grant);
        grant["properties"]["type"]["const"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let kinds: BTreeSet<_> = listed.iter().map(kind).collect();
    let unknown = serde_json::from_value::<Grant>(json!({"type": "?"}));
    assert_eq!(kinds, expected(&unknown.err().unwrap()));
}

/// What the body's reader says about a member, if anything.
fn error(body: &Value, pointer: &str) -> Option<FieldError> {
    let errors = AccessRequest::parse(body.to_string().as_bytes()).err()?;
    errors.into_iter().find(|error| error.pointer == pointer)
}

/// Takes each member away and puts an unknown one in, at each place that the schema describes.
fn members_are_read(document: &Value, place: &Value, pointer: &str, body: &Value) {
    let place = schema(document, place);
    let Some(properties) = place.get("properties") else {
        return;
    };
    assert_eq!(place["additionalProperties"], false, "{pointer}");
    let mut more = body.clone();
    more.pointer_mut(pointer).unwrap()["other"] = json!(1);
    let other = error(&more, &format!("{pointer}/other")).unwrap();
    assert_eq!(other.code, FieldErrorCode::Unknown, "{pointer}");
    // The reader names all that it knows.
    let known: BTreeSet<_> = other.detail.split('`').skip(1).step_by(2).collect();
    let described = members(properties);
    let described: BTreeSet<_> = described.iter().map(String::as_str).collect();
    assert_eq!(described, known, "members of {pointer}");
    for (name, inner) in properties.as_object().unwrap() {
        let at = format!("{pointer}/{name}");
        let mut less = body.clone();
        let object = less.pointer_mut(pointer).unwrap().as_object_mut();
        object.unwrap().remove(name);
        let code = error(&less, &at).map(|error| error.code);
        let missing = code == Some(FieldErrorCode::Missing);
        let required = words(&place["required"]).contains(name);
        assert_eq!(missing, required, "whether {at} is needed");
        if body.pointer(&at).is_some() {
            members_are_read(document, inner, &at, body);
        }
    }
}

/// Each grant of a body, by the schema of its kind.
fn grants_are_read(document: &Value, body: &Value) {
    let kinds = named(document, "Grant")["oneOf"].as_array().unwrap();
    for (index, grant) in body["grants"].as_array().unwrap().iter().enumerate() {
        let of_kind = |kind: &&Value| {
            let known = &schema(document, kind)["properties"]["type"]["const"];
            *known == grant["type"]
        };
        let place = kinds.iter().find(of_kind).unwrap();
        members_are_read(document, place, &format!("/grants/{index}"), body);
    }
}

#[test]
fn bodies_are_read_as_the_document_says() {
    let document = document();
    let place = named(&document, "NewRequest");
    let examples = place["examples"].as_array().unwrap();
    let shown: BTreeSet<_> = examples
        .iter()
        .flat_map(|body| body["grants"].as_array().unwrap())
        .map(|grant| grant["type"].as_str().unwrap().to_owned())
        .collect();
    let unknown = serde_json::from_value::<Grant>(json!({"type": "?"}));
    assert_eq!(shown, expected(&unknown.err().unwrap()), "one of each kind");
    for body in examples {
        assert!(
            AccessRequest::parse(body.to_string().as_bytes()).is_ok(),
            "{body}"
        );
        members_are_read(&document, place, "", body);
        grants_are_read(&document, body);
    }
}

#[test]
fn endings_are_read_as_the_document_says() {
    let document = document();
    let setup = setup();
    let (record, _) = setup.world.pending(&[OWNER], at(0));
    for (how, schema) in [
        ("withdraw", "NewWithdrawal"),
        ("revoke", "NewRevocation"),
        ("abandon", "NewAbandonment"),
    ] {
        let operation = &document["paths"][format!("/v1/requests/{{id}}/{how}")]["post"];
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(body["$ref"], format!("#/components/schemas/{schema}"));
        let known = members(&named(&document, schema)["properties"]);
        for name in ["reason", "by", "other"] {
            let body = json!({ name: 7 }).to_string();
            let call = super::ending::event(how, record.id().as_str(), &body, "servicenow");
            let answer = setup.send(call, 1).problem(400);
            let unknown = answer.body["errors"][0]["code"] == "unknown";
            assert_eq!(unknown, !known.contains(name), "{how} {name}");
        }
        let statuses = members(&operation["responses"]);
        assert!(
            statuses.contains("200") && !statuses.contains("202"),
            "{how}"
        );
    }
    let roles = &named(&document, "Revocation")["properties"]["by"]["properties"];
    let written = revokers().map(|by| serde_json::to_value(by).unwrap());
    let (mut kinds, mut named) = (BTreeSet::new(), BTreeSet::new());
    for by in written {
        kinds.insert(by["type"].as_str().unwrap().to_owned());
        named.extend(members(&by));
    }
    assert_eq!(words(&roles["type"]["enum"]), kinds);
    assert_eq!(members(roles), named);
}

/// Whoever revokes access, once in each role and with every member. Each leads to the next, so that
/// a new one does not compile until it has its place.
fn revokers() -> impl Iterator<Item = RevokedBy> {
    let next = |by: &RevokedBy| match by {
        RevokedBy::Client => Some(RevokedBy::Requester),
        RevokedBy::Requester => Some(RevokedBy::Beneficiary),
        RevokedBy::Beneficiary => Some(RevokedBy::Security),
        RevokedBy::Security => Some(RevokedBy::UserEnded),
        RevokedBy::UserEnded => Some(RevokedBy::Approver {
            role: ApproverRole::Owner,
            resource: OwnedResourceKind::Item,
            delegate: true,
        }),
        RevokedBy::Approver { .. } => None,
    };
    std::iter::successors(Some(RevokedBy::Client), next)
}

#[test]
fn extensions_are_read_as_the_document_says() {
    let document = document();
    let setup = setup();
    let first = super::extending::active_of(&setup.world, setup.world.request());
    let body = json!({"other": 1});
    let id = first.id().as_str();
    let answer = super::extending::extend(&setup, id, &body, "servicenow", None).problem(400);
    let place = named(&document, "NewExtension");
    let mut missing = BTreeSet::new();
    for error in answer.body["errors"].as_array().unwrap() {
        let pointer = error["pointer"].as_str().unwrap();
        if error["code"] == "missing" {
            missing.insert(pointer.trim_start_matches('/').to_owned());
        } else {
            assert_eq!((pointer, &error["code"]), ("/other", &json!("unknown")));
            let detail = error["detail"].as_str().unwrap();
            let known: BTreeSet<_> = detail.split('`').skip(1).step_by(2).collect();
            let described = members(&place["properties"]);
            assert_eq!(described, known.into_iter().map(str::to_owned).collect());
        }
    }
    assert_eq!(missing, words(&place["required"]));
}

#[test]
fn the_document_is_what_the_api_serves() {
    let setup = setup();
    let mut call = get("/v1/openapi.json", "", json!(null), "servicenow");
    let answer = setup.send(call.clone(), 0);
    assert_eq!(
        (answer.status, answer.media_type.as_str()),
        (200, "application/json")
    );
    assert_eq!(answer.body, document());
    call["httpMethod"] = json!("HEAD");
    let head = setup.send(call, 0);
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}
