//! Findings and contradictions that name something: each name stands in quotes, and speaks for nobody.

use iam_policy::foreign::{TextPart, parts, visible};
use serde_json::{Value, json};

use super::users::of_a_hostile_user;
use super::*;

/// What somebody calls things, to end our quotes and go on in our words.
const HOSTILE: &str = "zqxj` was checked and may pass `";

/// A kind of finding, what its sentence names, and what was found.
type Row = (FindingCode, String, Vec<Finding>);

/// What of a sentence is ours, and what is quoted in it.
fn taken_apart(sentence: &str) -> (String, Vec<String>) {
    let (mut ours, mut quoted) = (String::new(), Vec::new());
    for part in parts(sentence) {
        match part {
            TextPart::Ours(words) => ours.push_str(words),
            TextPart::Foreign(foreign) | TextPart::Whole(foreign) => quoted.push(foreign.into()),
        }
    }
    (ours, quoted)
}

#[track_caller]
fn quotes(sentence: &str, named: &str) {
    let (ours, quoted) = taken_apart(sentence);
    let shown = visible(named);
    assert!(quoted.iter().any(|one| one.contains(&shown)), "{sentence}");
    assert!(!ours.contains("zqxj"), "{sentence}");
}

fn of_request(code: FindingCode, named: &str, request: &AccessRequest) -> Row {
    let guardrails = Guardrails::parse(TEXT).unwrap();
    (code, named.to_owned(), guardrails.evaluate_request(request))
}

fn of_facts(code: FindingCode, named: &str, request: &AccessRequest, facts: GrantFacts) -> Row {
    let guardrails = Guardrails::parse(TEXT).unwrap();
    let found = guardrails.evaluate_facts(request, &survey(vec![facts]));
    (code, named.to_owned(), found)
}

fn asking(code: FindingCode, named: &str, grant: Value) -> Row {
    of_request(code, named, &grants(json!([grant])))
}

fn inline_statement(code: FindingCode, named: &str, members: Value) -> Row {
    let mut statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
    let all = statement.as_object_mut().unwrap();
    all.extend(members.as_object().unwrap().clone());
    let document = json!({"Version": "2012-10-17", "Statement": [statement]});
    asking(
        code,
        named,
        json!({"type": "inline_policy", "document": document}),
    )
}

fn attached(code: FindingCode, named: &str, action: &str, resource: &str) -> Row {
    let request = request("sc_req_item", "210987654321", READ, "P2D");
    let facts = GrantFacts::Policy(policy(READ, allowing(action, resource)));
    of_facts(code, named, &request, facts)
}

const READER: &str = "arn:aws:iam::320987654321:role/assumable/reader";

/// A role without policies that trusts as this statement says.
fn role(arn: &str, session: u32, trust: &Value) -> GrantFacts {
    let role = RoleFacts {
        arn: arn.parse().unwrap(),
        unique_id: "AROAEXAMPLE".to_owned(),
        boundary: None,
        trust: json!({"Version": "2012-10-17", "Statement": [trust]}).to_string(),
        longest_session: session,
        attached: vec![],
        inline: vec![],
    };
    GrantFacts::Role {
        role,
        policies: vec![],
        boundary: None,
    }
}

/// A role whose sessions last this long and that is trusted under this condition.
fn assumed(code: FindingCode, named: &str, session: u32, condition: Value) -> Row {
    let request = grants(json!([{"type": "assume_role", "role_arn": READER}]));
    let trust = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Condition": condition,
        "Principal": {"AWS": "arn:aws:iam::210987654321:root"}});
    of_facts(code, named, &request, role(READER, session, &trust))
}

/// A role that trusts a user of its own account by name.
fn trusting(code: FindingCode, named: &str) -> Row {
    let here = |text: &str| text.replace("320987654321:role", "210987654321:role");
    let guardrails = Guardrails::parse(&here(TEXT)).unwrap();
    let request = grants(json!([{"type": "assume_role", "role_arn": here(READER)}]));
    let trust = json!({"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": facts().arn}});
    let facts = role(&here(READER), 3600, &trust);
    let found = guardrails.evaluate_facts(&request, &survey(vec![facts]));
    (code, named.to_owned(), found)
}

fn not_enrolled(named: &str) -> Row {
    let guardrails = Guardrails::parse(TEXT).unwrap();
    let request = request("sc_req_item", "210987654321", READ, "P2D");
    let found = guardrails.evaluate_enrolment(&request, None).into_iter();
    let found = found.collect();
    (FindingCode::NotEnrolled, named.to_owned(), found)
}

fn joined(code: FindingCode, named: &str) -> Row {
    let request = grants(json!([{"type": "group_membership", "group": "analysts"}]));
    let group = GroupFacts {
        arn: "arn:aws:iam::210987654321:group/elsewhere/analysts"
            .parse()
            .unwrap(),
        unique_id: "AGPAEXAMPLE".to_owned(),
        attached: vec![],
        inline: vec![],
    };
    let policies = vec![];
    let facts = GrantFacts::Group { group, policies };
    of_facts(code, named, &request, facts)
}

fn creating(code: FindingCode, named: &str) -> Row {
    (code, named.to_owned(), of_a_hostile_user())
}

fn rows() -> Vec<Row> {
    let h = HOSTILE;
    let key = format!("aws:PrincipalTag/{h}");
    let object = format!("arn:aws:s3:::{h}");
    let trusted_if = |key: &str| json!({"StringEquals": {key: "x"}});
    let write = "arn:aws:iam::210987654321:policy/reports-write";
    let other_role = "arn:aws:iam::320987654321:role/assumable/writer";
    vec![
        of_request(
            FindingCode::TableNotAllowed,
            "incident",
            &request("incident", "210987654321", READ, "P2D"),
        ),
        asking(
            FindingCode::GrantNotAllowed,
            "reports-write",
            json!({"type": "attach_managed_policy", "policy_arn": write}),
        ),
        asking(
            FindingCode::GrantNotAllowed,
            "writer",
            json!({"type": "assume_role", "role_arn": other_role}),
        ),
        asking(
            FindingCode::GrantNotAllowed,
            "writers",
            json!({"type": "group_membership", "group": "writers"}),
        ),
        joined(FindingCode::GrantNotAllowed, "analysts"),
        creating(FindingCode::NameNotAllowed, "ci-"),
        creating(FindingCode::TagNotAllowed, "Team"),
        creating(
            FindingCode::NoBoundary,
            "arn:aws:iam::210987654321:policy/SnowgateBoundary",
        ),
        trusting(FindingCode::TrustsAlready, "reader"),
        not_enrolled("rita.chen"),
        not_enrolled("/enrolled/"),
        not_enrolled("arn:aws:iam::210987654321:policy/SnowgateBoundary"),
        not_enrolled("snowgate:owner"),
        of_request(
            FindingCode::NeedsSignIn,
            "PowerUserAccess",
            &request(
                "sc_req_item",
                "320987654321",
                "arn:aws:iam::aws:policy/PowerUserAccess",
                "PT1H",
            ),
        ),
        assumed(FindingCode::SessionTooLong, "reader", 7200, json!({})),
        assumed(FindingCode::TrustDepends, h, 3600, trusted_if(&key)),
        assumed(FindingCode::TrustDepends, "reader", 3600, trusted_if(&key)),
        assumed(
            FindingCode::RoleDoesNotTrust,
            "reader",
            3600,
            trusted_if("aws:PrincipalArn"),
        ),
        attached(FindingCode::DeniedAction, h, "iam:GetUser", &object),
        attached(FindingCode::ExceedsReference, h, "s3:PutObject", &object),
        attached(
            FindingCode::ExceedsReference,
            "s3:PutObject",
            "s3:PutObject",
            &object,
        ),
        attached(
            FindingCode::NamesOtherAccounts,
            &format!("3{h}"),
            "s3:GetObject",
            &format!("arn:aws:s3:eu-west-1:3{h}:x"),
        ),
        attached(FindingCode::ReadsData, "s3:GetObject", "s3:GetObject", "*"),
        attached(
            FindingCode::EveryResource,
            "s3:GetObject",
            "s3:GetObject",
            "*",
        ),
        attached(FindingCode::WholeService, "s3", "s3:*", "*"),
        attached(
            FindingCode::ExposesResources,
            "s3:PutBucketPolicy",
            "s3:PutBucketPolicy",
            "*",
        ),
        attached(
            FindingCode::ExposesCredentials,
            "secretsmanager:GetSecretValue",
            "secretsmanager:GetSecretValue",
            "*",
        ),
        attached(
            FindingCode::Escalates,
            "iam:CreatePolicyVersion",
            "iam:CreatePolicyVersion",
            "*",
        ),
        attached(
            FindingCode::MayEscalate,
            "iam:AttachUserPolicy",
            "iam:AttachUserPolicy",
            "arn:aws:iam::210987654321:user/enrolled/rita.chen",
        ),
        inline_statement(
            FindingCode::PartitionNotAllowed,
            h,
            json!({"Resource": format!("arn:aws-cn:s3:::{h}")}),
        ),
        inline_statement(
            FindingCode::LimitedToAccounts,
            h,
            json!({"Action": "sqs:SendMessage", "Resource": format!("arn:aws:sqs:eu-west-1:*:{h}")}),
        ),
        inline_statement(
            FindingCode::AccountNotNamed,
            h,
            json!({"Action": "sqs:SendMessage", "Resource": format!("arn:aws:sqs:eu-west-1:*:{h}"),
                "Condition": {"StringEqualsIfExists": {"aws:ResourceAccount": "x"}}}),
        ),
        inline_statement(
            FindingCode::PermitsNothing,
            "S3:Delimiter",
            json!({"Condition": {"StringEquals": {"S3:Delimiter": "x"}}}),
        ),
        inline_statement(
            FindingCode::ProbablyWrong,
            h,
            json!({"Condition": {"StringEquals": {format!("aws:{h}"): "x"}}}),
        ),
    ]
}

/// Findings whose sentences hold our words and numbers alone, or are told apart above: those that the
/// guardrails accept have the words of those that they do not.
const PLAIN: &[FindingCode] = &[
    FindingCode::AccountNotAllowed,
    FindingCode::TooLong,
    FindingCode::TooLongInTotal,
    FindingCode::OnlyUsers,
    FindingCode::CannotEnd,
    FindingCode::Unreadable,
    FindingCode::NotProven,
    FindingCode::QuotaReached,
    FindingCode::TooManyPolicies,
    FindingCode::ReadsSecrets,
    FindingCode::OpensResources,
    FindingCode::NoManager,
    FindingCode::WithoutManager,
];

#[test]
fn what_a_finding_names_stands_in_quotes_alone() {
    for (code, named, found) in rows() {
        let mut of_code = found.iter().filter(|finding| finding.code == code);
        let shown = visible(&named);
        let shows = |finding: &&Finding| {
            let (_, quoted) = taken_apart(&finding.detail);
            quoted.iter().any(|one| one.contains(&shown))
        };
        let finding = of_code.find(shows);
        let finding = finding.unwrap_or_else(|| panic!("{code:?} of {named}: {found:?}"));
        quotes(&finding.detail, &named);
        for finding in found {
            assert!(
                !taken_apart(&finding.detail).0.contains("zqxj"),
                "{finding:?}"
            );
        }
    }
    for code in FindingCode::ALL {
        let has_row = rows().iter().any(|(of_row, ..)| of_row == code);
        assert_ne!(has_row, PLAIN.contains(code), "{code:?}");
    }
}

/// What the guardrails file names where it contradicts itself.
#[test]
fn what_a_contradiction_names_stands_in_quotes_alone() {
    let h = HOSTILE;
    let listed = format!("\"{h}\"");
    let item = |resource: &str| {
        let id = "cc".repeat(16);
        format!(
            "[[items]]\nsys_id = \"{id}\"\naccounts = [\"210987654321\"]\nresources = [\"{resource}\"]\n"
        )
    };
    let before = |items: &str| format!("{items}\n[[grants]]\naccounts = [\"210987654321\"]");
    let grants = "[[grants]]\naccounts = [\"210987654321\"]";
    let bucket = "arn:aws:s3:::reports";
    let twice = before(&(item(bucket) + &item(bucket)));
    let other = item(bucket).replace("cccc", "dddd");
    let shared = before(&(item(bucket) + &other));
    let queue = format!("arn:aws:sqs:eu-west-1:430987654321:{h}");
    let broad = "arn:aws:iam::aws:policy/PowerUserAccess";
    let boundary = "arn:aws:iam::210987654321:policy/SnowgateBoundary";
    let (role, group) = (READER, "arn:aws:iam::210987654321:group/granted/analysts");
    let (role_elsewhere, group_elsewhere) = (
        role.replace("aws:iam", "aws-cn:iam"),
        group.replace("210987654321", "430987654321"),
    );
    let broad_elsewhere = broad.replace("aws:iam", "aws-cn:iam");
    let accepting = format!("inline_policies = true\naccepted_exposures = [{listed}]");
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    for (good, bad, named, words) in [
        ("\"aws\"", listed.as_str(), h, "is none that AWS has"),
        ("\"meridian.example\"", &listed, h, "is not a mail domain"),
        ("\"/enrolled/\"", &listed, h, "is not a path"),
        ("\"organizations:*\"", &listed, h, "matches no action"),
        (
            "inline_policies = true",
            &accepting,
            h,
            "the name of one action",
        ),
        (grants, &twice, &"cc".repeat(16), "is mapped above"),
        (grants, &shared, bucket, "belongs to an item above"),
        (grants, &before(&item(h)), h, "item"),
        (
            grants,
            &before(&item(&queue)),
            &queue,
            "in no account of the item",
        ),
        (
            role,
            &role_elsewhere,
            &role_elsewhere,
            "is of another partition",
        ),
        (
            group,
            &group_elsewhere,
            &group_elsewhere,
            "in its own account",
        ),
        (broad, admin, admin, "is in "),
        (
            broad,
            &broad_elsewhere,
            &broad_elsewhere,
            "is of another partition",
        ),
        (broad, boundary, boundary, "is the boundary itself"),
        (broad, READ, READ, "can only be attached in its own account"),
        (broad, READ, READ, "is already allowed"),
    ] {
        let text = TEXT.replacen(good, bad, 1);
        assert_ne!(text, TEXT, "{good}");
        let Err(GuardrailsError::Contradiction(lines)) = Guardrails::parse(&text) else {
            panic!("{bad}");
        };
        let mut of_kind = lines.iter().filter(|line| {
            let (ours, quoted) = taken_apart(line);
            ours.contains(words) && quoted.iter().any(|one| *one == visible(named))
        });
        assert!(of_kind.next().is_some(), "{words}: {lines:?}");
        assert!(
            lines
                .iter()
                .all(|line| !taken_apart(line).0.contains("zqxj"))
        );
    }
}
