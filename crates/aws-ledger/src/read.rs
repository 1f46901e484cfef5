//! Reading: by key, or by a query of one partition. Consistent wherever DynamoDB has it, which
//! is everywhere but in indexes.

use aws_errors::call_error;
use jiff::Timestamp;
use ports::CallError;
use ports::ledger::{Created, EffectRows, IdempotencyKey};
use snowgate_core::approval::TokenRow;
use snowgate_core::audit;
use snowgate_core::effect::{RecordedEffect, Removal};
use snowgate_core::id::{ClientId, Digest, RequestId, SysId};
use snowgate_core::lifecycle::State;
use snowgate_core::principal::PrincipalKey;
use snowgate_core::record::RequestRecord;

use crate::document::{self, Item};
use crate::item::{self, s};
use crate::trail::FirstRows;
use crate::{DynamoLedger, keys};

pub(crate) const GET: &str = "dynamodb:GetItem";
pub(crate) const QUERY: &str = "dynamodb:Query";

/// How often a request is read while others change it.
const READS: usize = 8;

/// How long the document of an effect is at most: an inline policy of a role has 10,240 characters (IAM
/// User Guide, "IAM and AWS STS quotas"), and the rest is names.
const BIGGEST_EFFECT: usize = 64 << 10;

/// The most requests listed for one ServiceNow record.
const OF_RECORD: i32 = 25;

impl DynamoLedger {
    pub(crate) async fn get(&self, pk: &str, sk: &str) -> Result<Option<Item>, CallError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.requests)
            .key("pk", s(pk))
            .key("sk", s(sk))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| call_error(GET, &error))?;
        Ok(answer.item)
    }

    pub(crate) async fn read_request(
        &self,
        id: &RequestId,
    ) -> Result<Option<RequestRecord>, CallError> {
        let found = self.get(&keys::request(id), keys::META).await?;
        found
            .map(|found| item::read_request(GET, &found))
            .transpose()
    }

    /// What a client's key was used for; none where it is free or forgotten at this time.
    pub(crate) async fn read_key(
        &self,
        client: &ClientId,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<Created>, CallError> {
        let item = keys::idempotency(client, &key.key);
        let Some(found) = self.get(&item, keys::KEY).await? else {
            return Ok(None);
        };
        let expires_at: Option<i64> = document::number(GET, &found, "expires_at")?;
        if expires_at.is_none_or(|at| at <= now.as_second()) {
            return Ok(None);
        }
        if document::text(GET, &found, "call")? != key.call.as_str() {
            return Ok(Some(Created::KeyReused));
        }
        let id = request_named_in(&found)?;
        let first = self.read_request(&id).await?;
        let first = first.ok_or_else(|| document::bad_attribute(GET, "request"))?;
        Ok(Some(Created::Replayed(Box::new(first))))
    }

    /// A request, with its trail examined. Somebody may change it between the two reads: only a
    /// record that stays the same is one with a broken trail.
    pub(crate) async fn read_examined(
        &self,
        id: &RequestId,
    ) -> Result<Option<RequestRecord>, CallError> {
        let mut found = self.read_request(id).await?;
        for _ in 0..READS {
            let Some(record) = found else {
                return Ok(None);
            };
            let version = record.version();
            let FirstRows { rows, all } = self.read_first_rows(id).await?;
            if !all {
                return self.examine_long(&rows, record).await.map(Some);
            }
            let (examined, error) = audit::examine(&rows, record);
            if error.is_none() {
                return Ok(Some(examined));
            }
            found = self.read_request(id).await?;
            if found
                .as_ref()
                .is_some_and(|again| again.version() == version)
            {
                return Ok(Some(examined));
            }
        }
        Err(CallError::transient(QUERY, "KeepsChanging"))
    }

    pub(crate) async fn read_token(&self, digest: &Digest) -> Result<Option<TokenRow>, CallError> {
        let answer = self
            .client
            .get_item()
            .table_name(self.tokens(GET)?)
            .key("pk", s(keys::token(digest)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| call_error(GET, &error))?;
        answer
            .item
            .map(|found| document::read(GET, &found))
            .transpose()
    }

    /// All items of a partition whose sort key begins so, in the order of their sort keys.
    pub(crate) async fn read_all(&self, pk: &str, prefix: &str) -> Result<Vec<Item>, CallError> {
        let (mut items, mut next) = (Vec::new(), None);
        loop {
            let page;
            (page, next) = self.read_page(pk, prefix, next).await?;
            items.extend(page);
            if next.is_none() {
                return Ok(items);
            }
        }
    }

    /// A page of these items, at most 1 MB of them (DynamoDB Developer Guide, "Paginating table query
    /// results"), and where the next page begins, if there is one.
    pub(crate) async fn read_page(
        &self,
        pk: &str,
        prefix: &str,
        start: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), CallError> {
        let answer = self
            .client
            .query()
            .table_name(&self.requests)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", s(pk))
            .expression_attribute_values(":prefix", s(prefix))
            .consistent_read(true)
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| call_error(QUERY, &error))?;
        let next = answer.last_evaluated_key.filter(|key| !key.is_empty());
        Ok((answer.items.unwrap_or_default(), next))
    }

    /// The effects on a principal. One that cannot be read keeps no other back.
    pub(crate) async fn read_effects(
        &self,
        principal: &PrincipalKey,
    ) -> Result<EffectRows, CallError> {
        let pk = keys::principal(principal);
        let (mut rows, mut next) = (EffectRows::default(), None);
        loop {
            let page;
            (page, next) = self.read_page(&pk, keys::EFFECT_PREFIX, next).await?;
            for item in &page {
                let sk = document::text(QUERY, item, "sk")?;
                match read_effect(item) {
                    Some(effect)
                        if effect.principal_key == *principal && keys::effect(&effect) == sk =>
                    {
                        rows.effects.push(effect);
                    }
                    _ => rows.unreadable.push(keys::key_of_effect(sk).to_owned()),
                }
            }
            if next.is_none() {
                return Ok(rows);
            }
        }
    }

    /// What was removed from a principal.
    pub(crate) async fn read_removals(
        &self,
        principal: &PrincipalKey,
    ) -> Result<Vec<Removal>, CallError> {
        let pk = keys::principal(principal);
        let items = self.read_all(&pk, keys::REMOVAL_PREFIX).await?;
        let read = items
            .iter()
            .filter_map(|item| item::read_removal(QUERY, item));
        Ok(read.collect())
    }

    pub(crate) async fn read_of_record(
        &self,
        client: &ClientId,
        sys_id: &SysId,
    ) -> Result<Vec<(RequestId, State)>, CallError> {
        let answer = self
            .client
            .query()
            .table_name(&self.requests)
            .index_name("client_record")
            .key_condition_expression("client_record = :record")
            .expression_attribute_values(":record", s(keys::client_record(client, sys_id)))
            .projection_expression("pk, #state")
            .expression_attribute_names("#state", "state")
            .scan_index_forward(false)
            .limit(OF_RECORD)
            .send()
            .await
            .map_err(|error| call_error(QUERY, &error))?;
        let read = |found: &Item| {
            let state = item::state_of(QUERY, document::text(QUERY, found, "state")?)?;
            let id = keys::request_of(document::text(QUERY, found, "pk")?);
            Ok((
                id.ok_or_else(|| document::bad_attribute(QUERY, "pk"))?,
                state,
            ))
        };
        answer.items().iter().map(read).collect()
    }
}

/// The effect that an item is; none where it cannot be read, or is bigger than any.
fn read_effect(item: &Item) -> Option<RecordedEffect> {
    let is_one = document::text(QUERY, item, "doc").is_ok_and(|doc| doc.len() <= BIGGEST_EFFECT);
    is_one.then(|| document::read(QUERY, item).ok()).flatten()
}

/// The request that a key or claim names.
pub(crate) fn request_named_in(found: &Item) -> Result<RequestId, CallError> {
    document::text(GET, found, "request")?
        .parse()
        .map_err(|_| document::bad_attribute(GET, "request"))
}
