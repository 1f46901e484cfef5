//! The parameters of templates/member-account.yaml that come from the guardrails.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::AccountId;

/// The parameters for one account. Lists are joined with commas, as CloudFormation takes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct MemberParameters {
    assumable_role_arns: String,
    boundary_name: String,
    enrolled_arns: String,
    grantable_group_arns: String,
    grantable_policy_arns: String,
    inline_policies: &'static str,
}

/// The longest value of a parameter, in bytes (CloudFormation quotas).
const PARAMETER: usize = 4_096;
/// The most that a role's inline policies hold, in characters (IAM quotas).
const ROLE: usize = 10_240;
/// What of it the member role takes without the lists, and a little more.
const ROLE_FRAME: usize = 2_000;
/// The longest managed policy, in characters.
const BOUNDARY: usize = 6_144;
/// What of it the boundary takes without the roles, in the hub, where it is longest.
const BOUNDARY_FRAME: usize = 3_200;

/// Why an account has no parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemberParametersError {
    /// It needs no member role.
    #[error("the guardrails grant nothing in account {0}")]
    NothingGranted(AccountId),
    /// AWS would refuse the stack, halfway.
    #[error(
        "account {account}: {what} would need {needs} of the {limit} that AWS allows; \
         list fewer there, or grant groups that have the policies"
    )]
    TooLong {
        /// The account.
        account: AccountId,
        /// What becomes too long.
        what: &'static str,
        /// How long it would be.
        needs: usize,
        /// How long it may be.
        limit: usize,
    },
}

impl MemberParameters {
    /// The parameters of an account.
    ///
    /// # Errors
    /// Where the guardrails neither grant anything there nor name a role of it, or list more than
    /// AWS takes.
    pub fn new(
        guardrails: &Guardrails,
        account: &AccountId,
    ) -> Result<Self, MemberParametersError> {
        if !guardrails.accounts().contains(account) {
            return Err(MemberParametersError::NothingGranted(account.clone()));
        }
        let parameters = Self {
            assumable_role_arns: joined(&guardrails.assumable_from(account)),
            boundary_name: guardrails.boundary().to_owned(),
            enrolled_arns: guardrails.enrolled_in(account).join(","),
            grantable_group_arns: joined(&guardrails.groups_in(account)),
            grantable_policy_arns: joined(&guardrails.policies_in(account)),
            inline_policies: if guardrails.inline_policies_in(account) {
                "yes"
            } else {
                "no"
            },
        };
        parameters.check(account)?;
        Ok(parameters)
    }

    /// Whether AWS takes them, and what the template makes of them: in the member role's policy
    /// the enrolled principals stand in four statements and the policies in two.
    fn check(&self, account: &AccountId) -> Result<(), MemberParametersError> {
        let listed = |arns: &str| arns.split(',').map(|arn| arn.len() + 3).sum::<usize>();
        let role = ROLE_FRAME
            + 4 * listed(&self.enrolled_arns)
            + 2 * listed(&self.grantable_policy_arns)
            + listed(&self.grantable_group_arns);
        let boundary = BOUNDARY_FRAME + listed(&self.assumable_role_arns);
        let measured = [
            ("EnrolledArns", self.enrolled_arns.len(), PARAMETER),
            (
                "GrantableGroupArns",
                self.grantable_group_arns.len(),
                PARAMETER,
            ),
            (
                "GrantablePolicyArns",
                self.grantable_policy_arns.len(),
                PARAMETER,
            ),
            (
                "AssumableRoleArns",
                self.assumable_role_arns.len(),
                PARAMETER,
            ),
            ("the member role's policy", role, ROLE),
            ("the boundary", boundary, BOUNDARY),
        ];
        match measured.into_iter().find(|(_, needs, limit)| needs > limit) {
            None => Ok(()),
            Some((what, needs, limit)) => Err(MemberParametersError::TooLong {
                account: account.clone(),
                what,
                needs,
                limit,
            }),
        }
    }

    /// One JSON object, by the parameters' names.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// `Name=value`, as `sam deploy --parameter-overrides` takes them, in the order of the names.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let parameters = self.to_json();
        let all = parameters.as_object().into_iter().flatten();
        all.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
            .collect()
    }
}

/// In the order of the alphabet, so that the same guardrails always yield the same text.
fn joined(arns: &[impl ToString]) -> String {
    let arns: BTreeSet<String> = arns.iter().map(ToString::to_string).collect();
    arns.into_iter().collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(account: &str) -> Result<MemberParameters, MemberParametersError> {
        let shipped = include_str!("../../../guardrails.toml");
        let guardrails = Guardrails::parse(shipped).unwrap();
        MemberParameters::new(&guardrails, &account.parse().unwrap())
    }

    #[test]
    fn the_words_are_those_of_the_template() {
        let words = parameters("210987654321").unwrap().words();
        let names: Vec<_> = words
            .iter()
            .map(|word| word.split('=').next().unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "AssumableRoleArns",
                "BoundaryName",
                "EnrolledArns",
                "GrantableGroupArns",
                "GrantablePolicyArns",
                "InlinePolicies"
            ]
        );
        let template = include_str!("../../../templates/member-account.yaml");
        for name in names {
            assert!(template.contains(&format!("\n  {name}:\n")), "{name}");
        }
        assert_eq!(words[1], "BoundaryName=SnowgateBoundary");
        assert_eq!(words[5], "InlinePolicies=yes");
        let lists = [0, 2, 3, 4]
            .iter()
            .map(|index| &words[*index])
            .map(|word| word.split_once('=').unwrap().1);
        assert!(
            lists
                .flat_map(|list| list.split(','))
                .all(|arn| arn.starts_with("arn:aws:iam::"))
        );
    }

    /// Guardrails with so many policies, or roles, of the first account.
    fn with(list: &str, many: usize) -> Result<MemberParameters, MemberParametersError> {
        let shipped = include_str!("../../../guardrails.toml");
        let (kind, name) = match list {
            "policies" => ("policy", "210987654321"),
            _ => ("role", "320987654321"),
        };
        let arns: Vec<_> = (0..many)
            .map(|nth| format!("\"arn:aws:iam::{name}:{kind}/teams/payments/reports-{nth:03}\""))
            .collect();
        let session = if list == "roles" {
            "longest_session = \"PT1H\"\n"
        } else {
            ""
        };
        let grant = format!(
            "\n[[grants]]\naccounts = [\"210987654321\"]\n{list} = [{}]\n{session}\
             maximum_duration = \"P1D\"\nrisk = \"low\"\n",
            arns.join(", ")
        );
        let guardrails = Guardrails::parse(&format!("{shipped}{grant}")).unwrap();
        MemberParameters::new(&guardrails, &"210987654321".parse().unwrap())
    }

    #[test]
    fn what_aws_would_refuse_halfway_is_said_beforehand() {
        assert!(with("policies", 40).is_ok());
        for (list, many) in [
            ("policies", 70),
            ("policies", 66),
            ("roles", 75),
            ("roles", 55),
        ] {
            let refused = with(list, many).unwrap_err();
            let MemberParametersError::TooLong { needs, limit, .. } = refused else {
                panic!("{list} {many}: {refused}");
            };
            assert!(needs > limit);
        }
    }

    #[test]
    fn an_account_without_grants_has_none() {
        let stranger = "999999999999".parse().unwrap();
        assert_eq!(
            parameters("999999999999"),
            Err(MemberParametersError::NothingGranted(stranger))
        );
    }
}
