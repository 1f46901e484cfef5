//! How much is usual.

use super::*;

const VOLUME: &str =
    "[volume]\nwindow = \"PT1H\"\nper_requester = 10\nper_kind = { assume_role = 5 }\n";

/// Limits that contradict themselves.
pub(super) const BROKEN: [(&str, &str); 2] = [
    ("[principals]", "[volume]\nwindow = \"PT1H\"\n[principals]"),
    (
        "[principals]",
        "[volume]\nwindow = \"PT1H\"\nper_kind = { create_role = 1 }\n[principals]",
    ),
];

fn with(volume: &str) -> Guardrails {
    Guardrails::parse(&TEXT.replacen("[principals]", &format!("{volume}\n[principals]"), 1))
        .unwrap()
}

#[test]
fn without_the_table_nothing_is_counted() {
    assert_eq!(Guardrails::parse(TEXT).unwrap().volume(), None);
    let limits = with(VOLUME).volume().cloned().unwrap();
    assert_eq!(limits.window().to_string(), "PT1H");
}

#[test]
fn a_limit_that_is_gone_or_higher_or_shorter_is_something_new() {
    let old = with(VOLUME);
    let widened = |volume: &str| with(volume).widened_from(&old);
    let hour: AccessDuration = "PT1H".parse().unwrap();
    let gone = |limit: &str, before| Widening::Volume {
        limit: limit.to_owned(),
        before: (before, hour),
        now: None,
    };
    assert_eq!(widened(VOLUME), []);
    let stricter = VOLUME.replace("10", "9").replace("PT1H", "PT2H");
    assert_eq!(widened(&stricter), []);
    assert_eq!(old.widened_from(&Guardrails::parse(TEXT).unwrap()), []);
    assert_eq!(
        widened(""),
        [gone("per_kind.assume_role", 5), gone("per_requester", 10)]
    );
    assert_eq!(
        widened(&VOLUME.replace("per_requester = 10\n", "")),
        [gone("per_requester", 10)]
    );
    assert_eq!(
        widened(&VOLUME.replace("10", "11")),
        [Widening::Volume {
            limit: "per_requester".to_owned(),
            before: (10, hour),
            now: Some((11, hour)),
        }]
    );
    assert_eq!(widened(&VOLUME.replace("PT1H", "PT30M")).len(), 2);
}
