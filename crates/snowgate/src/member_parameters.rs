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

/// Why an account has no parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemberParametersError {
    /// It needs no member role.
    #[error("the guardrails grant nothing in account {0}")]
    NothingGranted(AccountId),
}

impl MemberParameters {
    /// The parameters of an account.
    ///
    /// # Errors
    /// Where the guardrails neither grant anything there nor name a role of it.
    pub fn new(
        guardrails: &Guardrails,
        account: &AccountId,
    ) -> Result<Self, MemberParametersError> {
        if !guardrails.accounts().contains(account) {
            return Err(MemberParametersError::NothingGranted(account.clone()));
        }
        Ok(Self {
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
        })
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

    #[test]
    fn an_account_without_grants_has_none() {
        let stranger = "999999999999".parse().unwrap();
        assert_eq!(
            parameters("999999999999"),
            Err(MemberParametersError::NothingGranted(stranger))
        );
    }
}
