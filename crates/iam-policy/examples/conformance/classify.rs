use std::collections::BTreeSet;

use iam_policy::classify::{Certainty, Classification, PrincipalPolicies, classify};
use iam_policy::document::{Document, PolicyType};
use serde::Deserialize;

use crate::Figure;
use crate::corpus::{Error, Folder, text_of};

#[derive(Deserialize)]
struct Labelled {
    id: String,
    policy: serde_json::Value,
    access_levels: Vec<String>,
    privesc: Vec<String>,
    resource_exposure: Vec<String>,
    credentials_exposure: Vec<String>,
    data_access: Vec<String>,
}

#[derive(Deserialize)]
struct Vulnerable {
    id: String,
    policy: serde_json::Value,
    expected: String,
}

#[derive(Deserialize)]
struct Way {
    id: String,
    permissions: Permissions,
}

#[derive(Deserialize)]
struct Permissions {
    required: Vec<Required>,
}

#[derive(Deserialize)]
struct Required {
    permission: String,
}

fn of(policy: &str) -> Classification {
    match Document::parse(policy, PolicyType::Identity) {
        Ok(document) => classify(PrincipalPolicies {
            policies: &[document],
            ..PrincipalPolicies::default()
        }),
        Err(_) => Classification::default(),
    }
}

pub(crate) fn run(folder: &Folder, differences: bool) -> Result<Vec<Figure>, Error> {
    let mut figures = labelled(folder, differences)?;
    figures.push(vulnerable(folder, differences)?);
    figures.push(ways(folder, differences)?);
    Ok(figures)
}

fn labelled(folder: &Folder, differences: bool) -> Result<Vec<Figure>, Error> {
    let cases: Vec<Labelled> = folder.cases("iam_dataset_managed_labels.json")?;
    let names = [
        "access levels",
        "privilege escalation",
        "resource exposure",
        "credentials exposure",
        "data access",
    ];
    let mut found = [(0, 0); 5];
    for case in &cases {
        let ours = of(&text_of(&without_denies(case.policy.clone())));
        let levels = ours
            .access_levels
            .iter()
            .map(|level| level.name().to_owned())
            .collect();
        let escalations = ours
            .privilege_escalation
            .iter()
            .flat_map(|way| &way.actions)
            .map(|evidence| evidence.action.clone())
            .collect();
        let named = |all: &[iam_policy::classify::GrantedAction]| {
            all.iter().map(|e| e.action.clone()).collect()
        };
        let ours: [BTreeSet<String>; 5] = [
            levels,
            escalations,
            named(&ours.resource_exposure),
            named(&ours.credentials_exposure),
            named(&ours.data_exfiltration),
        ];
        let theirs = [
            &case.access_levels,
            &case.privesc,
            &case.resource_exposure,
            &case.credentials_exposure,
            &case.data_access,
        ];
        for (((name, ours), theirs), found) in names.iter().zip(&ours).zip(theirs).zip(&mut found) {
            for label in theirs {
                let hit = ours.iter().any(|action| action.eq_ignore_ascii_case(label));
                found.0 += usize::from(hit);
                found.1 += 1;
                if differences && !hit {
                    println!("classify: {} {name}: {label} not found", case.id);
                }
            }
        }
    }
    let targets = [0.99, 1.0, 0.99, 1.0, 0.99];
    Ok(names
        .iter()
        .zip(found)
        .zip(targets)
        .map(|((name, (good, all)), target)| {
            Figure::share("classify", &format!("recall of {name}"), good, all, target)
        })
        .collect())
}

/// The labels say what `Allow` statements are about, as if there were no denies.
fn without_denies(mut policy: serde_json::Value) -> serde_json::Value {
    if let Some(statements) = policy
        .get_mut("Statement")
        .and_then(serde_json::Value::as_array_mut)
    {
        statements.retain(|statement| statement.get("Effect") != Some(&serde_json::json!("Deny")));
    }
    policy
}

fn vulnerable(folder: &Folder, differences: bool) -> Result<Figure, Error> {
    let cases: Vec<Vulnerable> = folder.cases("iam_vulnerable_policies.json")?;
    let (mut good, mut all) = (0, 0);
    for case in cases.iter().filter(|case| case.expected != "other") {
        let escalates = of(&text_of(&case.policy))
            .privilege_escalation
            .iter()
            .any(|way| way.certainty != Certainty::Contributes);
        let right = escalates == (case.expected != "false_positive_trap");
        good += usize::from(right);
        all += 1;
        if differences && !right {
            println!("classify: {} expects {}", case.id, case.expected);
        }
    }
    Ok(Figure::share(
        "classify",
        "iam-vulnerable verdicts",
        good,
        all,
        1.0,
    ))
}

/// The required actions make the way; without any one of them it is gone.
fn ways(folder: &Folder, differences: bool) -> Result<Figure, Error> {
    let cases: Vec<Way> = folder.cases("pathfinding_privesc_paths.json")?;
    let (mut good, mut all) = (0, 0);
    for case in &cases {
        let actions: Vec<&str> = case
            .permissions
            .required
            .iter()
            .map(|r| r.permission.as_str())
            .collect();
        let flagged = |actions: &[&str]| {
            let statement =
                serde_json::json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
            let policy = serde_json::json!({"Version": "2012-10-17", "Statement": statement});
            of(&policy.to_string())
                .privilege_escalation
                .iter()
                .any(|way| way.path == case.id)
        };
        let without = |lacking: usize| {
            let rest: Vec<&str> = actions
                .iter()
                .enumerate()
                .filter(|(nth, _)| *nth != lacking)
                .map(|(_, action)| *action)
                .collect();
            flagged(&rest)
        };
        let right = flagged(&actions) && !(0..actions.len()).any(without);
        good += usize::from(right);
        all += 1;
        if differences && !right {
            println!("classify: {} differs", case.id);
        }
    }
    Ok(Figure::share(
        "classify",
        "pathfinding.cloud ways, also with one lacking",
        good,
        all,
        1.0,
    ))
}
