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
    let judged: Vec<Granted<'_>> = managed
        .chain(inline)
        .map(|(name, text)| Granted {
            judged: Judged {
                pointer: pointer.to_owned(),
                name,
                text,
            },
            allowed: Some(allowed),
        })
        .collect();
    tell_power(&judged, &[], boundary, findings);
}

/// A policy of a grant, and what permits that grant.
#[derive(Clone)]
pub(super) struct Granted<'t> {
    pub(super) judged: Judged<'t>,
    /// None where nothing does.
    pub(super) allowed: Option<&'t AllowedGrant>,
}

impl Granted<'_> {
    fn accepts(&self, action: &str) -> bool {
        self.allowed.is_some_and(|allowed| allowed.accepts(action))
    }
}

/// Reports what policies lead to. An unreadable policy is reported by `Reference::judge`; an unreadable
/// boundary counts as none.
///
/// What is held already counts for escalation only, which takes several steps: it may end while the grant
/// lasts, and it must not hide what the grant exposes, be it wider or a denial.
pub(super) fn tell_power<'t>(
    granted: &[Granted<'t>],
    held: &[&'t str],
    boundary: Option<&'t PolicyFacts>,
    findings: &mut Vec<Finding>,
) {
    let readable = granted.iter().filter(|one| read(one.judged.text).is_some());
    let new: Vec<Granted<'t>> = readable.cloned().collect();
    let mut power = classified(&new, &[], boundary);
    let mut sets: Vec<&[String]> = new.iter().map(accepted).collect();
    sets.sort_unstable();
    sets.dedup();
    if sets.len() > 1 {
        // An action is reported once, of the policy that allows most. What one grant may expose must
        // not hide what another may not.
        let mut exposed: [Vec<classify::GrantedAction>; 3] = Default::default();
        for set in sets {
            let of_set = |(_, one): &(usize, &Granted<'t>)| accepted(one) == set;
            let (places, alike): (Vec<usize>, Vec<&Granted<'t>>) =
                new.iter().enumerate().filter(of_set).unzip();
            let alike: Vec<Granted<'t>> = alike.into_iter().cloned().collect();
            let part = classified(&alike, &[], boundary);
            let of_part = [
                part.resource_exposure,
                part.credentials_exposure,
                part.data_exfiltration,
            ];
            for (all, of_part) in exposed.iter_mut().zip(of_part) {
                all.extend(of_part.into_iter().filter_map(|mut one| {
                    one.policy = *places.get(one.policy)?;
                    Some(one)
                }));
            }
        }
        [
            power.resource_exposure,
            power.credentials_exposure,
            power.data_exfiltration,
        ] = exposed;
    }
    if !held.is_empty() {
        let together = classified(&new, held, boundary).privilege_escalation;
        for way in together {
            let known = &mut power.privilege_escalation;
            match known.iter_mut().find(|one| one.path == way.path) {
                Some(alone) if alone.certainty <= way.certainty => {}
                Some(alone) => *alone = way,
                None => known.push(way),
            }
        }
    }
    tell(&power, &new, findings);
}

fn accepted<'t>(granted: &Granted<'t>) -> &'t [String] {
    let allowed = granted.allowed;
    allowed.map_or(&[], |allowed| &allowed.accepted_exposures)
}

fn read(text: &str) -> Option<Document<'_>> {
    Document::parse(text, PolicyType::Identity).ok()
}

/// What these policies lead to, together with those that are held.
fn classified<'t>(
    new: &[Granted<'t>],
    held: &[&'t str],
    boundary: Option<&'t PolicyFacts>,
) -> Classification {
    let new = new.iter().map(|one| one.judged.text);
    let policies: Vec<Document<'t>> = new.filter_map(read).collect();
    let held: Vec<Document<'t>> = held.iter().copied().filter_map(read).collect();
    let boundaries: Vec<Document<'t>> = boundary
        .and_then(|policy| Document::parse(&policy.document, PolicyType::Boundary).ok())
        .into_iter()
        .collect();
    classify::classify(PrincipalPolicies {
        policies: &policies,
        held: &held,
        boundaries: &boundaries,
        ..PrincipalPolicies::default()
    })
}

/// Reports what comes from the judged policies, which come first in the list that was classified.
/// One finding for each kind and policy, with all the actions.
pub(super) fn tell(power: &Classification, granted: &[Granted<'_>], findings: &mut Vec<Finding>) {
    let mut steps: Vec<(FindingCode, &classify::GrantedAction, String)> = Vec::new();
    for way in &power.privilege_escalation {
        let code = match way.certainty {
            Certainty::Proved => FindingCode::Escalates,
            Certainty::DependsOnTarget => FindingCode::MayEscalate,
            Certainty::Contributes => continue,
        };
        let new = way.actions.iter().find(|step| step.policy < granted.len());
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
            let by = granted.get(one.policy);
            let code = match by.is_some_and(|by| by.accepts(&one.action)) {
                true => accepted,
                false => code,
            };
            // What is granted on no resource that the action can be used on is granted without
            // effect.
            if !one.unmatched {
                steps.push((code, one, one.action.clone()));
            }
        }
    }
    for (nth, Granted { judged: policy, .. }) in granted.iter().enumerate() {
        for (code, in_words) in POWER {
            let of_code = steps
                .iter()
                .filter(|(kind, step, _)| *kind == code && step.policy == nth);
            let (places, actions): (Vec<&Path>, Vec<&str>) = of_code
                .map(|(_, step, actions)| (&step.path, actions.as_str()))
                .unzip();
            if let Some(place) = places.first() {
                let mut detail = format!("{in_words}: {}", in_full(&actions, &places, policy.text));
                if matches!(
                    code,
                    FindingCode::ExposesResources | FindingCode::ExposesCredentials
                ) {
                    detail.push_str(&by_name(&places, policy.text));
                }
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

/// How to ask without what patterns bring along; nothing where the actions are named.
fn by_name(places: &[&Path], policy: &str) -> String {
    let document: Value = serde_json::from_str(policy).unwrap_or_default();
    let wide = |place: &&&Path| {
        let is_pattern = |text: &str| text.contains(['*', '?']);
        let left_out =
            |segment: &Segment| matches!(segment, Segment::Key(key) if key == "NotAction");
        at(&document, place).is_none_or(is_pattern) || place.segments().iter().any(left_out)
    };
    let mut patterns: Vec<String> = Vec::new();
    for place in places.iter().filter(wide) {
        let pattern = written(&document, place);
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    match patterns.is_empty() {
        true => String::new(),
        false => format!(
            "; what is needed can be asked for by name instead of {}",
            patterns.join(", ")
        ),
    }
}

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
    match at(document, place) {
        Some(pattern) => code(pattern),
        None => code(&place.to_string()),
    }
}

/// The text of a policy at a place.
fn at<'v>(document: &'v Value, place: &Path) -> Option<&'v str> {
    let mut found = Some(document);
    for segment in place.segments() {
        found = found.and_then(|value| match segment {
            Segment::Key(key) => value.get(&**key),
            Segment::Index(index) => value.get(index),
        });
    }
    found.and_then(Value::as_str)
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
        let asked = "; what is needed can be asked for by name instead of `s3:*`, `sqs:*`";
        assert_eq!(by_name(&places, text), asked);
        let named = r#"{"Statement":[{"Action":["s3:GetObject","sqs:*"]}]}"#;
        assert_eq!(by_name(&[&s3; 2], named), "");
        let no_text = Path::root().key("Statement");
        assert_eq!(
            in_full(&actions, &[&no_text; 60], text),
            "60 actions, by `Statement`"
        );
    }
}
