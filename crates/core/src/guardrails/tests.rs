//! The shipped guardrails and their contradictions.

use super::*;
use crate::account::{GroupFacts, InlineFacts, PolicyFacts, PrincipalFacts, RoleFacts};
use crate::record::RefusalCode;
use crate::survey::{Brought, Survey};
use serde_json::json;

pub(crate) const TEXT: &str = r#"
partition = "aws"
maximum_duration = "P7D"

[servicenow]
tables = ["sc_req_item"]
security_group = "5ec00000000000000000000000000001"

[approvers]
mail_domains = ["meridian.example"]
per_slot = 3

[principals]
paths = ["/enrolled/"]
boundary = "SnowgateBoundary"

[never]
actions = ["iam:*", "organizations:*"]
policies = ["arn:aws:iam::aws:policy/AdministratorAccess"]

[[reference]]
accounts = ["210987654321"]
[[reference.statements]]
Action = ["s3:Get*", "s3:List*"]
Resource = "*"

[[reference]]
accounts = ["320987654321"]
statements = [{ Action = "s3:GetObject", Resource = "arn:aws:s3:::archive/*" }]

[[grants]]
accounts = ["210987654321"]
policies = ["arn:aws:iam::210987654321:policy/reports-read"]
groups = ["arn:aws:iam::210987654321:group/granted/analysts"]
roles = ["arn:aws:iam::320987654321:role/assumable/reader"]
longest_session = "PT1H"
inline_policies = true
maximum_duration = "P2D"
risk = "low"

[[grants]]
accounts = ["210987654321", "320987654321"]
policies = ["arn:aws:iam::aws:policy/PowerUserAccess"]
maximum_duration = "PT1H"
risk = "high"
"#;

fn request(table: &str, account: &str, policy: &str, duration: &str) -> AccessRequest {
    let body = json!({
        "source": {"table": table, "sys_id": "aa".repeat(16), "number": "RITM0010001"},
        "requested_by": {"sys_id": "bb".repeat(16)},
        "target": {"account_id": account, "principal": {"type": "user", "name": "rita.chen"}},
        "grants": [{"type": "attach_managed_policy", "policy_arn": policy}],
        "duration": duration,
        "justification": "Quarter-end reports"
    });
    AccessRequest::parse(body.to_string().as_bytes()).unwrap()
}

const READ: &str = "arn:aws:iam::210987654321:policy/reports-read";

#[test]
fn requests_within_and_outside() {
    let guardrails = Guardrails::parse(TEXT).unwrap();
    let table = [
        (request("sc_req_item", "210987654321", READ, "P2D"), vec![]),
        (
            request("incident", "210987654321", READ, "P2D"),
            vec![("/source/table", FindingCode::TableNotAllowed)],
        ),
        (
            request("sc_req_item", "999987654321", READ, "P2D"),
            vec![("/target/account_id", FindingCode::AccountNotAllowed)],
        ),
        (
            request("sc_req_item", "320987654321", READ, "P2D"),
            vec![("/grants/0/policy_arn", FindingCode::GrantNotAllowed)],
        ),
        (
            request("sc_req_item", "210987654321", READ, "P3D"),
            vec![("/duration", FindingCode::TooLong)],
        ),
        (
            request(
                "sc_req_item",
                "320987654321",
                "arn:aws:iam::aws:policy/PowerUserAccess",
                "PT1H",
            ),
            vec![("/grants/0/policy_arn", FindingCode::NeedsSignIn)],
        ),
        (
            request(
                "incident",
                "210987654321",
                "arn:aws:iam::aws:policy/Billing",
                "P8D",
            ),
            vec![
                ("/source/table", FindingCode::TableNotAllowed),
                ("/grants/0/policy_arn", FindingCode::GrantNotAllowed),
                ("/duration", FindingCode::TooLong),
            ],
        ),
    ];
    for (request, expected) in table {
        let findings = guardrails.judge_request(&request);
        let found: Vec<_> = findings
            .iter()
            .map(|f| (f.pointer.as_str(), f.code))
            .collect();
        assert_eq!(found, expected);
    }
}

fn grants(grants: serde_json::Value) -> AccessRequest {
    let mut body =
        serde_json::to_value(request("sc_req_item", "210987654321", READ, "P2D")).unwrap();
    body["target"] =
        json!({"account_id": "210987654321", "principal": {"type": "user", "name": "rita.chen"}});
    body["requested_by"] = json!({"sys_id": "bb".repeat(16)});
    body["grants"] = grants;
    AccessRequest::parse(body.to_string().as_bytes()).unwrap()
}

fn inline(action: &str, resource: &str) -> AccessRequest {
    grants(
        json!([{"type": "inline_policy", "document": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": resource}]}}]),
    )
}

pub(crate) fn facts() -> PrincipalFacts {
    PrincipalFacts {
        arn: "arn:aws:iam::210987654321:user/enrolled/rita.chen".to_owned(),
        unique_id: "AIDAEXAMPLE".to_owned(),
        path: "/enrolled/".to_owned(),
        boundary: Some("arn:aws:iam::210987654321:policy/SnowgateBoundary".to_owned()),
        owner_tag: Some("bb".repeat(16)),
        attached: vec![],
        inline: vec![],
        groups: vec![],
    }
}

fn allowing(action: &str, resource: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": resource}]})
    .to_string()
}

fn policy(arn: &str, document: String) -> PolicyFacts {
    PolicyFacts {
        arn: arn.parse().unwrap(),
        version: "v1".to_owned(),
        document,
    }
}

pub(crate) fn survey(brought: Vec<Brought>) -> Survey {
    Survey {
        principal: facts(),
        boundary: Some(policy(
            "arn:aws:iam::210987654321:policy/SnowgateBoundary",
            allowing("*", "*"),
        )),
        brought,
        held: vec![],
        held_inline: vec![],
    }
}

fn managed(document: String) -> Vec<Brought> {
    vec![Brought::Policy(policy(READ, document))]
}

/// The codes that refuse.
fn refusals(request: &AccessRequest, survey: &Survey) -> Vec<FindingCode> {
    let guardrails = Guardrails::parse(TEXT).unwrap();
    let mut codes: Vec<FindingCode> = guardrails
        .judge_survey(request, survey)
        .into_iter()
        .map(|finding| finding.code)
        .filter(|code| code.refusal().is_some())
        .collect();
    codes.dedup();
    codes
}

#[test]
fn principals_are_enrolled_and_have_room() {
    let request = request("sc_req_item", "210987654321", READ, "P2D");
    let fine = survey(managed(allowing("s3:GetObject", "*")));
    let with = |principal: PrincipalFacts| Survey {
        principal,
        ..fine.clone()
    };
    let full = |own: bool| {
        let mut attached: Vec<String> = (0..9)
            .map(|n| format!("arn:aws:iam::aws:policy/P{n}"))
            .collect();
        attached.push(if own {
            READ.to_owned()
        } else {
            "arn:aws:iam::aws:policy/P9".to_owned()
        });
        PrincipalFacts {
            attached,
            ..facts()
        }
    };
    let other = "arn:aws:iam::320987654321:policy/SnowgateBoundary".to_owned();
    let odd = [
        PrincipalFacts {
            path: "/".to_owned(),
            ..facts()
        },
        PrincipalFacts {
            boundary: None,
            ..facts()
        },
        PrincipalFacts {
            boundary: Some(other),
            ..facts()
        },
        PrincipalFacts {
            owner_tag: None,
            ..facts()
        },
        PrincipalFacts {
            owner_tag: Some("rita".to_owned()),
            ..facts()
        },
    ];
    assert_eq!(refusals(&request, &fine), []);
    for principal in odd {
        assert_eq!(
            refusals(&request, &with(principal)),
            [FindingCode::NotEnrolled]
        );
    }
    assert_eq!(
        refusals(&request, &with(full(false))),
        [FindingCode::QuotaReached]
    );
    assert_eq!(refusals(&request, &with(full(true))), []);
}

#[test]
fn real_texts_are_proved_within_the_reference() {
    let request = request("sc_req_item", "210987654321", READ, "P2D");
    let code = |document: String| refusals(&request, &survey(managed(document)));
    assert_eq!(code(allowing("s3:Get*", "arn:aws:s3:::reports/*")), []);
    assert_eq!(
        code(allowing("s3:PutObject", "*")),
        [FindingCode::BeyondReference]
    );
    assert_eq!(code("{}".to_owned()), [FindingCode::Unreadable]);
    let never = code(allowing("*", "*"));
    assert_eq!(never.first(), Some(&FindingCode::NeverGranted));
    assert_eq!(
        code(allowing("iam:CreateAccessKey", "*")).first(),
        Some(&FindingCode::NeverGranted)
    );
}

#[test]
fn a_refusal_has_its_witness() {
    let request = request("sc_req_item", "210987654321", READ, "P2D");
    let found = survey(managed(allowing("s3:*Object", "arn:aws:s3:::reports/*")));
    let findings = Guardrails::parse(TEXT)
        .unwrap()
        .judge_survey(&request, &found);
    let beyond = findings
        .iter()
        .find(|f| f.code == FindingCode::BeyondReference)
        .unwrap();
    let evidence = beyond.evidence.as_ref().unwrap();
    assert_eq!(
        (evidence.policy.as_str(), evidence.place.as_str()),
        (READ, "Statement[0]")
    );
    let witness = evidence.witness.as_ref().unwrap();
    assert!(witness.action.starts_with("s3:") && !witness.action.starts_with("s3:Get"));
    assert!(witness.resource.starts_with("arn:aws:s3:::reports/"));
    assert_eq!(beyond.pointer, "/grants/0/policy_arn");
    let again: Finding = serde_json::from_str(&serde_json::to_string(beyond).unwrap()).unwrap();
    assert_eq!(again, *beyond);
}

#[test]
fn inline_policies_are_judged_before_anything_is_kept() {
    let guardrails = Guardrails::parse(TEXT).unwrap();
    let refusal =
        |request: &AccessRequest| crate::finding::refusal(&guardrails.judge_request(request));
    assert_eq!(
        refusal(&inline("s3:GetObject", "arn:aws:s3:::reports/*")),
        None
    );
    assert_eq!(
        refusal(&inline("s3:PutObject", "arn:aws:s3:::reports/*")),
        Some(RefusalCode::BeyondReference)
    );
    assert_eq!(
        refusal(&inline("iam:PassRole", "*")),
        Some(RefusalCode::NeverGranted)
    );
}

#[test]
fn inline_policies_fit_into_what_iam_allows() {
    let request = inline("s3:GetObject", "arn:aws:s3:::reports/*");
    let mut full = survey(vec![Brought::Inline]);
    assert_eq!(refusals(&request, &full), []);
    full.principal.inline = vec![InlineFacts {
        name: "other".to_owned(),
        document: format!("{{\"a\":\"{}\"}}", "x".repeat(1_900)),
    }];
    assert_eq!(refusals(&request, &full), [FindingCode::QuotaReached]);
}

fn role(trust: serde_json::Value, action: &str, session: u32) -> Vec<Brought> {
    vec![Brought::Role {
        role: RoleFacts {
            arn: "arn:aws:iam::320987654321:role/assumable/reader"
                .parse()
                .unwrap(),
            unique_id: "AROAEXAMPLE".to_owned(),
            boundary: None,
            trust: json!({"Version": "2012-10-17", "Statement": [trust]}).to_string(),
            longest_session: session,
            attached: vec![],
            inline: vec![InlineFacts {
                name: "read".to_owned(),
                document: allowing(action, "arn:aws:s3:::archive/*"),
            }],
        },
        policies: vec![],
        boundary: None,
    }]
}

#[test]
fn roles_must_trust_and_stay_within_the_reference_of_their_own_account() {
    let request = grants(json!([{"type": "assume_role",
        "role_arn": "arn:aws:iam::320987654321:role/assumable/reader"}]));
    let trusts = |principal: &str| json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"});
    let mut with_mfa = trusts("arn:aws:iam::210987654321:root");
    with_mfa["Condition"] = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    let me = "arn:aws:iam::210987654321:user/enrolled/rita.chen";
    let table = [
        (
            role(
                trusts("arn:aws:iam::210987654321:root"),
                "s3:GetObject",
                3600,
            ),
            vec![],
        ),
        (role(trusts(me), "s3:GetObject", 3600), vec![]),
        (role(with_mfa, "s3:GetObject", 3600), vec![]),
        (
            role(
                trusts("arn:aws:iam::430987654321:root"),
                "s3:GetObject",
                3600,
            ),
            vec![FindingCode::RoleDoesNotTrust],
        ),
        (
            role(
                trusts("arn:aws:iam::210987654321:user/enrolled/other"),
                "s3:GetObject",
                3600,
            ),
            vec![FindingCode::RoleDoesNotTrust],
        ),
        (
            role(trusts(me), "s3:GetObject", 7200),
            vec![FindingCode::SessionTooLong],
        ),
        (
            role(trusts(me), "s3:PutObject", 3600),
            vec![FindingCode::BeyondReference],
        ),
    ];
    for (brought, expected) in table {
        assert_eq!(
            refusals(&request, &survey(brought.clone())),
            expected,
            "{brought:?}"
        );
    }
}

#[test]
fn groups_are_those_that_are_listed_and_for_users_only() {
    let request = grants(json!([{"type": "group_membership", "group": "analysts"}]));
    let group = |path: &str, action: &str| {
        let arn = format!("arn:aws:iam::210987654321:group/{path}/analysts");
        survey(vec![Brought::Group {
            group: GroupFacts {
                arn: arn.parse().unwrap(),
                unique_id: "AGPAEXAMPLE".to_owned(),
                attached: vec![READ.to_owned()],
                inline: vec![],
            },
            policies: vec![policy(READ, allowing(action, "*"))],
        }])
    };
    assert_eq!(refusals(&request, &group("granted", "s3:GetObject")), []);
    assert_eq!(
        refusals(&request, &group("other", "s3:GetObject")),
        [FindingCode::GrantNotAllowed]
    );
    assert_eq!(
        refusals(&request, &group("granted", "s3:PutObject")),
        [FindingCode::BeyondReference]
    );
    let mut of_role = request;
    of_role.target.kind = PrincipalType::Role;
    let findings = Guardrails::parse(TEXT).unwrap().judge_request(&of_role);
    assert_eq!(findings[0].code, FindingCode::OnlyUsers);
}

#[test]
fn power_is_judged_with_what_is_held_already() {
    // Alone neither leads anywhere; together they do.
    let text = TEXT
        .replace("[\"iam:*\", \"organizations:*\"]", "[\"organizations:*\"]")
        .replace("Action = [\"s3:Get*\", \"s3:List*\"]", "Action = \"*\"");
    let guardrails = Guardrails::parse(&text).unwrap();
    let request = request("sc_req_item", "210987654321", READ, "P2D");
    let codes = |held: &str, granted: &str| {
        let mut survey = survey(managed(allowing(granted, "*")));
        survey.held = vec![policy("arn:aws:iam::aws:policy/Held", allowing(held, "*"))];
        let findings = guardrails.judge_survey(&request, &survey);
        findings
            .into_iter()
            .map(|finding| finding.code)
            .collect::<Vec<_>>()
    };
    assert!(codes("s3:GetObject", "iam:AttachUserPolicy").contains(&FindingCode::Escalates));
    assert!(!codes("iam:AttachUserPolicy", "s3:ListBucket").contains(&FindingCode::Escalates));
    assert!(
        codes("lambda:CreateFunction", "iam:PassRole")
            .iter()
            .all(|c| *c != FindingCode::Escalates)
    );
    let both = codes("lambda:*", "iam:PassRole");
    assert!(both.contains(&FindingCode::MayEscalate), "{both:?}");
    assert!(codes("s3:GetObject", "s3:PutBucketPolicy").contains(&FindingCode::ExposesResources));
    let accepted = text.replacen(
        "inline_policies = true",
        "inline_policies = true\naccepted_exposures = [\"s3:PutBucketPolicy\"]",
        1,
    );
    let accepting = Guardrails::parse(&accepted).unwrap();
    let survey = survey(managed(allowing("s3:PutBucketPolicy", "*")));
    assert_eq!(
        crate::finding::refusal(&accepting.judge_survey(&request, &survey)),
        None
    );
}

#[test]
fn what_is_newly_permitted_is_shown_with_a_witness() {
    let old = Guardrails::parse(TEXT).unwrap();
    let widened = |good: &str, bad: &str| {
        let text = TEXT.replacen(good, bad, 1);
        assert_ne!(text, TEXT, "{good}");
        Guardrails::parse(&text).unwrap().widened_from(&old)
    };
    assert_eq!(old.widened_from(&old), []);
    let more = widened(
        "\"s3:Get*\", \"s3:List*\"",
        "\"s3:Get*\", \"s3:List*\", \"s3:PutObject\"",
    );
    let [
        Widening::Reference {
            account,
            witness: Some(witness),
        },
    ] = &more[..]
    else {
        panic!("{more:?}");
    };
    assert_eq!(
        (account.as_str(), witness.action.as_str()),
        ("210987654321", "s3:PutObject")
    );
    let fewer = widened("\"s3:Get*\", \"s3:List*\"", "\"s3:Get*\"");
    assert_eq!(fewer, [], "less is nothing new");
    let never = widened("\"iam:*\", \"organizations:*\"", "\"organizations:*\"");
    assert_eq!(never, [], "what the reference does not allow stays out");
    assert!(matches!(
        &widened("maximum_duration = \"P2D\"", "maximum_duration = \"P3D\"")[0],
        Widening::Longer { before, now, .. } if before < now
    ));
    assert!(
        matches!(&widened("policy/reports-read\"", "policy/reports-write\"")[..], [Widening::Grant { what, .. }] if what.ends_with("reports-write"))
    );
    assert!(matches!(
        &widened("risk = \"high\"", "risk = \"low\"")[0],
        Widening::LowerRisk { .. }
    ));
    assert!(matches!(
        &widened("[\"meridian.example\"]", "[\"meridian.example\", \"evil.example\"]")[..],
        [Widening::People { setting: "approvers.mail_domains", value }] if value == "evil.example"
    ));
}

#[test]
fn contradictions_are_all_told() {
    let broken = [
        ("partition = \"aws\"", "partition = \"moon\""),
        ("maximum_duration = \"P7D\"", "maximum_duration = \"P1D\""),
        ("tables = [\"sc_req_item\"]", "tables = []"),
        ("per_slot = 3", "per_slot = 0"),
        (
            "mail_domains = [\"meridian.example\"]",
            "mail_domains = [\"Meridian.example\"]",
        ),
        ("paths = [\"/enrolled/\"]", "paths = [\"/\"]"),
        ("actions = [\"iam:*\", \"organizations:*\"]", "actions = []"),
        ("\"iam:*\"", "\"iam\""),
        ("\"iam:*\"", "\"iamm:*\""),
        ("longest_session = \"PT1H\"\n", ""),
        (
            "Action = [\"s3:Get*\", \"s3:List*\"]",
            "Acton = \"s3:Get*\"",
        ),
        (
            "Action = [\"s3:Get*\", \"s3:List*\"]",
            "Action = \"s3:Gett*\"",
        ),
        (
            "accounts = [\"320987654321\"]\nstatements",
            "accounts = [\"430987654321\"]\nstatements",
        ),
        (
            "accounts = [\"320987654321\"]\nstatements",
            "accounts = [\"210987654321\"]\nstatements",
        ),
        ("policy/AdministratorAccess", "policy/PowerUserAccess"),
        (
            "\"210987654321\", \"320987654321\"]\npolicies = [\"arn:aws:iam::aws:policy/PowerUserAccess\"]",
            "\"210987654321\", \"320987654321\"]\npolicies = [\"arn:aws:iam::210987654321:policy/reports-read\"]",
        ),
    ];
    for (good, bad) in broken {
        let text = TEXT.replace(good, bad);
        assert_ne!(text, TEXT, "{good}");
        let error = Guardrails::parse(&text).unwrap_err();
        assert!(
            matches!(error, GuardrailsError::Contradiction(_)),
            "{bad}: {error}"
        );
    }
    for (good, bad) in [
        ("210987654321", "2109"),
        ("risk = \"low\"", "risk = \"none\""),
        ("[never]", "[never]\nextra = 1"),
    ] {
        let error = Guardrails::parse(&TEXT.replace(good, bad)).unwrap_err();
        assert!(
            matches!(error, GuardrailsError::Unreadable(_)),
            "{bad}: {error}"
        );
    }
}
