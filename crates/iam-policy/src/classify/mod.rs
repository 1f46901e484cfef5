//! What a principal can do with all its policies together: how deep its access goes,
//! and which of it leads further than it looks.
//!
//! An action counts when an `Allow` reaches a resource that the action can be used on
//! and no unconditional `Deny` takes all of it away, and when boundary and service
//! control policies let it through. Conditions are not judged, only remembered, with
//! one exception: a statement that ended before the catalogue was made has no effect.

mod facts;
mod grants;

use serde::Serialize;

use crate::catalogue::{self, AccessLevel};
use crate::document::{Document, Effect, Path, Resources};
use facts::{Category, Kind};
use grants::{Grant, Grants};

/// All policies of one principal.
#[derive(Debug, Clone, Copy, Default)]
pub struct Subject<'d> {
    /// Its identity policies, inherited ones included.
    pub policies: &'d [Document<'d>],
    /// Its permissions boundary; none when empty.
    pub boundaries: &'d [Document<'d>],
    /// Service control policies by level of the organisation; one of each level must allow.
    pub service_control: &'d [Vec<Document<'d>>],
}

/// The statement that grants something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The action, with prefix; the pattern of the policy for wildcards.
    pub action: String,
    /// Which of the policies, from 0.
    pub policy: usize,
    /// The way to the action in the policy.
    #[serde(serialize_with = "as_text")]
    pub path: Path,
    /// Whether it is only granted under a condition.
    pub conditional: bool,
    /// Whether the statement names no resource that the action can be used on, as far as
    /// the catalogue knows: granted in words, probably not in fact.
    pub unmatched: bool,
}

fn as_text<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(path)
}

/// How sure it is that a way leads up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// These policies alone allow the principal to give itself whatever it wants.
    Proved,
    /// It depends on what the role, user or thing is allowed that can be taken over.
    DependsOnTarget,
    /// One action that takes part in escalations, without the others of a known way.
    Contributes,
}

/// A way to more power than was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Escalation {
    /// The name of the way: that of pathfinding.cloud where it has one.
    pub path: String,
    /// How sure it is.
    pub certainty: Certainty,
    /// The actions it takes, with what grants them.
    pub actions: Vec<Evidence>,
    /// Where the way is described: `pathfinding`, `cloudsplaining`, `prowler`,
    /// `iam-vulnerable`, `sensitive_iam_actions` or `own`.
    pub source: &'static str,
}

/// What the policies of a principal amount to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Classification {
    /// The levels of all actions granted, also of those whose resources do not match,
    /// for the catalogue may not know all; each once, in the order of [`AccessLevel`]. All
    /// of them when there are more than 100,000 patterns to look through.
    pub access_levels: Vec<AccessLevel>,
    /// Ways to more power.
    pub privilege_escalation: Vec<Escalation>,
    /// Actions that can open a resource to others.
    pub resource_exposure: Vec<Evidence>,
    /// Actions that hand out credentials.
    pub credentials_exposure: Vec<Evidence>,
    /// Actions that read data which may be confidential.
    pub data_exfiltration: Vec<Evidence>,
    /// Patterns for all actions of a service, or of all services.
    pub service_wildcards: Vec<Evidence>,
    /// Patterns granted on every resource although at least one of their actions could
    /// be limited to resources.
    pub resource_wildcards: Vec<Evidence>,
}

/// Says what the policies of a principal amount to.
#[must_use]
pub fn classify(subject: Subject<'_>) -> Classification {
    let grants = Grants::of(subject);
    let named = |category| {
        let actions = facts::sensitive(category);
        actions
            .filter_map(|action| Some(grants.grant(action)?.evidence(&action.name)))
            .collect()
    };
    Classification {
        access_levels: access_levels(&grants),
        privilege_escalation: escalations(&grants),
        resource_exposure: named(Category::Resource),
        credentials_exposure: named(Category::Credentials),
        data_exfiltration: named(Category::Data),
        service_wildcards: service_wildcards(subject),
        resource_wildcards: resource_wildcards(subject),
    }
}

impl Grant {
    fn evidence(&self, action: &str) -> Evidence {
        Evidence {
            action: action.to_owned(),
            policy: self.policy,
            path: self.path.clone(),
            conditional: self.conditional,
            unmatched: self.unmatched,
        }
    }
}

fn access_levels(grants: &Grants<'_>) -> Vec<AccessLevel> {
    if grants.is_vast() {
        // Rather too much than too little.
        return AccessLevel::ALL.to_vec();
    }
    let mut found = Vec::with_capacity(AccessLevel::ALL.len());
    grants.each_action(|action| {
        let level = action.access_level();
        if !found.contains(&level) && grants.grants_action(action) {
            found.push(level);
        }
        found.len() < AccessLevel::ALL.len()
    });
    // AWS calls `iam:PassRole` and its like Write. What opens a resource to others or
    // leads to more power manages permissions all the same.
    let manages = [Category::Resource, Category::Escalation];
    if !found.contains(&AccessLevel::PermissionsManagement)
        && manages
            .into_iter()
            .flat_map(facts::sensitive)
            .any(|action| grants.grant(action).is_some())
    {
        found.push(AccessLevel::PermissionsManagement);
    }
    found.sort_unstable();
    found
}

fn escalations(grants: &Grants<'_>) -> Vec<Escalation> {
    let mut found: Vec<Escalation> = Vec::new();
    for way in facts::ways() {
        let usable = |action| grants.grant(action).filter(|grant| !grant.unmatched);
        let all: Option<Vec<Grant>> = way.actions.iter().map(usable).collect();
        let Some(all) = all else { continue };
        let plain = all
            .iter()
            .all(|grant| grant.everywhere && !grant.conditional);
        let certainty = if way.kind == Kind::OneSelf && plain {
            Certainty::Proved
        } else {
            Certainty::DependsOnTarget
        };
        let actions = way
            .actions
            .iter()
            .zip(&all)
            .map(|(action, grant)| grant.evidence(&action.name))
            .collect();
        found.push(Escalation {
            path: way.id.to_owned(),
            certainty,
            actions,
            source: way.source,
        });
    }
    for action in facts::sensitive(Category::Escalation) {
        let told = found.iter().any(|way| match &way.actions[..] {
            [only] => only.action == action.name,
            _ => false,
        });
        if let (false, Some(grant)) = (told, grants.grant(action)) {
            found.push(Escalation {
                path: format!("action:{}", action.name),
                certainty: Certainty::Contributes,
                actions: vec![grant.evidence(&action.name)],
                source: "sensitive_iam_actions",
            });
        }
    }
    found
}

/// Every action pattern of every `Allow`, with its place.
fn patterns<'d>(
    subject: Subject<'d>,
) -> impl Iterator<Item = (&'d str, &'d crate::document::Statement<'d>, Evidence)> {
    subject
        .policies
        .iter()
        .enumerate()
        .flat_map(|(policy, document)| {
            let allows = document
                .statements()
                .iter()
                .filter(|statement| statement.effect() == Effect::Allow);
            allows
                .filter(|statement| !statement.actions().is_negated())
                .flat_map(move |statement| {
                    statement
                        .actions()
                        .list()
                        .texts()
                        .enumerate()
                        .map(move |(nth, text)| {
                            let evidence = Evidence {
                                action: text.to_owned(),
                                policy,
                                path: statement.action_path(nth),
                                conditional: !statement.conditions().is_empty(),
                                unmatched: false,
                            };
                            (text, statement, evidence)
                        })
                })
        })
}

fn service_wildcards(subject: Subject<'_>) -> Vec<Evidence> {
    patterns(subject)
        .filter(|(text, ..)| {
            let name = text.split_once(':').map_or(*text, |(_, name)| name);
            !name.is_empty() && name.bytes().all(|byte| byte == b'*')
        })
        .map(|(_, _, evidence)| evidence)
        .collect()
}

fn resource_wildcards(subject: Subject<'_>) -> Vec<Evidence> {
    patterns(subject)
        .filter(|(text, statement, _)| {
            let star = match statement.resources() {
                Some(Resources::Resource(list)) => list.texts().any(|text| text == "*"),
                _ => false,
            };
            star && catalogue::actions_matching(text).any(|action| action.has_resource_types())
        })
        .map(|(_, _, evidence)| evidence)
        .collect()
}

#[cfg(test)]
mod tests;
