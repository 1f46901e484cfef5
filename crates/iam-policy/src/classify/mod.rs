//! What a principal can do with all its policies together: how deep its access goes,
//! and which of it leads further than it looks.
//!
//! An action counts when an `Allow` reaches a resource that the action can be used on
//! and no unconditional `Deny` takes all of it away, and when boundary and service
//! control policies let it through. Conditions are not judged, only remembered, with
//! one exception: a statement that ended before the catalogue was made has no effect.

mod facts;
mod forms;
mod granted;
mod grants;
mod meaning;
mod pass_role;
mod rules;
mod unknown;
mod work_limit;

use serde::Serialize;

use crate::catalogue::AccessLevel;
use crate::document::{Document, Path};
pub use facts::paths_release;
use facts::{Category, Facts, PathTarget, facts};
use granted::{Grant, Granted};
use grants::{AllowedPattern, Grants};
use meaning::{Meaning, changes_something, meanings};
use pass_role::{PASS_ROLE, PassTargets};

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
        grants: &grants,
        all: grants.of_named(facts, usize::MAX),
        first: (!subject.held.is_empty()).then(|| grants.of_named(facts, subject.policies.len())),
    };
    let sensitive = facts.sensitive_among(granted.all.actions());
    let named = |category| {
        let actions = sensitive.of(category).iter();
        actions
            .filter(|action| granted.exposes(category, **action))
            .filter_map(|action| granted.of(*action))
            .collect::<Vec<_>>()
    };
    let escalating = sensitive.of(Category::Escalation);
    let privilege_escalation = escalations(&granted, escalating);
    let resource_exposure = named(Category::Resource);
    let manages = !resource_exposure.is_empty() || !escalating.is_empty();
    let meanings = meanings(&grants);
    let unknown_actions = unknown::unknown_actions(&grants, &meanings);
    let (access_levels, changes) = access_levels(&grants, &meanings, manages);
    let patterns = |wanted: &dyn Fn(&AllowedPattern<'_, '_>, Meaning) -> bool| {
        let patterns = grants.patterns().zip(&meanings);
        patterns
            .filter(|(pattern, _)| pattern.rule.policy < subject.policies.len())
            .filter(|(pattern, meaning)| wanted(pattern, **meaning))
            .map(|(pattern, _)| pattern.evidence())
            .take(MOST_PATTERNS)
            .collect::<Vec<_>>()
    };
    Classification {
        access_levels,
        changes,
        privilege_escalation,
        resource_exposure,
        credentials_exposure: named(Category::Credentials),
        data_exfiltration: named(Category::Data),
        service_wildcards: patterns(&|pattern, _| is_whole_service(pattern.text)),
        resource_wildcards: patterns(&|pattern, meaning| {
            pattern.rule.everywhere && meaning.is_limitable()
        }),
        unknown_actions,
    }
}

/// What grants the actions that matter.
struct Evidence<'f, 'd> {
    facts: &'f Facts,
    grants: &'f Grants<'d>,
    all: Granted,
    /// The same without what is held besides; none where nothing is.
    first: Option<Granted>,
}

impl Evidence<'_, '_> {
    /// Whether the action is granted on something that it exposes.
    fn exposes(&self, category: Category, action: usize) -> bool {
        let Some(types) = self.facts.only_on(category, action) else {
            return true;
        };
        let known = self
            .facts
            .named()
            .get(action)
            .and_then(|named| named.action);
        known.is_none_or(|action| self.grants.reach_types(action, types))
    }

    fn of(&self, action: usize) -> Option<GrantedAction> {
        let first = self.first.as_ref().and_then(|first| first.get(action));
        let first = first.filter(|grant| !grant.is_unmatched());
        let grant = first.or_else(|| self.all.get(action))?;
        self.grants.evidence(grant, self.facts.name(action)?)
    }
}

/// The levels of all actions that are granted, and whether something can be changed. AWS calls
/// `iam:PassRole` and its like Write: what opens a resource to others or leads to more power manages
/// permissions all the same.
fn access_levels(
    grants: &Grants<'_>,
    meanings: &[Meaning],
    manages: bool,
) -> (Vec<AccessLevel>, bool) {
    let mut found = Vec::with_capacity(AccessLevel::ALL.len());
    if manages {
        found.push(AccessLevel::PermissionsManagement);
    }
    let mut changes = manages;
    // Where nothing takes away or limits, what is allowed is granted.
    let plain = grants.is_plain();
    if plain {
        let mut whole = Meaning::default();
        meanings.iter().for_each(|meaning| whole.join(*meaning));
        changes |= whole.changes();
        found.extend(whole.levels());
    }
    grants.each_action(
        |rule| !plain || rule.is_negated(),
        |action| {
            let level = action.access_level();
            let is_change = !changes && changes_something(level, action);
            if (is_change || !found.contains(&level)) && grants.grants_action(action) {
                changes |= is_change;
                found.push(level);
            }
            !changes || AccessLevel::ALL.iter().any(|level| !found.contains(level))
        },
    );
    if grants.work.is_spent() {
        // Rather too much than too little.
        return (AccessLevel::ALL.to_vec(), true);
    }
    found.sort_unstable();
    found.dedup();
    (found, changes)
}

/// The ways to more power, and those of these actions that are part of none that is one action.
fn escalations(evidence: &Evidence<'_, '_>, sensitive: &[usize]) -> Vec<Escalation> {
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
        if usable.clone().any(Grant::is_unmatched) {
            continue;
        }
        let mut names = path.actions.iter().filter_map(|action| facts.name(*action));
        if names.clone().any(|name| name == PASS_ROLE) {
            let targets = targets.get_or_insert_with(|| PassTargets::of(evidence.grants));
            if !targets.reach(&mut names) {
                continue;
            }
        }
        let plain = usable.all(|grant| grant.is_everywhere() && !grant.is_conditional());
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
    for action in sensitive.iter().filter(|action| !reported.contains(action)) {
        if let Some(evidence) = evidence.of(*action) {
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

/// Whether the pattern stands for all actions of a service, or of all services.
fn is_whole_service(text: &str) -> bool {
    text.ends_with('*') && {
        let name = text.split_once(':').map_or(text, |(_, name)| name);
        name.bytes().all(|byte| byte == b'*')
    }
}

#[cfg(test)]
mod tests;
