//! Mapped items: what they hold, and that nothing escapes its owners through them.

use super::*;
use crate::account::{GroupFacts, InlineFacts};
use crate::facts::GrantFacts;
use crate::guardrails::GuardrailsError;
use crate::guardrails::tests::{TEXT, allowing, facts, grants, policy, survey};
use crate::request::Resource;
use serde_json::Value;

mod owners;

const HOME: &str = "210987654321";
const OTHER: &str = "320987654321";
const READ: &str = "arn:aws:iam::210987654321:policy/reports-read";
const BUCKET: [&str; 2] = ["arn:aws:s3:::reports", "arn:aws:s3:::reports/*"];

fn sys_id(n: u8) -> SysId {
    format!("{n:032x}").parse().unwrap()
}

fn row(accounts: &[&str], resources: &[&str]) -> ItemRow {
    ItemRow {
        sys_id: sys_id(1),
        accounts: accounts.iter().map(|id| id.parse().unwrap()).collect(),
        resources: resources.iter().map(|&one| one.to_owned()).collect(),
    }
}

fn item(accounts: &[&str], resources: &[&str]) -> MappedItem {
    MappedItem::new(&row(accounts, resources), "aws").unwrap()
}

fn guardrails(items: Vec<MappedItem>) -> Guardrails {
    Guardrails {
        items,
        ..Guardrails::parse(TEXT).unwrap()
    }
}

/// A request that names an item, for a policy or what else is brought.
fn naming(item: u8, asked: Value) -> AccessRequest {
    let mut request = grants(asked);
    request.resource = Some(Resource {
        sys_id: sys_id(item),
    });
    request
}

fn attached() -> Value {
    json!([{"type": "attach_managed_policy", "policy_arn": READ}])
}

fn managed(document: String) -> GrantFacts {
    GrantFacts::Policy(policy(READ, document))
}

fn group(texts: &[&str]) -> GrantFacts {
    let inline = texts.iter().map(|text| InlineFacts {
        name: "reports".to_owned(),
        document: (*text).to_owned(),
    });
    let group = GroupFacts {
        arn: "arn:aws:iam::210987654321:group/granted/analysts"
            .parse()
            .unwrap(),
        unique_id: "AGPAEXAMPLE".to_owned(),
        attached: Vec::new(),
        inline: inline.collect(),
    };
    GrantFacts::Group {
        group,
        policies: Vec::new(),
    }
}

fn slots(guardrails: &Guardrails, request: &AccessRequest, grants: Vec<GrantFacts>) -> Vec<String> {
    let resource = guardrails.owned_resources(request, &survey(grants));
    resource.iter().map(OwnedResource::slot_id).collect()
}

#[test]
fn only_what_is_proved_to_stay_within_the_item_is_held_by_it() {
    let of = |action: &str, resource: &str| allowing(action, resource);
    let statement =
        |statement: Value| json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let old = |resource: &str| {
        json!({"Version": "2008-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}})
            .to_string()
    };
    let cases = [
        (of("s3:GetObject", "arn:aws:s3:::reports/2026/*"), true),
        (of("*", "arn:aws:s3:::reports/*"), true),
        (of("s3:ListBucket", "arn:aws:s3:::reports"), true),
        (of("s3:GetObject", "*"), false),
        (of("s3:GetObject", "arn:aws:s3:*"), false),
        (of("s3:GetObject", "arn:aws:s3:::reports*"), false),
        (of("s3:GetObject", "arn:aws:s3:::report?/x"), false),
        (of("s3:GetObject", "arn:*:s3:::reports/x"), false),
        (of("s3:GetObject", "arn:aws:s3:::${aws:username}/x"), false),
        (
            of("s3:GetObject", "arn:aws:s3:::reports/${aws:username}/x"),
            true,
        ),
        (old("arn:aws:s3:::${aws:username}/x"), false),
        // What works on `*` alone is granted by nobody who grants it on a bucket.
        (of("cloudwatch:GetMetricData", "*"), false),
        (of("s3:ListAllMyBuckets", "*"), false),
        (
            statement(
                json!({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::other/*"}),
            ),
            false,
        ),
        (
            statement(
                json!({"Effect": "Allow", "NotAction": "s3:PutObject", "Resource": "arn:aws:s3:::reports/*"}),
            ),
            true,
        ),
        (
            statement(
                json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
            "Condition": {"StringEquals": {"s3:prefix": "reports"}}}),
            ),
            false,
        ),
        ("not a policy".to_owned(), false),
        (String::new(), false),
    ];
    for (text, holds) in cases {
        assert_eq!(item(&[HOME], &BUCKET).holds(&text), holds, "{text}");
    }
}

#[test]
fn an_item_stands_in_only_where_the_file_says_so_and_every_text_is_held() {
    let (here, item_slot) = (format!("account:{HOME}"), format!("item:{}", sys_id(1)));
    let mapped = guardrails(vec![item(&[HOME], &BUCKET)]);
    let within = || managed(allowing("s3:GetObject", "arn:aws:s3:::reports/*"));
    let beyond = || managed(allowing("s3:GetObject", "arn:aws:s3:::archive/*"));
    let both = vec![here.clone(), item_slot.clone()];
    let named = naming(1, attached());
    let alone = std::slice::from_ref(&item_slot);
    assert_eq!(slots(&mapped, &named, vec![within()]), alone);
    assert_eq!(slots(&mapped, &named, vec![beyond()]), both);
    // Without a mapping, or with one of another item, naming it adds an approval.
    assert_eq!(slots(&guardrails(vec![]), &named, vec![within()]), both);
    let other = naming(2, attached());
    let expected = vec![here.clone(), format!("item:{}", sys_id(2))];
    assert_eq!(slots(&mapped, &other, vec![within()]), expected);
    // Mapped for another account only.
    let elsewhere = guardrails(vec![item(&[OTHER], &BUCKET)]);
    assert_eq!(slots(&elsewhere, &named, vec![within()]), both);
    // Not named.
    assert_eq!(slots(&mapped, &grants(attached()), vec![within()]), [here]);
    // One grant of two goes beyond.
    let two = json!([attached()[0], {"type": "group_membership", "group": "analysts"}]);
    let two = naming(1, two);
    let text = allowing("s3:GetObject", "arn:aws:s3:::reports/*");
    let held = vec![within(), group(&[&text])];
    assert_eq!(slots(&mapped, &two, held), alone);
    let wide = allowing("s3:GetObject", "*");
    assert_eq!(
        slots(&mapped, &two, vec![within(), group(&[&text, &wide])]),
        both
    );
    // A group without a policy, or facts that do not fit the grants, prove nothing.
    assert_eq!(slots(&mapped, &two, vec![within(), group(&[])]), both);
    assert_eq!(slots(&mapped, &two, vec![within()]), both);
    assert_eq!(slots(&mapped, &named, vec![GrantFacts::InRequest]), both);
}

#[test]
fn nothing_stands_in_for_the_owner_of_a_role() {
    let mapped = guardrails(vec![item(&[HOME, OTHER], &BUCKET)]);
    let role_arn = "arn:aws:iam::320987654321:role/assumable/reader";
    let request = naming(1, json!([{"type": "assume_role", "role_arn": role_arn}]));
    let role = GrantFacts::Role {
        role: crate::account::RoleFacts {
            arn: role_arn.parse().unwrap(),
            unique_id: "AROAEXAMPLE".to_owned(),
            boundary: None,
            trust: "{}".to_owned(),
            longest_session: 3600,
            attached: Vec::new(),
            inline: vec![InlineFacts {
                name: "read".to_owned(),
                document: allowing("s3:GetObject", "arn:aws:s3:::reports/*"),
            }],
        },
        policies: Vec::new(),
        boundary: None,
    };
    let expected = [format!("account:{OTHER}"), format!("item:{}", sys_id(1))];
    assert_eq!(slots(&mapped, &request, vec![role]), expected);
}

#[test]
fn an_account_that_the_item_does_not_have_keeps_its_owner() {
    let queues = [
        "arn:aws:sqs:eu-west-1:210987654321:q",
        "arn:aws:sqs:eu-west-1:320987654321:q",
    ];
    let inline = json!([{"type": "inline_policy", "document": {"Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": queues}}}]);
    let request = naming(1, inline);
    let all = guardrails(vec![item(&[HOME, OTHER], &queues)]);
    let resource = all.owned_resources(&request, &survey(vec![GrantFacts::InRequest]));
    let accounts = [HOME, OTHER].map(|id| id.parse().unwrap()).to_vec();
    let stands_in = OwnedResource::Item {
        sys_id: sys_id(1),
        instead_of: accounts,
    };
    assert_eq!(resource, [stands_in]);
    let one = guardrails(vec![item(&[HOME], &queues[..1])]);
    assert_eq!(slots(&one, &request, vec![GrantFacts::InRequest]).len(), 3);
}

#[test]
fn mappings_are_narrow() {
    let wrong = |accounts: &[&str], resources: &[&str]| {
        MappedItem::new(&row(accounts, resources), "aws").map_or_else(|why| why.len(), |_| 0)
    };
    let fine = [
        "arn:aws:s3:::reports/*",
        "arn:aws:s3:::reports",
        "arn:aws:sqs:eu-west-1:210987654321:reports-*",
        "arn:aws:dynamodb:eu-west-1:210987654321:table/reports/index/*",
        "arn:aws:route53:::hostedzone/Z0123",
    ];
    for resource in fine {
        assert_eq!(wrong(&[HOME], &[resource]), 0, "{resource}");
    }
    let wide = [
        "*",
        "arn:aws:s3:::*",
        "arn:aws:s3:::reports*",
        "arn:aws:s3:::report?/*",
        "arn:aws:s3:::/*",
        "arn:aws:s3",
        "arn:aws:s3:*",
        "arn:aws:s3:::",
        "arn:aws:*:::reports/*",
        "arn:aws:route53:::hostedzone/*",
        "arn:aws:iam::210987654321:role/reports-*",
        "arn:aws:sts::210987654321:assumed-role/x/*",
        "arn:aws:sqs:eu-west-1:*:reports",
        "arn:aws:sqs:eu-*:210987654321:reports",
        "arn:aws:sqs:*:210987654321:reports",
        "arn:aws:sqs:eu-west-1:210987654321:*",
        "arn:aws-cn:s3:::reports/*",
        "arn:aws:s3:::reports/${aws:username}",
    ];
    for resource in wide {
        assert_eq!(wrong(&[HOME], &[BUCKET[0], resource]), 1, "{resource}");
    }
    let elsewhere = "arn:aws:sqs:eu-west-1:320987654321:reports";
    assert_eq!(wrong(&[HOME], &[elsewhere]), 1);
    assert_eq!(wrong(&[HOME, OTHER], &[elsewhere]), 1);
    assert_eq!(wrong(&[HOME], &[]), 2);
    assert_eq!(wrong(&[], &BUCKET), 1);
}

#[test]
fn the_file_maps_each_thing_to_one_item() {
    let with = |items: &str| Guardrails::parse(&format!("{TEXT}\n{items}"));
    let row = |n: u8, account: &str, resource: &str| {
        format!(
            "[[items]]\nsys_id = \"{}\"\naccounts = [\"{account}\"]\nresources = [\"{resource}\"]\n",
            sys_id(n)
        )
    };
    let one = row(1, HOME, "arn:aws:s3:::reports/*");
    let apart = with(&format!("{one}{}", row(2, HOME, "arn:aws:s3:::archive/*"))).unwrap();
    assert_eq!(apart.items.len(), 2);
    let bad = [
        format!("{one}{}", row(2, HOME, "arn:aws:s3:::reports/2026/*")),
        format!("{one}{}", row(2, OTHER, "arn:aws:s3:::reports/x")),
        format!("{one}{}", row(1, HOME, "arn:aws:s3:::archive/*")),
        row(1, "990987654321", "arn:aws:s3:::reports/*"),
        row(1, HOME, "arn:aws:s3:::*"),
    ];
    for items in bad {
        let error = with(&items).unwrap_err();
        let GuardrailsError::Contradiction(all) = &error else {
            panic!("{error}");
        };
        assert_eq!(all.len(), 1, "{error}");
    }
    let unknown = with(&format!("{one}owner = \"me\"\n")).unwrap_err();
    assert!(matches!(unknown, GuardrailsError::Unreadable(_)));
}
