//! Policies of the size and kind of AWS's own managed ones.

use iam_policy::catalogue::{self, Service};
use serde_json::{Value, json};

/// How many there are: as many as AWS has.
const COUNT: usize = 1_582;

/// Files of `CORPORA` that hold whole policies.
const FILES: [&str; 2] = [
    "access_analyzer_managed_policies.json",
    "iam_dataset_managed_labels.json",
];

/// The policies of `CORPORA`, or generated ones of about 2.2 kB.
pub(crate) fn policies() -> Vec<String> {
    match std::env::var_os("CORPORA").filter(|folder| !folder.is_empty()) {
        Some(folder) => recorded(folder.as_ref()),
        None => generated(),
    }
}

fn recorded(folder: &std::path::Path) -> Vec<String> {
    let read = |name| {
        let text =
            std::fs::read_to_string(folder.join(name)).expect("the corpora of managed policies");
        let file: Value = serde_json::from_str(&text).unwrap();
        file["cases"].as_array().cloned().unwrap_or_default()
    };
    let cases = FILES.into_iter().flat_map(read);
    let policies = cases.map(|case| case["policy"].clone());
    policies
        .filter(Value::is_object)
        .map(|policy| policy.to_string())
        .collect()
}

/// Numbers that look like chance and are always the same (Knuth's MMIX generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }
}

fn generated() -> Vec<String> {
    let services: Vec<&'static Service> = catalogue::services()
        .iter()
        .filter(|service| service.retired().is_none() && service.actions().len() > 20)
        .collect();
    let mut numbers = Numbers(7);
    (0..COUNT)
        .map(|_| {
            let count = 2 + numbers.below(4);
            let statements: Vec<Value> = (0..count)
                .map(|nth| statement(services[numbers.below(services.len())], nth, &mut numbers))
                .collect();
            json!({"Version": "2012-10-17", "Statement": statements}).to_string()
        })
        .collect()
}

/// One statement about one service: some of its actions in a row, some of its resources.
fn statement(service: &'static Service, nth: usize, numbers: &mut Numbers) -> Value {
    let first = numbers.below(service.actions().len());
    let count = 4 + numbers.below(22);
    let mut actions: Vec<String> = service
        .actions()
        .skip(first)
        .take(count)
        .map(|action| action.full_name())
        .collect();
    if numbers.below(3) == 0 {
        actions.push(format!("{}:Untag*", service.prefix()));
    }
    let types: Vec<_> = service.resource_types().collect();
    let resources: Vec<String> = match types.is_empty() || numbers.below(3) == 0 {
        true => vec!["*".to_owned()],
        false => (0..1 + numbers.below(3))
            .map(|_| filled(types[numbers.below(types.len())].arn()))
            .collect(),
    };
    let mut statement = json!({"Sid": format!("Part{nth}"), "Effect": "Allow",
                               "Action": actions, "Resource": resources});
    if numbers.below(3) == 0 {
        statement["Condition"] = json!({"StringEquals": {
            "aws:ResourceTag/team": "data", "aws:RequestedRegion": ["eu-central-1", "eu-west-1"]}});
    }
    statement
}

/// An ARN with stars in place of its variables, but the partition.
fn filled(arn: &str) -> String {
    let mut text = arn.replace("${Partition}", "aws");
    while let Some((before, rest)) = text.split_once("${") {
        let Some((_, after)) = rest.split_once('}') else {
            break;
        };
        text = format!("{before}*{after}");
    }
    text
}

const SERVICES: [&str; 10] = [
    "s3", "ec2", "sqs", "sns", "dynamodb", "lambda", "kms", "logs", "iam", "rds",
];

/// Statements with four patterns of actions and two of resources each, all of one length.
pub(crate) fn statements(count: usize) -> String {
    let statements = (0..count).zip(SERVICES.iter().cycle()).map(|(nth, service)| {
        format!(
            r#"{{"Sid":"Part{nth:03}","Effect":"Allow","Action":["{service}:Get*","{service}:List*","{service}:Describe{nth:03}*","{service}:Put{nth:03}"],
                "Resource":["arn:aws:{service}:*:*:app{nth:03}/*","arn:aws:{service}:*:*:app{nth:03}"]}}"#
        )
    });
    document(&statements.collect::<Vec<_>>().join(","))
}

/// Everything but 50 patterns of an element.
pub(crate) fn fifty_denials(
    element: &str,
    rest: &str,
    pattern: impl Fn(usize) -> String,
) -> String {
    let patterns: Vec<String> = (0..50).map(|nth| format!("\"{}\"", pattern(nth))).collect();
    document(&format!(
        r#"{{"Effect":"Allow","Action":"*","Resource":"*"}},{{"Effect":"Deny","{element}":[{}],{rest}}}"#,
        patterns.join(",")
    ))
}

/// Everything but 50 patterns of actions.
pub(crate) fn denied_actions() -> String {
    fifty_denials("Action", r#""Resource":"*""#, |nth| {
        format!("iam:Delete{nth}*")
    })
}

/// Everything but 50 patterns of resources.
pub(crate) fn denied_resources() -> String {
    fifty_denials("Resource", r#""Action":"*""#, |nth| {
        format!("arn:aws:s3:::secret{nth}*")
    })
}

fn document(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}
