//! Golden sentences: every `tests/explain/TYPE/*.json` against the `.txt` beside it.
//!
//! The documents are our own, in the style of policies in use. `UPDATE_GOLDEN=1` writes the
//! sentences anew; they are to be read before they are committed.

#![expect(clippy::expect_used, reason = "tests")]

use std::path::{Path, PathBuf};

use iam_policy::document::{Document, PolicyType};
use iam_policy::explain::explain;

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .collect();
    files.sort();
    files
}

fn told(path: &Path, policy_type: PolicyType) -> String {
    let text = std::fs::read_to_string(path).expect("the document can be read");
    let document = Document::parse(&text, policy_type).expect("a whole document");
    let sentences = explain(&document)
        .into_iter()
        .map(|sentence| sentence.text + "\n");
    sentences.collect()
}

#[test]
fn documents_are_told_as_reviewed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain");
    let mut documents = 0;
    let mut differing = Vec::new();
    for (folder, policy_type) in [
        ("identity", PolicyType::Identity),
        ("resource", PolicyType::Resource),
        ("trust", PolicyType::Trust),
    ] {
        let folder = root.join(folder);
        for path in files(&folder, "json") {
            documents += 1;
            let golden = path.with_extension("txt");
            let found = told(&path, policy_type);
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                std::fs::write(&golden, &found).expect("the sentences can be written");
            }
            let expected = std::fs::read_to_string(&golden).unwrap_or_default();
            if found != expected {
                differing.push(format!("{}\n{expected}---\n{found}", path.display()));
            }
        }
        // No sentences without their document.
        for golden in files(&folder, "txt") {
            assert!(
                golden.with_extension("json").exists(),
                "{}",
                golden.display()
            );
        }
    }
    assert!(documents >= 50, "{documents}");
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
