//! What can happen.

use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Value, json};
use testkit::samples;
use testkit::world::{
    COLLEAGUE, LEAD, MANAGER, MEMBER, OWNER, document, group_facts, other_policy, role_facts,
};

/// A crash at the nth call from here.
pub(crate) type Crash = Option<(u64, bool)>;

/// People who come and go, are asked, and stand in for each other.
pub(crate) const PEOPLE: [u8; 5] = [OWNER, MANAGER, LEAD, MEMBER, COLLEAGUE];

/// Something that can happen.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// A ticket asks for access for one of the users; it may name an item of the CMDB besides.
    Raise {
        user: usize,
        wants: Vec<Want>,
        item: bool,
        dry_run: bool,
    },
    /// The client takes a request back, or ends its access.
    End {
        pick: usize,
        revoke: bool,
        crash: Crash,
    },
    /// Somebody uses a link to end access.
    EndByLink { letter: usize, crash: Crash },
    /// A wake-up arrives; it may stay in its queue and arrive again.
    Deliver {
        pick: usize,
        again: bool,
        crash: Crash,
    },
    /// Somebody uses a link.
    Decide {
        letter: usize,
        approve: bool,
        crash: Crash,
    },
    /// The mail service reports an e-mail: lost, or perhaps late. The report may come again.
    Bounce {
        letter: usize,
        lost: bool,
        crash: Crash,
    },
    /// Somebody who can write to the ledger forges a decision.
    Forge { pick: usize },
    /// Time goes by.
    Wait { minutes: i64 },
    /// The sweeper runs.
    Sweep { crash: Crash },
    /// Somebody leaves or comes back.
    Person { who: u8, active: bool },
    /// Somebody names a delegate, for a day.
    Delegate { from: u8, to: u8 },
    /// The policy gets a new version.
    Policy { version: u8 },
    /// ServiceNow, tickets and the two accounts' IAM stop or work again.
    Outage {
        servicenow: bool,
        tickets: bool,
        iam: [bool; 2],
    },
}

/// Something that can be asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Want {
    Policy,
    OtherPolicy,
    InlinePolicy,
    Group,
    /// A role of the other account, whose owner decides too.
    Role,
}

impl Want {
    pub(crate) const ALL: [Self; 5] = [
        Self::Policy,
        Self::OtherPolicy,
        Self::InlinePolicy,
        Self::Group,
        Self::Role,
    ];

    pub(crate) fn grant(self) -> Value {
        let attach = |arn| json!({"type": "attach_managed_policy", "policy_arn": arn});
        match self {
            Self::Policy => attach(samples::policy()),
            Self::OtherPolicy => attach(other_policy()),
            Self::InlinePolicy => {
                let document = document("s3:ListBucket").replace("\"*\"", "\"arn:aws:s3:::*\"");
                let document: Value = document.parse().unwrap();
                json!({"type": "inline_policy", "document": document})
            }
            Self::Group => {
                let group = group_facts();
                json!({"type": "group_membership", "group": group.arn.name()})
            }
            Self::Role => json!({"type": "assume_role", "role_arn": role_facts().arn}),
        }
    }
}

impl Step {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            4 => Self::asking(),
            16 => Self::answering(),
            10 => Self::carrying_out(),
            5 => Self::around(),
        ]
    }

    fn crash() -> impl Strategy<Value = Crash> {
        proptest::option::weighted(0.3, (1..14_u64, any::<bool>()))
    }

    fn asking() -> impl Strategy<Value = Self> {
        let raised = (
            0..3_usize,
            subsequence(Want::ALL.to_vec(), 1..=2),
            proptest::bool::weighted(0.3),
            proptest::bool::weighted(0.1),
        );
        raised.prop_map(|(user, wants, item, dry_run)| Self::Raise {
            user,
            wants,
            item,
            dry_run,
        })
    }

    /// What people and the mail service do.
    fn answering() -> impl Strategy<Value = Self> {
        let picked = || (any::<usize>(), any::<bool>(), Self::crash());
        prop_oneof![
            8 => (any::<usize>(), proptest::bool::weighted(0.85), Self::crash()).prop_map(
                |(letter, approve, crash)| Self::Decide { letter, approve, crash }
            ),
            2 => picked().prop_map(|(pick, revoke, crash)| Self::End { pick, revoke, crash }),
            1 => (any::<usize>(), Self::crash()).prop_map(
                |(letter, crash)| Self::EndByLink { letter, crash }
            ),
            3 => (any::<usize>(), proptest::bool::weighted(0.8), Self::crash()).prop_map(
                |(letter, lost, crash)| Self::Bounce { letter, lost, crash }
            ),
            1 => any::<usize>().prop_map(|pick| Self::Forge { pick }),
        ]
    }

    /// What queues and the schedule do.
    fn carrying_out() -> impl Strategy<Value = Self> {
        prop_oneof![
            7 => (any::<usize>(), any::<bool>(), Self::crash()).prop_map(
                |(pick, again, crash)| Self::Deliver { pick, again, crash }
            ),
            3 => Self::crash().prop_map(|crash| Self::Sweep { crash }),
        ]
    }

    /// What changes around the request.
    fn around() -> impl Strategy<Value = Self> {
        let person = || proptest::sample::select(PEOPLE.to_vec());
        prop_oneof![
            3 => prop_oneof![1..5_i64, 60..700_i64, 4000..5000_i64]
                .prop_map(|minutes| Self::Wait { minutes }),
            2 => (person(), any::<bool>()).prop_map(|(who, active)| Self::Person { who, active }),
            1 => (person(), person()).prop_map(|(from, to)| Self::Delegate { from, to }),
            1 => (1..3_u8).prop_map(|version| Self::Policy { version }),
            1 => (any::<bool>(), any::<bool>(), any::<[bool; 2]>()).prop_map(
                |(servicenow, tickets, iam)| Self::Outage { servicenow, tickets, iam }
            ),
        ]
    }
}
