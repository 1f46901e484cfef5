//! The parameters of templates/member-account.yaml that come from the guardrails.

mod users;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};
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
    #[serde(rename = "GrantablePolicyArns2")]
    grantable_policy_arns_2: String,
    #[serde(rename = "GrantablePolicyArns3")]
    grantable_policy_arns_3: String,
    #[serde(rename = "GrantablePolicyArns4")]
    grantable_policy_arns_4: String,
    inline_policies: &'static str,
    user_tag_keys: String,
    users_path: String,
}

/// The longest value of a parameter, in bytes (CloudFormation quotas).
const PARAMETER: usize = 4_096;
/// The most that a role's inline policies hold, in characters (IAM quotas).
const ROLE: usize = 10_240;
/// What of it the member role takes without the lists, and a little more.
const ROLE_FRAME: usize = 2_000;
/// The longest managed policy, in characters.
const BOUNDARY: usize = 6_144;
/// What of one that attaches or detaches more policies is not their list, and a little more.
const MORE_FRAME: usize = 500;
/// What of one that makes and ends users is neither their path nor the keys of their tags, and a little more.
const USERS_FRAME: usize = 2_000;
/// What of it the boundary takes without the roles, in the hub, where it is longest.
const BOUNDARY_FRAME: usize = 3_400;

/// Why an account has no parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemberParametersError {
    /// It needs no member role.
    #[error("the guardrails grant nothing in account {0}")]
    NothingGranted(AccountId),
    /// Users would be made where no enrolled principal is.
    #[error("account {0}: users can be made only on a path of enrolled principals")]
    UsersNotEnrolled(AccountId),
    /// The key of a tag cannot be passed to CloudFormation.
    #[error(
        "account {0}: the key of a tag of users has something else than `A-Z a-z 0-9 _ . : / = + - @`"
    )]
    TagKey(AccountId),
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
        let (enrolled, groups) = (
            guardrails.enrolled_in(account).join(","),
            joined(&guardrails.groups_in(account)),
        );
        let [first, second, third, fourth] = split(
            account,
            &texts(&guardrails.policies_in(account)),
            listed(&enrolled),
            listed(&groups),
        )?;
        let parameters = Self {
            assumable_role_arns: joined(&guardrails.assumable_from(account)),
            boundary_name: guardrails.boundary().to_owned(),
            enrolled_arns: enrolled,
            grantable_group_arns: groups,
            grantable_policy_arns: first,
            grantable_policy_arns_2: second,
            grantable_policy_arns_3: third,
            grantable_policy_arns_4: fourth,
            inline_policies: if guardrails.inline_policies_in(account) {
                "yes"
            } else {
                "no"
            },
            user_tag_keys: String::new(),
            users_path: String::new(),
        };
        parameters.check(account)?;
        match guardrails.users_in(account) {
            Some((path, keys)) => {
                let keys = keys.iter().map(String::as_str);
                parameters.with_users(account, path, keys)
            }
            None => Ok(parameters),
        }
    }

    /// Whether AWS takes them, and what the template makes of them: in the member role's policy
    /// the enrolled principals stand in four statements and the policies in two.
    fn check(&self, account: &AccountId) -> Result<(), MemberParametersError> {
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

    /// As CloudFormation's own calls take parameters: what differs from account to account in a
    /// stack set.
    #[must_use]
    pub fn overrides(&self) -> Value {
        let parameters = self.to_json();
        let all = parameters.as_object().into_iter().flatten();
        let entry = |(name, value): (&String, &Value)| json!({"ParameterKey": name, "ParameterValue": value});
        all.map(entry).collect()
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
fn texts(arns: &[impl ToString]) -> Vec<String> {
    let arns: BTreeSet<String> = arns.iter().map(ToString::to_string).collect();
    arns.into_iter().collect()
}

fn joined(arns: &[impl ToString]) -> String {
    texts(arns).join(",")
}

/// What a list takes in a policy: each ARN has quotes and a comma.
fn listed(arns: &str) -> usize {
    arns.split(',').map(|arn| arn.len() + 3).sum()
}

/// The policies on the template's four lists, the first filled first: it stands twice in the role's
/// own policy, beside four lists of `enrolled` characters and one of `groups`; each other stands in
/// two managed policies, which hold one list of both kinds each.
fn split(
    account: &AccountId,
    policies: &[String],
    enrolled: usize,
    groups: usize,
) -> Result<[String; 4], MemberParametersError> {
    let own = ROLE.saturating_sub(ROLE_FRAME + 4 * enrolled + groups) / 2;
    let more = BOUNDARY.saturating_sub(MORE_FRAME + enrolled);
    let mut rest = policies;
    let lists = [own, more, more, more].map(|room| {
        let fit = fitting(rest, room);
        let (list, after) = rest.split_at(fit);
        rest = after;
        list.join(",")
    });
    match rest.len() {
        0 => Ok(lists),
        left => Err(MemberParametersError::TooLong {
            account: account.clone(),
            what: "the list of policies",
            needs: policies.len(),
            limit: policies.len() - left,
        }),
    }
}

/// How many of these, from the first on, fit into one parameter and this room in a policy.
fn fitting(arns: &[String], room: usize) -> usize {
    let (mut bytes, mut characters) = (0, 0);
    let fits = |arn: &&String| {
        // Each is followed by a comma, but for the last.
        bytes += arn.len() + 1;
        characters += arn.len() + 3;
        bytes <= PARAMETER + 1 && characters <= room
    };
    arns.iter().take_while(fits).count()
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
                "GrantablePolicyArns2",
                "GrantablePolicyArns3",
                "GrantablePolicyArns4",
                "InlinePolicies",
                "UserTagKeys",
                "UsersPath"
            ]
        );
        let template = include_str!("../../../templates/member-account.yaml");
        for name in names {
            assert!(template.contains(&format!("\n  {name}:\n")), "{name}");
        }
        let overrides = parameters("210987654321").unwrap().overrides();
        let entry = json!({"ParameterKey": "BoundaryName", "ParameterValue": "SnowgateBoundary"});
        assert_eq!(overrides[1], entry);
        assert_eq!(overrides.as_array().unwrap().len(), words.len());
        assert_eq!(words[1], "BoundaryName=SnowgateBoundary");
        assert_eq!(words[8], "InlinePolicies=yes");
        let keys = "cost-center,snowgate:made,snowgate:owner,snowgate:request,team";
        let users = [
            format!("UserTagKeys={keys}"),
            "UsersPath=/snowgate/".to_owned(),
        ];
        assert_eq!(words[9..], users);
        assert_eq!(words[5], "GrantablePolicyArns2=");
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
        for (list, many) in [
            ("policies", 300),
            ("policies", 270),
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
    fn a_long_list_goes_on_in_the_next_parameters_and_nothing_of_it_is_lost() {
        for many in [40, 70, 150, 200] {
            let parameters = with("policies", many).unwrap().to_json();
            let lists = ["", "2", "3", "4"].map(|suffix| {
                let list = &parameters[format!("GrantablePolicyArns{suffix}")];
                list.as_str().unwrap().to_owned()
            });
            let arns: Vec<_> = lists.iter().flat_map(|list| list.split(',')).collect();
            let reports = arns.iter().filter(|arn| arn.contains("/teams/payments/"));
            assert_eq!(reports.count(), many);
            assert!(lists.iter().all(|list| list.len() <= PARAMETER));
            let full = lists.iter().take_while(|list| !list.is_empty()).count();
            assert!(lists[full..].iter().all(String::is_empty));
            assert_eq!(full, many.div_ceil(60), "{many} policies: {lists:?}");
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
