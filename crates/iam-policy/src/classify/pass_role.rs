//! The services that a principal may hand roles to.

use super::grants::Grants;
use crate::catalogue::wildcard;
use crate::condition::{Clause, Test};
use crate::document::Statement;

/// The action that hands a role to a service.
pub(super) const PASS_ROLE: &str = "iam:PassRole";

/// Services whose principals are not named like the prefix of their actions.
const PRINCIPALS: [(&str, &[&str]); 19] = [
    ("airflow", &["airflow", "airflow-env"]),
    ("amplify", &["amplify"]),
    ("apprunner", &["build.apprunner", "tasks.apprunner"]),
    ("autoscaling", &["autoscaling", "ec2"]),
    ("batch", &["batch", "ecs-tasks", "ec2"]),
    ("bedrock-agentcore", &["bedrock-agentcore"]),
    (
        "cloudformation",
        &["cloudformation", "resources.cloudformation"],
    ),
    ("cognito-identity", &["cognito-identity"]),
    ("config", &["config", "ssm"]),
    ("datapipeline", &["datapipeline", "elasticmapreduce", "ec2"]),
    ("ecs", &["ecs", "ecs-tasks"]),
    ("eks", &["eks", "pods.eks"]),
    ("elasticbeanstalk", &["elasticbeanstalk", "ec2"]),
    ("elasticmapreduce", &["elasticmapreduce", "ec2"]),
    ("emr-serverless", &["emr-serverless"]),
    ("gamelift", &["gamelift", "ec2"]),
    ("iam", &["ec2"]),
    ("imagebuilder", &["imagebuilder", "ec2"]),
    ("iot", &["iot", "credentials.iot"]),
];

/// The services that roles may be handed to: any, or those that one of these limits lets pass.
#[derive(Debug, Default)]
pub(super) struct PassTargets<'d> {
    any: bool,
    limits: Vec<Limit<'d>>,
}

/// What a statement says of the services that roles are handed to.
#[derive(Debug)]
struct Limit<'d> {
    /// Whether these are left out, and all others let pass.
    negated: bool,
    how: How,
    patterns: Vec<&'d str>,
}

/// How names of services are compared.
#[derive(Debug, Clone, Copy)]
enum How {
    Equal,
    EqualIgnoringCase,
    Like,
}

impl Limit<'_> {
    fn lets(&self, service: &str) -> bool {
        let matched = self.patterns.iter().any(|pattern| match self.how {
            How::Equal => *pattern == service,
            How::EqualIgnoringCase => pattern.eq_ignore_ascii_case(service),
            How::Like => wildcard::matches(pattern, service),
        });
        matched != self.negated
    }
}

impl<'d> PassTargets<'d> {
    pub(super) fn of(grants: &Grants<'d>) -> Self {
        let mut targets = Self::default();
        for statement in grants.granting(PASS_ROLE) {
            match limit(statement) {
                Some(limit) => targets.limits.push(limit),
                None => targets.any = true,
            }
        }
        targets
    }

    /// Whether a role may be handed to one of the services whose actions these are.
    pub(super) fn reach<'a>(&self, actions: impl Iterator<Item = &'a str>) -> bool {
        self.any
            || actions
                .filter(|action| *action != PASS_ROLE)
                .filter_map(|action| action.split_once(':'))
                .any(|(prefix, _)| self.reach_service(prefix))
    }

    fn reach_service(&self, prefix: &str) -> bool {
        let own = [prefix];
        let known = PRINCIPALS.iter().find(|(known, _)| *known == prefix);
        let names = known.map_or(&own[..], |(_, names)| names);
        // A service has one principal in each partition: one that is left out is left out by the name
        // that it has in the usual one.
        names.iter().any(|name| {
            let usual = format!("{name}.amazonaws.com");
            let chinese = format!("{usual}.cn");
            self.limits
                .iter()
                .any(|limit| limit.lets(&usual) || !limit.negated && limit.lets(&chinese))
        })
    }
}

/// How a statement limits the services that roles are handed to; `None` for not at all.
fn limit<'d>(statement: &'d Statement<'d>) -> Option<Limit<'d>> {
    for condition in statement.conditions() {
        for entry in condition.entries() {
            let values = entry.values().texts();
            let (operator, key) = (condition.operator().text(), entry.key().text());
            let clause = Clause::new(operator, key, values.clone(), true);
            let Some(operator) = clause.operator().filter(|_| clause.is_certain()) else {
                continue;
            };
            let how = match operator.test() {
                Test::Text { fold: false } => How::Equal,
                Test::Text { fold: true } => How::EqualIgnoringCase,
                Test::Like => How::Like,
                _ => continue,
            };
            if clause.key_lower() == "iam:passedtoservice"
                && !values.clone().any(wildcard::has_variable)
            {
                return Some(Limit {
                    negated: operator.is_negated(),
                    how,
                    patterns: values.collect(),
                });
            }
        }
    }
    None
}
