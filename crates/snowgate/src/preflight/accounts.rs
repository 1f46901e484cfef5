//! The target accounts: roles with the right trust, lists and boundary.

use iam_policy::classify::{PrincipalPolicies, classify};
use iam_policy::condition::Context;
use iam_policy::document::{Document, PolicyType, PrincipalKind};
use iam_policy::evaluate::{Outcome, Policies, Request, RequestPrincipal, Ruleset, evaluate};
use serde_json::Value;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::AccountId;
use snowgate_core::markup::code;

use super::aws_facts::AwsFacts;
use super::result::PreflightResult;
use super::rights;

/// What a role is assumed with.
const ASSUME: &str = "sts:AssumeRole";
/// What a session is given its source identity with, the id of a request.
const IDENTIFY: &str = "sts:SetSourceIdentity";
/// The way to more power that a boundary leaves open where roles may be assumed.
const ASSUMING: &str = "sts-001";
/// An account that nothing of ours is in.
const STRANGER: &str = "999999999999";
pub(super) const REMEDY: &str =
    "update templates/member-account.yaml there, with the output of snowgate member-parameters";

/// Everything about these target accounts.
pub(super) fn check(
    facts: &AwsFacts,
    guardrails: &Guardrails,
    accounts: &[AccountId],
) -> Vec<PreflightResult> {
    accounts
        .iter()
        .flat_map(|account| in_account(facts, guardrails, account))
        .collect()
}

fn in_account(facts: &AwsFacts, guardrails: &Guardrails, id: &AccountId) -> Vec<PreflightResult> {
    let account = id.as_str();
    let base = format!("/accounts/{account}");
    if let Some(why) = facts.refusal(&base) {
        let remedy = "name a role that may read IAM there with --inspect-role";
        let found = format!("cannot be looked into: {}", code(why));
        return vec![PreflightResult::bad("read role", account, found, remedy)];
    }
    let read = Role {
        facts,
        account,
        check: "read role",
        key: "read",
        functions: &["dispatcher", "directory"],
    };
    let member = Role {
        facts,
        account,
        check: "member role",
        key: "member",
        functions: &["provisioner"],
    };
    let mut results = vec![read.trust(), member.trust()];
    if facts.refusal(&read.at("")).is_none() {
        results.push(rights::of_read_role(&read, guardrails, id));
    }
    if facts.refusal(&member.at("")).is_none() {
        results.push(rights::of_member_role(&member, guardrails, id));
    }
    results.push(boundary(facts, guardrails, account));
    results
}

/// One of the two roles of an account.
pub(super) struct Role<'f> {
    facts: &'f AwsFacts,
    pub(super) account: &'f str,
    check: &'static str,
    key: &'static str,
    /// The hub's functions that assume it.
    functions: &'static [&'static str],
}

/// Somebody who tries to assume a role.
struct Attempt<'a> {
    principal: &'a str,
    external: &'a str,
    identity: Vec<Ruleset>,
    action: &'static str,
}

impl<'a> Attempt<'a> {
    /// With these rights of their own.
    const fn with(principal: &'a str, external: &'a str, identity: Vec<Ruleset>) -> Self {
        Self {
            principal,
            external,
            identity,
            action: ASSUME,
        }
    }

    /// The same with another call.
    fn that(self, action: &'static str) -> Self {
        Self { action, ..self }
    }

    /// With an identity policy that allows everything.
    fn with_all_rights(principal: &'a str, external: &'a str) -> Self {
        let identity = rules(&anything(), PolicyType::Identity);
        Self::with(principal, external, identity.into_iter().collect())
    }
}

impl Role<'_> {
    fn at(&self, what: &str) -> String {
        format!("/accounts/{}/{}{what}", self.account, self.key)
    }

    /// The statements of all its policies.
    pub(super) fn statements(&self) -> Vec<&Value> {
        let policies = self.facts.at(&self.at("/policies")).as_array();
        policies
            .into_iter()
            .flatten()
            .filter_map(|policy| policy.get("Statement")?.as_array())
            .flatten()
            .collect()
    }

    /// Whether the hub's functions can assume the role, and nobody else.
    fn trust(&self) -> PreflightResult {
        let bad = |found: String| PreflightResult::bad(self.check, self.account, found, REMEDY);
        if let Some(why) = self.facts.refusal(&self.at("")) {
            return bad(format!("is not there ({})", code(why)));
        }
        let Some(trust) = rules(self.facts.at(&self.at("/trust")), PolicyType::Trust) else {
            return bad("its trust policy cannot be read".to_owned());
        };
        for function in self.functions {
            if let Some(wrong) = self.not_taken_by(function, &trust) {
                return wrong;
            }
        }
        let (own, external) = (self.arns(), self.facts.parameter("ExternalId"));
        if let Some(who) = self.trusted_beside(&trust, &own, external) {
            return bad(format!("trusts {who} too"));
        }
        for own in own {
            if self.may(&trust, Attempt::with_all_rights(own, "somebody-elses")) {
                return bad("does not ask for the external id".to_owned());
            }
        }
        PreflightResult::good(
            self.check,
            self.account,
            format!("trusts the hub's {} alone", self.functions.join(" and ")),
        )
    }

    /// The roles of the hub's functions that assume it.
    fn arns(&self) -> Vec<&str> {
        let functions = self.functions.iter();
        let arn = |function| self.facts.text(&format!("/roles/{function}/arn"));
        functions.map(arn).collect()
    }

    /// Why one of the hub's functions cannot assume the role; none where it can.
    fn not_taken_by(&self, function: &str, trust: &Ruleset) -> Option<PreflightResult> {
        let bad = |found: String| PreflightResult::bad(self.check, self.account, found, REMEDY);
        let own = self.facts.text(&format!("/roles/{function}/arn"));
        let external = self.facts.parameter("ExternalId");
        if !self.may(trust, Attempt::with_all_rights(own, external)) {
            let found = format!("does not trust the hub's {function} with its external id");
            return Some(bad(found));
        }
        let named = Attempt::with_all_rights(own, external).that(IDENTIFY);
        if !self.may(trust, named) {
            let found = format!("does not let the hub's {function} name its session");
            return Some(bad(format!("{found} (`{IDENTIFY}`)")));
        }
        let own_attempt = |action| {
            let rights = self.rights_of(function);
            self.may(trust, Attempt::with(own, external, rights).that(action))
        };
        if ![ASSUME, IDENTIFY].into_iter().all(own_attempt) {
            let found = format!("the hub's {function} may not assume it");
            let remedy = "deploy the hub's stack again";
            return Some(PreflightResult::bad(
                self.check,
                self.account,
                found,
                remedy,
            ));
        }
        None
    }

    /// Somebody else who could assume the role, with all rights of their own.
    fn trusted_beside(
        &self,
        trust: &Ruleset,
        own: &[&str],
        external: &str,
    ) -> Option<&'static str> {
        let hub = self.facts.text("/caller/account");
        let own = self.functions.iter().zip(own);
        let mut others = own.flat_map(|(function, own)| {
            [
                ("another role of the hub", own.replace(function, "somebody")),
                ("another account", own.replace(hub, STRANGER)),
                ("the hub's root", own.replace(&tail(own), ":root")),
            ]
        });
        let trusted =
            others.find(|(_, arn)| self.may(trust, Attempt::with_all_rights(arn, external)));
        trusted.map(|(who, _)| who)
    }

    fn rights_of(&self, function: &str) -> Vec<Ruleset> {
        let policies = self
            .facts
            .at(&format!("/roles/{function}/policies"))
            .as_array();
        let read = |policy| rules(policy, PolicyType::Identity);
        policies.into_iter().flatten().filter_map(read).collect()
    }

    fn may(&self, trust: &Ruleset, attempt: Attempt<'_>) -> bool {
        let account = attempt.principal.split(':').nth(4).unwrap_or_default();
        let mut context = Context::default()
            .with("aws:PrincipalArn", attempt.principal)
            .with("aws:PrincipalAccount", account)
            .with("sts:ExternalId", attempt.external);
        if let (Some(organisation), true) =
            (self.facts.at("/organisation").as_str(), account != STRANGER)
        {
            context = context.with("aws:PrincipalOrgID", organisation);
        }
        let principal = RequestPrincipal::of(PrincipalKind::Aws, attempt.principal);
        let role = self.facts.text(&self.at("/arn"));
        let request = Request::new(attempt.action, role, principal, context);
        let policies = Policies {
            identity: attempt.identity,
            resource: Some(trust.clone()),
            ..Policies::default()
        };
        evaluate(&request, &policies).outcome == Outcome::Allowed
    }
}

/// What follows the account in an ARN, with the colon.
fn tail(arn: &str) -> String {
    let rest = arn.splitn(6, ':').nth(5).unwrap_or_default();
    format!(":{rest}")
}

fn anything() -> Value {
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    })
}

fn rules(document: &Value, of: PolicyType) -> Option<Ruleset> {
    let text = document.to_string();
    let document = Document::parse(&text, of).ok()?;
    Some(Ruleset::compile(&document))
}

/// Whether the boundary is there, and stops what it is there to stop.
fn boundary(facts: &AwsFacts, guardrails: &Guardrails, account: &str) -> PreflightResult {
    let base = format!("/accounts/{account}/boundary");
    let name = guardrails.boundary();
    let Some(rules) = rules(facts.at(&format!("{base}/document")), PolicyType::Identity) else {
        return PreflightResult::bad(
            "boundary",
            account,
            format!("{} is not there", code(name)),
            REMEDY,
        );
    };
    let principal = format!("arn:aws:iam::{account}:user/enrolled/anybody");
    let role = facts.text(&format!("/accounts/{account}/member/arn"));
    for (action, resource) in [
        ("iam:AttachUserPolicy", principal.as_str()),
        ("iam:DeleteUserPermissionsBoundary", principal.as_str()),
        (ASSUME, role),
    ] {
        let who = RequestPrincipal::of(PrincipalKind::Aws, &principal);
        let request = Request::new(action, resource, who, Context::default());
        if rules.allows(&request) {
            let found = format!(
                "{} allows {action}, so a principal with it can escape it",
                code(name)
            );
            return PreflightResult::bad(
                "boundary",
                account,
                found,
                "take that out of the boundary",
            );
        }
    }
    let found = facts.at(&format!("{base}/document")).to_string();
    if let Some(ways) = ways_out(&found, guardrails, account) {
        let found = format!("{} leads to more power: {ways}", code(name));
        let remedy = "see what it lets through with `iam-policy classify`, and take that out";
        return PreflightResult::bad("boundary", account, found, remedy);
    }
    PreflightResult::good(
        "boundary",
        account,
        format!("{} is there, and nothing leads out of it", code(name)),
    )
}

/// The ways to more power, by their names, that a principal which is allowed everything else has
/// through this boundary; none where there are none but the roles that the guardrails list.
fn ways_out(boundary: &str, guardrails: &Guardrails, account: &str) -> Option<String> {
    let everything = anything().to_string();
    let all = Document::parse(&everything, PolicyType::Identity);
    let (Ok(all), Ok(boundary)) = (all, Document::parse(boundary, PolicyType::Boundary)) else {
        return Some("it cannot be read".to_owned());
    };
    let found = classify(PrincipalPolicies {
        policies: &[all],
        held: &[],
        boundaries: &[boundary],
        service_control: &[],
    });
    let account: Option<AccountId> = account.parse().ok();
    let listed = account.is_some_and(|account| !guardrails.assumable_from(&account).is_empty());
    let ways: Vec<_> = found
        .privilege_escalation
        .into_iter()
        .map(|way| way.path)
        .filter(|path| !(listed && path == ASSUMING))
        .collect();
    (!ways.is_empty()).then(|| ways.join(", "))
}
