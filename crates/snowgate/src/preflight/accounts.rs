//! The target accounts: roles with the right trust, lists and boundary.

use std::collections::BTreeSet;

use iam_policy::condition::Context;
use iam_policy::document::{Document, PolicyType, PrincipalKind};
use iam_policy::evaluate::{Outcome, Policies, Request, RequestPrincipal, Ruleset, evaluate};
use serde_json::Value;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::AccountId;
use snowgate_core::markup::code;

use super::aws_facts::AwsFacts;
use super::result::PreflightResult;

/// An account that nothing of ours is in.
const STRANGER: &str = "999999999999";
const REMEDY: &str =
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
        function: "dispatcher",
    };
    let member = Role {
        facts,
        account,
        check: "member role",
        key: "member",
        function: "provisioner",
    };
    let mut results = vec![read.trust(), member.trust()];
    if facts.refusal(&format!("{base}/member")).is_none() {
        results.push(lists(&member, guardrails, id));
    }
    results.push(boundary(facts, guardrails, account));
    results
}

/// One of the two roles of an account.
struct Role<'f> {
    facts: &'f AwsFacts,
    account: &'f str,
    check: &'static str,
    key: &'static str,
    /// The hub's function that assumes it.
    function: &'static str,
}

/// Somebody who tries to assume a role.
struct Attempt<'a> {
    principal: &'a str,
    external: &'a str,
    identity: Vec<Ruleset>,
}

impl<'a> Attempt<'a> {
    /// With these rights of their own.
    const fn with(principal: &'a str, external: &'a str, identity: Vec<Ruleset>) -> Self {
        Self {
            principal,
            external,
            identity,
        }
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

    /// Whether the hub's function can assume the role, and nobody else.
    fn trust(&self) -> PreflightResult {
        let bad = |found: String| PreflightResult::bad(self.check, self.account, found, REMEDY);
        if let Some(why) = self.facts.refusal(&self.at("")) {
            return bad(format!("is not there ({})", code(why)));
        }
        let Some(trust) = rules(self.facts.at(&self.at("/trust")), PolicyType::Trust) else {
            return bad("its trust policy cannot be read".to_owned());
        };
        let own = self.facts.text(&format!("/roles/{}/arn", self.function));
        let external = self.facts.parameter("ExternalId");
        if !self.may(&trust, Attempt::with_all_rights(own, external)) {
            let found = format!(
                "does not trust the hub's {} with its external id",
                self.function
            );
            return bad(found);
        }
        let rights = self.own_rights();
        if !self.may(&trust, Attempt::with(own, external, rights)) {
            let found = format!("the hub's {} may not assume it", self.function);
            let remedy = "deploy the hub's stack again";
            return PreflightResult::bad(self.check, self.account, found, remedy);
        }
        if let Some(who) = self.trusted_beside(&trust, own, external) {
            return bad(format!("trusts {who} too"));
        }
        if self.may(&trust, Attempt::with_all_rights(own, "somebody-elses")) {
            return bad("does not ask for the external id".to_owned());
        }
        PreflightResult::good(
            self.check,
            self.account,
            format!("trusts the hub's {} alone", self.function),
        )
    }

    /// Somebody else who could assume the role, with all rights of their own.
    fn trusted_beside(&self, trust: &Ruleset, own: &str, external: &str) -> Option<&'static str> {
        let hub = self.facts.text("/caller/account");
        let others = [
            (
                "another role of the hub",
                own.replace(self.function, "somebody"),
            ),
            ("another account", own.replace(hub, STRANGER)),
            ("the hub's root", own.replace(&tail(own), ":root")),
        ];
        let mut others = others.into_iter();
        let trusted =
            others.find(|(_, arn)| self.may(trust, Attempt::with_all_rights(arn, external)));
        trusted.map(|(who, _)| who)
    }

    fn own_rights(&self) -> Vec<Ruleset> {
        let policies = self
            .facts
            .at(&format!("/roles/{}/policies", self.function))
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
        let request = Request::new("sts:AssumeRole", role, principal, context);
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

/// What the guardrails want the member role of an account to list.
struct Lists {
    policies: BTreeSet<String>,
    enrolled: BTreeSet<String>,
    groups: BTreeSet<String>,
    inline: bool,
    boundary: String,
}

/// What a statement is about, by its actions.
const ATTACH: [&str; 2] = ["iam:AttachRolePolicy", "iam:AttachUserPolicy"];
const DETACH: [&str; 2] = ["iam:DetachRolePolicy", "iam:DetachUserPolicy"];
const PUT: [&str; 2] = ["iam:PutRolePolicy", "iam:PutUserPolicy"];
const DELETE: [&str; 2] = ["iam:DeleteRolePolicy", "iam:DeleteUserPolicy"];
const JOIN: [&str; 2] = ["iam:AddUserToGroup", "iam:RemoveUserFromGroup"];
const FIND: [&str; 1] = ["iam:ListUsers"];

/// Whether the lists of the member role are those of the guardrails.
fn lists(member: &Role<'_>, guardrails: &Guardrails, account: &AccountId) -> PreflightResult {
    let wanted = Lists {
        policies: texts_of(&guardrails.policies_in(account)),
        enrolled: guardrails.enrolled_in(account).into_iter().collect(),
        groups: texts_of(&guardrails.groups_in(account)),
        inline: guardrails.inline_policies_in(account),
        boundary: format!(":policy/{}", guardrails.boundary()),
    };
    let statements: Vec<&Value> = member
        .facts
        .at(&member.at("/policies"))
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|policy| policy.get("Statement")?.as_array())
        .flatten()
        .filter(|statement| statement.get("Effect").and_then(Value::as_str) == Some("Allow"))
        .collect();
    let wrong = wanted.absent(&statements).or_else(|| {
        statements
            .iter()
            .find_map(|statement| wanted.wrong(statement))
    });
    match wrong {
        Some(found) => PreflightResult::bad("member role", member.account, found, REMEDY),
        None => PreflightResult::good(
            "member role",
            member.account,
            "has the lists of the guardrails",
        ),
    }
}

fn texts_of(arns: &[impl ToString]) -> BTreeSet<String> {
    arns.iter().map(ToString::to_string).collect()
}

impl Lists {
    /// What the role may not do at all, and should.
    fn absent(&self, statements: &[&Value]) -> Option<&'static str> {
        let may = |actions: &[&str]| {
            statements
                .iter()
                .any(|statement| speaks_of(statement, actions))
        };
        let needs: [(bool, &[&str], &str); 6] = [
            (!self.policies.is_empty(), &ATTACH, "may attach nothing"),
            (!self.policies.is_empty(), &DETACH, "may detach nothing"),
            (self.inline, &PUT, "may put no inline policy"),
            (self.inline, &DELETE, "may delete no inline policy"),
            (!self.groups.is_empty(), &JOIN, "may add nobody to a group"),
            (true, &FIND, "may not find a user that was renamed"),
        ];
        let missing = needs
            .into_iter()
            .find(|(wanted, actions, _)| *wanted && !may(actions));
        missing.map(|(_, _, found)| found)
    }

    /// What is wrong with a statement.
    fn wrong(&self, statement: &Value) -> Option<&'static str> {
        let is = |actions: [&str; 2]| speaks_of(statement, &actions);
        let resource = texts(statement.get("Resource"));
        if (is(ATTACH) || is(DETACH)) && condition(statement, "iam:PolicyARN") != self.policies {
            return Some("its list of policies is not that of the guardrails");
        }
        if [ATTACH, DETACH, PUT, DELETE].into_iter().any(is) && resource != self.enrolled {
            return Some("its list of principals is not that of the guardrails");
        }
        if is(JOIN) && resource != self.groups {
            return Some("its list of groups is not that of the guardrails");
        }
        let boundary = condition(statement, "iam:PermissionsBoundary");
        let bounded =
            boundary.len() == 1 && boundary.iter().all(|arn| arn.ends_with(&self.boundary));
        ((is(ATTACH) || is(PUT)) && !bounded)
            .then_some("it does not ask for the boundary before it gives anything")
    }
}

/// Whether a statement names one of these actions.
fn speaks_of(statement: &Value, actions: &[&str]) -> bool {
    texts(statement.get("Action"))
        .iter()
        .any(|action| actions.contains(&action.as_str()))
}

/// The values that a statement asks of a condition key, whatever the operator.
fn condition(statement: &Value, key: &str) -> BTreeSet<String> {
    let operators = statement.get("Condition").and_then(Value::as_object);
    let mut values = BTreeSet::new();
    for clauses in operators.into_iter().flat_map(|all| all.values()) {
        values.extend(texts(clauses.get(key)));
    }
    values
}

/// A text or a list of texts, as policies have them.
fn texts(value: Option<&Value>) -> BTreeSet<String> {
    let one = |value: &Value| value.as_str().map(str::to_owned);
    match value {
        Some(Value::Array(all)) => all.iter().filter_map(one).collect(),
        Some(value) => one(value).into_iter().collect(),
        None => BTreeSet::new(),
    }
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
        ("sts:AssumeRole", role),
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
    PreflightResult::good("boundary", account, format!("{} is there", code(name)))
}
