//! What policies lead to: more power than they give, exposure, and what an approver should know.

use std::collections::HashSet;

use iam_policy::classify::{self, Certainty, Classification, PrincipalPolicies};
use iam_policy::document::{Document, Path, PolicyType, Segment};
use serde_json::Value;

use crate::account::{PolicyFacts, RoleFacts};
use crate::finding::{Finding, FindingCode};
use crate::guardrails::AllowedGrant;
use crate::guardrails::reference::Judged;
use crate::markup::code;

/// What a role can do with its own policies, which whoever assumes it can do too.
pub(super) fn judge_role_power(
    pointer: &str,
    (role, policies, boundary): (&RoleFacts, &[PolicyFacts], Option<&PolicyFacts>),
    allowed: &AllowedGrant,
    findings: &mut Vec<Finding>,
) {
    let managed = policies
        .iter()
        .map(|policy| (policy.arn.as_str(), &policy.document));
    let inline = role
        .inline
        .iter()
        .map(|policy| (policy.name.as_str(), &policy.document));
    let judged: Vec<Judged<'_>> = managed
        .chain(inline)
        .map(|(name, text)| Judged {
            pointer: pointer.to_owned(),
            name,
            text,
        })
        .collect();
    let accepts = |action: &str| allowed.accepts(action);
    tell_power(&judged, std::iter::empty(), boundary, &accepts, findings);
}

/// Reports what policies lead to, together with others that are held already. An unreadable policy
/// is reported by `Reference::judge`; an unreadable boundary counts as none.
pub(super) fn tell_power<'t>(
    judged: &[Judged<'t>],
    held: impl Iterator<Item = &'t str>,
    boundary: Option<&'t PolicyFacts>,
    accepts: &dyn Fn(&str) -> bool,
    findings: &mut Vec<Finding>,
) {
    let read = |text: &'t str| Document::parse(text, PolicyType::Identity).ok();
    let readable: Vec<(&Judged<'t>, Document<'t>)> = judged
        .iter()
        .filter_map(|judged| Some((judged, read(judged.text)?)))
        .collect();
    let (new, documents): (Vec<&Judged<'t>>, Vec<Document<'t>>) = readable.into_iter().unzip();
    let new: Vec<Judged<'t>> = new.into_iter().cloned().collect();
    let policies: Vec<Document<'t>> = documents.into_iter().chain(held.filter_map(read)).collect();
    let boundaries: Vec<Document<'t>> = boundary
        .and_then(|policy| Document::parse(&policy.document, PolicyType::Boundary).ok())
        .into_iter()
        .collect();
    let power = classify::classify(PrincipalPolicies {
        policies: &policies,
        boundaries: &boundaries,
        ..PrincipalPolicies::default()
    });
    tell(&power, &new, accepts, findings);
}

/// Reports what comes from the judged policies, which come first in the list that was classified.
/// One finding for each kind and policy, with all the actions.
pub(super) fn tell(
    power: &Classification,
    judged: &[Judged<'_>],
    accepts: &dyn Fn(&str) -> bool,
    findings: &mut Vec<Finding>,
) {
    let mut steps: Vec<(FindingCode, &classify::GrantedAction, String)> = Vec::new();
    for way in &power.privilege_escalation {
        let code = match way.certainty {
            Certainty::Proved => FindingCode::Escalates,
            Certainty::DependsOnTarget => FindingCode::MayEscalate,
            Certainty::Contributes => continue,
        };
        let new = way.actions.iter().find(|step| step.policy < judged.len());
        let actions: Vec<&str> = way
            .actions
            .iter()
            .map(|step| step.action.as_str())
            .collect();
        steps.extend(new.map(|step| (code, step, actions.join(" with "))));
    }
    // What the guardrails accept does not refuse the request; approvers read of it all the same.
    let kinds = [
        (
            FindingCode::ExposesResources,
            FindingCode::OpensResources,
            &power.resource_exposure,
        ),
        (
            FindingCode::ExposesCredentials,
            FindingCode::ReadsSecrets,
            &power.credentials_exposure,
        ),
        (
            FindingCode::ReadsData,
            FindingCode::ReadsData,
            &power.data_exfiltration,
        ),
        (
            FindingCode::WholeService,
            FindingCode::WholeService,
            &power.service_wildcards,
        ),
        (
            FindingCode::EveryResource,
            FindingCode::EveryResource,
            &power.resource_wildcards,
        ),
    ];
    for (code, accepted, all) in kinds {
        for one in all {
            let code = match accepts(&one.action) {
                true => accepted,
                false => code,
            };
            // What is granted on no resource that the action can be used on is granted without
            // effect.
            if !one.unmatched || code == FindingCode::ReadsSecrets {
                steps.push((code, one, one.action.clone()));
            }
        }
    }
    for (nth, policy) in judged.iter().enumerate() {
        for (code, in_words) in POWER {
            let of_code = steps
                .iter()
                .filter(|(kind, step, _)| *kind == code && step.policy == nth);
            let (places, actions): (Vec<&Path>, Vec<&str>) = of_code
                .map(|(_, step, actions)| (&step.path, actions.as_str()))
                .unzip();
            if let Some(place) = places.first() {
                let detail = format!("{in_words}: {}", in_full(&actions, &places, policy.text));
                findings.push(policy.finding(code, detail, &place.to_string(), None));
            }
        }
    }
}

/// The kinds of findings on what policies lead to, the gravest first, in words that the actions
/// follow.
const POWER: [(FindingCode, &str); 9] = [
    (FindingCode::Escalates, "allows privilege escalation"),
    (
        FindingCode::ExposesResources,
        "can expose resources to others",
    ),
    (FindingCode::ExposesCredentials, "can expose credentials"),
    (
        FindingCode::ReadsSecrets,
        "can read secrets or get credentials",
    ),
    (FindingCode::OpensResources, "can open resources to others"),
    (
        FindingCode::MayEscalate,
        "may allow privilege escalation, depending on the resources",
    ),
    (
        FindingCode::ReadsData,
        "can read data that may be confidential",
    ),
    (FindingCode::WholeService, "allows all actions of a service"),
    (
        FindingCode::EveryResource,
        "allows every resource, though it could be limited",
    ),
];

/// All actions. Where they are more than anybody reads, all patterns that allow them, which are as
/// few as the policy writes.
fn in_full(actions: &[&str], places: &[&Path], policy: &str) -> String {
    const LISTED: usize = 50;
    let each_once = |mut listed: Vec<String>| {
        let mut seen = HashSet::new();
        listed.retain(|one| seen.insert(one.clone()));
        listed
    };
    let listed = each_once(actions.iter().map(|action| code(action)).collect());
    if listed.len() <= LISTED {
        return listed.join(", ");
    }
    let document: Value = serde_json::from_str(policy).unwrap_or_default();
    let patterns = each_once(
        places
            .iter()
            .map(|place| written(&document, place))
            .collect(),
    );
    match patterns.len() < listed.len() {
        true => format!("{} actions, by {}", listed.len(), patterns.join(", ")),
        false => listed.join(", "),
    }
}

/// What a policy has at a place, or the place where that is no text.
fn written(document: &Value, place: &Path) -> String {
    let mut found = Some(document);
    for segment in place.segments() {
        found = found.and_then(|value| match segment {
            Segment::Key(key) => value.get(key),
            Segment::Index(index) => value.get(index),
        });
    }
    match found.and_then(Value::as_str) {
        Some(pattern) => code(pattern),
        None => code(&place.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_list_is_cut() {
        let text = r#"{"Statement":[{"Action":["s3:*","sqs:*"]}]}"#;
        let place = |nth| {
            Path::root()
                .key("Statement")
                .index(0)
                .key("Action")
                .index(nth)
        };
        let (s3, sqs) = (place(0), place(1));
        let actions: Vec<String> = (0..60).map(|n| format!("s3:Get{n}")).collect();
        let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
        let all = in_full(&actions[..50], &[&s3; 50], text);
        assert_eq!(all.matches('`').count(), 100);
        let places: Vec<&Path> = (0..60).map(|n| if n == 59 { &sqs } else { &s3 }).collect();
        assert_eq!(
            in_full(&actions, &places, text),
            "60 actions, by `s3:*`, `sqs:*`"
        );
        let no_text = Path::root().key("Statement");
        assert_eq!(
            in_full(&actions, &[&no_text; 60], text),
            "60 actions, by `Statement`"
        );
    }
}
