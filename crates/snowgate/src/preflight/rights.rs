//! What the two roles of an account may do, against the template and the guardrails.

use std::collections::BTreeSet;

use serde_json::Value;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::AccountId;
use snowgate_core::markup::code;

use super::accounts::{REMEDY, Role};
use super::result::PreflightResult;
use super::users;

/// What the guardrails want the member role of an account to list.
struct Lists {
    policies: BTreeSet<String>,
    enrolled: BTreeSet<String>,
    groups: BTreeSet<String>,
    inline: bool,
    boundary: String,
}

/// What both roles read.
pub(super) const READ: [&str; 16] = [
    "iam:GetAccountSummary",
    "iam:GetGroup",
    "iam:GetGroupPolicy",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:GetUser",
    "iam:GetUserPolicy",
    "iam:ListAttachedGroupPolicies",
    "iam:ListAttachedRolePolicies",
    "iam:ListAttachedUserPolicies",
    "iam:ListGroupPolicies",
    "iam:ListGroupsForUser",
    "iam:ListRolePolicies",
    "iam:ListUserPolicies",
];
/// What the member role may never do.
pub(super) const NEVER: [&str; 8] = [
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteUserPermissionsBoundary",
    "iam:PutRolePermissionsBoundary",
    "iam:PutUserPermissionsBoundary",
    "iam:SetDefaultPolicyVersion",
];
/// What a statement is about, by its actions.
const ATTACH: [&str; 2] = ["iam:AttachRolePolicy", "iam:AttachUserPolicy"];
const DETACH: [&str; 2] = ["iam:DetachRolePolicy", "iam:DetachUserPolicy"];
const PUT: [&str; 2] = ["iam:PutRolePolicy", "iam:PutUserPolicy"];
const DELETE: [&str; 2] = ["iam:DeleteRolePolicy", "iam:DeleteUserPolicy"];
const JOIN: [&str; 2] = ["iam:AddUserToGroup", "iam:RemoveUserFromGroup"];
pub(super) const FIND: [&str; 2] = ["iam:ListRoles", "iam:ListUsers"];
/// What the member role may where the guardrails want it.
const CHANGES: [[&str; 2]; 4] = [ATTACH, DETACH, PUT, JOIN];

/// Whether the read role may do what the template lets it, and no more.
pub(super) fn of_read_role(
    read: &Role<'_>,
    guardrails: &Guardrails,
    account: &AccountId,
) -> PreflightResult {
    let of_users = users::read(guardrails, account);
    let all = read.statements();
    let lacks = of_users.iter().any(|statement| !all.contains(&statement));
    let all: Vec<&Value> = all
        .into_iter()
        .filter(|statement| Some(*statement) != of_users.as_ref())
        .collect();
    let statements = with_effect(&all, "Allow");
    let found = lacks
        .then(|| "may not read the keys of users as the template lets it".to_owned())
        .or_else(|| drift(&statements, &READ, &[]));
    match found {
        Some(found) => PreflightResult::bad("read role", read.account, found, REMEDY),
        None => PreflightResult::good("read role", read.account, "reads, and nothing else"),
    }
}

/// Whether the member role may do what the template lets it, and its lists are those of the
/// guardrails.
pub(super) fn of_member_role(
    member: &Role<'_>,
    guardrails: &Guardrails,
    account: &AccountId,
) -> PreflightResult {
    let wanted = Lists {
        policies: texts_of(&guardrails.policies_in(account)),
        enrolled: guardrails.enrolled_in(account).into_iter().collect(),
        groups: texts_of(&guardrails.groups_in(account)),
        inline: guardrails.inline_policies_in(account),
        boundary: format!(":policy/{}", guardrails.boundary()),
    };
    let of_users = users::wanted(guardrails, account);
    let all = member.statements();
    let lacks = of_users.iter().any(|statement| !all.contains(&statement));
    let all: Vec<&Value> = all
        .into_iter()
        .filter(|statement| !of_users.contains(statement))
        .collect();
    let statements = with_effect(&all, "Allow");
    let found = lacks
        .then_some("may not make and end users as the template lets it")
        .or_else(|| wanted.absent(&statements))
        .or_else(|| wanted.listed(&statements))
        .or_else(|| statements.iter().find_map(|one| wanted.wrong(one)))
        .map(str::to_owned)
        .or_else(|| {
            drift(
                &statements,
                &[READ.as_slice(), &FIND, &DELETE].concat(),
                &CHANGES,
            )
        })
        .or_else(|| unfenced(&with_effect(&all, "Deny")));
    match found {
        Some(found) => PreflightResult::bad("member role", member.account, found, REMEDY),
        None => {
            let found = "has the rights of the template and the lists of the guardrails";
            PreflightResult::good("member role", member.account, found)
        }
    }
}

fn with_effect<'v>(statements: &[&'v Value], effect: &str) -> Vec<&'v Value> {
    let has = |one: &&&Value| one.get("Effect").and_then(Value::as_str) == Some(effect);
    statements.iter().filter(has).copied().collect()
}

/// What a role may that the template does not let it, or may not that it does: the template there
/// is another one, or somebody changed the role by hand.
fn drift(statements: &[&Value], always: &[&str], besides: &[[&str; 2]]) -> Option<String> {
    let may: BTreeSet<String> = statements
        .iter()
        .flat_map(|statement| texts(statement.get("Action")))
        .collect();
    if statements.iter().any(|one| one.get("NotAction").is_some()) {
        return Some("may everything but what a statement leaves out".to_owned());
    }
    let more = may.iter().find(|action| {
        let known = |actions: &[&str]| actions.contains(&action.as_str());
        !known(always) && !besides.iter().any(|actions| known(actions))
    });
    let lacks = always.iter().find(|action| !may.contains(**action));
    more.map(|action| format!("may {} too", code(action)))
        .or_else(|| lacks.map(|action| format!("may not {}", code(action))))
}

/// What the member role is not kept from.
fn unfenced(denied: &[&Value]) -> Option<String> {
    let everywhere =
        |one: &&&Value| texts(one.get("Resource")).contains("*") && one.get("Condition").is_none();
    let denied: BTreeSet<String> = denied
        .iter()
        .filter(everywhere)
        .flat_map(|one| texts(one.get("Action")))
        .collect();
    let open = NEVER.iter().find(|action| !denied.contains(**action));
    open.map(|action| format!("is not kept from {}", code(action)))
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

    /// Whether all statements together list the policies: a long list is in several.
    fn listed(&self, statements: &[&Value]) -> Option<&'static str> {
        let together = |actions: [&str; 2]| -> BTreeSet<String> {
            let of = statements.iter().filter(|one| speaks_of(one, &actions));
            of.flat_map(|one| condition(one, "iam:PolicyARN")).collect()
        };
        let differs = [ATTACH, DETACH]
            .into_iter()
            .any(|actions| together(actions) != self.policies);
        let unlimited = statements.iter().any(|one| {
            [ATTACH, DETACH]
                .iter()
                .any(|actions| speaks_of(one, actions))
                && condition(one, "iam:PolicyARN").is_empty()
        });
        (differs || unlimited).then_some("its list of policies is not that of the guardrails")
    }

    /// What is wrong with a statement.
    fn wrong(&self, statement: &Value) -> Option<&'static str> {
        let is = |actions: [&str; 2]| speaks_of(statement, &actions);
        let resource = texts(statement.get("Resource"));
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The actions of a policy that the template ships, with this effect.
    fn shipped(text: &str, effect: &str) -> BTreeSet<String> {
        let document: Value = serde_json::from_str(text).unwrap();
        let all: Vec<&Value> = document["Statement"].as_array().unwrap().iter().collect();
        let statements = with_effect(&all, effect);
        statements
            .into_iter()
            .flat_map(|one| texts(one.get("Action")))
            .collect()
    }

    #[test]
    fn rights_are_those_of_the_template() {
        let read = include_str!("../../../iam-policy/tests/shipped/read-role.json");
        let member = include_str!("../../../iam-policy/tests/shipped/member-role.json");
        let set = |actions: &[&str]| -> BTreeSet<String> {
            actions.iter().map(ToString::to_string).collect()
        };
        assert_eq!(shipped(read, "Allow"), set(&READ));
        let changes = [CHANGES.concat().as_slice(), &DELETE, &FIND, &READ].concat();
        assert_eq!(shipped(member, "Allow"), set(&changes));
        assert_eq!(shipped(member, "Deny"), set(&NEVER));
    }
}
