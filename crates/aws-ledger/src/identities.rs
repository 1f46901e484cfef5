//! Users that Snowgate made.

use aws_sdk_dynamodb::types::Update;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use jiff::Timestamp;
use ports::CallError;
use ports::identities::{Identities, IdentityCommit};
use ports::ledger::CommitError;
use snowgate_core::audit::StoredRow;
use snowgate_core::id::IdentityId;
use snowgate_core::identity::{HeldName, IdentityChange, IdentityEvent, IdentityRecord, NameStep};
use snowgate_core::principal::{Principal, PrincipalKey};

use crate::in_table::InTable as _;
use crate::item::{self, due_second, n, s};
use crate::read::GET;
use crate::write::{Writes, put, update};
use crate::{DynamoLedger, document, keys};

/// Where the user of this name can be this one of this owner: nobody has it, or this user does, and
/// it is kept for nobody else.
const FREE: &str = "(attribute_not_exists(#identity) OR #identity = :identity) AND \
    (attribute_not_exists(kept_until) OR kept_until <= :now OR #owner = :owner)";

/// Where a principal is no user yet, or this one.
const UNPOINTED: &str = "attribute_not_exists(pk) OR #identity = :identity";

impl DynamoLedger {
    /// The writes of a change of a user.
    pub(crate) fn writes_of_identity(&self, commit: &IdentityCommit) -> Result<Writes, CallError> {
        let IdentityChange { record, row, .. } = &commit.change;
        let mut must = self.writes_of_record(&commit.change)?;
        let (mut name, mut may) = (None, Vec::new());
        match row.event.name_step(row.at) {
            None => {}
            Some(NameStep::Claim) => {
                name = Some(must.len());
                must.push(update(self.claim(record, row.at))?);
            }
            Some(NameStep::Keep(until)) => may.push(update(self.keep(record, until))?),
            Some(NameStep::Release) => may.push(update(self.release(record))?),
        }
        let key = record.principal_key();
        if let IdentityEvent::UserCreated { .. } = &row.event {
            let pointer = self
                .put(item::pointer(&key, record.id()), UNPOINTED)
                .expression_attribute_names("#identity", "identity")
                .expression_attribute_values(":identity", s(record.id().as_str()));
            must.push(put(pointer)?);
        }
        for moved in &commit.moved {
            must.push(self.drop_effect(&moved.effect)?);
            must.push(self.put_effect(&moved.under(key.clone()), Some(moved.ends_at))?);
        }
        Ok(Writes { must, name, may })
    }

    fn name_of(&self, record: &IdentityRecord) -> UpdateBuilder {
        Update::builder()
            .table_name(&self.requests)
            .key("pk", s(keys::name(&record.user().principal())))
            .key("sk", s(keys::OPEN))
            .expression_attribute_names("#identity", "identity")
            .expression_attribute_values(":identity", s(record.id().as_str()))
    }

    fn owned_name_of(&self, record: &IdentityRecord) -> UpdateBuilder {
        self.name_of(record)
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", s(record.user().owner.as_str()))
    }

    /// Takes the name. Until when it is kept stays written down: the user may never be there.
    fn claim(&self, record: &IdentityRecord, now: Timestamp) -> UpdateBuilder {
        self.owned_name_of(record)
            .update_expression("SET #identity = :identity, #owner = :owner")
            .condition_expression(FREE)
            .expression_attribute_values(":now", n(now.as_second()))
    }

    /// Gives the name up and keeps it for the owner.
    fn keep(&self, record: &IdentityRecord, until: Timestamp) -> UpdateBuilder {
        self.owned_name_of(record)
            .update_expression("SET #owner = :owner, kept_until = :until REMOVE #identity")
            .condition_expression("attribute_not_exists(#identity) OR #identity = :identity")
            .expression_attribute_values(":until", n(due_second(until)))
    }

    /// Gives the name up.
    fn release(&self, record: &IdentityRecord) -> UpdateBuilder {
        self.name_of(record)
            .update_expression("REMOVE #identity")
            .condition_expression("#identity = :identity")
    }
}

impl Identities for DynamoLedger {
    async fn identity(&self, id: &IdentityId) -> Result<Option<IdentityRecord>, CallError> {
        self.read_examined(id).await
    }

    async fn identity_of(&self, principal: &PrincipalKey) -> Result<Option<IdentityId>, CallError> {
        let found = self
            .get(&keys::principal(principal), keys::IDENTITY)
            .await?;
        let Some(found) = found else {
            return Ok(None);
        };
        let identity = document::text(GET, &found, "identity")?.parse();
        identity
            .map(Some)
            .map_err(|_| document::bad_attribute(GET, "identity"))
    }

    async fn held_name(&self, user: &Principal) -> Result<Option<HeldName>, CallError> {
        let found = self.get(&keys::name(user), keys::OPEN).await?;
        found
            .map(|found| item::read_held_name(GET, &found))
            .transpose()
    }

    async fn commit_identity(&self, commit: &IdentityCommit) -> Result<(), CommitError> {
        self.write_all(self.writes_of_identity(commit)?).await
    }

    async fn postpone_identity(
        &self,
        id: &IdentityId,
        version: u64,
        due_at: Timestamp,
        attempts: u32,
    ) -> Result<bool, CallError> {
        let put_off = self.write_due::<IdentityRecord>(id, version, due_at, attempts);
        put_off.await
    }

    async fn identity_trail(&self, id: &IdentityId) -> Result<Vec<StoredRow>, CallError> {
        self.read_trail(&IdentityRecord::partition(id)).await
    }
}
