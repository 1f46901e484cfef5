//! Which client sees the users of which accounts.

use super::*;

/// The guardrails of the tests with these rows.
fn with(rows: &str) -> Result<Guardrails, GuardrailsError> {
    Guardrails::parse(&format!("{TEXT}\n{rows}"))
}

fn seen(guardrails: &Guardrails, client: &str) -> Vec<String> {
    let client = client.parse().unwrap();
    let accounts = guardrails.accounts_seen_by(&client).into_iter();
    accounts.map(ToString::to_string).collect()
}

const ROWS: &str = r#"
[[directory]]
client = "servicenow"
accounts = ["320987654321", "210987654321"]
[[directory]]
client = "portal"
accounts = ["320987654321"]
"#;

#[test]
fn a_client_sees_what_is_said_and_nothing_else() {
    let guardrails = with(ROWS).unwrap();
    assert_eq!(
        seen(&guardrails, "servicenow"),
        ["210987654321", "320987654321"]
    );
    assert_eq!(seen(&guardrails, "portal"), ["320987654321"]);
    for nobody in ["security", "servicenow2"] {
        assert_eq!(seen(&guardrails, nobody), [""; 0], "{nobody}");
    }
    assert_eq!(
        seen(&Guardrails::parse(TEXT).unwrap(), "servicenow"),
        [""; 0]
    );
    let checked = Guardrails::check(&format!("{TEXT}\n{ROWS}")).unwrap();
    let checked = Guardrails::parse_checked(&checked).unwrap();
    assert_eq!(seen(&checked, "portal"), ["320987654321"]);
}

#[test]
fn rows_that_say_nothing_or_twice_are_refused() {
    let row = |client: &str, accounts: &str| {
        format!("[[directory]]\nclient = \"{client}\"\naccounts = [{accounts}]\n")
    };
    let one = row("servicenow", "\"210987654321\"");
    for (rows, wrong) in [
        (
            one.repeat(2),
            "directory[1]: client `servicenow` is listed above",
        ),
        (
            row("servicenow", ""),
            "directory[0]: client `servicenow` sees no account",
        ),
        (
            row("servicenow", "\"210987654321\", \"210987654321\""),
            "directory[0]: account 210987654321 is listed twice",
        ),
    ] {
        let Err(GuardrailsError::Contradiction(found)) = with(&rows) else {
            panic!("{rows} does not hold together");
        };
        assert_eq!(found, [wrong]);
    }
    assert!(with(&row("servicenow", "\"*\"")).is_err());
    assert!(with("[[directory]]\nclient = \"servicenow\"\n").is_err());
}

#[test]
fn whoever_sees_more_than_before_is_told() {
    let (old, new) = (Guardrails::parse(TEXT).unwrap(), with(ROWS).unwrap());
    assert_eq!(old.widened_from(&new), []);
    let people = |value: &str| Widening::People {
        setting: "directory",
        value: value.to_owned(),
    };
    let told = new.widened_from(&old);
    let expected = [
        "portal sees users of 320987654321",
        "servicenow sees users of 210987654321",
        "servicenow sees users of 320987654321",
    ];
    assert_eq!(told, expected.map(people));
}
