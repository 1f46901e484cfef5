//! Users for whoever only reads, in memory.

use std::collections::BTreeMap;

use ports::CallError;
use ports::identities::Identities as _;
use ports::ledger::PEEKED;
use ports::user_records::{
    MAX_EFFECTS, RecordedChanges, TOO_MANY_EFFECTS, UserPage, UserPlace, UserRecords,
};
use snowgate_core::effect::Removal;
use snowgate_core::id::{AccountId, ClientId, RequestId};
use snowgate_core::identity::IdentityRecord;
use snowgate_core::principal::{Principal, PrincipalKey};

use super::FakeLedger;

/// Where a user stands in the list of its account.
fn place(record: &IdentityRecord) -> UserPlace {
    UserPlace(record.user().name.in_lowercase().to_string())
}

impl UserRecords for FakeLedger {
    async fn users(
        &self,
        account: &AccountId,
        after: Option<&UserPlace>,
        limit: u16,
    ) -> Result<UserPage, CallError> {
        let tables = self.0.lock().unwrap();
        let listed = tables.users.all().filter(|record| {
            record.user().account_id == *account && record.state().may_be_in_iam()
        });
        let mut listed: Vec<_> = listed.cloned().collect();
        listed.sort_by_key(place);
        listed.retain(|record| after.is_none_or(|after| place(record) > *after));
        let limit = PEEKED.min(limit.into());
        let is_cut = listed.len() > limit;
        listed.truncate(limit);
        Ok(UserPage {
            next: listed.last().filter(|_| is_cut).map(place),
            users: listed,
        })
    }

    async fn user_named(&self, user: &Principal) -> Result<Option<IdentityRecord>, CallError> {
        let held = self.held_name(user).await?;
        let Some(id) = held.and_then(|held| held.identity) else {
            return Ok(None);
        };
        let found = self.identity(&id).await?;
        let key = user.key_by_name();
        Ok(found.filter(|found| found.user().principal().key_by_name() == key))
    }

    async fn recorded_on(&self, principal: &PrincipalKey) -> Result<RecordedChanges, CallError> {
        let effects = self.effects_on(principal);
        if effects.len() > MAX_EFFECTS {
            return Err(CallError::permanent("fake:Read", TOO_MANY_EFFECTS));
        }
        let tables = self.0.lock().unwrap();
        let removals = tables.removals.get(principal).into_iter().flatten();
        let removal = |(change, at): (&String, &_)| Removal {
            change: change.clone(),
            at: *at,
        };
        Ok(RecordedChanges {
            effects,
            removals: removals.map(removal).collect(),
        })
    }

    async fn clients_of(
        &self,
        requests: &[RequestId],
    ) -> Result<BTreeMap<RequestId, ClientId>, CallError> {
        let tables = self.0.lock().unwrap();
        let held = requests.iter().filter_map(|id| tables.records.get(id));
        Ok(held
            .map(|held| (held.id().clone(), held.client().clone()))
            .collect())
    }
}
