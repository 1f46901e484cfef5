//! The table of ways to more power, and the files of pathfinding.cloud that it is renewed from.

use std::collections::{BTreeMap, BTreeSet};

/// The source that stands in the table for ways of pathfinding.cloud.
const SOURCE: &str = "pathfinding";

/// What the table says of the commit.
pub(super) struct Release {
    /// The first twelve digits of the commit.
    pub(super) commit: String,
    /// Its date, such as `2026-11-30`.
    pub(super) date: String,
}

/// A way, as its file describes it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PathFile {
    id: String,
    kind: &'static str,
    actions: Vec<String>,
}

/// Why a file describes no way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathFileError {
    /// It has no name.
    #[error("it has no `id` of letters, digits and hyphens")]
    Id,
    /// Its category is none that is known.
    #[error("its `category` is none that is known")]
    Category,
    /// It needs nothing.
    #[error("it has no actions in `permissions.required`")]
    Actions,
}

impl PathFile {
    /// Reads what is needed of a file, line by line: its first-level members `id` and `category`, and
    /// the names below `permissions`, `required`.
    pub(super) fn parse(text: &str) -> Result<Self, PathFileError> {
        let (mut id, mut category, mut actions) = (None, None, Vec::new());
        let (mut in_permissions, mut required) = (false, false);
        for line in text.lines() {
            let member = line
                .split_once(':')
                .filter(|_| !line.starts_with([' ', '-', '#']));
            if let Some((name, value)) = member {
                in_permissions = name == "permissions";
                required = false;
                match name {
                    "id" => id = Some(unquoted(value)),
                    "category" => category = Some(unquoted(value)),
                    _ => {}
                }
                continue;
            }
            let line = line.trim();
            if let Some(name) = line.strip_suffix(':').filter(|name| !name.contains(' ')) {
                required = in_permissions && name == "required";
            }
            let action = line.strip_prefix("- permission:").filter(|_| required);
            actions.extend(action.map(|action| unquoted(action).to_owned()));
        }
        let plain = |text: &&str| {
            let mut bytes = text.bytes();
            !text.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let kind = match category {
            Some("self-escalation") => "self",
            Some("principal-access") => "principal",
            Some("new-passrole") => "pass",
            Some("existing-passrole" | "credential-access") => "existing",
            _ => return Err(PathFileError::Category),
        };
        let whole = |action: &String| {
            let halves = action.split_once(':');
            halves.is_some_and(|(service, name)| plain(&service) && plain(&name))
        };
        if actions.is_empty() || !actions.iter().all(whole) {
            return Err(PathFileError::Actions);
        }
        Ok(Self {
            id: id.filter(plain).ok_or(PathFileError::Id)?.to_owned(),
            kind,
            actions,
        })
    }
}

fn unquoted(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}

/// The actions of a row or file, whatever their order.
fn set<'t>(actions: impl IntoIterator<Item = &'t str>) -> BTreeSet<String> {
    let all = actions.into_iter();
    all.map(|action| action.to_ascii_lowercase()).collect()
}

/// The table with the ways of these files. A way that is known keeps its kind, and its text while it
/// needs the same; one that nobody has any more stays. Our own ways that a file now has under a name
/// go.
pub(super) fn renewed(table: &str, files: &[PathFile], release: &Release) -> String {
    let head = table.lines().filter(|line| line.starts_with('#'));
    let mut lines: Vec<String> = head
        .map(|line| match line.starts_with("# release\t") {
            true => format!("# release\t{}\t{}", release.commit, release.date),
            false => line.to_owned(),
        })
        .collect();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
        .collect();
    let of_source = |row: &&Vec<&str>| row.last() == Some(&SOURCE);
    let mut ways: BTreeMap<String, String> = rows
        .iter()
        .filter(of_source)
        .filter_map(|row| Some(((*row.first()?).to_owned(), row.join("\t"))))
        .collect();
    for file in files {
        let known = ways.get(&file.id);
        let kind = known.and_then(|row| row.split('\t').nth(1));
        let actions = known.and_then(|row| row.split('\t').nth(2));
        let actions = actions
            .filter(|actions| set(actions.split(',')) == set(file.actions.iter().map(|a| &**a)));
        let actions = actions.map_or_else(|| file.actions.join(","), str::to_owned);
        let row = [&file.id, kind.unwrap_or(file.kind), &actions, SOURCE].join("\t");
        ways.insert(file.id.clone(), row);
    }
    let named: BTreeSet<_> = files
        .iter()
        .map(|file| set(file.actions.iter().map(|action| &**action)))
        .collect();
    lines.extend(ways.into_values());
    let others = rows.iter().filter(|row| !of_source(row)).filter(|row| {
        let actions = row.get(2).copied().unwrap_or_default();
        row.last() != Some(&"own") || !named.contains(&set(actions.split(',')))
    });
    lines.extend(others.map(|row| row.join("\t")));
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = include_str!("../../../crates/iam-policy/data/escalation.tsv");

    fn file(id: &str, category: &str, actions: &[&str]) -> String {
        let actions: Vec<String> = actions
            .iter()
            .map(|action| {
                format!("    - permission: {action}\n      resourceConstraints: \"id: x\"\n")
            })
            .collect();
        format!(
            "id: {id}\nname: a + b\ncategory: {category}\nservices:\n  - iam\n\npermissions:\n  required:\n{}  additional:\n    - permission: iam:GetRole\n\ndescription: |\n  required:\n    - permission: iam:X\n",
            actions.concat()
        )
    }

    fn release() -> Release {
        let line = TABLE
            .lines()
            .find_map(|line| line.strip_prefix("# release\t"));
        let (commit, date) = line.and_then(|line| line.split_once('\t')).unwrap();
        Release {
            commit: commit.to_owned(),
            date: date.to_owned(),
        }
    }

    #[test]
    fn the_table_renewed_from_itself_is_the_same() {
        let rows = TABLE.lines().filter(|line| line.ends_with("\tpathfinding"));
        let files: Vec<PathFile> = rows
            .map(|row| {
                let fields: Vec<&str> = row.split('\t').collect();
                let mut actions: Vec<&str> = fields[2].split(',').collect();
                actions.reverse();
                PathFile::parse(&file(fields[0], "new-passrole", &actions)).unwrap()
            })
            .collect();
        assert!(files.len() > 90);
        assert_eq!(renewed(TABLE, &files, &release()), TABLE);
        assert_eq!(renewed(TABLE, &[], &release()), TABLE, "nothing is dropped");
    }

    #[test]
    fn new_and_changed_ways_are_taken_in() {
        let table = "# head\n# release\tx\ty\na-001\tself\tx:A\tpathfinding\nmine\texisting\tx:B,x:C\town\nyours\tpass\tx:C\tprowler\n";
        let files = [
            file("a-001", "existing-passrole", &["x:A", "x:D"]),
            file("b-001", "principal-access", &["x:C", "x:B"]),
            file("b-002", "principal-access", &["x:C"]),
        ];
        let files = files.map(|text| PathFile::parse(&text).unwrap());
        let release = Release {
            commit: "c".to_owned(),
            date: "d".to_owned(),
        };
        assert_eq!(
            renewed(table, &files, &release),
            "# head\n# release\tc\td\na-001\tself\tx:A,x:D\tpathfinding\nb-001\tprincipal\tx:C,x:B\tpathfinding\nb-002\tprincipal\tx:C\tpathfinding\nyours\tpass\tx:C\tprowler\n"
        );
    }

    #[test]
    fn both_ways_of_writing_lists_are_read_and_nothing_else() {
        let indented = file("a-001", "new-passrole", &["iam:PassRole", "x:Y"]);
        let flat = indented.replace("    - ", "  - ");
        for text in [indented.as_str(), &flat] {
            let way = PathFile::parse(text).unwrap();
            assert_eq!(way.actions, ["iam:PassRole", "x:Y"]);
        }
        let refused = |from: &str, to: &str| PathFile::parse(&indented.replace(from, to)).err();
        assert_eq!(refused("id: a-001", "name: a"), Some(PathFileError::Id));
        assert_eq!(refused("a-001", "a\tb"), Some(PathFileError::Id));
        assert_eq!(
            refused("new-passrole", "new"),
            Some(PathFileError::Category)
        );
        assert_eq!(refused("x:Y", "x:Y,z:*"), Some(PathFileError::Actions));
        assert_eq!(refused("required", "needed"), Some(PathFileError::Actions));
    }
}
