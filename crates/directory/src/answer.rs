//! The answers, as they are written. Every member is always there; docs/openapi.json describes the same,
//! and a test compares them.

mod foreign;
mod iam;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use snowgate_core::effect::RecordedEffect;
use snowgate_core::id::{AccountId, RequestId, SysId};
use snowgate_core::identity::{Drift, IdentityPhase, IdentityRecord};
use snowgate_core::principal::PrincipalName;

pub(crate) use foreign::without_foreign;
pub(crate) use iam::IamReading;
use iam::{IamAnswer, IamStatus};

/// `UserList`: a page of the users that the client sees.
#[derive(Debug, Serialize)]
pub(crate) struct UserListAnswer<'a> {
    as_of: Timestamp,
    users: Vec<ListedUserAnswer<'a>>,
    next: Option<String>,
}

impl<'a> UserListAnswer<'a> {
    /// `is_own` tells whether a request is the client's.
    pub(crate) fn new(
        as_of: Timestamp,
        users: &'a [IdentityRecord],
        next: Option<String>,
        is_own: impl Fn(&RequestId) -> bool,
    ) -> Self {
        let users = users.iter().map(|record| ListedUserAnswer {
            standing: StandingAnswer::new(record),
            request_id: Some(record.created_by()).filter(|id| is_own(id)),
            user_url: format!(
                "/v1/users/{}?account_id={}",
                record.user().name,
                record.user().account_id
            ),
        });
        Self {
            as_of,
            users: users.collect(),
            next,
        }
    }
}

/// `ListedUser`: one of them.
#[derive(Debug, Serialize)]
struct ListedUserAnswer<'a> {
    #[serde(flatten)]
    standing: StandingAnswer<'a>,
    /// The request that created it; none where that is another client's.
    request_id: Option<&'a RequestId>,
    user_url: String,
}

/// Who a user is and where it stands.
#[derive(Debug, Serialize)]
struct StandingAnswer<'a> {
    account_id: &'a AccountId,
    name: &'a PrincipalName,
    state: &'static str,
    since: Timestamp,
    owner: OwnerAnswer<'a>,
    /// When its access ends or was to end; none before it is known.
    until: Option<Timestamp>,
    /// Until when it is kept after its end.
    kept_until: Option<Timestamp>,
}

/// `UserOwner`: the person whom it belongs to.
#[derive(Debug, Serialize)]
struct OwnerAnswer<'a> {
    sys_id: &'a SysId,
}

impl<'a> StandingAnswer<'a> {
    fn new(record: &'a IdentityRecord) -> Self {
        let (until, kept_until) = match record.phase() {
            IdentityPhase::Live { until } | IdentityPhase::Disabled { until, .. } => {
                (Some(*until), None)
            }
            IdentityPhase::Ending { until, .. } => (*until, None),
            IdentityPhase::Ended {
                grace_until, until, ..
            } => (*until, Some(*grace_until)),
            IdentityPhase::Creating
            | IdentityPhase::Deleting { .. }
            | IdentityPhase::Over { .. } => (None, None),
        };
        let user = record.user();
        Self {
            account_id: &user.account_id,
            name: &user.name,
            state: record.state().name(),
            since: record.since(),
            owner: OwnerAnswer {
                sys_id: &user.owner,
            },
            until,
            kept_until,
        }
    }
}

/// `User`: one user, as the ledger and IAM have it.
#[derive(Debug, Serialize)]
pub(crate) struct UserAnswer<'a> {
    as_of: Timestamp,
    #[serde(flatten)]
    standing: StandingAnswer<'a>,
    unique_id: Option<&'a str>,
    path: &'a str,
    boundary: &'a str,
    tags: &'a BTreeMap<String, String>,
    requests: Vec<UserRequestAnswer<'a>>,
    grants: Vec<UserGrantAnswer<'a>>,
    iam_status: IamStatus,
    iam: Option<IamAnswer<'a>>,
    drift: Option<Vec<Drift>>,
}

/// `UserRequest`: a request that created the user, or extended it. Those of other clients have no id.
#[derive(Debug, Serialize)]
struct UserRequestAnswer<'a> {
    made: &'static str,
    request_id: Option<&'a RequestId>,
}

/// `UserGrant`: something that a request granted to the user.
#[derive(Debug, Serialize)]
struct UserGrantAnswer<'a> {
    grant: String,
    since: Timestamp,
    until: Option<Timestamp>,
    request_id: Option<&'a RequestId>,
}

impl<'a> UserAnswer<'a> {
    /// What the ledger says; `is_own` tells whether a request is the client's.
    pub(crate) fn new(
        as_of: Timestamp,
        record: &'a IdentityRecord,
        effects: &'a [RecordedEffect],
        is_own: impl Fn(&RequestId) -> bool,
    ) -> Self {
        let user = record.user();
        let requests = record.requests().iter().enumerate();
        let requests = requests.map(|(index, id)| UserRequestAnswer {
            made: if index == 0 { "created" } else { "extended" },
            request_id: Some(id).filter(|id| is_own(id)),
        });
        let mut grants: Vec<_> = effects
            .iter()
            .filter(|effect| !effect.change.is_of_user())
            .map(|effect| UserGrantAnswer {
                grant: without_foreign(&effect.change.in_words(), &is_own),
                since: effect.since,
                until: effect.latest_end,
                request_id: Some(&effect.request).filter(|id| is_own(id)),
            })
            .collect();
        grants.sort_by(|one, other| (&one.grant, one.since).cmp(&(&other.grant, other.since)));
        Self {
            as_of,
            standing: StandingAnswer::new(record),
            unique_id: record.unique_id(),
            path: &user.path,
            boundary: user.boundary.as_str(),
            tags: &user.tags,
            requests: requests.collect(),
            grants,
            iam_status: IamStatus::Unavailable,
            iam: None,
            drift: None,
        }
    }

    /// The same with what IAM says.
    pub(crate) fn with_iam(
        self,
        reading: &'a IamReading,
        drift: Option<Vec<Drift>>,
        is_own: impl Fn(&RequestId) -> bool,
    ) -> Self {
        let words = |what: String| without_foreign(&what, &is_own);
        let shown = |one: Drift| Drift {
            what: one.what.map(words),
            ..one
        };
        Self {
            iam_status: reading.status(),
            iam: reading.answer(&is_own),
            drift: drift.map(|drift| drift.into_iter().map(shown).collect()),
            ..self
        }
    }
}
