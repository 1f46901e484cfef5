//! Inline policies in target accounts that are named like ours and that the ledger does not know:
//! their effects were lost. Found by looking into IAM, one account at a time.

use jiff::Timestamp;
use ports::CallError;
use ports::directory::{Directory as _, DirectoryError, Member as _};
use ports::enrolled::{Enrolled, EnrolledPrincipal};
use ports::ledger::{Effects as _, Requests as _};
use snowgate_core::effect::{EffectChange, request_of_inline_policy};
use snowgate_core::id::AccountId;
use snowgate_core::lifecycle::State;
use snowgate_core::plan;
use snowgate_core::principal::PrincipalKey;
use snowgate_core::record::RequestRecord;
use tracing::{error, info};

use crate::{Ports, ProvisionError, Provisioner};

/// How long one account is looked at; then the next, in turn.
const TURN: i64 = 900;

impl<P: Ports> Provisioner<P>
where
    P::Member: Enrolled,
{
    /// Looks into the account whose turn it is, and answers how many inline policies there are
    /// named like ours that the ledger does not know and that are not plainly left over. Those that
    /// are, it removes.
    ///
    /// # Errors
    /// Where the account cannot be listed.
    pub async fn compare(&self, now: Timestamp) -> Result<u32, ProvisionError> {
        let accounts: Vec<&AccountId> = self.guardrails.accounts().into_iter().collect();
        let turn = usize::try_from(now.as_second() / TURN).unwrap_or_default();
        let Some(account) = accounts.get(turn.checked_rem(accounts.len()).unwrap_or_default())
        else {
            return Ok(0);
        };
        let mut unknown = 0;
        for path in self.guardrails.principal_paths() {
            for enrolled in self.member.enrolled(account, path).await? {
                match self.compare_with_ledger(&enrolled, now).await {
                    Ok(found) => unknown += found,
                    // The others are compared all the same.
                    Err(failure) => {
                        let principal = enrolled.principal.key_by_id(&enrolled.unique_id);
                        let error = shell::log::chain(&failure);
                        error!(%principal, error, "a principal could not be compared");
                    }
                }
            }
        }
        info!(%account, unknown, "an account was compared with the ledger");
        Ok(unknown)
    }

    async fn compare_with_ledger(
        &self,
        enrolled: &EnrolledPrincipal,
        now: Timestamp,
    ) -> Result<u32, ProvisionError> {
        let ours = |name: &&String| name.starts_with("snowgate-");
        let named: Vec<&String> = enrolled.inline.iter().filter(ours).collect();
        if named.is_empty() {
            return Ok(0);
        }
        let key = enrolled.principal.key_by_id(&enrolled.unique_id);
        let recorded = self.effects.effects(&key).await?.requests();
        let mut unknown = 0;
        for name in named {
            let record = self.request_of(name).await?;
            let is_known = record
                .as_ref()
                .is_some_and(|record| recorded.contains(record.id()) && gives(record, &key, name));
            if is_known {
                continue;
            }
            if record.is_some_and(|record| is_left_over(&record, enrolled)) && !self.hold {
                self.remove_policy(enrolled, name, now).await?;
                continue;
            }
            error!(principal = %key, policy = %name, "an inline policy named like ours is not known");
            unknown += 1;
        }
        Ok(unknown)
    }

    /// The request that a policy of this name was put for; none where there is none that can be read.
    async fn request_of(&self, name: &str) -> Result<Option<RequestRecord>, CallError> {
        let Some(id) = request_of_inline_policy(name) else {
            return Ok(None);
        };
        match self.requests.load(&id).await {
            Err(failure) if failure.is_transient() => Err(failure),
            found => Ok(found.ok().flatten()),
        }
    }

    async fn remove_policy(
        &self,
        enrolled: &EnrolledPrincipal,
        name: &str,
        now: Timestamp,
    ) -> Result<(), DirectoryError> {
        let principal = &enrolled.principal;
        let facts = self.member.principal(principal).await?;
        if facts.is_none_or(|facts| facts.unique_id != enrolled.unique_id) {
            return Ok(());
        }
        let change = EffectChange::InlinePolicyPut {
            name: name.to_owned(),
            document: String::new(),
            ends_at: now,
        };
        self.member.take_back(principal, &change).await?;
        error!(policy = %name, "an inline policy was left of a request that has ended; it is removed");
        Ok(())
    }
}

/// Whether a live request gives a principal the inline policy of this name.
fn gives(record: &RequestRecord, principal: &PrincipalKey, name: &str) -> bool {
    let effects = plan::live_effects(record, principal);
    effects.iter().any(|effect| {
        matches!(&effect.change, EffectChange::InlinePolicyPut { name: put, .. } if put == name)
    })
}

/// Whether the ledger shows that a request put its policy on this very principal, and has ended.
fn is_left_over(record: &RequestRecord, enrolled: &EnrolledPrincipal) -> bool {
    let bound = record.binding().map(|binding| &binding.principal.unique_id);
    bound == Some(&enrolled.unique_id)
        && record.trail_fault().is_none()
        && matches!(record.state(), State::Revoked | State::Failed)
        && record.request().puts_inline_policy()
}
