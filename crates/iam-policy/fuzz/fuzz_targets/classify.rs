//! No policies make classifying fail; a further deny never adds anything.
#![no_main]

use iam_policy::classify::{Subject, classify};
use iam_policy::document::{Document, PolicyType};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(document) = Document::parse(text, PolicyType::Identity) else {
        return;
    };
    let all = [document];
    let open = classify(Subject {
        policies: &all,
        ..Subject::default()
    });
    let nothing = r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
    let deny = Document::parse(nothing, PolicyType::Identity).expect("a whole policy");
    let [document] = all;
    let both = [document, deny];
    let closed = classify(Subject {
        policies: &both,
        ..Subject::default()
    });
    assert!(closed.privilege_escalation.is_empty() && closed.credentials_exposure.is_empty());
    assert!(open.access_levels.len() >= closed.access_levels.len());
});
