//! What a principal can do with all its policies together: how deep its access goes,
//! and which of it leads further than it looks.
//!
//! An action counts when an `Allow` reaches a resource that the action can be used on
//! and no unconditional `Deny` takes all of it away, and when boundary and service
//! control policies let it through. Conditions are not judged, only remembered, with
//! one exception: a statement that ended before the catalogue was made has no effect.

mod facts;
mod forms;
mod grants;
mod pass_role;
mod rules;
mod unknown;
mod work_limit;

use serde::Serialize;

use crate::catalogue::{AccessLevel, Action};
use crate::document::{Document, Effect, Path, Resources, Statement};
use crate::json::Span;
pub use facts::paths_release;
use facts::{Category, Facts, PathTarget, facts};
use grants::{Grant, Granted, Grants};
use pass_role::{PASS_ROLE, PassTargets};
use work_limit::WorkLimit;

/// All policies of one principal.
#[derive(Debug, Clone, Copy, Default)]
pub struct PrincipalPolicies<'d> {
    /// Its identity policies, inherited ones included.
    pub policies: &'d [Document<'d>],
    /// Identity policies that it has besides, counted after those: what is granted by both is told of
    /// the others, unless it reaches nothing there.
    pub held: &'d [Document<'d>],
    /// Its permissions boundary; none when empty.
    pub boundaries: &'d [Document<'d>],
    /// Service control policies by level of the organisation; one of each level must allow.
    pub service_control: &'d [Vec<Document<'d>>],
}

/// The statement that grants something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GrantedAction {
    /// The action, with prefix; the pattern of the policy for wildcards.
    pub action: String,
    /// Which of the policies, from 0.
    pub policy: usize,
    /// The path to the action in the policy.
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

/// How sure it is that a path leads up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// These policies alone allow the principal to give itself whatever it wants.
    Proved,
    /// It depends on what the role, user or thing is allowed that can be taken over.
    DependsOnTarget,
    /// One action that takes part in escalations, without the others of a known path.
    Contributes,
}

/// A path to more power than was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Escalation {
    /// The name of the path: that of pathfinding.cloud where it has one.
    pub path: String,
    /// How sure it is.
    pub certainty: Certainty,
    /// The actions it takes, with what grants them.
    pub actions: Vec<GrantedAction>,
    /// Where the path is described: `pathfinding`, `cloudsplaining`, `prowler`,
    /// `iam-vulnerable`, `sensitive_iam_actions` or `own`.
    pub source: &'static str,
}

/// What the policies of a principal amount to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Classification {
    /// The levels of all known actions granted, also of those whose resources do not match,
    /// for the catalogue may not know all; each once, in the order of [`AccessLevel`]. All
    /// of them when there is too much to look through.
    pub access_levels: Vec<AccessLevel>,
    /// Whether something can be changed with it: an action of another level than List and Read, but
    /// for `kms:Decrypt`, which AWS counts as Write and with which people read.
    pub changes: bool,
    /// Ways to more power.
    pub privilege_escalation: Vec<Escalation>,
    /// Actions that can open a resource to others.
    pub resource_exposure: Vec<GrantedAction>,
    /// Actions that hand out credentials.
    pub credentials_exposure: Vec<GrantedAction>,
    /// Actions that read data which may be confidential.
    pub data_exfiltration: Vec<GrantedAction>,
    /// Patterns for all actions of a service, or of all services; the first 10,000.
    pub service_wildcards: Vec<GrantedAction>,
    /// Patterns granted on every resource although at least one of their actions could
    /// be limited to resources; the first 10,000.
    pub resource_wildcards: Vec<GrantedAction>,
    /// Patterns that stand for no action that the catalogue knows; the first 10,000. What they allow has no
    /// level.
    pub unknown_actions: Vec<GrantedAction>,
}

/// Says what the policies of a principal amount to.
///
/// The work is bounded: of a principal whose policies are far larger than the quotas allow,
/// what was not looked at counts as granted under a condition.
#[must_use]
pub fn classify(subject: PrincipalPolicies<'_>) -> Classification {
    let facts = facts();
    let grants = Grants::of(subject);
    let granted = Evidence {
        facts,
        all: grants.of_named(facts, usize::MAX),
        first: (!subject.held.is_empty()).then(|| grants.of_named(facts, subject.policies.len())),
    };
    let named = |category| {
        let actions = facts.sensitive_among(category, granted.all.actions());
        let evidence = actions.into_iter();
        evidence
            .filter_map(|action| granted.of(action))
            .collect::<Vec<_>>()
    };
    let privilege_escalation = escalations(&granted, &grants);
    let resource_exposure = named(Category::Resource);
    let escalating = facts.sensitive_among(Category::Escalation, granted.all.actions());
    let manages = !resource_exposure.is_empty() || !escalating.is_empty();
    let unknown_actions = unknown::unknown_actions(&grants);
    let (access_levels, changes) = access_levels(&grants, manages);
    Classification {
        access_levels,
        changes,
        privilege_escalation,
        resource_exposure,
        credentials_exposure: named(Category::Credentials),
        data_exfiltration: named(Category::Data),
        service_wildcards: service_wildcards(subject),
        resource_wildcards: resource_wildcards(subject, &grants.work),
        unknown_actions,
    }
}

/// What grants the actions that matter.
struct Evidence<'f> {
    facts: &'f Facts,
    all: Granted,
    /// The same without what is held besides; none where nothing is.
    first: Option<Granted>,
}

impl Evidence<'_> {
    fn of(&self, action: usize) -> Option<GrantedAction> {
        let first = self.first.as_ref().and_then(|first| first.get(action));
        let first = first.filter(|grant| !grant.unmatched);
        let grant = first.or_else(|| self.all.get(action))?;
        Some(grant.evidence(self.facts.named().get(action)?.name))
    }
}

impl Grant {
    fn evidence(&self, action: &str) -> GrantedAction {
        GrantedAction {
            action: action.to_owned(),
            policy: self.policy,
            path: self.path.clone(),
            conditional: self.conditional,
            unmatched: self.unmatched,
        }
    }
}

/// The levels of all actions that are granted, and whether something can be changed. AWS calls
/// `iam:PassRole` and its like Write: what opens a resource to others or leads to more power manages
/// permissions all the same.
fn access_levels(grants: &Grants<'_>, manages: bool) -> (Vec<AccessLevel>, bool) {
    let mut found = Vec::with_capacity(AccessLevel::ALL.len());
    if manages {
        found.push(AccessLevel::PermissionsManagement);
    }
    let mut changes = manages;
    let plain = grants.is_plain();
    grants.each_action(|action, perhaps| {
        let level = action.access_level();
        let is_change = !changes && changes_something(level, action);
        if (is_change || !found.contains(&level))
            && (plain && !perhaps || grants.grants_action(action))
        {
            changes |= is_change;
            if !found.contains(&level) {
                found.push(level);
            }
        }
        !changes || found.len() < AccessLevel::ALL.len()
    });
    if grants.work.is_spent() {
        // Rather too much than too little.
        return (AccessLevel::ALL.to_vec(), true);
    }
    found.sort_unstable();
    (found, changes)
}

/// Whether an action of this level changes something.
fn changes_something(level: AccessLevel, action: Action) -> bool {
    match level {
        AccessLevel::List | AccessLevel::Read => false,
        AccessLevel::Write => action.name() != "Decrypt" || action.service().prefix() != "kms",
        AccessLevel::Tagging | AccessLevel::PermissionsManagement => true,
    }
}

fn escalations(evidence: &Evidence<'_>, grants: &Grants<'_>) -> Vec<Escalation> {
    let (facts, granted) = (evidence.facts, &evidence.all);
    let mut found: Vec<Escalation> = Vec::new();
    let mut targets: Option<PassTargets<'_>> = None;
    // Actions that are a path by themselves.
    let mut reported: Vec<usize> = Vec::new();
    for path in facts.paths_among(granted.actions()) {
        let mut usable = path
            .actions
            .iter()
            .filter_map(|action| granted.get(*action));
        if usable.clone().any(|grant| grant.unmatched) {
            continue;
        }
        let mut names = path.actions.iter().filter_map(|action| facts.name(*action));
        if names.clone().any(|name| name == PASS_ROLE) {
            let targets = targets.get_or_insert_with(|| PassTargets::of(grants));
            if !targets.reach(&mut names) {
                continue;
            }
        }
        let plain = usable.all(|grant| grant.everywhere && !grant.conditional);
        let certainty = if path.kind == PathTarget::Own && plain {
            Certainty::Proved
        } else {
            Certainty::DependsOnTarget
        };
        if let [only] = path.actions[..] {
            reported.push(only);
        }
        let actions = path.actions.iter();
        found.push(Escalation {
            path: path.id.to_owned(),
            certainty,
            actions: actions.filter_map(|action| evidence.of(*action)).collect(),
            source: path.source,
        });
    }
    let sensitive = facts.sensitive_among(Category::Escalation, granted.actions());
    for action in sensitive
        .into_iter()
        .filter(|action| !reported.contains(action))
    {
        if let Some(evidence) = evidence.of(action) {
            found.push(Escalation {
                path: format!("action:{}", evidence.action),
                certainty: Certainty::Contributes,
                actions: vec![evidence],
                source: "sensitive_iam_actions",
            });
        }
    }
    found
}

/// The most patterns that are reported one by one: no principal within the quotas has as many.
const MOST_PATTERNS: usize = 10_000;

/// The action patterns of every `Allow` that are to be reported, with their places.
fn patterns(
    subject: PrincipalPolicies<'_>,
    mut report: impl FnMut(&Statement<'_>, &str) -> bool,
) -> Vec<GrantedAction> {
    let mut reported = Vec::new();
    for (policy, document) in subject.policies.iter().enumerate() {
        for statement in document.statements() {
            if statement.effect() != Effect::Allow || statement.actions().is_negated() {
                continue;
            }
            for (nth, text) in statement.actions().list().texts().enumerate() {
                if reported.len() < MOST_PATTERNS && report(statement, text) {
                    reported.push(GrantedAction {
                        action: text.to_owned(),
                        policy,
                        path: statement.action_path(nth),
                        conditional: !statement.conditions().is_empty(),
                        unmatched: false,
                    });
                }
            }
        }
    }
    reported
}

fn service_wildcards(subject: PrincipalPolicies<'_>) -> Vec<GrantedAction> {
    patterns(subject, |_, text| {
        text.ends_with('*') && {
            let name = text.split_once(':').map_or(text, |(_, name)| name);
            name.bytes().all(|byte| byte == b'*')
        }
    })
}

fn resource_wildcards(subject: PrincipalPolicies<'_>, work: &WorkLimit) -> Vec<GrantedAction> {
    let mut latest = None;
    let mut last: Option<(Span, bool)> = None;
    patterns(subject, |statement, text| {
        let star = match last.filter(|(span, _)| *span == statement.span()) {
            Some((_, star)) => star,
            None => match statement.resources() {
                Some(Resources::Resource(list)) => list.texts().any(|text| text == "*"),
                _ => false,
            },
        };
        last = Some((statement.span(), star));
        // Stopped at the first action that can be limited, or when there is no work left.
        star && !grants::each_matching(text, &mut latest, work, |action| {
            !action.has_resource_types()
        })
    })
}

#[cfg(test)]
mod tests;
