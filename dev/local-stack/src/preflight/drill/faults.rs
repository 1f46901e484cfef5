//! The faults: what is put in, and how it is taken out.

use serde_json::{Value, json};
use snowgate::preflight::PreflightResult;

use crate::aws;

/// The account that faults are put into.
pub(super) const ACCOUNT: &str = "210987654321";

/// A fault, how it is taken out again, and the result that it must lead to.
pub(super) struct DrillFault {
    pub(super) name: &'static str,
    pub(super) inject: Vec<Value>,
    pub(super) restore: Vec<Value>,
    /// Armed in the emulator instead.
    pub(super) emulator: Option<Value>,
    pub(super) check: &'static str,
    pub(super) about: &'static str,
}

impl DrillFault {
    /// Whether it was found, with what to do.
    pub(super) fn is_among(&self, results: &[PreflightResult]) -> bool {
        let named =
            |result: &&PreflightResult| result.check == self.check && result.about == self.about;
        let mut named = results.iter().filter(named);
        named.any(|result| !result.ok && !result.remedy.is_empty())
    }
}

pub(super) fn fault(
    name: &'static str,
    inject: Vec<Value>,
    restore: Vec<Value>,
    check: &'static str,
    about: &'static str,
) -> DrillFault {
    DrillFault {
        name,
        inject,
        restore,
        emulator: None,
        check,
        about,
    }
}

pub(super) fn hub(service: &str, operation: &str, arguments: &Value) -> Value {
    aws::call("test", service, operation, arguments)
}

pub(super) fn member(operation: &str, arguments: &Value) -> Value {
    aws::call(ACCOUNT, "iam", operation, arguments)
}

pub(super) fn put_rights(document: &Value) -> Value {
    let arguments = json!({"RoleName": "snowgate-dispatcher", "PolicyName": "rights", "PolicyDocument": document.to_string()});
    hub("iam", "put_role_policy", &arguments)
}

/// What can be wrong with the secrets, and with the users whose credentials they hold. Each secret
/// by its ARN and value: the clients', the reading and the writing user's.
pub(super) fn secrets(
    clients: (&str, &str),
    read: (&str, &str),
    write: (&str, &str),
) -> Vec<DrillFault> {
    let wrong = json!({"username": "snowgate.read", "password": "not-this-one"}).to_string();
    let swap = |name, (arn, value): (&str, &str), by: &str, check, about| {
        let (inject, restore) = (put_secret(arn, by), put_secret(arn, value));
        fault(name, vec![inject], vec![restore], check, about)
    };
    let shape = "secrets";
    let (reading, writing) = ("servicenow read", "servicenow write");
    let ticket = "sc_req_item";
    vec![
        swap(
            "clients without shape",
            clients,
            "{\"clients\":[]}",
            shape,
            "clients",
        ),
        swap(
            "a password alone",
            read,
            "{\"password\":\"x\"}",
            shape,
            "servicenow-read",
        ),
        swap("no JSON", write, "secret", shape, "servicenow-write"),
        swap("a refused password", read, &wrong, reading, ""),
        swap(
            "a reader that writes",
            read,
            write.1,
            reading,
            "sc_req_item, writing",
        ),
        swap("a writer that only reads", write, read.1, writing, ticket),
    ]
}

/// What can be wrong with mail.
pub(super) fn mail() -> Vec<DrillFault> {
    let ses = |operation: &str, arguments: &Value| hub("sesv2", operation, arguments);
    let identity = json!({"EmailIdentity": crate::hub::SENDER});
    let set = "snowgate-emails";
    let production = |enabled: bool| {
        let details = json!({"ProductionAccessEnabled": enabled, "MailType": "TRANSACTIONAL",
                             "WebsiteURL": "https://brightwater.example", "UseCaseDescription": "e-mails"});
        ses("put_account_details", &details)
    };
    let sending = |enabled: bool| {
        let arguments = json!({"ConfigurationSetName": set, "SendingEnabled": enabled});
        ses("put_configuration_set_sending_options", &arguments)
    };
    let delivery = |policy: &str| {
        ses(
            "put_configuration_set_delivery_options",
            &json!({"ConfigurationSetName": set, "TlsPolicy": policy}),
        )
    };
    let clicks = json!({"ConfigurationSetName": set, "EventDestinationName": "clicks", "EventDestination": {
        "Enabled": true, "MatchingEventTypes": ["CLICK"],
        "SnsDestination": {"TopicArn": "arn:aws:sns:eu-west-1:000000000000:snowgate-alarms"}}});
    let unclick = json!({"ConfigurationSetName": set, "EventDestinationName": "clicks"});
    vec![
        fault(
            "an unknown sender",
            vec![ses("delete_email_identity", &identity)],
            vec![crate::hub::verify_sender()],
            "sender",
            "",
        ),
        fault(
            "the sandbox",
            vec![production(false)],
            vec![production(true)],
            "sandbox",
            "",
        ),
        fault(
            "paused sending",
            vec![sending(false)],
            vec![sending(true)],
            "e-mail",
            "sending",
        ),
        fault(
            "tracked clicks",
            vec![ses("create_configuration_set_event_destination", &clicks)],
            vec![ses("delete_configuration_set_event_destination", &unclick)],
            "e-mail",
            "tracking",
        ),
        fault(
            "e-mail in the clear",
            vec![delivery("OPTIONAL")],
            vec![delivery("REQUIRE")],
            "e-mail",
            "TLS",
        ),
    ]
}

/// What can be wrong with who is trusted.
pub(super) fn trusts(member_trust: &Value, read_trust: &Value) -> Vec<DrillFault> {
    let put = |role: &str, document: &Value| {
        member(
            "update_assume_role_policy",
            &json!({"RoleName": role, "PolicyDocument": document.to_string()}),
        )
    };
    let changed = |document: &Value, change: &dyn Fn(&mut Value)| {
        let mut document = document.clone();
        document.pointer_mut("/Statement/0/Condition").map(change);
        document
    };
    let anybody = changed(member_trust, &|condition| {
        drop(
            condition
                .as_object_mut()
                .and_then(|all| all.remove("ArnEquals")),
        )
    });
    let other = changed(member_trust, &|condition| {
        replace(condition, "/StringEquals/sts:ExternalId", "another")
    });
    let none = changed(read_trust, &|condition| {
        drop(
            condition
                .as_object_mut()
                .and_then(|all| all.remove("StringEquals")),
        )
    });
    let elsewhere = changed(read_trust, &|condition| {
        replace(
            condition,
            "/ArnEquals/aws:PrincipalArn",
            "arn:aws:iam::000000000000:role/other-dispatcher",
        )
    });
    let one = |name, role, document: &Value, old: &Value, check| {
        fault(
            name,
            vec![put(role, document)],
            vec![put(role, old)],
            check,
            ACCOUNT,
        )
    };
    vec![
        one(
            "a member role that trusts all of the hub",
            "SnowgateMember",
            &anybody,
            member_trust,
            "member role",
        ),
        one(
            "another external id",
            "SnowgateMember",
            &other,
            member_trust,
            "member role",
        ),
        one(
            "no external id",
            "SnowgateRead",
            &none,
            read_trust,
            "read role",
        ),
        one(
            "another hub's dispatcher",
            "SnowgateRead",
            &elsewhere,
            read_trust,
            "read role",
        ),
    ]
}

fn replace(document: &mut Value, path: &str, by: &str) {
    if let Some(value) = document.pointer_mut(path) {
        *value = json!(by);
    }
}

/// What can be wrong with the lists of the member role.
pub(super) fn listed(document: &Value) -> Vec<DrillFault> {
    let put = |document: &Value| {
        let arguments = json!({"RoleName": "SnowgateMember", "PolicyName": "member", "PolicyDocument": document.to_string()});
        member("put_role_policy", &arguments)
    };
    let text = document.to_string();
    let stale = text.replace("policy/reports-write", "policy/reports-old");
    let wide = text.replace(":user/enrolled/*", ":user/*");
    let loose = text.replace("iam:PermissionsBoundary", "aws:RequestedRegion");
    [
        ("a stale list of policies", stale),
        ("all users", wide),
        ("no boundary asked for", loose),
    ]
    .into_iter()
    .map(|(name, changed)| {
        let changed = serde_json::from_str(&changed).unwrap_or_default();
        fault(
            name,
            vec![put(&changed)],
            vec![put(document)],
            "member role",
            ACCOUNT,
        )
    })
    .collect()
}

/// A policy without the statements that allow an action.
pub(super) fn without(document: &Value, action: &str) -> Value {
    let mut document = document.clone();
    let names = |statement: &Value| match statement.get("Action") {
        Some(Value::Array(all)) => all.iter().any(|one| one == action),
        one => one.and_then(Value::as_str) == Some(action),
    };
    if let Some(statements) = document.get_mut("Statement").and_then(Value::as_array_mut) {
        statements.retain(|statement| !names(statement));
    }
    document
}

/// A boundary that lets its carrier change IAM. Mended by a version with the old text: not every
/// model of IAM can go back to a version.
pub(super) fn wide_boundary(document: &Value, newest: u32) -> DrillFault {
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/SnowgateBoundary");
    let all = json!({"Version": "2012-10-17",
                     "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let version = |document: &Value| {
        let arguments =
            json!({"PolicyArn": arn, "PolicyDocument": document.to_string(), "SetAsDefault": true});
        member("create_policy_version", &arguments)
    };
    let remove = |n: u32| {
        let arguments = json!({"PolicyArn": arn, "VersionId": format!("v{n}")});
        member("delete_policy_version", &arguments)
    };
    fault(
        "a boundary that bounds nothing",
        vec![version(&all)],
        vec![version(document), remove(newest), remove(newest + 1)],
        "boundary",
        ACCOUNT,
    )
}

/// What can be wrong with the instance.
pub(super) fn servicenow() -> Vec<DrillFault> {
    let armed = |name, fault: Value, check, about| DrillFault {
        name,
        inject: Vec::new(),
        restore: Vec::new(),
        emulator: Some(fault),
        check,
        about,
    };
    vec![
        armed(
            "a hidden field",
            json!({"table": "sys_user", "count": 0, "fault": {"kind": "hidden_field", "fields": ["email"]}}),
            "servicenow read",
            "sys_user",
        ),
        armed(
            "delegates that cannot be read",
            json!({"table": "sys_user_delegate", "count": 0, "fault": {"kind": "failure", "message": "User Not Authorized", "detail": null, "status": 403}}),
            "servicenow read",
            "sys_user_delegate",
        ),
        armed(
            "an instance that sleeps",
            json!({"count": 0, "fault": {"kind": "unavailable"}}),
            "servicenow write",
            "",
        ),
    ]
}

fn put_secret(arn: &str, value: &str) -> Value {
    hub(
        "secretsmanager",
        "put_secret_value",
        &json!({"SecretId": arn, "SecretString": value}),
    )
}
