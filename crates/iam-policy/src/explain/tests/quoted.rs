//! Sentences that name what only some policies have: it stands in quotes.

use super::*;

/// What a statement is told as, in our words, and what is quoted in it.
fn taken_apart(statement: &serde_json::Value) -> (String, Vec<String>) {
    let (ours, _, told) = told(PolicyType::Identity, statement).unwrap();
    let quoted = parts(&told).into_iter().filter_map(|part| match part {
        TextPart::Foreign(foreign) | TextPart::Whole(foreign) => Some(foreign.to_owned()),
        TextPart::Ours(_) => None,
    });
    (ours, quoted.collect())
}

#[test]
fn what_is_no_word_of_ours_stands_in_quotes() {
    let under = |operator: &str, key: &str, value: &str| json!({"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "*", "Condition": {operator: {key: value}}});
    let tag = format!("s3:ExistingObjectTag/{SECRET}` is fine");
    // The signs that stand for those of a variable while a pattern is read.
    let odd = format!("arn:aws:s3:::{SECRET}\u{fdd2}` is fine/*");
    let resource = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": odd});
    for (named, statement) in [
        ("1.5", under("NumericLessThan", "aws:EpochTime", "1.5")),
        ("true", under("Bool", "aws:AssumedRoot", "true")),
        (
            "1.5",
            under("NumericLessThan", "aws:MultiFactorAuthAge", "1.5"),
        ),
        (
            &format!("{SECRET}⟨U+0060⟩ is fine"),
            under("StringEquals", &tag, "x"),
        ),
        ("S3:Delimiter", under("StringEquals", "S3:Delimiter", "/")),
        (
            &format!("arn:aws:s3:::{SECRET}⟨U+FDD2⟩⟨U+0060⟩ is fine/*"),
            resource,
        ),
    ] {
        let (ours, quoted) = taken_apart(&statement);
        assert!(
            quoted.iter().any(|one| one == named),
            "{statement}: {ours} {quoted:?}"
        );
        assert!(!ours.contains(named) && !ours.contains(SECRET), "{ours}");
    }
}
