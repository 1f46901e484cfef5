use proptest::prelude::*;

use super::*;
use crate::document::Document;
use crate::explain::tests::{SECRET, statements};
use crate::foreign::{TextPart, parts};

proptest! {
    /// Whatever a policy calls things: each message is one line, and quotes what is not ours.
    #[test]
    fn nothing_foreign_stands_unquoted(before in any::<String>(), after in any::<String>()) {
        let foreign = format!("{before}{SECRET}{after}");
        for (policy_type, statement) in statements(&foreign) {
            let text = serde_json::json!({"Statement": [statement], &foreign: foreign}).to_string();
            let report = lint(&text, policy_type, Options::default());
            let refused = report.grammar().err().map(ToString::to_string);
            let unreadable = Document::parse(&text, policy_type).err().map(|error| error.to_string());
            let messages = report.findings().iter().map(|found| found.message().to_owned());
            for message in messages.chain(refused).chain(unreadable) {
                prop_assert_eq!(message.lines().count(), 1, "{}", &message);
                let ours = parts(&message).into_iter().filter_map(|part| match part {
                    TextPart::Ours(words) => Some(words.to_ascii_lowercase()),
                    TextPart::Foreign(_) | TextPart::Whole(_) => None,
                });
                prop_assert!(!ours.collect::<String>().contains(SECRET), "{}", &message);
            }
            for found in report.findings() {
                prop_assert!(found.path().to_string().lines().count() <= 1);
            }
        }
    }
}
