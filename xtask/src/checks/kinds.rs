//! Where a kind of grant is told from the others: the functions of what ships that name a variant of an
//! enum of kinds. Whoever adds a kind goes through all of them, so they are few, and listed here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use local_stack::checkout::Checkout;

use super::layout::rust_files;
use super::workspace::LayoutError;

/// The enums that have a variant for each kind, and where they are declared.
const ENUMS: [(&str, &str); 5] = [
    ("Grant", "crates/core/src/request/grant.rs"),
    ("Named", "crates/core/src/request/grant/named.rs"),
    ("GrantKind", "crates/core/src/kind.rs"),
    ("GrantFacts", "crates/core/src/facts.rs"),
    ("EffectChange", "crates/core/src/effect.rs"),
];

/// The functions and constants that may name a variant, by file. The fewer the better: what differs
/// between kinds belongs where one of these asks already.
const ALLOWED: &[(&str, &[&str])] = &[
    ("crates/aws-iam/src/member_role.rs", &["make", "take_back"]),
    ("crates/core/src/account.rs", &["place"]),
    ("crates/core/src/account/beside.rs", &["beside"]),
    (
        "crates/core/src/effect.rs",
        &["inline_policy", "traits", "user"],
    ),
    ("crates/core/src/facts.rs", &["are_of", "binding", "parts"]),
    ("crates/core/src/guardrails/file.rs", &["permits"]),
    ("crates/core/src/guardrails/judge.rs", &["judge_kind"]),
    (
        "crates/core/src/guardrails/member.rs",
        &["inline_policies_in"],
    ),
    ("crates/core/src/guardrails/permit.rs", &["lists"]),
    ("crates/core/src/guardrails/users.rs", &["users_in"]),
    ("crates/core/src/inline_policy.rs", &["inline_policy"]),
    ("crates/core/src/kind.rs", &["ALL", "row"]),
    ("crates/core/src/plan.rs", &["comes_to"]),
    ("crates/core/src/plan/begun.rs", &["changes_of_bound"]),
    (
        "crates/core/src/request/grant/named.rs",
        &[
            "accounts", "kind", "name", "named", "role", "user", "written",
        ],
    ),
    ("crates/core/src/request/reader.rs", &["grant"]),
    ("crates/core/src/review/grants.rs", &["grants"]),
    ("crates/provisioner/src/remove.rs", &["astray"]),
    ("crates/workflow/src/survey.rs", &["facts"]),
];

/// Functions by their files.
type Places = BTreeMap<String, BTreeSet<String>>;

/// Each kind is told from the others where that is allowed, and nowhere else; and whoever may still
/// does.
pub(super) fn kinds(checkout: &Checkout) -> Result<Vec<String>, LayoutError> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(LayoutError::Source);
    let mut variants = Vec::new();
    for (name, home) in ENUMS {
        variants.push((name, variants_of(&read(&checkout.path(home))?, name)));
    }
    let crates = checkout.path("crates");
    let mut places = Places::new();
    for file in rust_files(&crates).map_err(LayoutError::Source)? {
        let inside = file.strip_prefix(checkout.root()).unwrap_or(&file);
        let name = inside.display().to_string();
        if !is_test(&name) {
            let functions = functions_that_name(&read(&file)?, &variants);
            places.extend((!functions.is_empty()).then_some((name, functions)));
        }
    }
    let allowed = ALLOWED.iter().map(|(file, functions)| {
        let functions = functions.iter().map(|&one| one.to_owned());
        ((*file).to_owned(), functions.collect())
    });
    Ok(wrong(&variants, &places, &allowed.collect()))
}

/// Whether a file holds tests alone.
fn is_test(file: &str) -> bool {
    !file.contains("/src/") || file.contains("/tests/") || file.ends_with("/tests.rs")
}

/// The variants of an enum, as its source declares them.
fn variants_of(source: &str, name: &str) -> BTreeSet<String> {
    let declared = |line: &&str| {
        let rest = line.strip_prefix("pub ").unwrap_or(line);
        let rest = rest.strip_prefix("enum ");
        let rest = rest.and_then(|rest| rest.strip_prefix(name));
        rest.is_some_and(|rest| rest.starts_with([' ', '<']))
    };
    let body = source.lines().skip_while(|line| !declared(line)).skip(1);
    let body = body.take_while(|line| *line != "}");
    let variants = body.filter_map(|line| line.strip_prefix("    "));
    let variants = variants.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    variants.map(|line| word(line).to_owned()).collect()
}

/// The functions of a source, its tests apart, that name a variant.
fn functions_that_name(source: &str, variants: &[(&str, BTreeSet<String>)]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let (mut function, mut of) = (String::new(), String::new());
    let mut lines = source.lines().peekable();
    while let Some(line) = lines.next() {
        let is_module = |next: &&str| next.contains("mod ") && next.ends_with('{');
        if line.trim() == "#[cfg(test)]" && lines.peek().is_some_and(is_module) {
            break;
        }
        if line.trim_start().starts_with("//") {
            continue;
        }
        if line.starts_with("impl") {
            implemented(line).clone_into(&mut of);
        }
        if let Some(name) = declared(line) {
            name.clone_into(&mut function);
        }
        let names = |(name, variants): &(&str, BTreeSet<String>)| {
            paths(line).any(|(parent, variant)| {
                (parent == *name || (parent == "Self" && of == *name)) && variants.contains(variant)
            })
        };
        if variants.iter().any(names) {
            found.insert(function.clone());
        }
    }
    found
}

/// The function that a line declares, or the constant, but for those inside of functions.
fn declared(line: &str) -> Option<&str> {
    let of = |keyword| line.split_once(keyword).map(|(_, rest)| word(rest));
    let is_outside = line.starts_with("const ") || line.trim_start().starts_with("pub");
    let is_constant = |name: &&str| name.starts_with(|c: char| c.is_ascii_uppercase());
    of("fn ").or_else(|| of("const ").filter(|name| is_outside && is_constant(name)))
}

/// What an `impl` is of: the type, without its path and generics.
fn implemented(line: &str) -> &str {
    let rest = line.split_once(" for ").map_or_else(
        || {
            let rest = line.trim_start_matches("impl");
            let generic = rest.starts_with('<');
            rest.split_once('>')
                .filter(|_| generic)
                .map_or(rest, |(_, rest)| rest)
        },
        |(_, rest)| rest,
    );
    word(rest.trim_start())
}

/// Every `Parent::Child` of a line.
fn paths(line: &str) -> impl Iterator<Item = (&str, &str)> {
    line.match_indices("::").filter_map(|(at, _)| {
        let (before, after) = line.split_at_checked(at)?;
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let parent = before.rsplit(|c| !is_part(c)).next()?;
        Some((parent, word(after.trim_start_matches(':'))))
    })
}

/// The identifier that a text begins with.
fn word(text: &str) -> &str {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !is_part(c)).next().unwrap_or_default()
}

/// What is told apart where it should not be, or is allowed for nothing.
fn wrong(variants: &[(&str, BTreeSet<String>)], places: &Places, allowed: &Places) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, variants) in variants {
        if variants.is_empty() {
            wrong.push(format!("`{name}` is not declared where it is said to be"));
        }
    }
    let without = |one: &Places, other: &Places| -> Vec<String> {
        let of = one.iter().flat_map(|(file, functions)| {
            let known = other.get(file);
            let known = move |function: &&String| !known.is_some_and(|of| of.contains(*function));
            let new = functions.iter().filter(known);
            new.map(move |function| format!("`{function}` of {file}"))
        });
        of.collect()
    };
    wrong.extend(without(places, allowed).into_iter().map(|place| {
        format!(
            "{place} tells kinds of grants apart: let one of the functions in \
             xtask/src/checks/kinds.rs answer"
        )
    }));
    wrong.extend(
        without(allowed, places)
            .into_iter()
            .map(|place| format!("{place} tells no kinds apart any more: take it off the list")),
    );
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECLARED: &str = "/// Says `enum Grant`.\npub enum Grant {\n    /// Attach.\n    Attach {\n        \
                            /// The policy.\n        Policy: u8,\n    },\n    Join(u8),\n}\n\nenum Granted {\n    Other,\n}\n";

    fn of_grant() -> Vec<(&'static str, BTreeSet<String>)> {
        vec![("Grant", variants_of(DECLARED, "Grant"))]
    }

    fn found(source: &str) -> Vec<String> {
        let found = functions_that_name(source, &of_grant());
        found.into_iter().collect()
    }

    #[test]
    fn the_variants_are_those_of_the_declaration() {
        let variants = ["Attach", "Join"].map(str::to_owned);
        assert_eq!(of_grant()[0].1, BTreeSet::from(variants));
        let lifetime = "pub enum Named<'g> {\n    One(&'g u8),\n}\n";
        assert_eq!(
            variants_of(lifetime, "Named"),
            BTreeSet::from(["One".to_owned()])
        );
        assert_eq!(variants_of(DECLARED, "Gran"), BTreeSet::new());
    }

    #[test]
    fn functions_that_tell_kinds_apart_are_found() {
        let matches =
            "fn one(grant: &Grant) {\n    match grant {\n        Grant::Attach { .. } => 1,\n";
        assert_eq!(found(matches), ["one"]);
        let closure = "fn two() {\n    let is = |one| matches!(one, request::Grant::Join(_));\n";
        assert_eq!(found(closure), ["two"]);
        let own =
            "impl Display for Grant {\n    const fn fmt(&self) {\n        Self::Join(_) => {}\n";
        assert_eq!(found(own), ["fmt"]);
        let generic = "impl<'a> Grant {\n    fn own() {\n        Self::Join(1)\n";
        assert_eq!(found(generic), ["own"]);
        let constant = "fn one() {}\n\npub const ALL: [Grant; 1] = [\n    Grant::Attach,\n";
        assert_eq!(found(constant), ["ALL"]);
        let inside = "fn one() {\n    const ALL: u8 = 1;\n    Grant::Attach\n";
        assert_eq!(found(inside), ["one"]);
    }

    #[test]
    fn others_are_not() {
        for source in [
            "fn one() {\n    // Grant::Attach\n    Granted::Attach;\n    Grant::parse;\n",
            "impl Granted {\n    fn one() {\n        Self::Attach\n",
            "fn one() {}\n\n#[cfg(test)]\nmod tests {\n    fn two() {\n        Grant::Attach\n",
        ] {
            assert_eq!(found(source), Vec::<String>::new(), "{source}");
        }
        assert!(is_test("crates/core/src/plan/tests.rs") && is_test("crates/core/tests/it/a.rs"));
        assert!(
            is_test("crates/core/src/plan/tests/rows.rs") && !is_test("crates/core/src/plan.rs")
        );
    }

    #[test]
    fn a_new_place_and_one_that_is_gone_are_told() {
        let places = |functions: &[&str]| {
            let functions = functions.iter().map(|&one| one.to_owned()).collect();
            Places::from([("a.rs".to_owned(), functions)])
        };
        let told = |found: &[&str], allowed: &[&str]| {
            wrong(&of_grant(), &places(found), &places(allowed)).len()
        };
        assert_eq!(told(&["one"], &["one"]), 0);
        assert_eq!(told(&["one", "two"], &["one"]), 1);
        assert_eq!(told(&["two"], &["one"]), 2);
        let undeclared = [("Gone", BTreeSet::new())];
        assert_eq!(wrong(&undeclared, &Places::new(), &Places::new()).len(), 1);
    }
}
