//! Users that Snowgate made.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use jiff::Timestamp;
use ports::CallError;
use ports::identities::{Identities, IdentityCommit};
use ports::ledger::CommitError;
use snowgate_core::audit::StoredRow;
use snowgate_core::id::IdentityId;
use snowgate_core::identity::{HeldName, IdentityEvent, IdentityRecord, NameStep};
use snowgate_core::principal::{Principal, PrincipalKey};

use crate::item::{self, due_second, n, s};
use crate::kept::Kept as _;
use crate::read::GET;
use crate::refused::Refused;
use crate::write::{put, update};
use crate::{DynamoLedger, document, keys};

/// Where the user of this name can be this one of this owner: nobody has it, or this user does, and
/// it is kept for nobody else.
const FREE: &str = "(attribute_not_exists(#identity) OR #identity = :identity) AND \
    (attribute_not_exists(kept_until) OR kept_until <= :now OR #owner = :owner)";

/// Where a principal is no user yet, or this one.
const UNPOINTED: &str = "attribute_not_exists(pk) OR #identity = :identity";

impl DynamoLedger {
    /// The writes of a change of a user.
    pub(crate) fn writes_of_identity(
        &self,
        commit: &IdentityCommit,
    ) -> Result<Vec<TransactWriteItem>, CallError> {
        let change = &commit.change;
        let mut writes = self.writes_of_record(change)?;
        writes.extend(self.write_of_name(commit)?);
        if let IdentityEvent::UserCreated { .. } = &change.row.event {
            let id = change.record.id();
            let pointer = item::pointer(&change.record.principal_key(), id);
            let pointer = self
                .put(pointer, UNPOINTED)
                .expression_attribute_names("#identity", "identity")
                .expression_attribute_values(":identity", s(id.as_str()));
            writes.push(put(pointer)?);
        }
        for effect in &commit.moved {
            writes.push(self.drop_effect(effect)?);
        }
        Ok(writes)
    }

    /// What becomes of the name of a user.
    fn write_of_name(
        &self,
        commit: &IdentityCommit,
    ) -> Result<Option<TransactWriteItem>, CallError> {
        let (record, row) = (&commit.change.record, &commit.change.row);
        let Some(step) = row.event.name_step(row.at) else {
            return Ok(None);
        };
        let user = record.user();
        let name = Update::builder()
            .table_name(&self.requests)
            .key("pk", s(keys::name(&user.principal())))
            .key("sk", s(keys::OPEN))
            .expression_attribute_names("#identity", "identity")
            .expression_attribute_values(":identity", s(record.id().as_str()));
        let owned = |name: aws_sdk_dynamodb::types::builders::UpdateBuilder| {
            name.expression_attribute_names("#owner", "owner")
                .expression_attribute_values(":owner", s(user.owner.as_str()))
        };
        let own = "#identity = :identity";
        let name = match step {
            // Until it has a user the name is whose it was: what is kept stays written down.
            NameStep::Claim => owned(name)
                .update_expression("SET #identity = :identity, #owner = :owner")
                .condition_expression(FREE)
                .expression_attribute_values(":now", n(row.at.as_second())),
            NameStep::Keep(until) => owned(name)
                .update_expression("SET #owner = :owner, kept_until = :until REMOVE #identity")
                .condition_expression(own)
                .expression_attribute_values(":until", n(due_second(until))),
            NameStep::Release => name
                .update_expression("REMOVE #identity")
                .condition_expression(own),
        };
        update(name).map(Some)
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
        let writes = self.writes_of_identity(commit)?;
        self.transact(writes)
            .await
            .map_err(|refused| match refused {
                Refused::Call(error) => error.into(),
                Refused::Conditions(_) | Refused::Conflict => CommitError::Conflict,
            })
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
