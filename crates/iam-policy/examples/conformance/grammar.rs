use iam_policy::document::PolicyType;
use iam_policy::lint::check_grammar;
use serde::Deserialize;

use crate::Figure;
use crate::corpus::{Error, Folder, text_of};

#[derive(Deserialize)]
struct Case {
    id: String,
    document: serde_json::Value,
    valid: bool,
}

pub(crate) fn run(folder: &Folder, differences: bool) -> Result<Vec<Figure>, Error> {
    let cases: Vec<Case> = folder.cases("moto_policy_grammar.json")?;
    let mut good = 0;
    for case in &cases {
        let verdict = check_grammar(&text_of(&case.document), PolicyType::Identity);
        if verdict.is_ok() == case.valid {
            good += 1;
        } else if differences {
            println!(
                "grammar: {} should be valid: {}, but {verdict:?}",
                case.id, case.valid
            );
        }
    }
    Ok(vec![Figure::share(
        "grammar",
        "agrees with iam:CreatePolicy",
        good,
        cases.len(),
        0.98,
    )])
}
