//! The services that a principal may hand roles to.

use super::grants::Grants;
use crate::catalogue::wildcard;
use crate::document::Statement;

/// The action that hands a role to a service.
pub(super) const PASS_ROLE: &str = "iam:PassRole";

/// Services whose principals are not named like the prefix of their actions.
const PRINCIPALS: [(&str, &[&str]); 14] = [
    ("airflow", &["airflow", "airflow-env"]),
    ("amplify", &["amplify"]),
    ("apprunner", &["build.apprunner", "tasks.apprunner"]),
    ("autoscaling", &["autoscaling", "ec2"]),
    ("batch", &["batch", "ecs-tasks", "ec2"]),
    ("bedrock-agentcore", &["bedrock-agentcore"]),
    ("cognito-identity", &["cognito-identity"]),
    ("datapipeline", &["datapipeline", "elasticmapreduce", "ec2"]),
    ("ecs", &["ecs", "ecs-tasks"]),
    ("eks", &["eks", "pods.eks"]),
    ("elasticmapreduce", &["elasticmapreduce", "ec2"]),
    ("emr-serverless", &["emr-serverless"]),
    ("imagebuilder", &["imagebuilder", "ec2"]),
    ("iot", &["iot", "credentials.iot"]),
];

/// The services that roles may be handed to: any, or those that these patterns match.
#[derive(Debug, Default)]
pub(super) struct PassTargets<'d> {
    any: bool,
    patterns: Vec<&'d str>,
}

impl<'d> PassTargets<'d> {
    pub(super) fn of(grants: &Grants<'d>) -> Self {
        let mut targets = Self::default();
        for statement in grants.granting(PASS_ROLE) {
            match passed_to(statement) {
                Some(patterns) => targets.patterns.extend(patterns),
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
        let domains = ["amazonaws.com", "amazonaws.com.cn"];
        names.iter().any(|name| {
            domains.iter().any(|domain| {
                let service = format!("{name}.{domain}");
                let mut patterns = self.patterns.iter();
                patterns.any(|pattern| wildcard::matches(pattern, &service))
            })
        })
    }
}

/// The services that a statement limits the handing over of roles to; `None` for no limit.
fn passed_to<'d>(statement: &'d Statement<'d>) -> Option<Vec<&'d str>> {
    for condition in statement.conditions() {
        let operator = condition.operator().text().to_ascii_lowercase();
        let name = operator.rsplit(':').next().unwrap_or(&operator);
        let positive = name.starts_with("stringequals") || name.starts_with("stringlike");
        for entry in condition.entries().iter().filter(|_| positive) {
            let key = entry.key().text();
            let values = entry.values().texts();
            if key.eq_ignore_ascii_case("iam:PassedToService")
                && !values.clone().any(wildcard::has_variable)
            {
                return Some(values.collect());
            }
        }
    }
    None
}
