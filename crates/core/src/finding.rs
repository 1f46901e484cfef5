//! What was found on a request: what forbids it, and what an approver should know.

use serde::{Deserialize, Serialize};

use crate::codes::RefusalCode;

/// Something that was found on a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// JSON pointer to the place in the request (RFC 6901).
    pub pointer: String,
    /// What it is, for programs.
    pub code: FindingCode,
    /// What it is, for people.
    pub detail: String,
    /// The policy that shows it, where it is about the text of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// What in a policy shows a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The policy: its ARN, or its name where it is an inline policy.
    pub policy: String,
    /// The way to the place in its document, such as `Statement[0].Action[1]`; empty for all of it.
    pub place: String,
    /// A request to AWS that the policy allows and that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
}

impl Evidence {
    /// How the inline policy of a request is named.
    pub const INLINE_POLICY: &'static str = "inline policy";
}

/// One request to AWS, as an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// The action, such as `s3:GetObject`.
    pub action: String,
    /// The ARN of the resource, or `*`.
    pub resource: String,
    /// The condition keys with the values under which it is allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<(String, String)>,
}

macro_rules! finding_codes {
    ($($(#[$doc:meta])* $variant:ident => $refusal:expr,)*) => {
        /// The kinds of findings.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum FindingCode {
            $($(#[$doc])* $variant,)*
        }

        impl FindingCode {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Why a request with such a finding is refused; none where it is not.
            #[must_use]
            pub const fn refusal(self) -> Option<RefusalCode> {
                match self {
                    $(Self::$variant => $refusal,)*
                }
            }
        }
    };
}

finding_codes! {
    /// The table may not ask for access.
    TableNotAllowed => Some(RefusalCode::TableNotAllowed),
    /// The account is not one that access is granted in.
    AccountNotAllowed => Some(RefusalCode::OutsideGuardrails),
    /// The grant is not one that the guardrails list for this account.
    GrantNotAllowed => Some(RefusalCode::OutsideGuardrails),
    /// The grant needs an approver who signs in.
    NeedsSignIn => Some(RefusalCode::OutsideGuardrails),
    /// The access would last too long.
    TooLong => Some(RefusalCode::OutsideGuardrails),
    /// The access would last too long with all that it extends.
    TooLongInTotal => Some(RefusalCode::OutsideGuardrails),
    /// Only users can be members of groups, or be created.
    OnlyUsers => Some(RefusalCode::OutsideGuardrails),
    /// The name of a new user does not begin as the guardrails have it.
    NameNotAllowed => Some(RefusalCode::OutsideGuardrails),
    /// A tag key is none of those that new users may have.
    TagNotAllowed => Some(RefusalCode::OutsideGuardrails),
    /// The account has no policy that could be the permissions boundary of a new user.
    NoBoundary => Some(RefusalCode::AccountNotPrepared),
    /// A statement has every condition on the time that there is, so that no end can be added.
    CannotEnd => Some(RefusalCode::OutsideGuardrails),
    /// A policy names a resource of another partition of AWS than the one that all accounts are in.
    PartitionNotAllowed => Some(RefusalCode::OutsideGuardrails),
    /// A statement leaves open which AWS accounts it acts in, and has no place for the condition that
    /// limits it to those whose owners decide.
    AccountNotNamed => Some(RefusalCode::OutsideGuardrails),
    /// A policy cannot be read, so nothing can be said of it.
    Unreadable => Some(RefusalCode::UnreadablePolicy),
    /// A policy allows a denied action.
    DeniedAction => Some(RefusalCode::DeniedAction),
    /// A policy allows more than the reference policy of the account.
    ExceedsReference => Some(RefusalCode::ExceedsReference),
    /// It could not be proved that a policy stays within the reference policy of the account.
    NotProven => Some(RefusalCode::ExceedsReference),
    /// Together with what the principal holds, it could give itself whatever it wants.
    Escalates => Some(RefusalCode::Escalates),
    /// A resource could be opened to others.
    ExposesResources => Some(RefusalCode::Exposes),
    /// Credentials could be handed out.
    ExposesCredentials => Some(RefusalCode::Exposes),
    /// The principal is not enrolled: path, boundary or owner are missing.
    NotEnrolled => Some(RefusalCode::NotEnrolled),
    /// The principal holds as much as IAM allows.
    QuotaReached => Some(RefusalCode::QuotaReached),
    /// The grants bring more policies than anybody could read before deciding.
    TooManyPolicies => Some(RefusalCode::TooManyPolicies),
    /// The role does not trust the principal.
    RoleDoesNotTrust => Some(RefusalCode::RoleDoesNotTrust),
    /// The role trusts the principal without this grant: the grant would change nothing.
    TrustsAlready => Some(RefusalCode::TrustsAlready),
    /// Sessions of the role would last too long after the end.
    SessionTooLong => Some(RefusalCode::SessionTooLong),
    /// Nobody counts as the manager of the person whom the access is for, and the guardrails require
    /// one.
    NoManager => Some(RefusalCode::NoManager),
    /// Nobody counts as that manager, and the guardrails let the request proceed.
    WithoutManager => None,
    /// The role trusts the principal only under conditions.
    TrustDepends => None,
    /// Whether it leads further depends on what can be taken over with it.
    MayEscalate => None,
    /// A statement leaves open which AWS accounts it acts in, and is limited to those whose owners decide.
    LimitedToAccounts => None,
    /// It reads data that may be confidential.
    ReadsData => None,
    /// It reads secrets or gets credentials, which the guardrails accept.
    ReadsSecrets => None,
    /// It can open resources to others, which the guardrails accept.
    OpensResources => None,
    /// A policy that IAM has names resources of accounts whose owners are not asked because of it.
    NamesOtherAccounts => None,
    /// It allows all actions of a service.
    WholeService => None,
    /// It is granted on every resource although it could be limited.
    EveryResource => None,
    /// A part of the policy is about no request at all: it permits nothing.
    PermitsNothing => None,
    /// The policy is probably not what was meant.
    ProbablyWrong => None,
}

impl Finding {
    /// A finding without a policy to show it.
    #[must_use]
    pub fn new(pointer: impl Into<String>, code: FindingCode, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            code,
            detail: detail.into(),
            evidence: None,
        }
    }
}

/// Why a request with these findings is refused: the first reason among them.
#[must_use]
pub fn refusal(findings: &[Finding]) -> Option<RefusalCode> {
    findings.iter().find_map(|finding| finding.code.refusal())
}
