//! A request under the policies of the organization.

use iam_policy::condition::Context;
use iam_policy::document::PolicyType;
use iam_policy::evaluate::{Outcome, Policies, Request, Ruleset, evaluate};

use super::{EVERYTHING, MEMBER, ruleset};

/// A request, and whether it must go through.
pub(crate) struct Case {
    pub(crate) principal: String,
    pub(crate) action: String,
    pub(crate) resource: String,
    more: Vec<(&'static str, String)>,
    pub(crate) goes_through: bool,
}

impl Case {
    pub(crate) fn new(principal: &str, action: &str, resource: &str, goes_through: bool) -> Self {
        Self {
            principal: principal.to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            more: Vec::new(),
            goes_through,
        }
    }

    pub(crate) fn with(mut self, key: &'static str, value: &str) -> Self {
        self.more.push((key, value.to_owned()));
        self
    }

    /// As AWS would decide it, were these the organization's policies and everything else open.
    pub(crate) fn outcome(&self, service_control: &Ruleset, resource_control: &Ruleset) -> Outcome {
        let open = |policy_type| ruleset(EVERYTHING, policy_type);
        let anybody = r#"{"Version":"2012-10-17","Statement":
            [{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
        let trusting = r#"{"Version":"2012-10-17","Statement":
            [{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}"#;
        let resource = match self.action.as_str() {
            "sts:AssumeRole" => ruleset(trusting, PolicyType::Trust),
            _ => ruleset(anybody, PolicyType::Resource),
        };
        let policies = Policies {
            identity: vec![open(PolicyType::Identity)],
            service_control: vec![vec![
                open(PolicyType::ServiceControl),
                service_control.clone(),
            ]],
            resource_control: vec![vec![resource_control.clone()]],
            resource: Some(resource),
            ..Policies::default()
        };
        let mut context = Context::new();
        // What AWS says of a session of a role.
        if let Some((before, role)) = self.principal.split_once(":assumed-role/") {
            let account = before.rsplit(':').next().unwrap_or_default();
            let name = role.split('/').next().unwrap_or_default();
            let arn = format!("arn:aws:iam::{account}:role/{name}");
            context = context
                .with("aws:PrincipalArn", &arn)
                .with("aws:PrincipalAccount", account);
            context = context.with("aws:PrincipalIsAWSService", "false");
        } else if self.principal.starts_with("arn:") {
            let account = self.principal.split(':').nth(4).unwrap_or_default();
            context = context.with("aws:PrincipalArn", &self.principal);
            context = context.with("aws:PrincipalAccount", account);
            context = context.with("aws:PrincipalIsAWSService", "false");
        }
        for (key, value) in &self.more {
            context = context.with(key, value);
        }
        let principal = self.principal.parse().expect("a principal");
        let owner = self
            .resource
            .split(':')
            .nth(4)
            .filter(|account| !account.is_empty());
        let request = Request::new(&self.action, &self.resource, principal, context);
        evaluate(&request.to_account(owner.unwrap_or(MEMBER)), &policies).outcome
    }
}
