//! One request, all policies that have a say, one decision with its reason.
//!
//! The order is AWS's (*Policy evaluation logic* in the IAM User Guide): a deny anywhere wins;
//! then service control policies must allow on every level; then within one account either side
//! grants, across accounts both must. What a resource policy grants to
//! a user or a session by name, or to everyone, is limited by neither boundary nor session
//! policy; what it grants to a role is; what it grants to an account leaves the decision to
//! the identity's own policies. Trust policies of roles and policies of KMS keys must allow
//! whatever else does.

mod account;
mod missing_keys;
mod principal;
mod principal_matcher;
mod request;
mod resource;
mod ruleset;

pub use account::{ResourceAccount, action_in_accounts, required_accounts};
pub use principal::{InvalidPrincipal, RequestPrincipal};
pub(crate) use principal_matcher::PrincipalMatcher;
pub use request::{MOST_TEXT, Request};
pub(crate) use resource::{ResourceMatcher, ResourcePattern, has_short_arns, in_full};
pub use ruleset::Ruleset;
pub(crate) use ruleset::{Reading, Rule};

use principal_matcher::PrincipalMatch;
use ruleset::PreparedRequest;
use serde::Serialize;

use crate::document::Effect;

/// The key that says whose the resource is.
const RESOURCE_ACCOUNT: &str = "aws:ResourceAccount";

/// All policies that have a say in a request.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    /// Of the user, its groups, or the role.
    pub identity: Vec<Ruleset>,
    /// The permissions boundary; none when empty. Of several each must allow.
    pub boundaries: Vec<Ruleset>,
    /// Given along when the session was made; none when empty. Of several one must allow.
    pub sessions: Vec<Ruleset>,
    /// Service control policies, from the root of the organisation down to the account of the
    /// principal. Of each level one must allow.
    pub service_control: Vec<Vec<Ruleset>>,
    /// Resource control policies, likewise for the account of the resource. They only deny: AWS
    /// attaches a policy that allows everything to every level, and it cannot be detached.
    pub resource_control: Vec<Vec<Ruleset>>,
    /// Of the resource; for `sts:AssumeRole` the trust policy of the role.
    pub resource: Option<Ruleset>,
}

/// Whether a request goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Outcome {
    /// Some statement allows it and nothing denies it.
    Allowed,
    /// It does not, for nothing allows it.
    ImplicitlyDenied,
    /// It does not, for a statement denies it.
    ExplicitlyDenied,
}

/// The kinds of policies that can decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Of the user, its groups, or the role.
    IdentityPolicies,
    /// The permissions boundary.
    PermissionBoundaries,
    /// Session policies.
    SessionPolicies,
    /// Service control policies.
    ServiceControlPolicies,
    /// Resource control policies.
    ResourceControlPolicies,
    /// The policy of the resource.
    ResourcePolicy,
}

/// What decided: a statement, or the layer in which nothing allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecidedBy {
    /// The kind of policy.
    pub layer: Layer,
    /// The level of an organisation, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<usize>,
    /// Which policy of the layer or level, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<usize>,
    /// Which statement of the policy, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<usize>,
    /// The `Sid` of the statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

/// A decision with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evaluation {
    /// Whether the request goes through.
    #[serde(rename = "decision")]
    pub outcome: Outcome,
    /// What decided. `None` only when no policy was looked at: there was none, the request is
    /// longer than AWS takes, or it needs no permission.
    #[serde(rename = "by")]
    pub decided_by: Option<DecidedBy>,
    /// Context keys that statements about this action and resource asked for and that the
    /// request has not; the first thousand.
    pub missing_context: Vec<String>,
}

/// Decides a request. One with a text longer than [`MOST_TEXT`] is denied without asking a policy.
#[must_use]
pub fn evaluate(request: &Request, policies: &Policies) -> Evaluation {
    if request.is_oversized() {
        return Evaluation {
            outcome: Outcome::ImplicitlyDenied,
            decided_by: None,
            missing_context: Vec::new(),
        };
    }
    let mut prepared = PreparedRequest::new(request).with_star_resource();
    prepared.has_boundary |= !policies.boundaries.is_empty();
    let mut evaluator = Evaluator {
        request,
        policies,
        prepared,
        missing: Vec::new(),
    };
    let (outcome, decided_by) = evaluator.decide();
    evaluator.missing.sort_unstable();
    Evaluation {
        outcome,
        decided_by,
        missing_context: evaluator.missing,
    }
}

struct Evaluator<'a> {
    request: &'a Request,
    policies: &'a Policies,
    prepared: PreparedRequest<'a>,
    missing: Vec<String>,
}

impl Evaluator<'_> {
    fn decide(&mut self) -> (Outcome, Option<DecidedBy>) {
        let policies = self.policies;
        let principal = self.request.principal();
        if self.needs_no_permission() {
            return (Outcome::Allowed, None);
        }
        let linked = principal.is_service_linked();
        let from_account = principal.account().is_some();
        let scps: &[_] = if linked || !from_account {
            &[]
        } else {
            &policies.service_control
        };
        let rcps: &[_] = if linked {
            &[]
        } else {
            &policies.resource_control
        };
        if let Some(by) = self.denied(scps, rcps) {
            return (Outcome::ExplicitlyDenied, Some(by));
        }
        for (level, rulesets) in scps.iter().enumerate() {
            let layer = Layer::ServiceControlPolicies;
            if self.first(Effect::Allow, layer, rulesets).is_none() {
                let by = DecidedBy {
                    level: Some(level),
                    ..DecidedBy::nothing(layer)
                };
                return (Outcome::ImplicitlyDenied, Some(by));
            }
        }
        match self.granted() {
            Ok(by) => (Outcome::Allowed, by),
            Err(layer) => (Outcome::ImplicitlyDenied, Some(DecidedBy::nothing(layer))),
        }
    }

    /// The first statement that denies.
    fn denied(&mut self, scps: &[Vec<Ruleset>], rcps: &[Vec<Ruleset>]) -> Option<DecidedBy> {
        let policies = self.policies;
        for (layer, levels) in [
            (Layer::ServiceControlPolicies, scps),
            (Layer::ResourceControlPolicies, rcps),
        ] {
            for (level, rulesets) in levels.iter().enumerate() {
                if let Some((by, _)) = self.first(Effect::Deny, layer, rulesets) {
                    return Some(DecidedBy {
                        level: Some(level),
                        ..by
                    });
                }
            }
        }
        for (layer, rulesets) in [
            (Layer::ResourcePolicy, policies.resource.as_slice()),
            (Layer::IdentityPolicies, &policies.identity),
            (Layer::PermissionBoundaries, &policies.boundaries),
            (Layer::SessionPolicies, &policies.sessions),
        ] {
            if let Some((by, _)) = self.first(Effect::Deny, layer, rulesets) {
                return Some(by);
            }
        }
        None
    }

    /// The statement that grants, or the layer in which none does. Denies are done with.
    fn granted(&mut self) -> Result<Option<DecidedBy>, Layer> {
        let policies = self.policies;
        let principal = self.request.principal();
        let resource = self.first(
            Effect::Allow,
            Layer::ResourcePolicy,
            policies.resource.as_slice(),
        );
        let Some(account) = principal.account() else {
            return resource
                .map(|(by, _)| Some(by))
                .ok_or(Layer::ResourcePolicy);
        };
        let same_account = self.is_within(account);
        if resource.is_none() && (!same_account || self.needs_resource_policy()) {
            return Err(Layer::ResourcePolicy);
        }
        let bounded = policies.boundaries.iter().all(|boundary| {
            let within = std::slice::from_ref(boundary);
            self.first(Effect::Allow, Layer::PermissionBoundaries, within)
                .is_some()
        });
        // A federated user without session policy is given nothing (`GetFederationToken`).
        let in_session = policies.sessions.is_empty() && !principal.is_federated_user()
            || self
                .first(Effect::Allow, Layer::SessionPolicies, &policies.sessions)
                .is_some();
        let limits = if !bounded {
            Err(Layer::PermissionBoundaries)
        } else if in_session {
            Ok(())
        } else {
            Err(Layer::SessionPolicies)
        };
        if let Some((by, matched)) = &resource
            && same_account
        {
            match matched {
                PrincipalMatch::Exact | PrincipalMatch::Everyone => return Ok(Some(by.clone())),
                PrincipalMatch::Role => return limits.map(|()| Some(by.clone())),
                PrincipalMatch::Account => {}
            }
        }
        let identity = self.first(Effect::Allow, Layer::IdentityPolicies, &policies.identity);
        match identity {
            Some((by, _)) => limits.map(|()| Some(by)),
            // The root user of an account needs no policy of its own.
            None if principal.is_root() => Ok(resource.map(|(by, _)| by)),
            None => Err(Layer::IdentityPolicies),
        }
    }

    /// Whether nobody can take the right to it away: who somebody is may be asked by everybody who is
    /// signed in, and a user may always ask for a session of its own (*Permissions for
    /// `GetCallerIdentity`*, `GetSessionToken`).
    fn needs_no_permission(&self) -> bool {
        let principal = self.request.principal();
        match self.prepared.action() {
            "sts:getcalleridentity" => principal.account().is_some(),
            "sts:getsessiontoken" => principal.is_user() || principal.is_root(),
            _ => false,
        }
    }

    /// Whether the resource belongs to this account. Of a bucket that is not known unless the
    /// request says so, and one of somebody else is not ours on one side's word.
    fn is_within(&mut self, account: &str) -> bool {
        if let Some(owner) = self.request.resource_account() {
            return owner == account;
        }
        let mut parts = self.prepared.resource().splitn(4, ':').skip(2);
        let is_bucket = parts
            .next()
            .is_some_and(|service| service.starts_with("s3"));
        if is_bucket {
            missing_keys::note(RESOURCE_ACCOUNT, &mut self.missing);
        }
        !is_bucket
    }

    /// Whether the policy of the resource has to allow also within one account.
    fn needs_resource_policy(&self) -> bool {
        let (action, resource) = (self.prepared.action(), self.prepared.resource());
        let of_role = action.starts_with("sts:assumerole")
            || matches!(action, "sts:tagsession" | "sts:setsourceidentity");
        (action.starts_with("kms:") && resource.contains(":key/"))
            || (of_role && resource.contains(":role/"))
    }

    fn first(
        &mut self,
        effect: Effect,
        layer: Layer,
        rulesets: &[Ruleset],
    ) -> Option<(DecidedBy, PrincipalMatch)> {
        let mut best: Option<(usize, usize, PrincipalMatch)> = None;
        for (policy, ruleset) in rulesets.iter().enumerate() {
            if let Some((statement, matched)) =
                ruleset.find(effect, &self.prepared, &mut self.missing)
                && best.is_none_or(|(_, _, known)| matched > known)
            {
                best = Some((policy, statement, matched));
                break;
            }
        }
        let (policy, statement, matched) = best?;
        let rule = rulesets
            .get(policy)
            .and_then(|ruleset| ruleset.rules().get(statement));
        let by = DecidedBy {
            layer,
            level: None,
            policy: Some(policy),
            statement: Some(statement),
            sid: rule.and_then(|rule| rule.sid.as_deref()).map(str::to_owned),
        };
        Some((by, matched))
    }
}

impl DecidedBy {
    const fn nothing(layer: Layer) -> Self {
        Self {
            layer,
            level: None,
            policy: None,
            statement: None,
            sid: None,
        }
    }
}

#[cfg(test)]
mod peer;
#[cfg(test)]
mod tests;
