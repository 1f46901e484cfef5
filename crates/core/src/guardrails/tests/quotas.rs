//! What IAM lets a principal hold.

use super::*;

/// The account's own quotas count, the sentence says limit, use and need, and a quota is nothing to a
/// request that needs none of it.
#[test]
fn a_refusal_for_a_quota_says_what_there_is_and_what_is_needed() {
    let request = request("sc_req_item", "210987654321", READ, "P2D");
    let mut facts = survey(managed(allowing("s3:Get*", "arn:aws:s3:::reports/*")));
    let policies = (0..14).map(|n| format!("arn:aws:iam::aws:policy/P{n}"));
    facts.principal.attached = policies.collect();
    let guardrails = Guardrails::parse(TEXT).unwrap();
    let told = |facts: &IamFacts| {
        let found = guardrails.evaluate_facts(&request, facts);
        let mut found = found.into_iter();
        found
            .find(|one| one.code == FindingCode::QuotaReached)
            .map(|one| (one.pointer, one.detail))
    };
    let of = |attached| PrincipalQuotas {
        attached,
        ..PrincipalQuotas::default_of(PrincipalType::User)
    };
    facts.quotas = of(15);
    assert_eq!(told(&facts), None);
    facts.quotas = of(14);
    let (pointer, detail) = told(&facts).unwrap();
    assert_eq!(pointer, "/grants");
    assert!(
        detail.ends_with(
            "has 14 managed policies, and the request needs 1 more; the account's IAM quota is 14"
        ),
        "{detail}"
    );
    facts.quotas = of(10);
    facts.principal.attached.push(READ.to_owned());
    assert_eq!(told(&facts), None, "it has that policy");
}
