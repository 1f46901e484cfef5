//! The ledger on DynamoDB.
//!
//! Table `requests` (keys `pk`, `sk`):
//!
//! | item | `pk` / `sk` | attributes |
//! |---|---|---|
//! | request | `REQ#<id>` / `META` | `doc`, `version`, `state`, `client_record`, `created_at` (milliseconds), `attempts`; while something is due `due_bucket` and `due_at` (seconds) |
//! | audit row | `REQ#<id>` / `EVT#<n, ten digits>` | `doc`, `hash` |
//! | policy text | `REQ#<id>` / `DOC#<SHA-256 of the text>` | `text` |
//! | idempotency key | `KEY#<client>#<SHA-256 of the key>` / `KEY` | `request`, `body`, `expires_at` (seconds) |
//! | claim on a ServiceNow record | `REC#<table>#<sys_id>` / `OPEN` | `request`; absent once released. `dry_runs`: how many there were |
//! | effect | `PRN#<account>#<unique id>` / `EFF#<change>#<request>`; `PRN#<account>#<type>#<name in lowercase>` where the principal does not exist yet | `doc`; `ends_bucket` and `ends_at` (seconds) |
//! | user that Snowgate made | `IDN#<id>` / `META` | `doc`, `version`, `state`, `attempts`; `due_bucket` and `due_at` as of a request; while IAM may have it `users_account` and `users_name` (in lowercase) |
//! | its audit row | `IDN#<id>` / `EVT#<n, ten digits>` | `doc`, `hash` |
//! | which user a principal is | `PRN#<account>#<unique id>` / `IDENTITY` | `identity` |
//! | whose a name is | `NAME#<account>#user#<name in lowercase>` / `OPEN` | `identity`, absent once given up; `owner`; `kept_until` (seconds) where a user of this name was deleted |
//! | what is counted | `VOL#kind#<kind>`, `VOL#requester#<sys_id>` / `COUNT` | `w<second in which a window began>`: how many grants were asked for in it |
//! | removal | `PRN#…` as its effects / `GONE#<change>` | `removed_at` (seconds): when the change was removed for the last time |
//!
//! Indexes: `due` (`due_bucket`, `due_at`; keys only), `ends` (`ends_bucket`, `ends_at`; keys only),
//! `client_record` (`client_record`, `created_at`; with `state`) and `users` (`users_account`,
//! `users_name`; keys only). Table `tokens` (key `pk`): `TOK#<SHA-256>` with `doc`,
//! `expires_at` and `ttl`, both in seconds.
//!
//! `doc` is JSON with the number of its schema; that of an audit row is the bytes that were hashed,
//! and `hash` is their hash. What the table may change without a new version
//! (`due_at`, `attempts`) counts from the attributes. Items are never deleted but effects: a
//! claim is released by removing its attribute, so that only the provisioner needs the right to
//! delete, and only below `PRN#`.
//!
//! Idempotency of the writes themselves: the SDK gives each transaction a `ClientRequestToken`
//! and keeps it over its own retries, so that an answer that got lost does not turn into a
//! conflict. It is random on purpose: were it derived from the content, two callers with the same
//! change would both be answered success.

mod document;
mod identities;
mod in_table;
mod item;
mod keys;
mod read;
mod refused;
mod times;
mod trail;
mod user_records;
mod volume;
mod write;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use jiff::Timestamp;
use ports::CallError;
use ports::ledger::{
    Commit, CommitError, Created, DueItem, EffectKeys, Effects, EndedEffect, IdempotencyKey,
    IndexPage, ItemKey, NewRequest, RequestIndex, Requests, TimeIndex, Tokens,
};
use snowgate_core::approval::TokenRow;
use snowgate_core::audit::StoredRow;
use snowgate_core::effect::{RecordedEffect, Removal};
use snowgate_core::id::{ClientId, Digest, RequestId, SysId};
use snowgate_core::lifecycle::State;
use snowgate_core::principal::PrincipalKey;
use snowgate_core::record::RequestRecord;
use snowgate_core::volume::{VolumeOf, VolumeWindows};

use crate::times::{DUE, ENDS};

/// How often the SDK tries a call.
const ATTEMPTS: u32 = 3;

/// The tables `requests` and `tokens` on DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoLedger {
    client: Client,
    requests: String,
    tokens: Option<String>,
}

impl DynamoLedger {
    /// Uses these tables. A function that has nothing to do with review links is given no
    /// `tokens` table; asking it for one is a permanent error with the code `NoTokensTable`.
    #[must_use]
    pub fn new(
        config: &SdkConfig,
        requests_table: impl Into<String>,
        tokens_table: Option<String>,
    ) -> Self {
        let config = aws_sdk_dynamodb::config::Builder::from(config)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .build();
        Self {
            client: Client::from_conf(config),
            requests: requests_table.into(),
            tokens: tokens_table,
        }
    }

    fn tokens(&self, operation: &'static str) -> Result<&str, CallError> {
        self.tokens
            .as_deref()
            .ok_or_else(|| CallError::permanent(operation, "NoTokensTable"))
    }
}

impl Requests for DynamoLedger {
    async fn create(&self, new: &NewRequest) -> Result<Created, CallError> {
        self.write_new(new).await
    }

    async fn made_by(
        &self,
        client: &ClientId,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<Created>, CallError> {
        self.read_key(client, key, now).await
    }

    async fn load(&self, id: &RequestId) -> Result<Option<RequestRecord>, CallError> {
        self.read_examined(id).await
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        self.write_change(commit).await
    }

    async fn counted(&self, of: &VolumeOf) -> Result<VolumeWindows, CallError> {
        self.read_counted(of).await
    }

    async fn postpone(
        &self,
        id: &RequestId,
        version: u64,
        due_at: Timestamp,
        attempts: u32,
    ) -> Result<bool, CallError> {
        let put_off = self.write_due::<RequestRecord>(id, version, due_at, attempts);
        put_off.await
    }

    async fn peek(&self, ids: &[RequestId]) -> Result<Vec<RequestRecord>, CallError> {
        self.read_requests(ids).await
    }

    async fn trail(&self, id: &RequestId) -> Result<Vec<StoredRow>, CallError> {
        self.read_trail(&keys::request(id)).await
    }

    async fn first_rows(&self, id: &RequestId) -> Result<Vec<StoredRow>, CallError> {
        Ok(self.read_first_rows(&keys::request(id)).await?.rows)
    }

    async fn documents(&self, id: &RequestId) -> Result<Vec<String>, CallError> {
        let items = self
            .read_all(&keys::request(id), keys::DOCUMENT_PREFIX)
            .await?;
        let text = |item| document::text(read::QUERY, item, "text").map(str::to_owned);
        items.iter().map(text).collect()
    }
}

impl RequestIndex for DynamoLedger {
    async fn of_record(
        &self,
        client: &ClientId,
        sys_id: &SysId,
    ) -> Result<Vec<(RequestId, State)>, CallError> {
        self.read_of_record(client, sys_id).await
    }
}

impl TimeIndex for DynamoLedger {
    async fn due(
        &self,
        bucket: u8,
        now: Timestamp,
        limit: u16,
        after: Option<&ItemKey>,
    ) -> Result<IndexPage<DueItem>, CallError> {
        let bucket = keys::due_bucket_of(bucket);
        let found = self.read_index(&DUE, bucket, now, limit, after).await?;
        Ok(found.map(times::due_item))
    }

    async fn ended(
        &self,
        bucket: u8,
        now: Timestamp,
        limit: u16,
        after: Option<&ItemKey>,
    ) -> Result<IndexPage<EndedEffect>, CallError> {
        let bucket = keys::ends_bucket_of(bucket);
        let found = self.read_index(&ENDS, bucket, now, limit, after).await?;
        Ok(found.map(times::ended_effect))
    }

    async fn put_due(
        &self,
        key: &ItemKey,
        version: Option<u64>,
        to: Option<Timestamp>,
    ) -> Result<bool, CallError> {
        self.write_time(&DUE, key, version, to).await
    }

    async fn put_end(&self, key: &ItemKey, to: Timestamp) -> Result<bool, CallError> {
        self.write_time(&ENDS, key, None, Some(to)).await
    }
}

impl Effects for DynamoLedger {
    async fn effect_keys(&self, principal: &PrincipalKey) -> Result<EffectKeys, CallError> {
        self.read_effect_keys(principal).await
    }

    async fn effects(
        &self,
        principal: &PrincipalKey,
        keys: &[String],
    ) -> Result<Vec<RecordedEffect>, CallError> {
        self.read_effects(principal, keys).await
    }

    async fn forget(&self, effect: &RecordedEffect, now: Timestamp) -> Result<(), CallError> {
        self.write_forgotten(effect, now).await
    }

    async fn removals(&self, principal: &PrincipalKey) -> Result<Vec<Removal>, CallError> {
        self.read_removals(principal).await
    }
}

impl Tokens for DynamoLedger {
    async fn token(&self, digest: &Digest) -> Result<Option<TokenRow>, CallError> {
        self.read_token(digest).await
    }
}
