//! What holds of all results together.

use super::*;

#[test]
fn no_result_shows_a_secret() {
    for value in [
        "canary",
        "{\"password\":\"canary\"}",
        "{\"username\":\"canary\",\"password\":1}",
        "{\"key\":\"canary\"}",
    ] {
        for name in ["clients", "read", "write"] {
            let mut facts = facts();
            facts["secrets"][name]["SecretString"] = json!(value);
            let said = serde_json::to_string(&results(facts)).unwrap();
            assert!(!said.contains("canary"), "{said}");
        }
    }
}

#[test]
fn without_a_stack_only_its_absence_is_said() {
    let absent =
        AwsFacts::of(json!({"caller": {"account": "1"}, "stack": {"refused": "ValidationError"}}));
    assert!(early(&absent).unwrap().ok);
    let hidden =
        AwsFacts::of(json!({"caller": {"account": "1"}, "stack": {"refused": "AccessDenied"}}));
    assert!(!early(&hidden).unwrap().ok);
    let nobody = AwsFacts::of(json!({"caller": {"refused": "NoCredentialsError"}}));
    assert!(!early(&nobody).unwrap().ok);
    assert!(early(&AwsFacts::of(facts())).is_none());
}

#[test]
fn the_example_is_no_set_of_guardrails() {
    assert!(examples::check(&guardrails()).ok);
    let shipped = Guardrails::parse(include_str!("../../../../../guardrails.toml")).unwrap();
    let result = examples::check(&shipped);
    assert!(!result.ok);
    for account in shipped.accounts() {
        assert!(
            result.found.contains(account.as_str()),
            "{account} is known"
        );
    }
}
