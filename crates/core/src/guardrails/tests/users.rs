//! What the guardrails say about users that requests create.

use super::*;
use crate::identity::LifePolicy;
use crate::inline_policy::counted;

const INLINE: &str = "inline_policies = true";
const RULES: &str = "[users]\npath = \"/enrolled/\"\nprefix = \"ci-\"\ntags = [\"Team\"]\n";

/// The guardrails of the tests with these rules for users.
fn text(rules: &str) -> String {
    let text = TEXT.replacen(INLINE, &format!("{INLINE}\nusers = true"), 1);
    assert_ne!(text, TEXT);
    format!("{text}{rules}")
}

/// The guardrails of the tests, where users can be created.
fn with_users() -> Guardrails {
    Guardrails::parse(&text(RULES)).unwrap()
}

/// What is found on a user that is to be created, in an account without the boundary.
pub(super) fn of_a_hostile_user() -> Vec<Finding> {
    let guardrails = with_users();
    // What a tag key may have that looks most like words of ours.
    let request = creating("rita.chen", r#", "tags": {"zqxj=approved.": "x"}"#);
    let user = guardrails.new_user(&request).unwrap();
    let facts = IamFacts {
        principal: user.to_be(),
        creates: Some(user),
        boundary: None,
        ..survey(vec![GrantFacts::InRequest])
    };
    let mut found = guardrails.evaluate_request(&request);
    found.extend(guardrails.evaluate_facts(&request, &facts));
    found
}

fn creating(name: &str, members: &str) -> AccessRequest {
    let grant = format!(r#"[{{"type": "create_user"{members}}}]"#);
    let mut request = grants(serde_json::from_str(&grant).unwrap());
    request.target.name = name.parse().unwrap();
    request
}

#[test]
fn names_and_tags_are_those_that_the_guardrails_have() {
    let guardrails = with_users();
    let codes = |request: &AccessRequest| -> Vec<_> {
        let found = guardrails.evaluate_request(request).into_iter();
        found.map(|one| (one.pointer, one.code)).collect()
    };
    let at = |pointer: &str, code| vec![(pointer.to_owned(), code)];
    let team = r#", "tags": {"TEAM": "x"}"#;
    assert_eq!(codes(&creating("ci-billing", team)), []);
    assert_eq!(
        codes(&creating("billing", "")),
        at("/target/principal/name", FindingCode::NameNotAllowed)
    );
    assert_eq!(
        codes(&creating("ci-billing", r#", "tags": {"a/b": "x"}"#)),
        at("/grants/0/tags/a~1b", FindingCode::TagNotAllowed)
    );
    let mut role = creating("ci-billing", "");
    role.target.kind = PrincipalType::Role;
    assert_eq!(codes(&role), at("/grants/0/type", FindingCode::OnlyUsers));
    let none = Guardrails::parse(TEXT).unwrap();
    let request = creating("ci-billing", "");
    let found = none.evaluate_request(&request);
    assert_eq!(found[0].code, FindingCode::GrantNotAllowed);
    assert_eq!(none.new_user(&request), None);
}

#[test]
fn a_new_user_follows_from_request_and_guardrails_alone() {
    let request = creating("ci-billing", r#", "tags": {"team": "x"}"#);
    let user = with_users().new_user(&request).unwrap();
    assert_eq!(user.path, "/enrolled/");
    assert_eq!(user.owner, request.requested_by);
    let boundary = "arn:aws:iam::210987654321:policy/SnowgateBoundary";
    assert_eq!(user.boundary.as_str(), boundary);
    assert_eq!(user.tags["team"], "x");
    assert_eq!(
        with_users().evaluate_enrolment(&request, Some(&user.to_be())),
        None
    );
    let owned = creating(
        "ci-billing",
        &format!(r#", "owner": {{"sys_id": "{}"}}"#, "cc".repeat(16)),
    );
    let user = with_users().new_user(&owned).unwrap();
    assert_eq!(user.owner.as_str(), "cc".repeat(16));
}

/// What is there is extended, and created by no other request.
#[test]
fn an_extension_creates_nobody() {
    let mut request = creating("ci-billing", "");
    request.extends = Some(crate::request::Extension {
        request: crate::id::RequestId::from_random([1; 16]),
        since: jiff::Timestamp::UNIX_EPOCH,
        before: request.duration,
    });
    assert_eq!(with_users().new_user(&request), None);
    assert!(request.user().is_some() && !request.creates_user());
}

#[test]
fn the_life_policy_counts_in_what_a_user_may_have() {
    let life = counted(&LifePolicy::Until(jiff::Timestamp::UNIX_EPOCH).document());
    let guardrails = with_users();
    let request = creating("ci-billing", "");
    let user = guardrails.new_user(&request).unwrap();
    let mut facts = IamFacts {
        principal: user.to_be(),
        creates: Some(user),
        ..survey(vec![GrantFacts::InRequest])
    };
    let refused = |facts: &IamFacts| {
        let found = guardrails.evaluate_facts(&request, facts);
        found
            .iter()
            .any(|one| one.code == FindingCode::QuotaReached)
    };
    facts.quotas.inline = life;
    assert!(!refused(&facts));
    facts.quotas.inline = life - 1;
    assert!(refused(&facts));
}

/// How many users an account may have counts for a request that creates one, and for no other.
#[test]
fn a_user_more_than_the_account_may_have_is_refused_with_figures() {
    let guardrails = with_users();
    let request = creating("ci-billing", "");
    let user = guardrails.new_user(&request).unwrap();
    let mut facts = IamFacts {
        principal: user.to_be(),
        creates: Some(user),
        ..survey(vec![GrantFacts::InRequest])
    };
    let told = |facts: &IamFacts| {
        let found = guardrails.evaluate_facts(&request, facts).into_iter();
        let mut found = found.filter(|one| one.code == FindingCode::QuotaReached);
        found.next().map(|one| one.detail)
    };
    (facts.quotas.users_there, facts.quotas.users) = (6, 7);
    assert_eq!(told(&facts), None);
    facts.quotas.users_there = 7;
    let detail = "AWS account 210987654321 has 7 users, and the request needs 1 more; the account's \
                  IAM quota is 7";
    assert_eq!(told(&facts).as_deref(), Some(detail));
    facts.creates = None;
    assert_eq!(told(&facts), None);
}

#[test]
fn rules_that_do_not_hold_together_are_refused() {
    let table = [
        (String::new(), "there is no `[users]`"),
        (
            RULES.replace("/enrolled/", "/other/"),
            "none of `principals.paths`",
        ),
        (RULES.replace("ci-", "c i"), "`users.prefix`"),
        (RULES.replace("ci-", &"c".repeat(33)), "`users.prefix`"),
        (
            RULES.replace("Team", "snowgate:owner"),
            "cannot be asked for",
        ),
        (RULES.replace("Team", "cost center"), "1 to 128"),
        (
            RULES.replace("[\"Team\"]", "[\"Team\", \"team\"]"),
            "is listed above",
        ),
    ];
    for (rules, said) in table {
        let error = Guardrails::parse(&text(&rules)).unwrap_err().to_string();
        assert!(error.contains(said), "{rules}: {error}");
    }
    let grace = |grace: &str| Guardrails::parse(&text(&format!("{RULES}grace = \"{grace}\"\n")));
    assert_eq!(grace("PT0S").unwrap().grace().as_signed().as_secs(), 0);
    assert_eq!(with_users().grace().as_signed().as_hours(), 7 * 24);
    assert!(grace("P2D").is_ok() && grace("PT1S").is_err());
}

#[test]
fn what_is_newly_permitted_of_users_is_shown() {
    let old = with_users();
    let widened = |good: &str, bad: &str| {
        let new = Guardrails::parse(&text(&RULES.replace(good, bad))).unwrap();
        let settings = new.widened_from(&old).into_iter().map(|one| match one {
            Widening::People { setting, .. } => setting,
            other => panic!("{other:?}"),
        });
        settings.collect::<Vec<_>>()
    };
    assert_eq!(
        widened("[\"Team\"]", "[\"Team\", \"Cost\"]"),
        ["users.tags"]
    );
    assert_eq!(widened("Team", "TEAM"), Vec::<&str>::new());
    assert_eq!(widened("ci-", "c"), ["users.prefix"]);
    assert_eq!(widened("ci-", "ci-x"), Vec::<&str>::new());
    let before = Guardrails::parse(TEXT).unwrap();
    let found = with_users().widened_from(&before);
    assert!(
        found
            .iter()
            .any(|one| matches!(one, Widening::Grant { what, .. } if what == "users"))
    );
}
