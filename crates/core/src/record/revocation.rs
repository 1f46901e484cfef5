//! Access that is revoked before its time, and what stays in IAM when it has ended.

use jiff::Timestamp;
use serde::Serialize;

use super::{ChangeError, GrantedAccess};
use crate::approval::MacTag;
use crate::effect::EffectChange;
use crate::prose::Reason;
use crate::slots::{Approver, ApproverRole, OwnedResource, OwnedResourceKind};

/// How access was revoked before its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The role of whoever revoked it.
    pub by: RevokedBy,
    /// Why, where they said.
    pub reason: Option<Reason>,
    /// When the revocation was taken.
    pub at: Timestamp,
    /// When it would have ended.
    pub instead_of: Timestamp,
    /// What proves who wanted it; none where nothing does.
    pub signature: Option<MacTag>,
}

/// In which role somebody revoked the access. Who it was is the actor of the audit row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RevokedBy {
    /// The client that asked for it, without saying on whose wish.
    Client,
    /// The person who asked for it, through that client.
    Requester,
    /// The person whom the principal belongs to, through that client.
    Beneficiary,
    /// A client of the security team.
    Security,
    /// Snowgate, for the user that has the access is one that it made and has ended.
    UserEnded,
    /// Somebody who was asked for a decision.
    Approver {
        /// In which approver role; for a delegate, the delegator's.
        role: ApproverRole,
        /// For which kind of resource.
        #[serde(skip_serializing_if = "OwnedResourceKind::is_account")]
        resource: OwnedResourceKind,
        /// Whether as a delegate.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        delegate: bool,
    },
}

impl RevokedBy {
    /// An approver of this resource.
    #[must_use]
    pub const fn approver(approver: &Approver, resource: &OwnedResource) -> Self {
        Self::Approver {
            role: approver.role,
            resource: resource.kind(),
            delegate: approver.on_behalf_of.is_some(),
        }
    }

    /// The role in words that follow "ended early by".
    #[must_use]
    pub fn in_words(self) -> String {
        let (role, resource, delegate) = match self {
            Self::Client => return "ServiceNow".to_owned(),
            Self::Requester => return "the requester".to_owned(),
            Self::Beneficiary => {
                return "the person it was granted to".to_owned();
            }
            Self::Security => return "the security team".to_owned(),
            Self::UserEnded => return "Snowgate, because its IAM user has ended".to_owned(),
            Self::Approver {
                role,
                resource,
                delegate,
            } => (role, resource, delegate),
        };
        let of = match resource {
            OwnedResourceKind::Account => "the account",
            OwnedResourceKind::Item => "the configuration item",
            OwnedResourceKind::Beneficiary => "the person this access is for",
        };
        let role = match role {
            ApproverRole::Owner => format!("the owner of {of}"),
            ApproverRole::Manager | ApproverRole::LineManager => format!("the manager of {of}"),
            ApproverRole::GroupManager => {
                format!("the manager of the group that supports {of}")
            }
            ApproverRole::GroupMember => format!("a member of the group that supports {of}"),
            ApproverRole::SecurityGroup => "a member of the security group".to_owned(),
        };
        match delegate {
            true => format!("a delegate of {role}"),
            false => role,
        }
    }
}

/// A change that stays in IAM although the request that had it has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetainedChange {
    /// What stays.
    pub change: EffectChange,
    /// Why it stays.
    pub because: RetainedBecause,
}

/// Why a change stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RetainedBecause {
    /// It was there before the request.
    ThereBefore,
    /// Another request still grants it.
    StillGranted,
}

impl RetainedBecause {
    /// The reason in words that follow what stays.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::ThereBefore => "which was there before this request",
            Self::StillGranted => "which another request still grants",
        }
    }
}

impl GrantedAccess {
    /// Brings the end of the access forward to now.
    pub(super) fn revoke(
        self,
        by: RevokedBy,
        reason: Option<Reason>,
        signature: Option<MacTag>,
        now: Timestamp,
    ) -> Result<Self, ChangeError> {
        if self.revocation.is_some() {
            return Err(ChangeError::AlreadyRevoked);
        }
        let revocation = Revocation {
            by,
            reason,
            at: now,
            instead_of: self.until,
            signature,
        };
        Ok(Self {
            until: self.until.min(now),
            revocation: Some(revocation),
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::Verdict;
    use crate::lifecycle::{Actor, State};
    use crate::record::tests::{ONE, approver, at, decide, pending, person, slot};
    use crate::record::{Event, Overdue, RequestRecord};
    use jiff::SignedDuration;

    fn active() -> RequestRecord {
        let record = pending(vec![slot("210987654321", &[2])]);
        let yes = decide(&record, ONE, 2, Verdict::Approve);
        let approved = record.apply(yes, approver(2), at(10)).unwrap().record;
        let by_us = |record: &RequestRecord, event| {
            record
                .apply(event, Actor::Provisioner, at(11))
                .unwrap()
                .record
        };
        let started = by_us(
            &approved,
            Event::ProvisioningStarted {
                preexisting: Vec::new(),
            },
        );
        by_us(
            &started,
            Event::Activated {
                until: at(9 * 3600),
            },
        )
    }

    fn end_now() -> Event {
        Event::RevocationRequested {
            by: RevokedBy::Approver {
                role: ApproverRole::Owner,
                resource: OwnedResourceKind::Account,
                delegate: false,
            },
            reason: Some("Not needed any more".parse().unwrap()),
            signature: None,
        }
    }

    #[test]
    fn ending_early_brings_the_end_forward_once() {
        let active = active();
        assert!(!active.is_over(at(100)));
        let change = active.apply(end_now(), approver(2), at(100)).unwrap();
        let ending = &change.record;
        assert_eq!(change.row.actor, Actor::Approver { sys_id: person(2) });
        assert_eq!(
            (ending.state(), ending.until()),
            (State::Active, Some(at(100)))
        );
        let revocation = ending.revocation().unwrap();
        assert_eq!(revocation.instead_of, at(9 * 3600));
        assert!(
            ending.is_over(at(99)),
            "also where another clock is behind ours"
        );
        assert_eq!(
            (
                ending.due_at(),
                ending.overdue(at(100), SignedDuration::from_hours(72))
            ),
            (Some(at(100)), Overdue::Wake)
        );
        let again = ending.apply(end_now(), approver(2), at(101));
        assert!(matches!(again, Err(ChangeError::AlreadyRevoked)));
    }

    #[test]
    fn only_active_access_is_ended_early() {
        let waiting = pending(vec![slot("210987654321", &[2])]);
        let early = waiting.apply(end_now(), approver(2), at(20));
        assert!(matches!(early, Err(ChangeError::Transition(_))));
    }

    #[test]
    fn the_role_is_that_towards_what_was_decided_on() {
        let account = OwnedResource::Account {
            account_id: "210987654321".parse().unwrap(),
        };
        let item = OwnedResource::Item {
            sys_id: "cc".repeat(16).parse().unwrap(),
            instead_of: Vec::new(),
        };
        let own = |role| Approver::own(person(2), role);
        let delegate = Approver {
            on_behalf_of: Some(person(3)),
            ..own(ApproverRole::Owner)
        };
        let cases = [
            (
                own(ApproverRole::Owner),
                &account,
                "the owner of the account",
            ),
            (
                own(ApproverRole::Owner),
                &item,
                "the owner of the configuration item",
            ),
            (
                own(ApproverRole::GroupMember),
                &item,
                "a member of the group that supports the configuration item",
            ),
            (
                own(ApproverRole::SecurityGroup),
                &item,
                "a member of the security group",
            ),
            (
                delegate,
                &item,
                "a delegate of the owner of the configuration item",
            ),
        ];
        for (approver, resource, words) in cases {
            assert_eq!(RevokedBy::approver(&approver, resource).in_words(), words);
        }
    }
}
