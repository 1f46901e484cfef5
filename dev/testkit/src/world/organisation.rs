//! Who and what is in the organisation at first.

use snowgate_core::account::{AccountItem, GroupFacts, InlineFacts, PrincipalFacts, RoleFacts};
use snowgate_core::arn::PolicyArn;
use snowgate_core::email::MailField;
use snowgate_core::id::SysId;
use snowgate_core::slots::ApproverRole;
use snowgate_core::ticket::{JobTitle, Person, PersonName, UserAccount};

use crate::samples::ACCOUNT;

/// The guardrails of the organisation.
pub const GUARDRAILS: &str = r#"
partition = "aws"
maximum_duration = "P14D"
maximum_total = "P14D"
[servicenow]
tables = ["sc_req_item"]
security_group = "00000000000000000000000000000062"
[approvers]
mail_domains = ["meridian.example"]
per_slot = 5
[principals]
paths = ["/enrolled/"]
boundary = "SnowgateBoundary"
[security]
clients = ["watch"]
[never]
actions = ["iam:*"]
policies = []
[[reference]]
accounts = ["210987654321"]
statements = [
    { Action = "s3:*", Resource = "*" },
    { Action = "cloudwatch:Get*", Resource = "*" },
]
[[reference]]
accounts = ["320987654321"]
statements = [{ Action = ["s3:Get*", "s3:List*"], Resource = "*" }]
[[grants]]
accounts = ["210987654321"]
policies = ["arn:aws:iam::210987654321:policy/reports-read", "arn:aws:iam::210987654321:policy/reports-write"]
groups = ["arn:aws:iam::210987654321:group/granted/analysts"]
roles = ["arn:aws:iam::320987654321:role/assumable/reports-reader"]
longest_session = "PT1H"
inline_policies = true
maximum_duration = "P7D"
risk = "low"
[[grants]]
accounts = ["210987654321"]
policies = ["arn:aws:iam::210987654321:policy/keys-admin"]
maximum_duration = "P1D"
risk = "high"
"#;

/// `owned_by` of the account.
pub const OWNER: u8 = 0x10;
/// `managed_by` of the account.
pub const MANAGER: u8 = 0x11;
/// The manager of the group that supports the account.
pub const LEAD: u8 = 0x12;
/// A member of that group.
pub const MEMBER: u8 = 0x13;
/// Another member of that group.
pub const COLLEAGUE: u8 = 0x14;
/// The only member of the security group.
pub const SECURITY: u8 = 0x15;
/// The person whom the principal belongs to; not the requester.
pub const BENEFICIARY: u8 = 0x16;
/// The group that supports the account.
pub const SUPPORT_GROUP: u8 = 0x61;
/// The security group of the guardrails.
pub const SECURITY_GROUP: u8 = 0x62;

/// The `sys_id` of a person or group of the organisation.
#[must_use]
pub fn id(n: u8) -> SysId {
    format!("{n:032x}").parse().unwrap()
}

/// The person who asks in [`crate::samples::request`].
#[must_use]
pub fn requester() -> Person {
    let sys_id = "b".repeat(32).parse().unwrap();
    Person {
        sys_id,
        email: MailField::read("rita@meridian.example"),
        ..person(0)
    }
}

/// A person of the organisation: active, with a mail address.
#[must_use]
pub fn person(n: u8) -> Person {
    Person {
        sys_id: id(n),
        name: PersonName::new(&format!("Person {n:x}")),
        title: JobTitle::default(),
        active: true,
        locked_out: false,
        email: MailField::read(&address(n)),
        account: UserAccount {
            user_name: format!("person-{n:x}"),
            employee_number: format!("M{n:x}"),
        },
    }
}

/// The mail address of a person.
#[must_use]
pub fn address(n: u8) -> String {
    format!("person-{n:x}@meridian.example")
}

/// The role that a person has for the account at first; strangers pass for owners.
#[must_use]
pub fn role(person: &SysId) -> ApproverRole {
    let known = [
        (MANAGER, ApproverRole::Manager),
        (LEAD, ApproverRole::GroupManager),
        (MEMBER, ApproverRole::GroupMember),
        (COLLEAGUE, ApproverRole::GroupMember),
        (SECURITY, ApproverRole::SecurityGroup),
    ];
    let found = known.into_iter().find(|(n, _)| id(*n) == *person);
    found.map_or(ApproverRole::Owner, |(_, role)| role)
}

/// The account as the CMDB has it at first.
#[must_use]
pub fn account() -> AccountItem {
    AccountItem {
        sys_id: id(0x60),
        name: "payments".to_owned(),
        owned_by: Some(id(OWNER)),
        managed_by: Some(id(MANAGER)),
        support_group: Some(id(SUPPORT_GROUP)),
    }
}

/// The user as IAM has it at first: enrolled, belonging to [`BENEFICIARY`], with nothing attached.
#[must_use]
pub fn principal_facts() -> PrincipalFacts {
    PrincipalFacts {
        arn: format!("arn:aws:iam::{ACCOUNT}:user/enrolled/rita.chen"),
        unique_id: "AIDAEXAMPLE".to_owned(),
        path: "/enrolled/".to_owned(),
        boundary: Some(boundary().to_string()),
        owner_tag: Some(id(BENEFICIARY).as_str().to_owned()),
        attached: Vec::new(),
        inline: Vec::new(),
        groups: Vec::new(),
    }
}

/// A group of the account: one managed policy and an inline one, both to read.
#[must_use]
pub fn group_facts() -> GroupFacts {
    let arn = format!("arn:aws:iam::{ACCOUNT}:group/granted/analysts");
    GroupFacts {
        arn: arn.parse().unwrap(),
        unique_id: "AGPAEXAMPLE".to_owned(),
        attached: vec![crate::samples::policy().to_string()],
        inline: vec![InlineFacts {
            name: "metrics".to_owned(),
            document: document("cloudwatch:GetMetricData"),
        }],
    }
}

/// A role of another account that the enrolled users of the account may assume.
#[must_use]
pub fn role_facts() -> RoleFacts {
    let trust = serde_json::json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {
            "aws:PrincipalArn": format!("arn:aws:iam::{ACCOUNT}:user/enrolled/*")
        }}
    }]});
    RoleFacts {
        arn: "arn:aws:iam::320987654321:role/assumable/reports-reader"
            .parse()
            .unwrap(),
        unique_id: "AROAEXAMPLE".to_owned(),
        boundary: None,
        trust: trust.to_string(),
        longest_session: 3600,
        attached: Vec::new(),
        inline: vec![InlineFacts {
            name: "read".to_owned(),
            document: document("s3:GetObject"),
        }],
    }
}

/// The permissions boundary of enrolled principals.
#[must_use]
pub fn boundary() -> PolicyArn {
    format!("arn:aws:iam::{ACCOUNT}:policy/SnowgateBoundary")
        .parse()
        .unwrap()
}

/// Another policy that may be granted.
#[must_use]
pub fn other_policy() -> PolicyArn {
    format!("arn:aws:iam::{ACCOUNT}:policy/reports-write")
        .parse()
        .unwrap()
}

/// The document of a policy that allows one action.
#[must_use]
pub fn document(action: &str) -> String {
    serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": "*"}
    ]})
    .to_string()
}
