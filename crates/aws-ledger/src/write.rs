//! Writing: one transaction for each step, on conditions that make one of several callers win.

use std::collections::BTreeMap;

use aws_errors::call_error;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::builders::{PutBuilder, UpdateBuilder};
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem, Update};
use jiff::Timestamp;
use ports::CallError;
use ports::ledger::{Commit, CommitError, Created, IdempotencyKey, MAX_DRY_RUNS, NewRequest};
use snowgate_core::audit::RecordChange;
use snowgate_core::effect::RecordedEffect;
use snowgate_core::record::{Change, RequestRecord};

use crate::document::{self, Item};
use crate::in_table::InTable;
use crate::item::{self, n, s};
use crate::read::{GET, request_named_in};
use crate::refused::{Refused, TRANSACT};
use crate::{DynamoLedger, keys};

const UPDATE: &str = "dynamodb:UpdateItem";

/// What is written in one transaction.
#[derive(Default)]
pub(crate) struct Writes {
    /// What must be written, or nothing is.
    pub(crate) must: Vec<TransactWriteItem>,
    /// Which of these takes the name of a user that is to be created.
    pub(crate) name: Option<usize>,
    /// What is left out where its condition does not hold: it gives up what is not ours any more.
    pub(crate) may: Vec<TransactWriteItem>,
}

/// How often a new request is tried again when another transaction is in the way.
const CONFLICTS: usize = 4;

impl DynamoLedger {
    pub(crate) async fn write_new(&self, new: &NewRequest) -> Result<Created, CallError> {
        if new.change.replaces.is_some() {
            return Err(CallError::permanent(TRANSACT, "NotNew"));
        }
        let writes = self.writes_of_new(new)?;
        for _ in 0..CONFLICTS {
            match self.transact(writes.clone()).await {
                Ok(()) => return Ok(Created::New),
                Err(Refused::Call(error)) => return Err(error),
                Err(Refused::Conditions(_) | Refused::Conflict) => {}
            }
            // Whoever was first, key or claim now say so; if they do not, it has just ended.
            if let Some(created) = self.found_instead(new).await? {
                return Ok(created);
            }
        }
        Err(CallError::transient(TRANSACT, "TransactionConflict"))
    }

    fn writes_of_new(&self, new: &NewRequest) -> Result<Vec<TransactWriteItem>, CallError> {
        let record = &new.change.record;
        let mut writes = vec![
            put(self.put(item::record(TRANSACT, record)?, ABSENT))?,
            put(self.put(item::event(TRANSACT, &new.change.row)?, ABSENT))?,
            update(self.new_claim(record))?,
        ];
        if let Some(key) = &new.key {
            let key_item = self
                .put(
                    key_item(record, key),
                    "attribute_not_exists(pk) OR expires_at <= :now",
                )
                .expression_attribute_values(":now", n(record.created_at().as_second()));
            writes.push(put(key_item)?);
        }
        Ok(writes)
    }

    /// What stood in the way of a new request; none if nothing does any more.
    async fn found_instead(&self, new: &NewRequest) -> Result<Option<Created>, CallError> {
        let record = &new.change.record;
        if let Some(key) = &new.key
            && let Some(created) = self
                .read_key(record.client(), key, record.created_at())
                .await?
        {
            return Ok(Some(created));
        }
        if let Some(held) = self.read_record::<RequestRecord>(record.id()).await? {
            // Our own write, whose answer got lost.
            return if held.created_at() == record.created_at()
                && held.client() == record.client()
                && held.request_digest() == record.request_digest()
            {
                Ok(Some(Created::New))
            } else {
                Err(CallError::permanent(TRANSACT, "RequestIdTaken"))
            };
        }
        let claim = keys::claim(&record.request().source);
        let Some(claim) = self.get(&claim, keys::OPEN).await? else {
            return Ok(None);
        };
        if claim.contains_key("request") {
            let id = request_named_in(&claim)?;
            let open: Option<RequestRecord> = self.read_record(&id).await?;
            let own = open.is_some_and(|open| open.client() == record.client());
            return Ok(Some(Created::RecordBusy(own.then_some(id))));
        }
        let dry_runs: Option<u32> = document::number(GET, &claim, "dry_runs")?;
        let used_up = record.request().dry_run && dry_runs >= Some(MAX_DRY_RUNS);
        Ok(used_up.then_some(Created::TooManyDryRuns))
    }

    pub(crate) async fn write_change(&self, commit: &Commit) -> Result<(), CommitError> {
        self.write_all(self.writes_of_change(commit)?).await
    }

    /// Writes all that must be written, and of what may be left out what can be.
    pub(crate) async fn write_all(&self, writes: Writes) -> Result<(), CommitError> {
        let Writes {
            must,
            name,
            mut may,
        } = writes;
        loop {
            let all = must.iter().chain(&may).cloned().collect();
            let places = match self.transact(all).await {
                Ok(()) => return Ok(()),
                Err(Refused::Call(error)) => return Err(error.into()),
                Err(Refused::Conflict) => return Err(CommitError::Conflict),
                Err(Refused::Conditions(places)) => places,
            };
            // The name alone does not hold: nobody else changed anything.
            if name.is_some_and(|name| places == [name]) {
                return Err(CommitError::NameTaken);
            }
            // A claim or name that is not ours: there is nothing to give up.
            if places.iter().any(|place| *place < must.len()) {
                return Err(CommitError::Conflict);
            }
            let mut place = must.len()..;
            may.retain(|_| place.next().is_none_or(|place| !places.contains(&place)));
        }
    }

    /// The writes of a change; where the request ends, its claim is released.
    fn writes_of_change(&self, commit: &Commit) -> Result<Writes, CallError> {
        let Change { record, row, .. } = &commit.change;
        if commit.change.replaces.is_none() {
            return Err(CallError::permanent(TRANSACT, "NotAChange"));
        }
        let mut all = match &commit.identity {
            None => Writes::default(),
            Some(identity) => self.writes_of_identity(identity)?,
        };
        let writes = &mut all.must;
        writes.extend(self.writes_of_record(&commit.change)?);
        for effect in &commit.put_effects {
            writes.push(self.put_effect(effect, commit.effects_end)?);
        }
        writes.extend(self.writes_of_forgotten(&commit.delete_effects, row.at)?);
        for token in &commit.tokens {
            let new = Put::builder()
                .table_name(self.tokens(TRANSACT)?)
                .set_item(Some(item::token(TRANSACT, token)?))
                .condition_expression(ABSENT);
            writes.push(put(new)?);
        }
        for text in &commit.documents {
            // Equal keys mean equal texts, so there is nothing to lose.
            writes.push(put(Put::builder()
                .table_name(&self.requests)
                .set_item(Some(item::document(record.id(), text))))?);
        }
        for count in &commit.volume {
            writes.push(self.add_to_volume(count)?);
        }
        // A state that was reached earlier has released the claim already.
        let ends = !record.state().holds_record() && record.since() == row.at;
        let release = ends.then(|| {
            update(
                self.update_claim(record)
                    .update_expression("REMOVE #request")
                    .condition_expression("#request = :request"),
            )
        });
        all.may.extend(release.transpose()?);
        Ok(all)
    }

    /// The record and its row, where nobody wrote either.
    pub(crate) fn writes_of_record<R: InTable>(
        &self,
        change: &RecordChange<R>,
    ) -> Result<Vec<TransactWriteItem>, CallError> {
        let item = item::record(TRANSACT, &change.record)?;
        let record = match change.replaces {
            None => self.put(item, ABSENT),
            Some(replaces) => self
                .put(item, "version = :replaces")
                .expression_attribute_values(":replaces", n(replaces)),
        };
        let row = item::event(TRANSACT, &change.row)?;
        Ok(vec![put(record)?, put(self.put(row, ABSENT))?])
    }

    async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<(), Refused> {
        self.client
            .transact_write_items()
            .set_transact_items(Some(writes))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| Refused::from_sdk(&error))
    }

    pub(crate) async fn write_due<R: InTable>(
        &self,
        id: &R::Id,
        version: u64,
        due_at: Timestamp,
        attempts: u32,
    ) -> Result<bool, CallError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.requests)
            .key("pk", s(R::partition(id)))
            .key("sk", s(keys::META))
            .update_expression("SET due_bucket = :bucket, due_at = :due, attempts = :attempts")
            .condition_expression("version = :version")
            .expression_attribute_values(":bucket", s(keys::due_bucket(id)))
            .expression_attribute_values(":due", n(item::due_second(due_at)))
            .expression_attribute_values(":attempts", n(attempts))
            .expression_attribute_values(":version", n(version));
        done_or_not(update.send().await)
    }

    /// Forgets an effect alone.
    pub(crate) async fn write_forgotten(
        &self,
        effect: &RecordedEffect,
        now: Timestamp,
    ) -> Result<(), CallError> {
        let writes = self.writes_of_forgotten(std::slice::from_ref(effect), now)?;
        self.transact(writes)
            .await
            .map_err(|refused| match refused {
                Refused::Call(error) => error,
                Refused::Conditions(_) | Refused::Conflict => {
                    CallError::transient(TRANSACT, "TransactionConflict")
                }
            })
    }

    pub(crate) fn put(&self, item: Item, condition: &str) -> PutBuilder {
        Put::builder()
            .table_name(&self.requests)
            .set_item(Some(item))
            .condition_expression(condition)
    }

    /// Claims the ServiceNow record, and counts a dry run.
    fn new_claim(&self, record: &RequestRecord) -> UpdateBuilder {
        let claim = self.update_claim(record);
        if !record.request().dry_run {
            return claim
                .update_expression("SET #request = :request")
                .condition_expression("attribute_not_exists(#request)");
        }
        claim
            .update_expression("SET #request = :request ADD dry_runs :one")
            .condition_expression(
                "attribute_not_exists(#request) AND (attribute_not_exists(dry_runs) OR dry_runs < :most)",
            )
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":most", n(MAX_DRY_RUNS))
    }

    fn update_claim(&self, record: &RequestRecord) -> UpdateBuilder {
        Update::builder()
            .table_name(&self.requests)
            .key("pk", s(keys::claim(&record.request().source)))
            .key("sk", s(keys::OPEN))
            .expression_attribute_names("#request", "request")
            .expression_attribute_values(":request", s(record.id().as_str()))
    }

    /// An effect that is there is kept as it is: what was there before the first of its changes
    /// is known only the first time.
    pub(crate) fn put_effect(
        &self,
        effect: &RecordedEffect,
        ends_at: Option<Timestamp>,
    ) -> Result<TransactWriteItem, CallError> {
        let put = Update::builder()
            .table_name(&self.requests)
            .key("pk", s(keys::principal(&effect.principal_key)))
            .key("sk", s(keys::effect(effect)))
            .expression_attribute_values(":doc", document::write(TRANSACT, effect)?);
        update(match ends_at {
            None => put.update_expression("SET doc = if_not_exists(doc, :doc)"),
            Some(ends_at) => put
                .update_expression(
                    "SET doc = if_not_exists(doc, :doc), ends_bucket = :bucket, ends_at = :ends",
                )
                .expression_attribute_values(":bucket", s(keys::ends_bucket(&effect.request)))
                .expression_attribute_values(":ends", n(item::due_second(ends_at))),
        })
    }

    /// Deletes an effect where it is, and nothing else.
    pub(crate) fn drop_effect(
        &self,
        effect: &RecordedEffect,
    ) -> Result<TransactWriteItem, CallError> {
        let delete = Delete::builder()
            .table_name(&self.requests)
            .key("pk", s(keys::principal(&effect.principal_key)))
            .key("sk", s(keys::effect(effect)))
            .build()
            .map_err(unbuilt)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Deletes effects, and writes down when that was removed which IAM may list for a while.
    fn writes_of_forgotten(
        &self,
        effects: &[RecordedEffect],
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>, CallError> {
        let mut writes = Vec::new();
        // A transaction writes each item once.
        let mut removals = BTreeMap::new();
        for effect in effects {
            writes.push(self.drop_effect(effect)?);
            if let Some(removal) = effect.removal(now) {
                let place = (effect.principal_key.clone(), removal.change.clone());
                removals.insert(place, removal);
            }
        }
        for ((principal, _), removal) in &removals {
            let item = item::removal(principal, removal);
            let removed = Put::builder().table_name(&self.requests);
            writes.push(put(removed.set_item(Some(item)))?);
        }
        Ok(writes)
    }
}

/// Whether an update was made; false where its condition does not hold.
pub(crate) fn done_or_not(
    answer: Result<UpdateItemOutput, SdkError<UpdateItemError, HttpResponse>>,
) -> Result<bool, CallError> {
    match answer {
        Ok(_) => Ok(true),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
        {
            Ok(false)
        }
        Err(error) => Err(call_error(UPDATE, &error)),
    }
}

const ABSENT: &str = "attribute_not_exists(pk)";

fn key_item(record: &RequestRecord, key: &IdempotencyKey) -> Item {
    [
        ("pk", s(keys::idempotency(record.client(), &key.key))),
        ("sk", s(keys::KEY)),
        ("request", s(record.id().as_str())),
        ("call", s(key.call.as_str())),
        ("expires_at", n(key.expires_at.as_second())),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

pub(crate) fn put(builder: PutBuilder) -> Result<TransactWriteItem, CallError> {
    let put = builder.build().map_err(unbuilt)?;
    Ok(TransactWriteItem::builder().put(put).build())
}

pub(crate) fn update(builder: UpdateBuilder) -> Result<TransactWriteItem, CallError> {
    let update = builder.build().map_err(unbuilt)?;
    Ok(TransactWriteItem::builder().update(update).build())
}

fn unbuilt(error: aws_sdk_dynamodb::error::BuildError) -> CallError {
    CallError::permanent(TRANSACT, "NotSent").because(error)
}
