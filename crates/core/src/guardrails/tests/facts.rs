//! What is judged with what IAM holds.

use super::*;
use crate::guardrails::judge::MOST_POLICIES;

#[test]
fn principals_are_enrolled_and_have_room() {
    let request = request("sc_req_item", "210987654321", READ, "P2D");
    let fine = survey(managed(allowing("s3:GetObject", "*")));
    let with = |principal: PrincipalFacts| IamFacts {
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
    let guardrails = Guardrails::parse(TEXT).unwrap();
    let told = |principal: Option<&PrincipalFacts>| {
        format!("{:?}", guardrails.evaluate_enrolment(&request, principal))
    };
    for principal in odd {
        let lacks = guardrails.lacks(&request.target.account_id, Some(&principal));
        assert!(!matches!(lacks, None | Some(Unenrolled::Missing)));
        assert_eq!(told(Some(&principal)), told(None), "as if there were none");
        assert_eq!(
            refusals(&request, &with(principal)),
            [FindingCode::NotEnrolled]
        );
    }
    assert_eq!(told(Some(&facts())), "None");
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
        [FindingCode::ExceedsReference]
    );
    assert_eq!(code("{}".to_owned()), [FindingCode::Unreadable]);
    let never = code(allowing("*", "*"));
    assert_eq!(never.first(), Some(&FindingCode::DeniedAction));
    assert_eq!(
        code(allowing("iam:CreateAccessKey", "*")).first(),
        Some(&FindingCode::DeniedAction)
    );
}

#[test]
fn a_refusal_has_its_witness() {
    let request = request("sc_req_item", "210987654321", READ, "P2D");
    let found = survey(managed(allowing("s3:*Object", "arn:aws:s3:::reports/*")));
    let findings = Guardrails::parse(TEXT)
        .unwrap()
        .evaluate_facts(&request, &found);
    let beyond = findings
        .iter()
        .find(|f| f.code == FindingCode::ExceedsReference)
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
        |request: &AccessRequest| crate::finding::refusal(&guardrails.evaluate_request(request));
    assert_eq!(
        refusal(&inline("s3:GetObject", "arn:aws:s3:::reports/*")),
        None
    );
    assert_eq!(
        refusal(&inline("s3:PutObject", "arn:aws:s3:::reports/*")),
        Some(RefusalCode::ExceedsReference)
    );
    assert_eq!(
        refusal(&inline("iam:PassRole", "*")),
        Some(RefusalCode::DeniedAction)
    );
}

#[test]
fn inline_policies_fit_into_what_iam_allows() {
    let request = inline("s3:GetObject", "arn:aws:s3:::reports/*");
    let mut full = survey(vec![GrantFacts::InRequest]);
    assert_eq!(refusals(&request, &full), []);
    full.principal.inline = vec![InlineFacts {
        name: "other".to_owned(),
        document: format!("{{\"a\":\"{}\"}}", "x".repeat(1_900)),
    }];
    assert_eq!(refusals(&request, &full), [FindingCode::QuotaReached]);
}

fn role(trust: serde_json::Value, action: &str, session: u32) -> Vec<GrantFacts> {
    vec![GrantFacts::Role {
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
            vec![FindingCode::ExceedsReference],
        ),
    ];
    for (grants, expected) in table {
        assert_eq!(
            refusals(&request, &survey(grants.clone())),
            expected,
            "{grants:?}"
        );
    }
}

#[test]
fn roles_that_need_no_grant_are_not_granted() {
    let text = TEXT.replace(
        "roles = [\"arn:aws:iam::320987654321:role/assumable/reader\"]",
        "roles = [\"arn:aws:iam::210987654321:role/assumable/reader\"]",
    );
    let guardrails = Guardrails::parse(&text).unwrap();
    let request = grants(json!([{"type": "assume_role",
        "role_arn": "arn:aws:iam::210987654321:role/assumable/reader"}]));
    let codes = |statement: serde_json::Value| {
        let mut grants = role(statement, "s3:GetObject", 3600);
        if let [GrantFacts::Role { role, .. }] = &mut grants[..] {
            role.arn = "arn:aws:iam::210987654321:role/assumable/reader"
                .parse()
                .unwrap();
        }
        let findings = guardrails.evaluate_facts(&request, &survey(grants));
        let codes = findings.into_iter().map(|finding| finding.code);
        codes
            .filter(|code| code.refusal().is_some())
            .collect::<Vec<_>>()
    };
    let trusts = |principal: &str| json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"});
    let me = "arn:aws:iam::210987654321:user/enrolled/rita.chen";
    // In one account, a trust policy that names the user is enough by itself ...
    assert_eq!(codes(trusts(me)), [FindingCode::TrustsAlready]);
    // ... one that names the account leaves it to the user's own policies ...
    assert_eq!(codes(trusts("arn:aws:iam::210987654321:root")), []);
    // ... and under a condition that nobody knows yet, approvers are told of it.
    let mut with_mfa = trusts(me);
    with_mfa["Condition"] = json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
    assert_eq!(codes(with_mfa), []);
}

#[test]
fn groups_are_those_that_are_listed_and_for_users_only() {
    let request = grants(json!([{"type": "group_membership", "group": "analysts"}]));
    let group = |path: &str, action: &str| {
        let arn = format!("arn:aws:iam::210987654321:group/{path}/analysts");
        survey(vec![GrantFacts::Group {
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
        [FindingCode::ExceedsReference]
    );
    let mut of_role = request;
    of_role.target.kind = PrincipalType::Role;
    let findings = Guardrails::parse(TEXT).unwrap().evaluate_request(&of_role);
    assert_eq!(findings[0].code, FindingCode::OnlyUsers);
}

#[test]
fn nobody_is_asked_to_read_a_library() {
    let request = grants(json!([{"type": "group_membership", "group": "analysts"}]));
    let text = allowing("s3:GetObject", "*");
    let with = |n: usize| {
        survey(vec![GrantFacts::Group {
            group: GroupFacts {
                arn: "arn:aws:iam::210987654321:group/granted/analysts"
                    .parse()
                    .unwrap(),
                unique_id: "AGPAEXAMPLE".to_owned(),
                attached: vec![],
                inline: (0..n)
                    .map(|n| InlineFacts {
                        name: format!("inline-{n}"),
                        document: text.clone(),
                    })
                    .collect(),
            },
            policies: vec![],
        }])
    };
    assert_eq!(refusals(&request, &with(MOST_POLICIES)), []);
    assert_eq!(
        refusals(&request, &with(MOST_POLICIES + 1)),
        [FindingCode::TooManyPolicies]
    );
}

#[test]
fn power_is_judged_with_what_is_held_already() {
    // Alone neither leads anywhere; together they do.
    let text = TEXT.replace("Action = [\"s3:Get*\", \"s3:List*\"]", "Action = \"*\"");
    let guardrails = Guardrails::parse(&text).unwrap();
    let request = request("sc_req_item", "210987654321", READ, "P2D");
    let codes = |held: &str, granted: &str| {
        let mut survey = survey(managed(allowing(granted, "*")));
        survey.held = vec![policy("arn:aws:iam::aws:policy/Held", allowing(held, "*"))];
        let findings = guardrails.evaluate_facts(&request, &survey);
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
        crate::finding::refusal(&accepting.evaluate_facts(&request, &survey)),
        None
    );
}

#[test]
fn what_the_guardrails_accept_is_told_all_the_same() {
    let text = TEXT
        .replace("Action = [\"s3:Get*\", \"s3:List*\"]", "Action = \"*\"")
        .replacen(
            "inline_policies = true",
            "inline_policies = true\naccepted_exposures = [\"secretsmanager:GetSecretValue\", \
             \"ssm:GetParametersByPath\", \"s3:PutBucketPolicy\"]",
            1,
        );
    let guardrails = Guardrails::parse(&text).unwrap();
    let arn = "arn:aws:secretsmanager:eu-west-1:210987654321:secret:app/key";
    for (action, resource, code) in [
        (
            "secretsmanager:GetSecretValue",
            "*",
            FindingCode::ReadsSecrets,
        ),
        // No secret has this name as far as the catalogue knows.
        (
            "secretsmanager:GetSecretValue",
            arn,
            FindingCode::ReadsSecrets,
        ),
        ("ssm:GetParametersByPath", "*", FindingCode::ReadsSecrets),
        ("s3:PutBucketPolicy", "*", FindingCode::OpensResources),
    ] {
        let inline = inline(action, resource);
        let inline_facts = survey(vec![GrantFacts::InRequest]);
        let attached = request("sc_req_item", "210987654321", READ, "P2D");
        let attached_facts = survey(managed(allowing(action, resource)));
        for (request, facts) in [(inline, inline_facts), (attached, attached_facts)] {
            let found = guardrails.evaluate_facts(&request, &facts);
            assert_eq!(crate::finding::refusal(&found), None, "{action}");
            let told = found.iter().filter(|finding| finding.code == code);
            let told: Vec<&str> = told.map(|finding| finding.detail.as_str()).collect();
            let [detail] = told.as_slice() else {
                panic!("{action} on {resource}: {found:?}");
            };
            assert!(detail.ends_with(&format!(": `{action}`")), "{detail}");
        }
    }
}
