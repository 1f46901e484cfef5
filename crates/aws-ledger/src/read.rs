//! Reading: by key, or by a query of one partition. Consistent wherever DynamoDB has it, which
//! is everywhere but in indexes.

use aws_errors::call_error;
use jiff::Timestamp;
use ports::CallError;
use ports::ledger::DueItem;
use snowgate_core::aggregate::Aggregate;
use snowgate_core::approval::TokenRow;
use snowgate_core::id::{ClientId, Digest, RequestId, SysId};
use snowgate_core::lifecycle::State;
use snowgate_core::record::RequestRecord;

use crate::document::{self, Item};
use crate::item::{self, n, s};
use crate::{DynamoLedger, keys};

pub(crate) const GET: &str = "dynamodb:GetItem";
pub(crate) const QUERY: &str = "dynamodb:Query";

/// The most requests told of one ServiceNow record.
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
        let mut items = Vec::new();
        let mut start = None;
        loop {
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
            items.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(items);
            }
        }
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
            let Aggregate::Request(id) = aggregate_of(found)?;
            Ok((id, state))
        };
        answer.items().iter().map(read).collect()
    }

    pub(crate) async fn read_due(
        &self,
        bucket: u8,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<DueItem>, CallError> {
        let answer = self
            .client
            .query()
            .table_name(&self.requests)
            .index_name("due")
            .key_condition_expression("due_bucket = :bucket AND due_at <= :now")
            .expression_attribute_values(":bucket", s(keys::due_bucket_of(bucket)))
            .expression_attribute_values(":now", n(now.as_second()))
            .limit(i32::from(limit.max(1)))
            .send()
            .await
            .map_err(|error| call_error(QUERY, &error))?;
        answer.items().iter().map(due_of).collect()
    }
}

fn due_of(found: &Item) -> Result<DueItem, CallError> {
    let second: Option<i64> = document::number(QUERY, found, "due_at")?;
    let due_at = second.and_then(|second| Timestamp::from_second(second).ok());
    Ok(DueItem {
        aggregate: aggregate_of(found)?,
        due_at: due_at.ok_or_else(|| document::bad_attribute(QUERY, "due_at"))?,
    })
}

/// What an item of an index is. One of a kind that is not known is an error: whoever reads it knows
/// less than whoever wrote it.
fn aggregate_of(found: &Item) -> Result<Aggregate, CallError> {
    keys::aggregate_of(document::text(QUERY, found, "pk")?)
        .ok_or_else(|| document::bad_attribute(QUERY, "pk"))
}
