//! What must hold for every input: one function for each target.
//!
//! The same functions are driven by `cargo test` on the stable compiler and by cargo-fuzz.

use std::borrow::Cow;

use iam_policy::catalogue;
use iam_policy::classify::{PrincipalPolicies, classify as classification};
use iam_policy::condition::{Clause, Context, ContextValue};
use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::{Outcome, Policies, Request, Ruleset, evaluate as decide};
use iam_policy::explain::explain as explanation;
use iam_policy::json::{Item, Json, Kind, SyntaxErrorKind};
use iam_policy::lint::{Options, check_grammar, lint as report, positions};
use iam_policy::minimise::{MANAGED_POLICY_QUOTA, minimise as shorten};
use iam_policy::prove::{
    Access, CheckResult, check_access_not_granted, check_no_new_access, check_no_public_access,
};
use serde_json::Value;

use crate::policies::{Choices, has_single_values};

/// The bytes as a text, or, when the first one is odd, as choices that make a policy.
fn text_of(data: &[u8]) -> Cow<'_, str> {
    match data {
        [first, rest @ ..] if first % 2 == 1 => Choices::new(rest).policy(first % 4 == 3).into(),
        _ => String::from_utf8_lossy(data),
    }
}

/// The reader takes what serde_json takes, and strings mean the same.
pub(crate) fn json(data: &[u8]) {
    let text = &*String::from_utf8_lossy(data);
    match (Json::parse(text), serde_json::from_str::<Value>(text)) {
        (Ok(json), Ok(value)) => compare(json.root(), &value),
        // serde_json wants numbers to fit; ours are kept as text.
        (Ok(_), Err(error)) => {
            assert!(error.to_string().contains("number out of range"), "{error}")
        }
        (Err(error), Ok(_)) => assert_eq!(error.kind(), SyntaxErrorKind::TooDeep),
        (Err(_), Err(_)) => {}
    }
}

fn compare(item: Item<'_, '_>, value: &Value) {
    match value {
        Value::Null => assert_eq!(item.kind(), Kind::Null),
        Value::Bool(_) => assert_eq!(item.kind(), Kind::Bool),
        Value::Number(_) => assert_eq!(item.kind(), Kind::Number),
        Value::String(text) => assert_eq!(item.string().as_deref(), Some(text.as_str())),
        Value::Array(values) => {
            assert_eq!(item.elements().count(), values.len());
            item.elements()
                .zip(values)
                .for_each(|(item, value)| compare(item, value));
        }
        Value::Object(members) => {
            // Of doubled keys serde_json keeps the last.
            for (key, value) in members {
                let named = item
                    .members()
                    .filter(|(name, _)| name.string().is_some_and(|n| n == *key));
                compare(named.last().expect("the key is there").1, value);
            }
        }
    }
}

/// Any text as a document of any type can be read and judged in every way.
pub(crate) fn document(data: &[u8]) {
    let text = &*text_of(data);
    for policy_type in PolicyType::ALL {
        let Ok(document) = Document::parse(text, policy_type) else {
            continue;
        };
        assert_eq!(document.clone().into_owned(), document);
        let rules = Ruleset::compile(&document);
        let _ = check_no_new_access(&rules, &rules);
        let _ = check_no_public_access(&rules);
    }
}

/// Linting never fails, points into the text, and what AWS would take can be read.
pub(crate) fn lint(data: &[u8]) {
    let text = &*text_of(data);
    for policy_type in PolicyType::ALL {
        let report = report(text, policy_type, Options { own_codes: true });
        assert_eq!(
            report.grammar().is_ok(),
            check_grammar(text, policy_type).is_ok()
        );
        if report.grammar().is_ok() {
            assert!(Document::parse(text, policy_type).is_ok());
        }
        assert_eq!(
            positions(text, report.findings()).len(),
            report.findings().len()
        );
        for place in report
            .findings()
            .iter()
            .flat_map(|finding| finding.locations())
        {
            assert!(place.span.start as usize <= text.len() + 1, "{place:?}");
        }
    }
}

/// Any texts as operator, values and context of a condition: it holds or does not, and one with
/// `IfExists` holds when the key is missing.
pub(crate) fn values(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let texts: Vec<&str> = text.split('\n').collect();
    let mut choices = Choices::new(data);
    let operator = choices.operator();
    for operator in [operator.as_str(), texts[0]] {
        let clause = Clause::new(operator, "k:a", texts.iter().copied(), true);
        let mut context = Context::new();
        let missing = clause.holds(&context);
        let optional = clause
            .operator()
            .is_some_and(|operator| operator.if_exists());
        assert!(
            missing || !optional || operator.contains("ForAnyValue"),
            "{operator}"
        );
        context.set(
            "k:a",
            ContextValue::Many(texts.iter().map(|&text| text.to_owned()).collect()),
        );
        let _ = clause.holds(&context);
        for text in &texts {
            context.set("k:a", ContextValue::One((*text).to_owned()));
            let _ = clause.holds(&context);
        }
    }
}

/// What is proved, no request contradicts, and every witness is one.
pub(crate) fn prove(data: &[u8]) {
    let mut choices = Choices::new(data);
    let (one, two) = (choices.policy(false), choices.policy(false));
    let requests: Vec<Request> = (0..6).filter_map(|_| choices.request()).collect();
    let (before, after) = (compiled(&one), compiled(&two));
    // Keys have several values where AWS says so, and where nobody knows them.
    let several = |key: &str| key == "aws:TagKeys" || key.starts_with("k:");
    let fits = |request: &&Request| {
        let mut context = request.context().iter();
        context.all(|(key, value)| several(key) || matches!(value, ContextValue::One(_)))
    };
    match check_no_new_access(&before, &after) {
        CheckResult::Pass => {
            for request in requests.iter().filter(fits) {
                let new = after.allows(request) && !before.allows(request);
                assert!(!new, "passed, but {request:?}\n{one}\n{two}");
            }
        }
        CheckResult::Fail { witness, .. } => {
            assert!(
                after.allows(&witness) && !before.allows(&witness),
                "{witness:?}\n{one}\n{two}"
            );
        }
        CheckResult::Undecided { .. } => {}
    }
    let access = Access {
        actions: vec![choices.action()],
        resources: vec![choices.resource()],
    };
    if let CheckResult::Fail { witness, .. } = check_access_not_granted(&after, &[access]) {
        assert!(after.allows(&witness), "{witness:?}\n{two}");
    }
}

fn compiled(text: &str) -> Ruleset {
    let document = Document::parse(text, PolicyType::Identity).expect("policies are well formed");
    Ruleset::compile(&document)
}

/// One more deny never opens anything, a boundary never widens, and `*` alone allows.
pub(crate) fn evaluate(data: &[u8]) {
    let mut choices = Choices::new(data);
    let Some(request) = choices.request() else {
        return;
    };
    let mut policies = Policies {
        identity: vec![compiled(&choices.policy(false))],
        ..Policies::default()
    };
    let mut before = decide(&request, &policies).outcome;
    policies.boundaries.push(compiled(&choices.policy(false)));
    let mut narrower = |policies: &Policies| {
        let after = decide(&request, policies).outcome;
        assert!(
            before == Outcome::Allowed || after != Outcome::Allowed,
            "{request:?}"
        );
        before = after;
    };
    narrower(&policies);
    policies
        .service_control
        .push(vec![compiled(&choices.policy(false))]);
    narrower(&policies);
    policies.sessions.push(compiled(&choices.policy(false)));
    narrower(&policies);
    let deny =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
    policies.identity.push(compiled(deny));
    let text = choices.policy(true);
    let resource = Document::parse(&text, PolicyType::Resource).expect("policies are well formed");
    policies.resource = Some(Ruleset::compile(&resource));
    assert_eq!(
        decide(&request, &policies).outcome,
        Outcome::ExplicitlyDenied
    );
}

/// What is minimised stays the same, and is no longer.
pub(crate) fn minimise(data: &[u8]) {
    let mut choices = Choices::new(data);
    let text = choices.policy(false);
    let document = Document::parse(&text, PolicyType::Identity).expect("policies are well formed");
    let Ok(documents) = shorten(&document, MANAGED_POLICY_QUOTA) else {
        return;
    };
    let rules = Ruleset::compile(&document);
    let [short] = documents.as_slice() else {
        return;
    };
    assert!(short.len() <= text.len(), "{text}\n{short}");
    let shorter = compiled(short);
    for _ in 0..6 {
        let Some(request) = choices.request().filter(has_single_values) else {
            continue;
        };
        assert_eq!(
            shorter.allows(&request),
            rules.allows(&request),
            "{request:?}\n{text}\n{short}"
        );
    }
}

/// No policies make classifying fail; a further deny never adds anything.
pub(crate) fn classify(data: &[u8]) {
    let text = text_of(data);
    let Ok(document) = Document::parse(&text, PolicyType::Identity) else {
        return;
    };
    let all = [document];
    let open = classification(PrincipalPolicies {
        policies: &all,
        ..PrincipalPolicies::default()
    });
    let nothing = r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
    let deny = Document::parse(nothing, PolicyType::Identity).expect("a whole policy");
    let [document] = all;
    let both = [document, deny];
    let closed = classification(PrincipalPolicies {
        policies: &both,
        ..PrincipalPolicies::default()
    });
    assert!(closed.privilege_escalation.is_empty() && closed.credentials_exposure.is_empty());
    assert!(open.access_levels.len() >= closed.access_levels.len());
}

/// Every statement is told in a sentence of its own.
pub(crate) fn explain(data: &[u8]) {
    let text = text_of(data);
    for policy_type in PolicyType::ALL {
        let Ok(document) = Document::parse(&text, policy_type) else {
            continue;
        };
        let sentences = explanation(&document);
        assert_eq!(sentences.len(), document.statements().len());
        for sentence in sentences {
            assert!(
                sentence.text.len() > 5 && sentence.text.ends_with('.'),
                "{text}"
            );
        }
    }
}

/// Any names and patterns can be looked up, and what is found answers to its own name.
pub(crate) fn names(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for line in text.lines().take(8) {
        if let Some(action) = catalogue::action(line) {
            assert!(catalogue::action(&action.full_name()).is_some());
        }
        assert!(catalogue::actions_matching(line).count() <= catalogue::release().actions);
        let (prefix, name) = line.split_once(':').unwrap_or((line, ""));
        let _ = catalogue::suggest_service(prefix);
        let _ = catalogue::suggest_action(prefix, name);
        let _ = catalogue::suggest_global_key(line);
        let _ = line.parse::<iam_policy::evaluate::RequestPrincipal>();
    }
}
