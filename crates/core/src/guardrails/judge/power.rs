//! What policies lead to: more power than they give, exposure, and what an approver should know.

use iam_policy::classify::{self, Certainty, Classification, PrincipalPolicies};
use iam_policy::document::{Document, PolicyType};

use crate::account::{PolicyFacts, RoleFacts};
use crate::finding::{Finding, FindingCode};
use crate::guardrails::AllowedGrant;
use crate::guardrails::reference::Judged;
use crate::markup;

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
    let kinds = [
        (FindingCode::ExposesResources, &power.resource_exposure),
        (FindingCode::ExposesCredentials, &power.credentials_exposure),
        (FindingCode::ReadsData, &power.data_exfiltration),
        (FindingCode::WholeService, &power.service_wildcards),
        (FindingCode::EveryResource, &power.resource_wildcards),
    ];
    for (code, all) in kinds {
        // What is granted on no resource that the action can be used on is granted in words only.
        let reported = all
            .iter()
            .filter(|one| !one.unmatched && (code.refusal().is_none() || !accepts(&one.action)));
        steps.extend(reported.map(|one| (code, one, one.action.clone())));
    }
    for (nth, policy) in judged.iter().enumerate() {
        for (code, in_words) in POWER {
            let of_code = steps
                .iter()
                .filter(|(kind, step, _)| *kind == code && step.policy == nth);
            let (places, actions): (Vec<String>, Vec<&str>) = of_code
                .map(|(_, step, actions)| (step.path.to_string(), actions.as_str()))
                .unzip();
            if let Some(place) = places.first() {
                let detail = format!("{in_words}: {}", in_full(&actions));
                findings.push(policy.finding(code, detail, place, None));
            }
        }
    }
}

/// The kinds of findings on what policies lead to, the gravest first, in words that the actions
/// follow.
const POWER: [(FindingCode, &str); 7] = [
    (FindingCode::Escalates, "allows privilege escalation"),
    (
        FindingCode::ExposesResources,
        "can expose resources to others",
    ),
    (FindingCode::ExposesCredentials, "can expose credentials"),
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

/// All actions. A policy within IAM's quotas seldom has more of one kind than are listed; where it
/// has, its JSON stands beside the finding, and the record of the request has room for both.
fn in_full(actions: &[&str]) -> String {
    const LISTED: usize = 50;
    let mut listed: Vec<String> = Vec::new();
    for action in actions {
        let action = markup::code(action);
        if !listed.contains(&action) {
            listed.push(action);
        }
    }
    let more = listed.len().saturating_sub(LISTED);
    listed.truncate(LISTED);
    match more {
        0 => listed.join(", "),
        more => format!("{} and {more} more in its JSON", listed.join(", ")),
    }
}
