//! What can be judged only with what IAM holds: enrolment, quotas, trust, and what the policies
//! really allow, alone and together with what the principal has.

mod accounts;
mod enrolment;
mod inline;
mod power;

pub use enrolment::Unenrolled;

use iam_policy::condition::Context;
use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::{Outcome, Policies, Request, RequestPrincipal, Ruleset, evaluate};
use jiff::Timestamp;
use serde_json::json;

use accounts::tell_accounts;
use power::{Granted, judge_role_power, tell_power};

use super::reference::Judged;
use super::{AllowedGrant, Guardrails};
use crate::account::{PolicyFacts, RoleFacts};
use crate::arn::PolicyArn;
use crate::facts::{GrantFacts, IamFacts};
use crate::finding::{Finding, FindingCode};
use crate::id::AccountId;
use crate::identity::{LIFE_POLICY_NAME, LifePolicy};
use crate::inline_policy::{counted, inline_policy};
use crate::markup::code;
use crate::request::AccessRequest;
use crate::wording::duration_of;

impl Guardrails {
    /// What can be judged only with what IAM holds. All findings at once; those that have a
    /// [`FindingCode::refusal`] refuse the request, the others are for approvers to know.
    #[must_use]
    pub fn evaluate_facts(&self, request: &AccessRequest, survey: &IamFacts) -> Vec<Finding> {
        let mut findings = Vec::new();
        findings.extend(self.evaluate_enrolment(request, Some(&survey.principal)));
        judge_quotas(request, survey, &mut findings);
        let policies: usize = survey.grants.iter().map(|one| one.documents().len()).sum();
        if policies > MOST_POLICIES {
            let detail = format!(
                "the grants include {policies} policies; an approver reviews at most {MOST_POLICIES}"
            );
            let code = FindingCode::TooManyPolicies;
            findings.push(Finding::new("/grants", code, detail));
        }
        let account = &request.target.account_id;
        for (index, (grant, grants)) in request.grants.iter().zip(&survey.grants).enumerate() {
            let pointer = format!("/grants/{index}/{}", grant.member());
            let of = grants.parts().elsewhere.unwrap_or(account);
            for (name, text) in grants.documents() {
                let pointer = pointer.clone();
                let judged = Judged {
                    pointer,
                    name,
                    text,
                };
                findings.extend(self.judge_policy(of, &judged));
                findings.extend(tell_accounts(of, &judged));
            }
            if let Some(allowed) = self.allowed(account, grant) {
                judge_kind(&pointer, survey, grants, allowed, &mut findings);
            }
        }
        self.judge_power(request, survey, &mut findings);
        if let (Some(user), None) = (&survey.creates, &survey.boundary) {
            let boundary = code(user.boundary.as_str());
            let detail = format!(
                "the AWS account has no policy {boundary} for a new user's permissions boundary"
            );
            findings.push(Finding::new(
                "/target/account_id",
                FindingCode::NoBoundary,
                detail,
            ));
        }
        findings
    }

    /// What in a policy goes beyond the reference policy of an account.
    fn judge_policy(&self, account: &AccountId, judged: &Judged<'_>) -> Option<Finding> {
        match self.reference(account) {
            Some(reference) => reference.judge(judged),
            None => {
                let detail = format!("AWS account {account} has no reference policy");
                Some(judged.finding(FindingCode::ExceedsReference, detail, "", None))
            }
        }
    }

    /// What the grants lead to together with what the principal holds.
    fn judge_power(&self, request: &AccessRequest, survey: &IamFacts, findings: &mut Vec<Finding>) {
        let account = &request.target.account_id;
        let mut granted: Vec<Granted<'_>> = Vec::new();
        let grants = request.grants.iter().zip(&survey.grants);
        for (index, (grant, grants)) in grants.enumerate() {
            let pointer = format!("/grants/{index}/{}", grant.member());
            // What has power of its own is judged by `judge_role_power`.
            let policies = grants.texts(grant).unwrap_or_default();
            let allowed = self.allowed(account, grant);
            granted.extend(policies.into_iter().map(|(name, text)| Granted {
                judged: Judged {
                    pointer: pointer.clone(),
                    name,
                    text,
                },
                allowed,
            }));
        }
        if granted.is_empty() {
            return;
        }
        // A life policy forbids what is over, and hides nothing that is given before.
        let own = survey.principal.inline.iter();
        let own = own.filter(|policy| policy.name != LIFE_POLICY_NAME);
        let inline = survey.held_inline.iter().chain(own);
        let inline = inline.map(|policy| policy.document.as_str());
        let held: Vec<&str> = managed(&survey.held).chain(inline).collect();
        tell_power(&granted, &held, survey.boundary.as_ref(), findings);
    }
}

/// The most policies that one request may bring: what a person reads before deciding, and what
/// one transaction of the ledger holds.
pub(super) const MOST_POLICIES: usize = 30;

fn managed(policies: &[PolicyFacts]) -> impl Iterator<Item = &str> {
    policies.iter().map(|policy| policy.document.as_str())
}

/// Refuses what would be more than IAM lets the principal hold. A quota that is exceeded already is
/// nothing to a request that adds nothing to it.
fn judge_quotas(request: &AccessRequest, survey: &IamFacts, findings: &mut Vec<Finding>) {
    let (principal, quotas) = (&survey.principal, survey.quotas);
    let who = crate::wording::principal(&request.target);
    let (mut policies, mut groups) = (0, 0);
    for grants in &survey.grants {
        let parts = grants.parts();
        let is_new = |policy: &PolicyArn| !principal.has(policy);
        policies += usize::from(parts.attached.is_some_and(is_new));
        let is_member = |group| principal.groups.iter().any(|one| one.unique_id == group);
        groups += usize::from(parts.joined.is_some_and(|group| !is_member(group)));
    }
    // Every end has the same length.
    let document = inline_policy(request, Timestamp::UNIX_EPOCH);
    let characters = document.ok().flatten().map_or(0, |text| counted(&text));
    let life = LifePolicy::Until(Timestamp::UNIX_EPOCH).document();
    let characters = characters + survey.creates.as_ref().map_or(0, |_| counted(&life));
    let inline = principal.inline.iter().map(|held| counted(&held.document));
    let of = [
        (
            "managed policies",
            principal.attached.len(),
            policies,
            quotas.attached,
        ),
        ("groups", principal.groups.len(), groups, quotas.groups),
        (
            "characters of inline policies",
            inline.sum(),
            characters,
            quotas.inline,
        ),
    ];
    let users = usize::from(survey.creates.is_some());
    let account = format!("AWS account {}", request.target.account_id);
    let of = of.map(|(what, used, needed, limit)| (&who, what, used, needed, limit));
    let of_account = (&account, "users", quotas.users_there, users, quotas.users);
    for (who, what, used, needed, limit) in of.into_iter().chain([of_account]) {
        if needed > 0 && used + needed > limit {
            let detail = format!(
                "{who} has {used} {what}, and the request needs {needed} more; the account's IAM quota is {limit}"
            );
            findings.push(Finding::new("/grants", FindingCode::QuotaReached, detail));
        }
    }
}

/// What is judged of one kind of grant alone.
fn judge_kind(
    pointer: &str,
    survey: &IamFacts,
    grants: &GrantFacts,
    allowed: &AllowedGrant,
    findings: &mut Vec<Finding>,
) {
    match grants {
        GrantFacts::Policy(_) | GrantFacts::InRequest => {}
        GrantFacts::Role {
            role,
            policies,
            boundary,
        } => {
            judge_role(pointer, survey, role, allowed, findings);
            let all = (role, &policies[..], boundary.as_ref());
            judge_role_power(pointer, all, allowed, findings);
        }
        GrantFacts::Group { group, .. } => {
            let mut permits = allowed.permits.iter();
            if !permits.any(|permit| permit.group() == Some(&group.arn)) {
                let name = code(group.arn.name());
                let detail =
                    format!("group {name} has another path than the one the guardrails permit");
                findings.push(Finding::new(pointer, FindingCode::GrantNotAllowed, detail));
            }
        }
    }
}

/// Whether the role trusts the principal, and its sessions end soon enough.
fn judge_role(
    pointer: &str,
    survey: &IamFacts,
    role: &RoleFacts,
    allowed: &AllowedGrant,
    findings: &mut Vec<Finding>,
) {
    let longest = allowed
        .longest_session
        .map_or(0, |longest| longest.seconds());
    if role.longest_session > longest {
        let detail = format!(
            "sessions of role {} can last {}; the guardrails permit at most {}",
            code(role.arn.name()),
            duration_of(role.longest_session),
            duration_of(longest)
        );
        findings.push(Finding::new(pointer, FindingCode::SessionTooLong, detail));
    }
    let own = json!({"Version": "2012-10-17", "Statement":
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role.arn.as_str()}});
    if matches!(trust(survey, role, None), Trust::Full) {
        let name = code(role.arn.name());
        let detail = format!(
            "role {name} can be assumed without this grant already, so ending the grant would \
             change nothing"
        );
        findings.push(Finding::new(pointer, FindingCode::TrustsAlready, detail));
        return;
    }
    match trust(survey, role, Some(&own.to_string())) {
        Trust::Full => {}
        Trust::If(keys) => {
            let name = code(role.arn.name());
            let detail = format!("role {name} can only be assumed under conditions on {keys}");
            findings.push(Finding::new(pointer, FindingCode::TrustDepends, detail));
        }
        Trust::No => {
            let name = code(role.arn.name());
            let detail =
                format!("the trust policy of role {name} doesn't let this user or role assume it");
            findings.push(Finding::new(pointer, FindingCode::RoleDoesNotTrust, detail));
        }
    }
}

enum Trust {
    Full,
    If(String),
    No,
}

/// Whether the principal can assume the role where nothing but this policy of its own allows it, or
/// none at all.
fn trust(survey: &IamFacts, role: &RoleFacts, own: Option<&str>) -> Trust {
    let read = |text: &str, kind| Document::parse(text, kind).map(|read| Ruleset::compile(&read));
    let principal = &survey.principal;
    let own = own.map(|own| read(own, PolicyType::Identity));
    let (Ok(own), Ok(trust), Ok(who)) = (
        own.into_iter().collect::<Result<Vec<_>, _>>(),
        read(&role.trust, PolicyType::Trust),
        principal.arn.parse::<RequestPrincipal>(),
    ) else {
        return Trust::No;
    };
    let boundary = survey.boundary.as_ref();
    let boundary = boundary.map(|policy| read(&policy.document, PolicyType::Boundary));
    let Ok(boundaries) = boundary.into_iter().collect::<Result<Vec<_>, _>>() else {
        return Trust::No;
    };
    let mut context = Context::new()
        .with("aws:PrincipalArn", &principal.arn)
        .with("aws:userid", &principal.unique_id);
    if let Some(account) = who.account() {
        context = context.with("aws:PrincipalAccount", account);
    }
    let request = Request::new("sts:AssumeRole", role.arn.as_str(), who, context);
    let policies = Policies {
        identity: own,
        boundaries,
        resource: Some(trust),
        ..Policies::default()
    };
    let decision = evaluate(&request, &policies);
    match decision.outcome {
        Outcome::Allowed if decision.missing_context.is_empty() => Trust::Full,
        Outcome::Allowed | Outcome::ImplicitlyDenied if !decision.missing_context.is_empty() => {
            let keys = decision.missing_context.iter().map(|key| code(key));
            Trust::If(keys.collect::<Vec<_>>().join(", "))
        }
        _ => Trust::No,
    }
}
