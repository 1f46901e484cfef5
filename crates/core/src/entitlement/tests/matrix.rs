//! The rules as a page that whoever keeps a CMDB can read, compared with docs/entitlement-rules.md.

mod asked;
mod direct;
mod indirect;
mod unread;

use std::fmt::Write as _;

use super::world::*;
use crate::entitlement::*;
use asked::{STATE, WHICH, WHO};
use direct::{GROUPS, OWNERSHIP};
use indirect::{APPLICATIONS, DELEGATION, ROLE};
use unread::UNREAD;

const PAGE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/entitlement-rules.md"
);

const INTRODUCTION: &str = "# Entitlements: the rules by example

Made by a test that puts each case to the rules (`crates/core/src/entitlement/tests/matrix.rs`), and compared with this page
by every run. To renew it after a change that is meant:

```sh
UPDATE_ENTITLEMENT_RULES=1 cargo test -p snowgate-core entitlement
```

Rita asks for a server that is in use. The rules are tried from the top, the first that holds counts, and what no rule
permits is denied. In these cases the profile counts all rules: owners in `owned_by` and `u_owner`; groups in `support_group`
and `managed_by_group`, up to two parents up; applications by one relation up, at most five of them; delegations of
assignments; and one role. What is not said of a case is looked up and not found.

*Without `explain`* is the code that a client sees which may not have answers explained: the same for what does not exist, what is
hidden, and what is somebody else's.
";

type Change = fn(&mut World);

/// Headings, and below each what a case is and how it comes about.
const CASES: &[(&str, &[(&str, Change)])] = &[
    ("Who asks", WHO),
    ("Which server", WHICH),
    ("In which state", STATE),
    ("1. Ownership", OWNERSHIP),
    ("2. Groups", GROUPS),
    ("3. Applications", APPLICATIONS),
    ("4. Delegation", DELEGATION),
    ("5. The role that overrides", ROLE),
    ("What could not be read", UNREAD),
];

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (heading, cases) in CASES {
        let _ = write!(
            page,
            "\n## {heading}\n\n| case | entitled | rule or code | why | without `explain` |\n|---|---|---|---|---|\n"
        );
        for (what, change) in *cases {
            let mut world = World::new();
            change(&mut world);
            let verdict = world.verdict();
            let short = |verdict: &Entitlement| match verdict.rule() {
                Some(rule) => rule.as_str(),
                None => verdict.code().as_str(),
            };
            let entitled = match (verdict.entitled(), verdict.known()) {
                (true, _) => "**yes**",
                (false, true) => "no",
                (false, false) => "no (not known)",
            };
            let _ = writeln!(
                page,
                "| {what} | {entitled} | `{}` | {} | `{}` |",
                short(&verdict),
                verdict.reason(),
                short(&verdict.clone().disclosed(false)),
            );
        }
    }
    page
}

#[test]
fn the_page_says_what_the_rules_do() {
    let page = page();
    if std::env::var_os("UPDATE_ENTITLEMENT_RULES").is_some() {
        std::fs::write(PAGE, &page).unwrap();
    }
    let kept = std::fs::read_to_string(PAGE).unwrap_or_default();
    let differs: Vec<_> = page
        .lines()
        .filter(|line| !kept.lines().any(|one| one == *line))
        .collect();
    assert!(
        page == kept,
        "docs/entitlement-rules.md says something else: {differs:#?}"
    );
}

#[test]
fn without_explain_nothing_tells_unknown_hidden_and_not_yours_apart() {
    let hidden: Change = |world| {
        let hidden = Fact::Unread(Unread::Hidden);
        world.snapshot.items.insert(world.resource.clone(), hidden);
    };
    let seen = [
        |_: &mut World| {},
        |world: &mut World| world.items(vec![]),
        hidden,
    ]
    .map(|change| {
        let mut world = World::new();
        change(&mut world);
        world.verdict().disclosed(false)
    });
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[1], seen[2]);
    assert_eq!(seen[0].freshness, None);
    let mut world = World::new();
    world.names("owned_by", "rita");
    let yes = world.verdict().disclosed(false);
    assert!(yes.entitled() && yes.evidence.is_empty() && yes.resolved.is_some());
}

#[test]
fn evidence_leads_from_the_item_to_the_user() {
    let mut world = World::new();
    world.names("support_group", "it");
    world.member("adam", &["ops"]);
    world.group("ops", Some("it"));
    world.group("it", None);
    world.delegates("adam", 11);
    let verdict = world.verdict();
    assert_eq!(verdict.rule(), Some(EntitlementRule::Delegation));
    let evidence: Vec<_> = verdict
        .evidence
        .iter()
        .map(|proof| (&*proof.table, proof.record.clone(), &*proof.field))
        .collect();
    assert_eq!(
        evidence,
        [
            ("cmdb_ci_linux_server", id("web1"), "support_group"),
            ("sys_user_group", id("ops"), "parent"),
            ("sys_user_grmember", id("mops"), "user"),
            ("sys_user_delegate", id("dadam"), "delegate"),
        ]
    );
}

#[test]
fn a_verdict_is_as_old_as_the_oldest_fact() {
    let mut world = World::new();
    world.names("support_group", "ops");
    world.member("rita", &["ops"]);
    let known = |world: &World| world.verdict().freshness.unwrap();
    assert_eq!(known(&world), Freshness::read(at(9)));
    let Some(Fact::Known { freshness, .. }) = world.snapshot.groups_of.get_mut(&id("rita")) else {
        panic!("she has groups");
    };
    *freshness = Freshness {
        as_of: at(8),
        stale: true,
    };
    assert_eq!(known(&world).as_of, at(8));
    assert!(known(&world).stale);
}
