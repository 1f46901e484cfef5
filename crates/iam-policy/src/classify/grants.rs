//! Which actions are left after every deny, boundary and service control policy.

use super::facts::Facts;
use super::granted::{Grant, Granted, Rank};
use super::rules::{GrantRule, GrantRules};
use super::work_limit::WorkLimit;
use super::{GrantedAction, PrincipalPolicies};
use crate::catalogue::{self, Action, wildcard};
use crate::condition::{Clause, Order, Test, Values, moment};
use crate::document::{Actions, Document, Effect, Resources, Statement};

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
        let actions = facts.named().len();
        let mut granted = Granted::new(actions);
        let rules = self.allows.all().iter().enumerate();
        'rules: for (nth, rule) in rules.filter(|(_, rule)| rule.policy < policies) {
            let negated = rule.is_negated();
            // What a `NotAction` leaves out.
            let mut left_out = vec![false; if negated { actions } else { 0 }];
            for (pattern, text) in rule.texts().enumerate() {
                let looked = facts.matching(text, &self.work, |of| {
                    if let Some(out) = left_out.get_mut(of) {
                        *out = true;
                    } else {
                        self.improve(&mut granted, facts, of, nth, pattern);
                    }
                });
                if !looked {
                    granted.assume_all(nth, pattern);
                    break 'rules;
                }
            }
            if negated && !self.work.spend(actions) {
                granted.assume_all(nth, 0);
                break;
            }
            for (of, _) in left_out.iter().enumerate().filter(|(_, out)| !**out) {
                self.improve(&mut granted, facts, of, nth, 0);
            }
        }
        granted.keep(|of| {
            let mut limits = self.limits.iter();
            facts.named().get(of).is_some_and(|named| {
                limits.all(|layer| layer.reach(named.name, named.action, &self.work))
            })
        });
        granted
    }

    /// Takes a rule about the action when it grants more than the best one so far.
    fn improve(
        &self,
        granted: &mut Granted,
        facts: &Facts,
        action: usize,
        nth: usize,
        pattern: usize,
    ) {
        const TOP: Rank = (true, true, true);
        let best = granted.get(action).map(|best| (best.rank, best.rule));
        if best.is_some_and(|(rank, rule)| rank == TOP || rule == nth) {
            return;
        }
        let (Some(rule), Some(named)) = (self.allows.all().get(nth), facts.named().get(action))
        else {
            return;
        };
        let own = !rule.everywhere && facts.changes_itself(action);
        let everywhere = rule.everywhere || own && rule.is_about_all(named.action, &self.work);
        if best.is_some_and(|(rank, _)| rank >= (true, !rule.conditional, everywhere)) {
            return;
        }
        let reaches = rule.reaches(named.action, &self.work);
        let rank = (reaches, !rule.conditional, everywhere);
        if best.is_none_or(|(best, _)| best < rank)
            && !self.denies.take_all(named.name, nth, rule, &self.work)
        {
            granted.set(
                action,
                Grant {
                    rank,
                    rule: nth,
                    pattern,
                    assumed: false,
                },
            );
        }
    }

    /// What is to be told of a grant.
    pub(super) fn evidence(&self, grant: &Grant, action: &str) -> Option<GrantedAction> {
        let rule = self.allows.all().get(grant.rule)?;
        Some(GrantedAction {
            action: action.to_owned(),
            policy: rule.policy,
            path: match rule.statement.actions() {
                Actions::Action(_) => rule.statement.action_path(grant.pattern),
                Actions::NotAction(_) => rule.statement.path().key("NotAction"),
            },
            conditional: grant.is_conditional(),
            unmatched: grant.is_unmatched(),
        })
    }

    /// The patterns of actions by which something is allowed, with the numbers of their statements and
    /// their places there; without those of `NotAction`.
    pub(super) fn patterns(&self) -> impl Iterator<Item = AllowedPattern<'_, 'd>> {
        let rules = self.allows.all().iter().enumerate();
        let rules = rules.filter(|(_, rule)| !rule.is_negated());
        rules.flat_map(|(nth, rule)| {
            let texts = rule.texts().enumerate();
            texts.map(move |(place, text)| AllowedPattern {
                nth,
                rule,
                place,
                text,
            })
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

    /// Whether the action is allowed on a resource of one of these types.
    pub(super) fn reach_types(&self, action: Action, types: &[&str]) -> bool {
        let name = action.full_name();
        let about = self.allows.about(&name, &self.work);
        about.into_iter().any(|(nth, rule)| {
            rule.reaches_some(Some(action), &self.work, |kind| types.contains(&kind))
                && !self.denies.take_all(&name, nth, rule, &self.work)
        })
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

    /// Walks over the actions that the statements may be about, until reported to stop; a `NotAction` may be
    /// about any.
    pub(super) fn each_action(
        &self,
        wanted: impl Fn(&GrantRule<'_>) -> bool,
        mut visit: impl FnMut(Action) -> bool,
    ) {
        let mut latest: Option<&'static catalogue::Service> = None;
        for rule in self.allows.all().iter().filter(|rule| wanted(rule)) {
            if rule.is_negated() {
                for action in catalogue::actions_matching("*") {
                    if self.work.is_spent() || !visit(action) {
                        return;
                    }
                }
                continue;
            }
            for text in rule.texts() {
                if !each_matching(text, &mut latest, &self.work, &mut visit) {
                    return;
                }
            }
        }
    }
}

/// A pattern of actions by which something is allowed.
pub(super) struct AllowedPattern<'g, 'd> {
    /// The number of the statement among those that allow.
    pub(super) nth: usize,
    pub(super) rule: &'g GrantRule<'d>,
    /// Its place in the statement.
    pub(super) place: usize,
    pub(super) text: &'d str,
}

impl AllowedPattern<'_, '_> {
    /// What is to be told of the pattern.
    pub(super) fn evidence(&self) -> GrantedAction {
        GrantedAction {
            action: self.text.to_owned(),
            policy: self.rule.policy,
            path: self.rule.statement.action_path(self.place),
            conditional: self.rule.conditional,
            unmatched: false,
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
    if !catalogue::wildcard::has_wildcard(pattern) {
        let action = exact(pattern, latest);
        return action.is_none_or(visit);
    }
    if !work.spend(catalogue::actions_near(pattern) * (1 + pattern.len() / 64)) {
        return false;
    }
    catalogue::actions_matching(pattern).all(&mut visit)
}

/// The action of this name; the service is looked up unless it is that of the last one.
fn exact(name: &str, latest: &mut Option<&'static catalogue::Service>) -> Option<Action> {
    let (prefix, rest) = name.split_at_checked(crate::scan::find(name, b':')?)?;
    let service = latest
        .filter(|latest| latest.prefix() == prefix)
        .or_else(|| catalogue::service(prefix));
    *latest = service;
    service?.action(rest.get(1..)?)
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

/// Keys that tell the time of a request.
const CLOCKS: [&str; 2] = ["aws:currenttime", "aws:tokenissuetime"];

/// Whether the statement surely holds only until a date before the catalogue was made.
fn is_over(statement: &Statement<'_>) -> bool {
    let mut conditions = statement.conditions().iter();
    conditions.any(|condition| {
        let mut entries = condition.entries().iter();
        entries.any(|entry| {
            let key = entry.key().text();
            CLOCKS.iter().any(|clock| key.eq_ignore_ascii_case(clock))
                && moment(catalogue::release().date).is_some_and(|today| {
                    let operator = condition.operator().text();
                    let clause = Clause::new(operator, key, entry.values().texts(), true);
                    ends_before(&clause, today)
                })
        })
    })
}

/// Whether a condition on the time of a request holds only before a moment.
fn ends_before(clause: &Clause, today: i64) -> bool {
    let needs_key = clause
        .operator()
        .filter(|operator| operator.quantifier().is_none())
        .filter(|operator| !operator.is_negated() && !operator.if_exists());
    let bounds = match (needs_key.map(|operator| operator.test()), clause.values()) {
        (Some(Test::Date(Order::Less | Order::AtMost | Order::Equal)), Values::Date(all)) => all,
        _ => return false,
    };
    clause.is_certain()
        && bounds
            .iter()
            .all(|bound| bound.is_some_and(|bound| bound < today))
}
