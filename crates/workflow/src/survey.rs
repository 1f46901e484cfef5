//! Reads everything that IAM holds about a request: before anyone is asked, and again before
//! anything is changed.
//!
//! The calls are bounded by IAM's own quotas: a principal, a group and a role each hold at most
//! so many policies, and a request at most so many grants.

use futures_util::future::{try_join, try_join3};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use ports::CallError;
use ports::directory::{Directory, DirectoryError};
use snowgate_core::account::{InlineFacts, Membership, PolicyFacts, PrincipalFacts};
use snowgate_core::arn::PolicyArn;
use snowgate_core::facts::{GrantFacts, IamFacts, Subject};
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::AccountId;
use snowgate_core::request::{AccessRequest, Grant, Named};

/// How many groups and roles are read at the same time, and how many policies of each. Bounded, because
/// IAM throttles an account as a whole; more than one, because ten groups of ten policies are some 250
/// calls, and a function has less than a minute.
const HOLDERS_IN_FLIGHT: usize = 3;
const POLICIES_IN_FLIGHT: usize = 6;

/// What is missing, so that there is nothing to decide on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// The user or role.
    #[error("the principal does not exist")]
    Principal,
    /// A managed policy.
    #[error("a managed policy does not exist")]
    Policy,
    /// A role that is to be assumed.
    #[error("a role that is to be assumed does not exist")]
    Role,
    /// A group that is to be joined.
    #[error("a group that is to be joined does not exist")]
    Group,
}

/// Why a request could not be surveyed.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// Something that the request names is not there.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// The target account is not prepared, does not answer, or lists what it then does not have.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl From<CallError> for SurveyError {
    fn from(error: CallError) -> Self {
        Self::Directory(error.into())
    }
}

/// Reads what IAM holds about a request.
///
/// # Errors
/// [`SurveyError`].
pub async fn survey(
    directory: &impl Directory,
    request: &AccessRequest,
    guardrails: &Guardrails,
) -> Result<IamFacts, SurveyError> {
    let subject = match guardrails.new_user(request) {
        Some(user) => Subject::New(user),
        None => {
            let principal = directory.principal(&request.target).await?;
            Subject::Existing(principal.ok_or(Missing::Principal)?)
        }
    };
    survey_around(directory, request, subject).await
}

/// Reads what else a request touches, around a principal that has just been read, or a user that is to
/// be created: of such a one nothing is read, so that all is the same before and after it is there.
///
/// # Errors
/// [`SurveyError`].
pub async fn survey_around(
    directory: &impl Directory,
    request: &AccessRequest,
    subject: Subject,
) -> Result<IamFacts, SurveyError> {
    let account = &request.target.account_id;
    let (principal, creates) = match subject {
        Subject::Existing(principal) => (principal, None),
        Subject::New(user) => (user.to_be(), Some(user)),
    };
    let grants = request.grants.iter();
    let grants = in_turn(
        HOLDERS_IN_FLIGHT,
        grants.map(|grant| facts(directory, account, grant)),
    );
    let around = async {
        let quotas = directory.quotas(account, request.target.kind);
        let boundary = boundary(directory, account, principal.boundary.as_deref());
        Ok(try_join3(quotas, boundary, held(directory, account, &principal)).await?)
    };
    let (grants, (quotas, boundary, (held, held_inline))): (Vec<_>, _) =
        try_join(grants, around).await?;
    Ok(IamFacts {
        principal,
        creates,
        quotas,
        boundary,
        grants,
        held,
        held_inline,
    })
}

/// What IAM holds of one grant.
async fn facts(
    directory: &impl Directory,
    account: &AccountId,
    grant: &Grant,
) -> Result<GrantFacts, SurveyError> {
    Ok(match grant.named() {
        Named::Policy(policy) => {
            let policy = directory.policy(account, policy).await?;
            GrantFacts::Policy(policy.ok_or(Missing::Policy)?)
        }
        Named::Written(_) | Named::Target { .. } => GrantFacts::InRequest,
        Named::Role(arn) => {
            let role = directory.role(arn).await?.ok_or(Missing::Role)?;
            let home = arn.account();
            let policies = all_listed(directory, home, &role.attached).await?;
            let boundary = boundary(directory, home, role.boundary.as_deref()).await?;
            GrantFacts::Role {
                role,
                policies,
                boundary,
            }
        }
        Named::Group(group) => {
            let group = directory.group(account, group).await?;
            let group = group.ok_or(Missing::Group)?;
            let policies = all_listed(directory, account, &group.attached).await?;
            GrantFacts::Group { group, policies }
        }
    })
}

/// A permissions boundary. One that is not there bounds nothing.
async fn boundary(
    directory: &impl Directory,
    account: &AccountId,
    arn: Option<&str>,
) -> Result<Option<PolicyFacts>, DirectoryError> {
    match arn.map(str::parse) {
        Some(Ok(arn)) => directory.policy(account, &arn).await,
        Some(Err(_)) | None => Ok(None),
    }
}

/// The policies that the principal holds already: its own managed ones, and all of its groups.
async fn held(
    directory: &impl Directory,
    account: &AccountId,
    principal: &PrincipalFacts,
) -> Result<(Vec<PolicyFacts>, Vec<InlineFacts>), DirectoryError> {
    let read = |membership: &Membership| {
        let group = membership
            .name
            .parse()
            .map_err(|_| CallError::permanent("iam:ListGroupsForUser", "UnreadableAnswer"));
        async move { directory.group(account, &group?).await }
    };
    let groups = in_turn(HOLDERS_IN_FLIGHT, principal.groups.iter().map(read)).await?;
    let mut attached = principal.attached.clone();
    let mut inline = Vec::new();
    // A group that was deleted in between gives nothing.
    for group in groups.into_iter().flatten() {
        attached.extend(group.attached);
        inline.extend(group.inline);
    }
    attached.sort();
    attached.dedup();
    Ok((all_listed(directory, account, &attached).await?, inline))
}

async fn all_listed(
    directory: &impl Directory,
    account: &AccountId,
    arns: &[String],
) -> Result<Vec<PolicyFacts>, DirectoryError> {
    let policies = arns.iter().map(|arn| listed(directory, account, arn));
    in_turn(POLICIES_IN_FLIGHT, policies).await
}

/// What these come to, in their order, so many of them under way at a time; or the first failure.
async fn in_turn<T, E>(
    at_a_time: usize,
    work: impl Iterator<Item = impl Future<Output = Result<T, E>>>,
) -> Result<Vec<T>, E> {
    // All are made before any is waited for: what makes them is not held meanwhile.
    let work: Vec<_> = work.collect();
    stream::iter(work).buffered(at_a_time).try_collect().await
}

/// A policy that IAM has just listed. One that is not there after all was deleted in between, and
/// is looked for again later.
async fn listed(
    directory: &impl Directory,
    account: &AccountId,
    arn: &str,
) -> Result<PolicyFacts, DirectoryError> {
    let arn: PolicyArn = arn
        .parse()
        .map_err(|_| CallError::permanent("iam:GetPolicy", "UnreadableArn"))?;
    let policy = directory.policy(account, &arn).await?;
    policy.ok_or_else(|| CallError::transient("iam:GetPolicy", "ListedAndGone").into())
}
