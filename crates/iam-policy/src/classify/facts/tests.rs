//! That the tables are whole, and that every telling name is in one of them.

use super::*;
use crate::catalogue::AccessLevel;

#[test]
fn the_tables_are_whole() {
    let facts = facts();
    assert_eq!(facts.paths().len(), lines(PATHS).count());
    let of_pathfinding = facts.paths().iter();
    let of_pathfinding = of_pathfinding.filter(|path| path.source == "pathfinding");
    assert_eq!(of_pathfinding.count(), 97);
    let actions = lines(PATHS).map(|fields| fields[2].split(',').count());
    for (path, actions) in facts.paths().iter().zip(actions) {
        assert!(path.actions.len() == actions && !path.source.is_empty());
    }
    assert!(facts.named.len() * 2 <= SLOTS);
    let sensitive = [
        Category::Escalation,
        Category::Credentials,
        Category::Resource,
        Category::Data,
    ]
    .map(|category| {
        let all = facts.sensitive_among(0..facts.named.len());
        all.of(category).len()
    });
    assert_eq!(sensitive, [27, 226, 538, 279]);
}

/// What names of actions say that grant, delegate or hand out something.
const TELLING: &str = "accessentry accesskey accountassignment apikey assume authcode bearertoken clientsecret \
    connectionstring createkeypair credential delegat embedurl entitlement environmentvariable \
    federationtoken grant impersonat loginurl membership oauth onetimelogin passrole password permissionset \
    podidentity presigned revealsecret rootsession scramsecret secretvalue sharedsecret sharing \
    signinurl streamingurl streamkey token trustanchor webhooksecret webidentity";

/// What names of actions that make or change something begin with, and what they are about when that
/// may be rights of others.
const OPENING: (&str, &str) = (
    "put add create set update attach modify associate enable replace import register",
    "policy policies permission publickey trust crossaccount sharing share",
);

/// Whether the name tells of something that is given or handed out.
fn tells(name: &str) -> bool {
    let (verbs, rights) = OPENING;
    TELLING.split(' ').any(|word| name.contains(word))
        || name.starts_with("authorize")
        || name.starts_with("share")
        || verbs.split(' ').any(|verb| name.starts_with(verb))
            && rights.split(' ').any(|word| name.contains(word))
}

#[test]
fn every_action_that_may_grant_something_is_in_one_of_the_files() {
    let harmless = include_str!("../../../data/harmless.tsv");
    let harmless = lines(harmless).map(|fields| {
        assert!(fields.len() == 2 && !fields[1].is_empty(), "{fields:?}");
        fields[0]
    });
    let mut left: Vec<String> = Vec::new();
    for action in catalogue::services()
        .iter()
        .flat_map(|service| service.actions())
    {
        let name = action.name().to_ascii_lowercase();
        let telling = tells(&name) || action.access_level() == AccessLevel::PermissionsManagement;
        let full = action.full_name();
        if telling && exact(&facts().slots, &facts().named, &full).is_none() {
            left.push(full);
        }
    }
    left.sort_by_key(|name| name.to_ascii_lowercase());
    assert_eq!(left, harmless.collect::<Vec<_>>());
}

#[test]
fn patterns_find_what_each_name_says() {
    let facts = facts();
    for pattern in [
        "*",
        "iam:*",
        "IAM:Pass?ole",
        "iam:passrole",
        "ec2:*s",
        "*:Create*",
        "iam:CreatePolicyV*",
        "",
        "i*",
        "nothing:*",
        "iam:CreateServiceLinkedRol?",
    ] {
        let mut found = Vec::new();
        assert!(facts.matching(pattern, &WorkLimit::default(), |nth| found.push(nth)));
        let slow = (0..facts.named.len())
            .filter(|nth| wildcard::matches_ignoring_case(pattern, facts.named[*nth].name));
        assert_eq!(found, slow.collect::<Vec<_>>(), "{pattern}");
    }
    let mut all = 0;
    assert!(!facts.matching("iam:*", &WorkLimit::of(0), |_| all += 1));
    assert_eq!(all, 0);
}
