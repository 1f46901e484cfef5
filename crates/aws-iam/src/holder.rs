//! What has policies: a user, a role or a group. Each has calls of its own for the same questions.

use aws_sdk_iam::Client;
use aws_sdk_iam::config::http::HttpResponse;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_iam::types::AttachedPolicy;
use futures_util::future::try_join;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use ports::CallError;
use snowgate_core::account::{InlineFacts, Membership};

use crate::document::percent_decoded;
use crate::iam_error;

/// How many documents of one holder are read at the same time. IAM throttles an account as a whole,
/// and removals share its rate.
const IN_FLIGHT: usize = 4;

/// A user, role or group, by its name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Holder<'a> {
    User(&'a str),
    Role(&'a str),
    Group(&'a str),
}

impl Holder<'_> {
    /// The ARNs of all managed policies attached to it, in order; none if it is gone.
    pub(crate) async fn attached(self, iam: &Client) -> Result<Option<Vec<String>>, CallError> {
        let (operation, found) = match self {
            Self::User(name) => {
                let asked = iam.list_attached_user_policies().user_name(name);
                let pages = asked.into_paginator().items().send();
                let operation = "iam:ListAttachedUserPolicies";
                (operation, found(operation, pages.collect().await)?)
            }
            Self::Role(name) => {
                let asked = iam.list_attached_role_policies().role_name(name);
                let pages = asked.into_paginator().items().send();
                let operation = "iam:ListAttachedRolePolicies";
                (operation, found(operation, pages.collect().await)?)
            }
            Self::Group(name) => {
                let asked = iam.list_attached_group_policies().group_name(name);
                let pages = asked.into_paginator().items().send();
                let operation = "iam:ListAttachedGroupPolicies";
                (operation, found(operation, pages.collect().await)?)
            }
        };
        found.map(|policies| arns(operation, policies)).transpose()
    }

    /// All its inline policies, in the order of their names; none if it is gone. One that is
    /// deleted while they are read is left out.
    pub(crate) async fn inline(self, iam: &Client) -> Result<Option<Vec<InlineFacts>>, CallError> {
        let Some(mut names) = self.inline_names(iam).await? else {
            return Ok(None);
        };
        names.sort();
        let read = |name: String| async move {
            let document = self.inline_document(iam, &name).await?;
            Ok(document.map(|document| InlineFacts { name, document }))
        };
        let policies: Vec<_> = names.into_iter().map(read).collect();
        let policies = stream::iter(policies).buffered(IN_FLIGHT);
        let policies: Vec<Option<_>> = policies.try_collect().await?;
        Ok(Some(policies.into_iter().flatten().collect()))
    }

    /// Its managed and its inline policies; none if it is gone.
    pub(crate) async fn policies(
        self,
        iam: &Client,
    ) -> Result<Option<(Vec<String>, Vec<InlineFacts>)>, CallError> {
        let (attached, inline) = try_join(self.attached(iam), self.inline(iam)).await?;
        Ok(attached.zip(inline))
    }

    pub(crate) async fn inline_names(self, iam: &Client) -> Result<Option<Vec<String>>, CallError> {
        match self {
            Self::User(name) => {
                let asked = iam.list_user_policies().user_name(name);
                let pages = asked.into_paginator().items().send();
                found("iam:ListUserPolicies", pages.collect().await)
            }
            Self::Role(name) => {
                let asked = iam.list_role_policies().role_name(name);
                let pages = asked.into_paginator().items().send();
                found("iam:ListRolePolicies", pages.collect().await)
            }
            Self::Group(name) => {
                let asked = iam.list_group_policies().group_name(name);
                let pages = asked.into_paginator().items().send();
                found("iam:ListGroupPolicies", pages.collect().await)
            }
        }
    }

    async fn inline_document(
        self,
        iam: &Client,
        policy: &str,
    ) -> Result<Option<String>, CallError> {
        let (operation, found) = match self {
            Self::User(name) => {
                let asked = iam.get_user_policy().user_name(name).policy_name(policy);
                let answer = asked.send().await.map(|answer| answer.policy_document);
                ("iam:GetUserPolicy", found("iam:GetUserPolicy", answer)?)
            }
            Self::Role(name) => {
                let asked = iam.get_role_policy().role_name(name).policy_name(policy);
                let answer = asked.send().await.map(|answer| answer.policy_document);
                ("iam:GetRolePolicy", found("iam:GetRolePolicy", answer)?)
            }
            Self::Group(name) => {
                let asked = iam.get_group_policy().group_name(name).policy_name(policy);
                let answer = asked.send().await.map(|answer| answer.policy_document);
                ("iam:GetGroupPolicy", found("iam:GetGroupPolicy", answer)?)
            }
        };
        found.map(|text| document(operation, &text)).transpose()
    }
}

/// All groups that a user is in, in the order of their names; none if the user is gone.
pub(crate) async fn groups_of(
    iam: &Client,
    user: &str,
) -> Result<Option<Vec<Membership>>, CallError> {
    let asked = iam.list_groups_for_user().user_name(user);
    let pages = asked.into_paginator().items().send();
    let groups: Option<Vec<_>> = found("iam:ListGroupsForUser", pages.collect().await)?;
    Ok(groups.map(|groups| {
        let memberships = groups.into_iter().map(|group| Membership {
            name: group.group_name,
            unique_id: group.group_id,
        });
        let mut memberships: Vec<_> = memberships.collect();
        memberships.sort();
        memberships
    }))
}

fn arns(operation: &'static str, policies: Vec<AttachedPolicy>) -> Result<Vec<String>, CallError> {
    let arns = policies.into_iter().map(|policy| policy.policy_arn);
    let mut arns = arns
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| unreadable(operation))?;
    arns.sort();
    Ok(arns)
}

/// A policy document in an answer, as its author wrote it.
pub(crate) fn document(operation: &'static str, encoded: &str) -> Result<String, CallError> {
    percent_decoded(encoded)
        .map_err(|error| CallError::permanent(operation, "UnreadableDocument").because(error))
}

/// An answer that lacks what IAM always tells.
pub(crate) fn unreadable(operation: &'static str) -> CallError {
    CallError::transient(operation, "UnreadableAnswer")
}

/// What was asked for; none where IAM says that there is no such thing.
pub(crate) fn found<T, E: ProvideErrorMetadata>(
    operation: &'static str,
    answer: Result<T, SdkError<E, HttpResponse>>,
) -> Result<Option<T>, CallError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => none_where_missing(iam_error(operation, &error)),
    }
}

fn none_where_missing<T>(error: CallError) -> Result<Option<T>, CallError> {
    if error.code == "NoSuchEntity" {
        Ok(None)
    } else {
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET_USER: &str = "iam:GetUser";

    #[test]
    fn missing_is_no_error_and_everything_else_is() {
        let none = none_where_missing::<()>(CallError::permanent(GET_USER, "NoSuchEntity"));
        assert_eq!(none.unwrap(), None);
        let denied = none_where_missing::<()>(CallError::permanent(GET_USER, "AccessDenied"));
        assert_eq!(denied.unwrap_err().code, "AccessDenied");
    }

    #[test]
    fn attached_policies_come_in_one_order_and_all_of_them() {
        let policy = |arn: &str| AttachedPolicy::builder().policy_arn(arn).build();
        let listed = arns(GET_USER, vec![policy("b"), policy("a")]);
        assert_eq!(listed.unwrap(), ["a", "b"]);
        let nameless = AttachedPolicy::builder().build();
        let error = arns(GET_USER, vec![policy("a"), nameless]).unwrap_err();
        assert!(error.is_transient());
    }

    #[test]
    fn a_document_that_cannot_be_read_is_not_asked_for_again() {
        assert_eq!(document(GET_USER, "%7B%7D").unwrap(), "{}");
        let error = document(GET_USER, "%7").unwrap_err();
        assert_eq!(
            (error.code.as_str(), error.is_transient()),
            ("UnreadableDocument", false)
        );
    }
}
