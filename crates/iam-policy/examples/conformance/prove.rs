use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::Ruleset;
use iam_policy::prove::{Verdict, check_no_new_access};
use serde::Deserialize;

use crate::Figure;
use crate::corpus::{Error, Folder, text_of};

#[derive(Deserialize)]
struct Sample {
    id: String,
    existing_policy: serde_json::Value,
    new_policy: serde_json::Value,
    policy_type: String,
    expected: String,
    #[serde(default)]
    suspect_label: serde_json::Value,
}

#[derive(Deserialize)]
struct Pair {
    id: String,
    p1: serde_json::Value,
    p2: serde_json::Value,
    p1_subset_of_p2: Option<bool>,
    p2_subset_of_p1: Option<bool>,
    #[serde(default)]
    unanimous: bool,
    #[serde(default)]
    brute_force_conflict: serde_json::Value,
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
    fn count(&mut self, id: &str, verdict: &Verdict, within: bool, differences: bool) {
        self.all += 1;
        self.undecided += usize::from(matches!(verdict, Verdict::Undecided { .. }));
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

fn compile(policy: &serde_json::Value, policy_type: PolicyType) -> Option<Ruleset> {
    let text = text_of(policy);
    Document::parse(&text, policy_type)
        .ok()
        .map(|document| Ruleset::compile(&document))
}

fn verdict(
    reference: &serde_json::Value,
    candidate: &serde_json::Value,
    policy_type: PolicyType,
) -> Verdict {
    match (
        compile(reference, policy_type),
        compile(candidate, policy_type),
    ) {
        (Some(reference), Some(candidate)) => check_no_new_access(&reference, &candidate),
        _ => Verdict::Undecided { statement: None },
    }
}

pub(crate) fn run(folder: &Folder, differences: bool) -> Result<Vec<Figure>, Error> {
    let mut figures = Vec::new();
    let samples: Vec<Sample> = folder.cases("check_no_new_access_aws_samples.json")?;
    let mut tally = Tally::default();
    let suspect = |label: &serde_json::Value| {
        !matches!(
            label,
            serde_json::Value::Null | serde_json::Value::Bool(false)
        )
    };
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
    // Quacky reads `BoolIfExists` of both policies as about different requests: it calls
    // a policy with it no subset of itself.
    let misread = |case: &Pair| {
        [&case.p1, &case.p2]
            .iter()
            .any(|p| p.to_string().contains("BoolIfExists"))
    };
    let pairs = pairs.iter().filter(|case| !misread(case));
    for case in pairs.filter(|case| case.unanimous && !suspect(&case.brute_force_conflict)) {
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
            if let Some(within) = within {
                tally.count(
                    &case.id,
                    &verdict(reference, candidate, policy_type),
                    within,
                    differences,
                );
            }
        }
    }
    figures.extend(tally.figures("Quacky pairs", 0.90));
    Ok(figures)
}
