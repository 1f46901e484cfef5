//! What part the manager of whoever receives the access has in a request.

use serde::Deserialize;

use super::Guardrails;
use crate::finding::{Finding, FindingCode};
use crate::preview::PassedOverBecause;
use crate::request::AccessRequest;

/// What the beneficiary's manager does, the least first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ManagerPart {
    /// Nothing.
    #[default]
    None,
    /// Gets an e-mail when approvers are asked.
    Notify,
    /// Approves, besides everybody else.
    Approve,
}

/// What happens to a request where nobody counts as that manager, the laxest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithoutManager {
    /// It proceeds, and approvers are told.
    #[default]
    Proceed,
    /// It is refused before anybody is asked.
    Refuse,
}

/// What the guardrails want of the beneficiary's manager.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ManagerRule {
    /// The manager's part.
    pub part: ManagerPart,
    /// What happens without one.
    pub without: WithoutManager,
}

/// Why nobody counts as the manager of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoManager {
    /// ServiceNow names none, or hides who it is.
    Unnamed,
    /// Somebody involved has no mailbox, so that nobody but the security group can be told apart from
    /// them.
    Indistinguishable,
    /// This was found against the one who is named.
    Unfit(PassedOverBecause),
}

impl NoManager {
    /// The reason in words that follow "the manager … can't be asked:".
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Unnamed => "ServiceNow names nobody, or hides who it is",
            Self::Indistinguishable => {
                "somebody involved has no mailbox by which others could be told apart from them"
            }
            Self::Unfit(PassedOverBecause::Missing) => "ServiceNow has no record of the manager",
            Self::Unfit(PassedOverBecause::Inactive) => "the manager's account is inactive",
            Self::Unfit(PassedOverBecause::Locked) => "the manager's account is locked out",
            Self::Unfit(PassedOverBecause::NoMail) => "the manager has no usable e-mail address",
            Self::Unfit(PassedOverBecause::ForeignMail) => {
                "the domain of the manager's e-mail address is not allowed"
            }
            Self::Unfit(
                PassedOverBecause::Involved
                | PassedOverBecause::TicketNamesApprover
                | PassedOverBecause::SamePerson
                | PassedOverBecause::Enough,
            ) => "the manager requested the access, receives it, or is named in the ticket",
        }
    }
}

impl ManagerRule {
    /// The stricter of both, each part for itself.
    #[must_use]
    fn and(self, other: Self) -> Self {
        Self {
            part: self.part.max(other.part),
            without: self.without.max(other.without),
        }
    }

    /// Whether nothing is wanted of a manager.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.part == ManagerPart::None
    }

    /// Whether a request needs the manager's approval, whoever that is.
    #[must_use]
    pub fn needs_approval(self) -> bool {
        self.part == ManagerPart::Approve && self.without == WithoutManager::Refuse
    }

    /// The finding where nobody counts as the manager; none where nothing is wanted of one.
    #[must_use]
    pub fn without_one(self, because: NoManager) -> Option<Finding> {
        let done = match self.part {
            ManagerPart::None => return None,
            ManagerPart::Notify => "notified",
            ManagerPart::Approve => "asked",
        };
        let because = because.in_words();
        let (code, detail) = match self.without {
            WithoutManager::Refuse => (
                FindingCode::NoManager,
                format!(
                    "the guardrails require that the manager of the person this access is for is \
                     {done}, and nobody can be: {because}"
                ),
            ),
            WithoutManager::Proceed => (
                FindingCode::WithoutManager,
                format!(
                    "the manager of the person this access is for is not {done}, which the \
                     guardrails permit: {because}"
                ),
            ),
        };
        Some(Finding::new("/target/principal", code, detail))
    }

    /// Both settings, as the file has them.
    #[must_use]
    pub const fn setting(self) -> &'static str {
        match (self.part, self.without) {
            (ManagerPart::None, _) => "none",
            (ManagerPart::Notify, WithoutManager::Proceed) => "notify",
            (ManagerPart::Notify, WithoutManager::Refuse) => "notify, without one refuse",
            (ManagerPart::Approve, WithoutManager::Refuse) => "approve",
            (ManagerPart::Approve, WithoutManager::Proceed) => "approve, without one proceed",
        }
    }

    /// Whether this one lets something pass that the other one did not.
    #[must_use]
    pub(super) fn is_laxer_than(self, other: Self) -> bool {
        self.and(other) != self
    }
}

impl Guardrails {
    /// Whether anything is wanted of managers for any grant, so that ServiceNow must show who they are.
    #[must_use]
    pub fn wants_managers(&self) -> bool {
        self.grants.iter().any(|grant| !grant.manager.is_none())
    }

    /// What is wanted of the beneficiary's manager for this request: of all that it asks for the
    /// strictest.
    #[must_use]
    pub fn manager_rule(&self, request: &AccessRequest) -> ManagerRule {
        let account = &request.target.account_id;
        let grants = request.grants.iter();
        let allowed = grants.filter_map(|grant| self.allowed(account, grant));
        allowed
            .map(|allowed| allowed.manager)
            .fold(ManagerRule::default(), ManagerRule::and)
    }
}
