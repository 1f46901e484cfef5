//! Tests switch on no feature of a crate that binaries are built without: each crate would be compiled
//! once for `--bins` and once more for tests, with all that depends on it.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use local_stack::checkout::Checkout;

use super::cargo;
use super::workspace::LayoutError;

/// The manifest that asks for features in the name of tests.
const MANIFEST: &str = "dev/testkit/Cargo.toml";

/// Compares what binaries are built of with what they are built of beside tests.
pub(super) fn features(checkout: &Checkout) -> Result<Vec<String>, LayoutError> {
    let of_binaries = tree(checkout, "normal,build")?;
    let with_tests = tree(checkout, "normal,build,dev")?;
    Ok(differing(&of_binaries, &with_tests))
}

/// Every crate of the workspace's builds with its features, in lines of cargo's.
fn tree(checkout: &Checkout, edges: &str) -> Result<String, LayoutError> {
    let output = Command::new(cargo())
        .args(["tree", "--workspace", "--prefix", "none"])
        .args(["--format", "{p} {f}", "--edges", edges])
        .current_dir(checkout.root())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(LayoutError::Cargo)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn differing(of_binaries: &str, with_tests: &str) -> Vec<String> {
    // Cargo marks what it has shown before.
    let crates = |tree| -> BTreeSet<&str> {
        let lines = str::lines(tree);
        lines
            .map(|line| line.trim_end_matches(" (*)").trim_end())
            .collect()
    };
    let (found, known) = (crates(of_binaries), crates(with_tests));
    let wrong =
        |line: &&str| format!("`{line}` has other features in tests: name them in {MANIFEST}");
    found.difference(&known).map(wrong).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_with_more_features_in_tests_is_found() {
        let of_binaries = "either v1.0.0 std\nserde v1.0.0 std (*)\n";
        let same = "either v1.0.0 std\nserde v1.0.0 std\nproptest v1.0.0 ";
        assert!(differing(of_binaries, same).is_empty());
        let more = "either v1.0.0 std,use_std\nserde v1.0.0 std";
        let [found] = &differing(of_binaries, more)[..] else {
            panic!("exactly one crate differs");
        };
        assert!(found.contains("`either v1.0.0 std`"), "{found}");
    }
}
