//! No text makes linting or parsing fail, and what IAM would take can be parsed.
#![no_main]

use iam_policy::document::{Document, PolicyType};
use iam_policy::lint::{Options, lint, positions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for policy_type in PolicyType::ALL {
        let report = lint(text, policy_type, Options { own_codes: true });
        let document = Document::parse(text, policy_type);
        if report.grammar().is_ok() {
            assert!(document.is_ok(), "{document:?}");
        }
        if let Ok(document) = document {
            assert_eq!(document.clone().into_owned(), document);
        }
        assert_eq!(
            positions(text, report.findings()).len(),
            report.findings().len()
        );
        for finding in report.findings() {
            let span = finding.span();
            assert!(span.start as usize <= text.len() + 1, "{finding:?}");
        }
    }
});
