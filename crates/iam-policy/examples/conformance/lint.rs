use std::collections::{BTreeMap, BTreeSet};

use iam_policy::document::PolicyType;
use iam_policy::lint::{Code, FindingType, Options, lint};
use serde::Deserialize;

use crate::Figure;
use crate::corpus::{Error, Folder, text_of};

#[derive(Deserialize)]
struct Case {
    id: String,
    policy: serde_json::Value,
    policy_type: String,
    findings: Vec<Expected>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expected {
    finding_type: String,
    issue_code: String,
    paths: Vec<Vec<serde_json::Value>>,
}

impl Expected {
    /// The first path as we write it.
    fn path(&self) -> String {
        let mut path = String::new();
        for step in self.paths.first().into_iter().flatten() {
            if let Some(index) = step.get("index") {
                path += &format!("[{index}]");
            } else if let Some(name) = step
                .get("value")
                .or(step.get("key"))
                .and_then(|name| name.as_str())
            {
                if !path.is_empty() {
                    path.push('.');
                }
                path += name;
            }
        }
        path
    }
}

/// How often a code was rightly answered, wrongly answered, and missed.
#[derive(Default)]
struct Counts {
    right: usize,
    wrong: usize,
    missed: usize,
}

pub(crate) fn run(folder: &Folder, differences: bool) -> Result<Vec<Figure>, Error> {
    let cases: Vec<Case> = folder.cases("access_analyzer_managed_policies.json")?;
    let mut codes: BTreeMap<(bool, String), Counts> = BTreeMap::new();
    let mut paths = (0, 0);
    for case in &cases {
        let policy_type = case.policy_type.parse().unwrap_or(PolicyType::Identity);
        let report = lint(&text_of(&case.policy), policy_type, Options::default());
        let found: BTreeSet<(bool, &str)> = report
            .findings()
            .iter()
            .map(|finding| key(finding.code()))
            .collect();
        let expected: BTreeSet<(bool, &str)> = case
            .findings
            .iter()
            .map(|finding| (finding.finding_type == "ERROR", finding.issue_code.as_str()))
            .collect();
        for (error, code) in found.union(&expected) {
            let counts = codes.entry((*error, (*code).to_owned())).or_default();
            match (
                found.contains(&(*error, *code)),
                expected.contains(&(*error, *code)),
            ) {
                (true, true) => counts.right += 1,
                (true, false) => counts.wrong += 1,
                _ => counts.missed += 1,
            }
            if differences
                && found.contains(&(*error, *code)) != expected.contains(&(*error, *code))
            {
                let ours: Vec<String> = report
                    .findings()
                    .iter()
                    .filter(|finding| finding.code().name() == *code)
                    .map(|finding| format!("{} {}", finding.path(), finding.message()))
                    .collect();
                println!("lint: {} {code}: {ours:?}", case.id);
            }
        }
        for finding in &case.findings {
            let ours = report.findings().iter().any(|ours| {
                ours.code().name() == finding.issue_code
                    && ours.path().to_string() == finding.path()
            });
            paths.0 += usize::from(ours);
            paths.1 += 1;
            if differences && !ours {
                println!(
                    "lint: {} {} at {} not found there",
                    case.id,
                    finding.issue_code,
                    finding.path()
                );
            }
        }
    }
    if differences {
        for ((_, code), counts) in &codes {
            println!(
                "lint: {code}: {} right, {} wrong, {} missed",
                counts.right, counts.wrong, counts.missed
            );
        }
    }
    let sum = |errors_only: bool| {
        codes
            .iter()
            .filter(|((error, _), _)| *error || !errors_only)
            .fold((0, 0, 0), |sum, (_, counts)| {
                (
                    sum.0 + counts.right,
                    sum.1 + counts.wrong,
                    sum.2 + counts.missed,
                )
            })
    };
    let (all, errors) = (sum(false), sum(true));
    Ok(vec![
        Figure::share(
            "lint",
            "precision, per policy and code",
            all.0,
            all.0 + all.1,
            0.95,
        ),
        Figure::share(
            "lint",
            "recall, per policy and code",
            all.0,
            all.0 + all.2,
            0.95,
        ),
        Figure::share(
            "lint",
            "precision of ERROR codes",
            errors.0,
            errors.0 + errors.1,
            0.99,
        ),
        Figure::share(
            "lint",
            "recall of ERROR codes",
            errors.0,
            errors.0 + errors.2,
            0.99,
        ),
        Figure::share(
            "lint",
            "first path the same, per finding",
            paths.0,
            paths.1,
            0.95,
        ),
    ])
}

fn key(code: Code) -> (bool, &'static str) {
    (code.finding_type() == FindingType::Error, code.name())
}
