use std::collections::BTreeSet;

use iam_policy::classify::{Certainty, Classification, GrantedAction, PrincipalPolicies, classify};
use iam_policy::document::{Document, PolicyType};
use iam_policy::json::Kind;
use serde::Serialize;

use super::{InputLine, LineError, document};

/// A classification as it is written: names of actions, and once for all what grants them.
#[derive(Serialize)]
pub(crate) struct ClassifyOutput {
    access_levels: Vec<&'static str>,
    changes: bool,
    privilege_escalation: Vec<Way>,
    resource_exposure: Vec<String>,
    credentials_exposure: Vec<String>,
    data_exfiltration: Vec<String>,
    service_wildcards: Vec<String>,
    resource_wildcards: Vec<String>,
    unknown_actions: Vec<String>,
    evidence: Vec<GrantedAction>,
}

#[derive(Serialize)]
struct Way {
    path: String,
    actions: Vec<String>,
    certainty: Certainty,
    source: &'static str,
}

impl ClassifyOutput {
    pub(crate) fn of(found: &Classification) -> Self {
        let names = |all: &[GrantedAction]| {
            all.iter()
                .map(|evidence| evidence.action.clone())
                .collect::<Vec<_>>()
        };
        let lists = [
            &found.resource_exposure,
            &found.credentials_exposure,
            &found.data_exfiltration,
        ];
        let ways = found
            .privilege_escalation
            .iter()
            .flat_map(|way| &way.actions);
        let mut told = BTreeSet::new();
        let evidence = ways
            .chain(lists.into_iter().flatten())
            .filter(|evidence| told.insert(evidence.action.clone()))
            .cloned()
            .collect();
        let ways = found.privilege_escalation.iter().map(|way| Way {
            path: way.path.clone(),
            actions: names(&way.actions),
            certainty: way.certainty,
            source: way.source,
        });
        Self {
            access_levels: found
                .access_levels
                .iter()
                .map(|level| level.name())
                .collect(),
            changes: found.changes,
            privilege_escalation: ways.collect(),
            resource_exposure: names(&found.resource_exposure),
            credentials_exposure: names(&found.credentials_exposure),
            data_exfiltration: names(&found.data_exfiltration),
            service_wildcards: names(&found.service_wildcards),
            resource_wildcards: names(&found.resource_wildcards),
            unknown_actions: names(&found.unknown_actions),
            evidence,
        }
    }
}

/// `{id, policies:[…], permission_boundaries:[…], service_control_policies:[[…]]}`
pub(super) fn answer(line: &InputLine<'_, '_>) -> Result<ClassifyOutput, LineError> {
    let policies = match line.get("policies") {
        Some(_) => line.policies("policies", PolicyType::Identity)?,
        None => vec![document(
            "policy",
            line.get("policy").ok_or(LineError::Missing("policies"))?,
            PolicyType::Identity,
        )?],
    };
    let boundaries = line.policies("permission_boundaries", PolicyType::Boundary)?;
    let service_control = levels(line, "service_control_policies", PolicyType::ServiceControl)?;
    let found = classify(PrincipalPolicies {
        policies: &policies,
        held: &[],
        boundaries: &boundaries,
        service_control: &service_control,
    });
    Ok(ClassifyOutput::of(&found))
}

/// Policies by level of an organisation.
pub(super) fn levels(
    line: &InputLine<'_, '_>,
    name: &'static str,
    policy_type: PolicyType,
) -> Result<Vec<Vec<Document<'static>>>, LineError> {
    let Some(list) = line.get(name) else {
        return Ok(Vec::new());
    };
    let wrong = || LineError::Kind(name, "an array of arrays of policies");
    if list.kind() != Kind::Array {
        return Err(wrong());
    }
    list.elements()
        .map(|level| match level.kind() {
            Kind::Array => level
                .elements()
                .map(|item| document(name, item, policy_type))
                .collect(),
            _ => Err(wrong()),
        })
        .collect()
}
