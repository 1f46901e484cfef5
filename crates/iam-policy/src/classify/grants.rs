//! Which actions are left after every deny, boundary and service control policy.

use super::PrincipalPolicies;
use super::facts::{Facts, RelevantAction};
use super::rules::{GrantRule, GrantRules};
use super::work_limit::WorkLimit;
use crate::catalogue::{self, Action, wildcard};
use crate::condition::{Clause, Order, Test, Values, moment};
use crate::document::{Actions, Document, Effect, Path, Resources, Statement};

/// What grants an action.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) policy: usize,
    pub(super) path: Path,
    pub(super) conditional: bool,
    /// Whether none of the resources is one that the action can be used on.
    pub(super) unmatched: bool,
    /// Whether it is granted on every resource.
    pub(super) everywhere: bool,
}

/// The actions that matter and are granted, in their order.
#[derive(Debug)]
pub(super) struct Granted {
    /// Where the grant of an action is: its number + 1, 0 for none.
    places: Vec<usize>,
    grants: Vec<(usize, Grant)>,
}

impl Granted {
    /// What grants the action.
    pub(super) fn get(&self, action: usize) -> Option<&Grant> {
        let place = self.places.get(action)?.checked_sub(1)?;
        self.grants.get(place).map(|(_, grant)| grant)
    }

    /// The numbers of the actions.
    pub(super) fn actions(&self) -> impl Iterator<Item = usize> + '_ {
        self.grants.iter().map(|(action, _)| *action)
    }
}

/// How good a grant is: whether it reaches a resource, is unconditional, is on everything.
type Rank = (bool, bool, bool);

/// The best grant of an action so far.
#[derive(Clone, Copy)]
struct Best {
    rank: Rank,
    rule: usize,
    /// The number of the pattern; 0 for `NotAction`.
    pattern: usize,
    /// Whether it was taken for granted without looking.
    assumed: bool,
}

/// Layers of rules: what is allowed must be allowed by each.
pub(super) struct Grants<'d> {
    pub(super) allows: GrantRules<'d>,
    pub(super) denies: GrantRules<'d>,
    /// Boundary and levels of service control policies.
    pub(super) limits: Vec<GrantRules<'d>>,
    pub(super) work: WorkLimit,
}

impl<'d> Grants<'d> {
    pub(super) fn of(subject: PrincipalPolicies<'d>) -> Self {
        let mut denies = GrantRules::default();
        let mut layer = |documents: &mut dyn Iterator<Item = &'d Document<'d>>| {
            let mut allows = GrantRules::default();
            for (policy, document) in documents.enumerate() {
                for statement in document
                    .statements()
                    .iter()
                    .filter(|statement| !is_over(statement) && !is_about_nothing(statement))
                {
                    let rule = GrantRule::new(policy, document.policy_type(), statement);
                    match statement.effect() {
                        Effect::Allow => allows.push(rule),
                        Effect::Deny if !rule.conditional => denies.push(rule),
                        Effect::Deny => {}
                    }
                }
            }
            allows
        };
        let allows = layer(&mut subject.policies.iter().chain(subject.held));
        let mut limits = Vec::new();
        if !subject.boundaries.is_empty() {
            limits.push(layer(&mut subject.boundaries.iter()));
        }
        for level in subject.service_control {
            limits.push(layer(&mut level.iter()));
        }
        Self {
            allows,
            denies,
            limits,
            work: WorkLimit::default(),
        }
    }

    /// What grants each of the actions that matter, by their numbers: an unconditional grant
    /// on everything rather than a narrower one, else the first. Only the first `policies` count.
    pub(super) fn of_named(&self, facts: &Facts, policies: usize) -> Granted {
        let mut best: Vec<Option<Best>> = vec![None; facts.named().len()];
        let rules = self.allows.all().iter().enumerate();
        'rules: for (nth, rule) in rules.filter(|(_, rule)| rule.policy < policies) {
            // The first pattern of the statement that is about the action.
            let mut about: Vec<Option<usize>> = Vec::new();
            let negated = rule.is_negated();
            if negated {
                about.resize(facts.named().len(), None);
            }
            for (pattern, text) in rule.texts().enumerate() {
                let looked = facts.matching(text, &self.work, |of| {
                    if let Some(slot) = about.get_mut(of) {
                        slot.get_or_insert(pattern);
                    } else if let Some(slot) = best.get_mut(of) {
                        self.improve(slot, facts, of, nth, pattern);
                    }
                });
                if !looked {
                    best.iter_mut().for_each(|slot| assume(slot, nth, pattern));
                    break 'rules;
                }
            }
            if negated && !self.work.spend(about.len()) {
                best.iter_mut().for_each(|slot| assume(slot, nth, 0));
                break;
            }
            if negated {
                for (of, slot) in best.iter_mut().enumerate() {
                    if about.get(of) == Some(&None) {
                        self.improve(slot, facts, of, nth, 0);
                    }
                }
            }
        }
        let within = |named: &RelevantAction| {
            let mut limits = self.limits.iter();
            limits.all(|layer| layer.reach(named.name, named.action, &self.work))
        };
        let mut granted = Granted {
            places: vec![0; best.len()],
            grants: Vec::new(),
        };
        let found = best
            .iter()
            .enumerate()
            .filter_map(|(of, best)| Some((of, (*best)?)));
        for (of, best) in found {
            let grant = facts.named().get(of).filter(|named| within(named));
            if let Some(grant) = grant.and_then(|_| self.grant(best))
                && let Some(place) = granted.places.get_mut(of)
            {
                granted.grants.push((of, grant));
                *place = granted.grants.len();
            }
        }
        granted
    }

    /// Takes a rule about the action when it grants more than the best one so far.
    fn improve(
        &self,
        slot: &mut Option<Best>,
        facts: &Facts,
        named: usize,
        nth: usize,
        pattern: usize,
    ) {
        const TOP: Rank = (true, true, true);
        if slot.is_some_and(|best| best.rank == TOP || best.rule == nth) {
            return;
        }
        let (Some(rule), Some(named)) = (self.allows.all().get(nth), facts.named().get(named))
        else {
            return;
        };
        if slot.is_some_and(|best| best.rank >= (true, !rule.conditional, rule.everywhere)) {
            return;
        }
        let reaches = rule.reaches(named.action, &self.work);
        let rank = (reaches, !rule.conditional, rule.everywhere);
        if slot.is_none_or(|best| best.rank < rank)
            && !self.denies.take_all(named.name, nth, rule, &self.work)
        {
            *slot = Some(Best {
                rank,
                rule: nth,
                pattern,
                assumed: false,
            });
        }
    }

    fn grant(&self, best: Best) -> Option<Grant> {
        let rule = self.allows.all().get(best.rule)?;
        let (reaches, unconditional, everywhere) = best.rank;
        Some(Grant {
            policy: rule.policy,
            path: match rule.statement.actions() {
                Actions::Action(_) => rule.statement.action_path(best.pattern),
                Actions::NotAction(_) => rule.statement.path().key("NotAction"),
            },
            conditional: !unconditional || best.assumed,
            unmatched: !reaches,
            everywhere,
        })
    }

    /// The statements that allow the action and that no denial takes it from.
    pub(super) fn granting(&self, name: &str) -> impl Iterator<Item = &'d Statement<'d>> {
        let rules = self.allows.all().iter().enumerate();
        let about = rules.filter(|(_, rule)| {
            let mut texts = rule.texts();
            let named = texts.any(|text| wildcard::matches_ignoring_case(text, name));
            named != rule.is_negated()
        });
        about
            .filter(|(nth, rule)| !self.denies.take_all(name, *nth, rule, &self.work))
            .map(|(_, rule)| rule.statement)
    }

    /// Whether nothing takes away what a rule allows.
    pub(super) fn is_plain(&self) -> bool {
        self.denies.all().is_empty() && self.limits.is_empty()
    }

    /// Whether the action is granted, on resources it can be used on or not.
    pub(super) fn grants_action(&self, action: Action) -> bool {
        let name = action.full_name();
        let given = self.allows.about(&name, &self.work);
        let granted = given
            .into_iter()
            .any(|(nth, rule)| !self.denies.take_all(&name, nth, rule, &self.work));
        granted
            && self
                .limits
                .iter()
                .all(|layer| layer.reach(&name, Some(action), &self.work))
    }

    /// Walks over the actions that each `Allow` is about, until reported to stop; tells whether that
    /// may be wrong, for a `NotAction` is about all but these.
    pub(super) fn each_action(&self, mut visit: impl FnMut(Action, bool) -> bool) {
        let mut latest: Option<&'static catalogue::Service> = None;
        for rule in self.allows.all() {
            if rule.is_negated() {
                for action in catalogue::actions_matching("*") {
                    if self.work.is_spent() || !visit(action, true) {
                        return;
                    }
                }
                continue;
            }
            for text in rule.texts() {
                if !each_matching(text, &mut latest, &self.work, |action| visit(action, false)) {
                    return;
                }
            }
        }
    }
}

/// Calls for each action that the pattern matches, until reported to stop or no work is left;
/// answers whether to go on.
pub(super) fn each_matching(
    pattern: &str,
    latest: &mut Option<&'static catalogue::Service>,
    work: &WorkLimit,
    mut visit: impl FnMut(Action) -> bool,
) -> bool {
    if let Some((prefix, name)) = crate::scan::find(pattern, b':')
        .and_then(|at| pattern.split_at_checked(at))
        .filter(|_| !catalogue::wildcard::has_wildcard(pattern))
    {
        let service = latest
            .filter(|latest| latest.prefix() == prefix)
            .or_else(|| catalogue::service(prefix));
        *latest = service;
        let name = name.get(1..).unwrap_or_default();
        return service
            .and_then(|service| service.action(name))
            .is_none_or(visit);
    }
    if !work.spend(catalogue::actions_near(pattern) * (1 + pattern.len() / 64)) {
        return false;
    }
    catalogue::actions_matching(pattern).all(&mut visit)
}

/// Takes the action for granted, under a condition that nobody knows.
fn assume(slot: &mut Option<Best>, rule: usize, pattern: usize) {
    slot.get_or_insert(Best {
        rank: (true, true, false),
        rule,
        pattern,
        assumed: true,
    });
}

/// Whether the statement leaves out every resource.
fn is_about_nothing(statement: &Statement<'_>) -> bool {
    match statement.resources() {
        Some(Resources::NotResource(list)) => list
            .texts()
            .any(|text| !text.is_empty() && text.bytes().all(|byte| byte == b'*')),
        _ => false,
    }
}

/// Whether the statement surely holds only until a date before the catalogue was made.
fn is_over(statement: &Statement<'_>) -> bool {
    !statement.conditions().is_empty()
        && moment(catalogue::release().date).is_some_and(|today| {
            let clauses = Clause::read(statement, true);
            clauses.iter().any(|clause| ends_before(clause, today))
        })
}

/// Whether a condition is about the time of a request and holds only before a moment.
fn ends_before(clause: &Clause, today: i64) -> bool {
    const CLOCKS: [&str; 2] = ["aws:currenttime", "aws:tokenissuetime"];
    let needs_key = clause
        .operator()
        .filter(|operator| operator.quantifier().is_none())
        .filter(|operator| !operator.is_negated() && !operator.if_exists());
    let bounds = match (needs_key.map(|operator| operator.test()), clause.values()) {
        (Some(Test::Date(Order::Less | Order::AtMost | Order::Equal)), Values::Date(all)) => all,
        _ => return false,
    };
    clause.is_certain()
        && CLOCKS.contains(&clause.key_lower())
        && bounds
            .iter()
            .all(|bound| bound.is_some_and(|bound| bound < today))
}
