//! Reading: by key, or by a query of one partition. Consistent wherever DynamoDB has it, which
//! is everywhere but in indexes.

use aws_errors::call_error;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use jiff::Timestamp;
use ports::CallError;
use ports::ledger::{Created, EffectKeys, IdempotencyKey};
use snowgate_core::approval::TokenRow;
use snowgate_core::audit;
use snowgate_core::effect::{RecordedEffect, Removal};
use snowgate_core::id::{ClientId, Digest, RequestId, SysId};
use snowgate_core::lifecycle::State;
use snowgate_core::principal::PrincipalKey;
use snowgate_core::record::RequestRecord;

use crate::document::{self, Item};
use crate::in_table::InTable;
use crate::item::{self, s};
use crate::trail::FirstRows;
use crate::{DynamoLedger, keys};

pub(crate) const GET: &str = "dynamodb:GetItem";
pub(crate) const QUERY: &str = "dynamodb:Query";
pub(crate) const BATCH_GET: &str = "dynamodb:BatchGetItem";

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

    /// A record without its trail.
    pub(crate) async fn read_record<R: InTable>(&self, id: &R::Id) -> Result<Option<R>, CallError> {
        let found = self.get(&R::partition(id), keys::META).await?;
        found
            .map(|found| item::read_record(GET, &found))
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
        let first = self.read_record(&id).await?;
        let first = first.ok_or_else(|| document::bad_attribute(GET, "request"))?;
        Ok(Some(Created::Replayed(Box::new(first))))
    }

    /// A record, with its trail examined. Somebody may change it between the two reads: only a
    /// record that stays the same is one with a broken trail.
    pub(crate) async fn read_examined<R: InTable>(
        &self,
        id: &R::Id,
    ) -> Result<Option<R>, CallError> {
        let mut found = self.read_record::<R>(id).await?;
        for _ in 0..READS {
            let Some(record) = found else {
                return Ok(None);
            };
            let version = record.version();
            let FirstRows { rows, all } = self.read_first_rows(&R::partition(id)).await?;
            if !all {
                return self.examine_long(&rows, record).await.map(Some);
            }
            let (examined, error) = audit::examine(&rows, record);
            if error.is_none() {
                return Ok(Some(examined));
            }
            found = self.read_record(id).await?;
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
        sent(self.page(pk, prefix, start)).await
    }

    fn page(&self, pk: &str, prefix: &str, start: Option<Item>) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.requests)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", s(pk))
            .expression_attribute_values(":prefix", s(prefix))
            .consistent_read(true)
            .set_exclusive_start_key(start)
    }

    /// The items in these places, those that are there, in any order.
    pub(crate) async fn get_all(
        &self,
        places: impl Iterator<Item = (String, String)>,
    ) -> Result<Vec<Item>, CallError> {
        self.get_parts(places, None).await
    }

    /// The same with these attributes alone, where some are named.
    pub(crate) async fn get_parts(
        &self,
        places: impl Iterator<Item = (String, String)>,
        attributes: Option<&str>,
    ) -> Result<Vec<Item>, CallError> {
        let key = |(pk, sk): (String, String)| -> Item {
            [("pk", pk), ("sk", sk)]
                .map(|(name, value)| (name.to_owned(), s(value)))
                .into()
        };
        let mut asked = Some(places.map(key).collect()).filter(|keys: &Vec<Item>| !keys.is_empty());
        let mut found = Vec::new();
        while let Some(keys) = asked {
            let items = KeysAndAttributes::builder().set_keys(Some(keys));
            let items = items
                .consistent_read(true)
                .set_projection_expression(attributes.map(str::to_owned))
                .build()
                .map_err(|error| CallError::permanent(BATCH_GET, "NotSent").because(error))?;
            let call = self.client.batch_get_item();
            let answer = call.request_items(&self.requests, items).send().await;
            let answer = answer.map_err(|error| call_error(BATCH_GET, &error))?;
            let items = answer.responses.unwrap_or_default();
            found.extend(items.into_values().flatten());
            // What was too much for one answer.
            let left = answer.unprocessed_keys.unwrap_or_default();
            let left = left.into_values().map(|left| left.keys);
            asked = left.reduce(|one, other| [one, other].concat());
        }
        Ok(found)
    }

    /// Requests without their trails. Those that cannot be read are left out.
    pub(crate) async fn read_requests(
        &self,
        ids: &[RequestId],
    ) -> Result<Vec<RequestRecord>, CallError> {
        let places = ids
            .iter()
            .map(|id| (keys::request(id), keys::META.to_owned()));
        let items = self.get_all(places).await?;
        let read = |item| item::read_record(BATCH_GET, item).ok();
        Ok(items.iter().filter_map(read).collect())
    }

    /// The keys of the effects on a principal, and nothing else of them.
    pub(crate) async fn read_effect_keys(
        &self,
        principal: &PrincipalKey,
    ) -> Result<EffectKeys, CallError> {
        let pk = keys::principal(principal);
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let page = self.page(&pk, keys::EFFECT_PREFIX, next);
            let (items, after) = sent(page.projection_expression("sk")).await?;
            for item in &items {
                let sk = document::text(QUERY, item, "sk")?;
                found.push(keys::key_of_effect(sk).to_owned());
            }
            next = after;
            if next.is_none() {
                return Ok(EffectKeys::from_iter(found));
            }
        }
    }

    /// Those of these effects that are there, can be read and are in their own place.
    pub(crate) async fn read_effects(
        &self,
        principal: &PrincipalKey,
        of: &[String],
    ) -> Result<Vec<RecordedEffect>, CallError> {
        let pk = keys::principal(principal);
        let places = of.iter().map(|key| (pk.clone(), keys::effect_under(key)));
        let items = self.get_all(places).await?;
        let own = |item: &Item| {
            let effect = read_effect(item)?;
            let sk = document::text(BATCH_GET, item, "sk").ok()?;
            let is_own = effect.principal_key == *principal && keys::effect(&effect) == sk;
            is_own.then_some(effect)
        };
        Ok(items.iter().filter_map(own).collect())
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

/// What a page of a query has, and where the next one begins.
async fn sent(page: QueryFluentBuilder) -> Result<(Vec<Item>, Option<Item>), CallError> {
    let answer = page.send().await;
    let answer = answer.map_err(|error| call_error(QUERY, &error))?;
    let next = answer.last_evaluated_key.filter(|key| !key.is_empty());
    Ok((answer.items.unwrap_or_default(), next))
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
