//! Users for whoever only reads.

use std::collections::{BTreeMap, BTreeSet};

use aws_errors::call_error;
use ports::CallError;
use ports::identities::Identities as _;
use ports::ledger::PEEKED;
use ports::user_records::{
    MAX_EFFECTS, RecordedChanges, TOO_MANY_EFFECTS, UserPage, UserPlace, UserRecords,
};
use snowgate_core::id::{AccountId, ClientId, IdentityId, RequestId};
use snowgate_core::identity::IdentityRecord;
use snowgate_core::principal::{Principal, PrincipalKey};

use crate::document::{self, Item};
use crate::in_table::InTable as _;
use crate::item::{self, s};
use crate::read::{BATCH_GET, QUERY};
use crate::{DynamoLedger, keys};

impl DynamoLedger {
    /// Those of these users that are there and can be read.
    async fn read_users(
        &self,
        ids: &[IdentityId],
    ) -> Result<BTreeMap<IdentityId, IdentityRecord>, CallError> {
        let places: BTreeSet<String> = ids.iter().map(keys::identity).collect();
        let places = places.into_iter().map(|pk| (pk, keys::META.to_owned()));
        let items = self.get_all(places).await?;
        let read = |item: &Item| {
            let user: IdentityRecord = item::read_record(BATCH_GET, item).ok()?;
            // A record of one user under the key of another is neither's.
            let pk = document::text(BATCH_GET, item, "pk").ok()?;
            (IdentityRecord::partition(user.id()) == pk).then(|| (user.id().clone(), user))
        };
        Ok(items.iter().filter_map(read).collect())
    }
}

impl UserRecords for DynamoLedger {
    async fn users(
        &self,
        account: &AccountId,
        after: Option<&UserPlace>,
        limit: u16,
    ) -> Result<UserPage, CallError> {
        // By the name alone: a place that is one of a made-up item leads on, too.
        let after = after.filter(|place| !place.0.is_empty());
        let condition = match after {
            None => "#account = :account",
            Some(_) => "#account = :account AND #name > :name",
        };
        let limit = i32::try_from(PEEKED.min(limit.max(1).into())).unwrap_or(1);
        let mut query = self
            .client
            .query()
            .table_name(&self.requests)
            .index_name(keys::USERS)
            .key_condition_expression(condition)
            .expression_attribute_names("#account", keys::USERS_ACCOUNT)
            .expression_attribute_values(":account", s(account.as_str()))
            .limit(limit);
        if let Some(UserPlace(name)) = after {
            query = query
                .expression_attribute_names("#name", keys::USERS_NAME)
                .expression_attribute_values(":name", s(name));
        }
        let answer = query.send().await;
        let answer = answer.map_err(|error| call_error(QUERY, &error))?;
        let next = match answer.last_evaluated_key.as_ref() {
            Some(last) if !last.is_empty() => {
                let name = document::text(QUERY, last, keys::USERS_NAME)?;
                Some(UserPlace(name.to_owned()))
            }
            _ => None,
        };
        let mut ids: Vec<IdentityId> = answer.items().iter().filter_map(user_of).collect();
        ids.dedup();
        let found = self.read_users(&ids).await?;
        let is_listed = |user: &&IdentityRecord| {
            user.user().account_id == *account && user.state().may_be_in_iam()
        };
        let users = ids.iter().filter_map(|id| found.get(id));
        let users = users.filter(is_listed).cloned().collect();
        Ok(UserPage { users, next })
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
        let keys = self.read_effect_keys(principal).await?.into_keys();
        if keys.len() > MAX_EFFECTS {
            return Err(CallError::permanent(QUERY, TOO_MANY_EFFECTS));
        }
        let mut effects = Vec::new();
        for some in keys.chunks(PEEKED) {
            effects.extend(self.read_effects(principal, some).await?);
        }
        let removals = self.read_removals(principal).await?;
        Ok(RecordedChanges { effects, removals })
    }

    async fn clients_of(
        &self,
        requests: &[RequestId],
    ) -> Result<BTreeMap<RequestId, ClientId>, CallError> {
        let all: BTreeSet<&RequestId> = requests.iter().collect();
        let all: Vec<&RequestId> = all.into_iter().collect();
        let mut clients = BTreeMap::new();
        for some in all.chunks(PEEKED) {
            let places = some
                .iter()
                .map(|id| (keys::request(id), keys::META.to_owned()));
            let items = self.get_parts(places, Some("pk, client_record")).await?;
            clients.extend(items.iter().filter_map(client_of));
        }
        Ok(clients)
    }
}

/// The user of an item of the index; none where the item is of nothing that is one.
fn user_of(item: &Item) -> Option<IdentityId> {
    let text = |name| document::text(QUERY, item, name).ok();
    let is_record = text("sk")? == keys::META;
    keys::identity_of(text("pk")?).filter(|_| is_record)
}

/// A request and whose it is; none where the item does not say.
fn client_of(item: &Item) -> Option<(RequestId, ClientId)> {
    let text = |name| document::text(BATCH_GET, item, name).ok();
    let request = keys::request_of(text("pk")?)?;
    Some((request, keys::client_in(text("client_record")?)?))
}
