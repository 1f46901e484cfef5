//! Any text as a document of any type: nothing may panic, and what is minimised can be read.

#![no_main]

use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::Ruleset;
use iam_policy::explain::explain;
use iam_policy::minimise::{MANAGED_POLICY_QUOTA, minimise};
use iam_policy::prove::{check_no_new_access, check_no_public_access};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for policy_type in PolicyType::ALL {
        let Ok(document) = Document::parse(text, policy_type) else {
            continue;
        };
        assert_eq!(explain(&document).len(), document.statements().len());
        let rules = Ruleset::compile(&document);
        let _ = check_no_new_access(&rules, &rules);
        let _ = check_no_public_access(&rules);
        for short in minimise(&document, MANAGED_POLICY_QUOTA).unwrap_or_default() {
            assert!(Document::parse(&short, policy_type).is_ok(), "{short}");
        }
    }
});
