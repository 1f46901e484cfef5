use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::Ruleset;
use iam_policy::prove::{CheckResult, check_no_new_access};
use serde::Deserialize;
use serde_json::Value;

use crate::Figure;
use crate::corpus::{Error, Folder, text_of};

#[derive(Deserialize)]
struct Sample {
    id: String,
    existing_policy: Value,
    new_policy: Value,
    policy_type: String,
    expected: String,
    #[serde(default)]
    suspect_label: Value,
}

#[derive(Deserialize)]
struct Pair {
    id: String,
    p1: Value,
    p2: Value,
    p1_subset_of_p2: Option<bool>,
    p2_subset_of_p1: Option<bool>,
    #[serde(default)]
    unanimous: bool,
    #[serde(default)]
    brute_force_conflict: Value,
}

/// How the answers to a set of questions compare.
#[derive(Default)]
struct Tally {
    agree: usize,
    all: usize,
    unsound: usize,
    undecided: usize,
}

impl Tally {
    fn count(&mut self, id: &str, verdict: &CheckResult, within: bool, differences: bool) {
        self.all += 1;
        self.undecided += usize::from(matches!(verdict, CheckResult::Undecided { .. }));
        self.unsound += usize::from(verdict.is_pass() && !within);
        if verdict.is_pass() == within {
            self.agree += 1;
        } else if differences {
            println!("prove: {id} expects within: {within}, got {verdict:?}");
        }
    }

    fn figures(&self, name: &str, target: f64) -> [Figure; 2] {
        let measure = format!("agrees with {name}");
        let mut agree = Figure::share("prove", &measure, self.agree, self.all, target);
        agree.detail = format!("{}, {} undecided", agree.detail, self.undecided);
        let sound = Figure::share(
            "prove",
            &format!("sound on {name}"),
            self.all - self.unsound,
            self.all,
            1.0,
        );
        [agree, sound]
    }
}

fn compile(policy: &Value, policy_type: PolicyType) -> Option<Ruleset> {
    let text = text_of(policy);
    Document::parse(&text, policy_type)
        .ok()
        .map(|document| Ruleset::compile(&document))
}

fn verdict(reference: &Value, candidate: &Value, policy_type: PolicyType) -> CheckResult {
    match (
        compile(reference, policy_type),
        compile(candidate, policy_type),
    ) {
        (Some(reference), Some(candidate)) => check_no_new_access(&reference, &candidate),
        _ => CheckResult::Undecided { statement: None },
    }
}

pub(crate) fn run(folder: &Folder, differences: bool) -> Result<Vec<Figure>, Error> {
    let mut figures = Vec::new();
    let samples: Vec<Sample> = folder.cases("check_no_new_access_aws_samples.json")?;
    let mut tally = Tally::default();
    let suspect = |label: &Value| !matches!(label, Value::Null | Value::Bool(false));
    for case in samples.iter().filter(|case| !suspect(&case.suspect_label)) {
        let policy_type = case.policy_type.parse().unwrap_or(PolicyType::Identity);
        let policy_type = match policy_type {
            PolicyType::Resource if case.id.contains("trust") => PolicyType::Trust,
            other => other,
        };
        let verdict = verdict(&case.existing_policy, &case.new_policy, policy_type);
        tally.count(&case.id, &verdict, case.expected == "PASS", differences);
    }
    figures.extend(tally.figures("AWS samples", 0.98));
    let pairs: Vec<Pair> = folder.cases("quacky_subset_pairs.json")?;
    let mut tally = Tally::default();
    let mut impossible = 0;
    for case in pairs
        .iter()
        .filter(|case| case.unanimous && !suspect(&case.brute_force_conflict))
    {
        let both = [PolicyType::Identity, PolicyType::Resource]
            .into_iter()
            .find(|policy_type| {
                compile(&case.p1, *policy_type).is_some()
                    && compile(&case.p2, *policy_type).is_some()
            });
        let policy_type = both.unwrap_or(PolicyType::Identity);
        for (candidate, reference, within) in [
            (&case.p1, &case.p2, case.p1_subset_of_p2),
            (&case.p2, &case.p1, case.p2_subset_of_p1),
        ] {
            let Some(within) = within else {
                continue;
            };
            let result = verdict(reference, candidate, policy_type);
            let blind = within && !result.is_pass() && is_beyond_labels(candidate, reference);
            if blind || !within && is_plainly_within(candidate, reference) {
                impossible += 1;
                continue;
            }
            tally.count(&case.id, &result, within, differences);
        }
    }
    let mut quacky = tally.figures("Quacky pairs", 0.90);
    let [agree, _] = &mut quacky;
    agree.detail += &format!(", {impossible} labels impossible");
    figures.extend(quacky);
    Ok(figures)
}

/// Whether labels of pairs like this one cannot tell that the candidate is within the reference:
/// Quacky takes `${…}` for a variable in every version, and knows no permissions boundaries, which
/// decide whom a `Deny` with `NotPrincipal` is about.
fn is_beyond_labels(candidate: &Value, reference: &Value) -> bool {
    let variable = |policy: &Value| policy.to_string().contains("${");
    let versions = candidate["Version"] != reference["Version"];
    let spared = |policy: &Value| policy.to_string().contains("\"NotPrincipal\"");
    let statements = candidate["Statement"] != reference["Statement"];
    versions && (variable(candidate) || variable(reference))
        || statements && spared(candidate) && spared(reference)
}

/// Whether the candidate has no other allows than the reference and denies at least as much,
/// statement by statement: a label that calls it not within the reference cannot be right.
/// Quacky reads a boolean without quotes so that a policy is not within itself.
fn is_plainly_within(candidate: &Value, reference: &Value) -> bool {
    let statements = |policy: &Value, effect: &str| -> Vec<Value> {
        let all = match &policy["Statement"] {
            Value::Array(all) => all.clone(),
            one => vec![one.clone()],
        };
        all.into_iter()
            .filter(|statement| statement["Effect"] == effect)
            .map(|mut statement| {
                statement
                    .as_object_mut()
                    .map(|members| members.remove("Sid"));
                statement
            })
            .collect()
    };
    let allows = statements(reference, "Allow");
    let denies = statements(candidate, "Deny");
    let mut all = statements(candidate, "Allow").into_iter();
    all.all(|allow| allows.contains(&allow))
        && statements(reference, "Deny").iter().all(|deny| {
            denies.iter().any(|wider| {
                let same = |element: &str| wider[element] == deny[element];
                let rest = [
                    "NotAction",
                    "Resource",
                    "NotResource",
                    "Condition",
                    "Principal",
                ];
                rest.into_iter().all(same) && covers(&wider["Action"], &deny["Action"])
            })
        })
}

/// Whether the first list of actions holds the second as text, or as `service:*`.
fn covers(wide: &Value, narrow: &Value) -> bool {
    let texts = |value: &Value| -> Vec<String> {
        match value {
            Value::String(text) => vec![text.clone()],
            Value::Array(all) => all
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            _ => Vec::new(),
        }
    };
    let wide = texts(wide);
    texts(narrow).iter().all(|text| {
        let service = text.split(':').next().unwrap_or_default();
        wide.contains(text) || wide.contains(&format!("{service}:*"))
    })
}
