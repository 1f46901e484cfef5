//! How the workspace is laid out: which crate may depend on which, and that docs/architecture.md
//! names every crate.

use std::path::{Path, PathBuf};

use local_stack::binaries::FUNCTIONS;
use local_stack::checkout::Checkout;

use super::workspace::{Dependency, LayoutError, MAP, Metadata};

/// What crates may depend on, beside their tests; all of them crates that ship. `*` stands for any
/// ending.
const ARROWS: [(&str, &[&str]); 10] = [
    ("iam-policy", &[]),
    ("https", &[]),
    ("core", &["iam-policy"]),
    ("ports", &["core"]),
    ("workflow", &["ports", "core"]),
    ("aws-errors", &["ports", "core"]),
    ("aws-*", &["aws-errors", "ports", "core"]),
    ("servicenow", &["https", "ports", "core"]),
    ("shell", &["https", "ports", "core"]),
    ("snowgate", &["servicenow", "https", "core", "iam-policy"]),
];
/// What a function may depend on.
const OF_FUNCTIONS: &[&str] = &[
    "workflow",
    "aws-*",
    "servicenow",
    "shell",
    "https",
    "ports",
    "core",
];

/// Looks at the workspace and says, one line each, what is wrong.
pub(super) type Look = fn(&Checkout) -> Result<Vec<String>, LayoutError>;

/// A crate of this workspace.
#[derive(Debug)]
struct Member {
    /// Its folder from the root, such as `crates/core`.
    folder: String,
    /// The folders of the crates of this workspace that it is built with, tests apart.
    depends_on: Vec<String>,
}

/// The dependencies between the crates that ship run in one direction, and never to what does not
/// ship.
pub(super) fn layers(checkout: &Checkout) -> Result<Vec<String>, LayoutError> {
    Ok(wrong_arrows(&members(checkout)?))
}

/// Every crate is named in the code map, in backticks: by its folder's name, or by its path.
pub(super) fn code_map(checkout: &Checkout) -> Result<Vec<String>, LayoutError> {
    let map = std::fs::read_to_string(checkout.path(MAP)).map_err(LayoutError::Map)?;
    let members = members(checkout)?;
    Ok(missing(&members, &map))
}

/// Comments hold no code: nothing runs it, since doc tests are off in every crate. Each would start the
/// compiler anew, and an example that is a program says more.
pub(super) fn code_in_comments(checkout: &Checkout) -> Result<Vec<String>, LayoutError> {
    let mut found = Vec::new();
    for member in members(checkout)? {
        let sources = checkout.path(&member.folder).join("src");
        found.extend(rust_files(&sources).map_err(LayoutError::Source)?);
    }
    let mut wrong = Vec::new();
    for file in found {
        let text = std::fs::read_to_string(&file).map_err(LayoutError::Source)?;
        wrong.extend(lines_with_code(&text).map(|line| format!("{}:{line}", file.display())));
    }
    Ok(wrong)
}

/// The numbers of those lines of a source that begin or end code in a comment.
fn lines_with_code(text: &str) -> impl Iterator<Item = usize> {
    let is_fence = |line: &str| {
        let line = line.trim_start();
        let comment = line
            .strip_prefix("///")
            .or_else(|| line.strip_prefix("//!"));
        comment.is_some_and(|comment| comment.trim_start().starts_with("```"))
    };
    (1..)
        .zip(text.lines())
        .filter_map(move |(n, line)| is_fence(line).then_some(n))
}

/// Every source below a folder.
pub(super) fn rust_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

fn wrong_arrows(members: &[Member]) -> Vec<String> {
    let mut wrong = Vec::new();
    for member in members {
        let Some(name) = member.folder.strip_prefix("crates/") else {
            continue;
        };
        let Some(allowed) = allowed(name) else {
            wrong.push(format!(
                "`{}` is in no layer: name it in xtask/src/checks/layout.rs",
                member.folder
            ));
            continue;
        };
        for other in &member.depends_on {
            let fits = other
                .strip_prefix("crates/")
                .is_some_and(|other| allowed.iter().any(|pattern| fits(other, pattern)));
            if !fits {
                wrong.push(format!("`{}` must not depend on `{other}`", member.folder));
            }
        }
    }
    wrong
}

/// What a crate that ships may depend on; none where nobody has said it.
fn allowed(name: &str) -> Option<&'static [&'static str]> {
    if FUNCTIONS.contains(&name) {
        return Some(OF_FUNCTIONS);
    }
    let found = ARROWS.iter().find(|(pattern, _)| fits(name, pattern));
    found.map(|(_, allowed)| *allowed)
}

fn fits(name: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

fn missing(members: &[Member], map: &str) -> Vec<String> {
    let quoted: Vec<&str> = map
        .lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .map(|text| text.trim_end_matches('/'))
        .collect();
    let is_named = |member: &&Member| {
        let name = member.folder.rsplit('/').next().unwrap_or_default();
        quoted.contains(&name) || quoted.contains(&member.folder.as_str())
    };
    members
        .iter()
        .filter(|member| !is_named(member))
        .map(|member| format!("`{}` is not named in {MAP}", member.folder))
        .collect()
}

fn members(checkout: &Checkout) -> Result<Vec<Member>, LayoutError> {
    Ok(of_metadata(&Metadata::read(checkout)?))
}

fn of_metadata(metadata: &Metadata) -> Vec<Member> {
    let folder = |path: &Path| {
        let inside = path.strip_prefix(&metadata.workspace_root).unwrap_or(path);
        inside.display().to_string()
    };
    let packages = metadata.packages.iter();
    packages
        .map(|package| {
            let built_in = |one: &&Dependency| one.kind.as_deref() != Some("dev");
            let depends_on = package.dependencies.iter().filter(built_in);
            Member {
                folder: folder(package.manifest_path.parent().unwrap_or(Path::new(""))),
                depends_on: depends_on
                    .filter_map(|one| one.path.as_deref())
                    .map(folder)
                    .collect(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(folder: &str, depends_on: &[&str]) -> Member {
        Member {
            folder: folder.to_owned(),
            depends_on: depends_on.iter().map(|&one| one.to_owned()).collect(),
        }
    }

    #[test]
    fn arrows_run_down_only() {
        let right = [
            member(
                "crates/dispatcher",
                &["crates/workflow", "crates/aws-iam", "crates/core"],
            ),
            member("crates/aws-iam", &["crates/aws-errors", "crates/ports"]),
            member("crates/core", &["crates/iam-policy"]),
            member(
                "dev/testkit",
                &["crates/workflow", "dev/servicenow-emulator"],
            ),
            member("xtask", &["dev/local-stack"]),
        ];
        assert_eq!(wrong_arrows(&right), Vec::<String>::new());
        let wrong = [
            member("crates/core", &["crates/ports"]),
            member("crates/intake", &["crates/dispatcher"]),
            member("crates/servicenow", &["crates/aws-iam"]),
            member("crates/snowgate", &["dev/local-stack"]),
            member("crates/shell", &["xtask"]),
            member("crates/novelty", &[]),
        ];
        assert_eq!(
            wrong_arrows(&wrong),
            [
                "`crates/core` must not depend on `crates/ports`",
                "`crates/intake` must not depend on `crates/dispatcher`",
                "`crates/servicenow` must not depend on `crates/aws-iam`",
                "`crates/snowgate` must not depend on `dev/local-stack`",
                "`crates/shell` must not depend on `xtask`",
                "`crates/novelty` is in no layer: name it in xtask/src/checks/layout.rs",
            ]
        );
    }

    #[test]
    fn a_crate_is_on_the_map_by_name_or_path() {
        let members = ["crates/core", "crates/ports", "dev/bench", "tests"];
        let members = members.map(|folder| member(folder, &[]));
        let map = "- `core`: rules, unlike ports\n| `dev/bench/` | measures |\n`tests/src` `dev`";
        assert_eq!(
            missing(&members, map),
            [
                "`crates/ports` is not named in docs/architecture.md",
                "`tests` is not named in docs/architecture.md",
            ]
        );
    }

    #[test]
    fn tests_may_use_what_they_like() {
        let metadata = serde_json::from_value(serde_json::json!({
            "workspace_root": "/w",
            "packages": [{"manifest_path": "/w/crates/core/Cargo.toml", "targets": [], "dependencies": [
                {"kind": null, "path": "/w/crates/iam-policy"},
                {"kind": "build", "path": "/w/crates/ports"},
                {"kind": "dev", "path": "/w/dev/testkit"},
                {"kind": null, "path": null},
            ]}],
        }));
        let members = of_metadata(&metadata.unwrap());
        assert_eq!(members.len(), 1);
        assert_eq!(members[0].folder, "crates/core");
        assert_eq!(members[0].depends_on, ["crates/iam-policy", "crates/ports"]);
    }

    #[test]
    fn code_in_comments_is_found() {
        let fence = "`".repeat(3);
        let text =
            format!("/// Says {fence}.\n/// {fence}\nlet x = 1;\n    //! {fence}text\n// {fence}");
        assert_eq!(lines_with_code(&text).collect::<Vec<_>>(), [2, 4]);
    }
}
