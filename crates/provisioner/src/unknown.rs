//! Inline policies in target accounts that are named like ours and that the ledger does not know:
//! their effects were lost. Found by looking into IAM, one account at a time.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use ports::CallError;
use ports::directory::{Directory as _, DirectoryError, Member as _};
use ports::enrolled::{Enrolled, EnrolledPrincipal};
use ports::identities::Identities as _;
use ports::ledger::{Effects as _, Requests as _};
use snowgate_core::effect::{EffectChange, inline_policy_name, request_of_inline_policy};
use snowgate_core::id::AccountId;
use snowgate_core::identity::LIFE_POLICY_NAME;
use snowgate_core::lifecycle::State;
use snowgate_core::plan;
use snowgate_core::principal::PrincipalKey;
use snowgate_core::record::RequestRecord;
use tracing::{error, info};

use crate::{ProvisionError, Provisioner, ProvisionerPorts};

/// How long one account is looked at; then the next, in turn.
const TURN: i64 = 900;

/// How many principals of an account are compared in one turn, about. At a tenth of a second for each,
/// and [`IN_FLIGHT`] at once, that is a quarter of the minute that a run has; throttled to ten calls a
/// second it still fits.
const SHARE: usize = 500;

/// How many principals are compared at once.
const IN_FLIGHT: usize = 4;

/// What comparing an account came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compared {
    /// Inline policies that are named like ours, that the ledger does not know, and that are not plainly
    /// left over.
    pub unknown: u32,
    /// Paths that could not be listed, and principals that could not be compared. They are logged.
    pub failed: u32,
}

impl<P: ProvisionerPorts> Provisioner<P>
where
    P::Member: Enrolled,
{
    /// Looks into the account whose turn it is: at all that is enrolled there, or, of very many, at the
    /// share whose turn it is. What cannot be read keeps nothing else back.
    pub async fn compare(&self, now: Timestamp) -> Compared {
        let accounts: Vec<&AccountId> = self.guardrails.accounts().into_iter().collect();
        let turn = usize::try_from(now.as_second() / TURN).unwrap_or_default();
        let of_all = accounts.len().max(1);
        let Some(account) = accounts.get(turn % of_all) else {
            return Compared::default();
        };
        let mut done = Compared::default();
        let mut enrolled = Vec::new();
        for path in self.guardrails.principal_paths() {
            match self.member.enrolled(account, path).await {
                Ok(listed) => enrolled.extend(listed),
                Err(failure) => {
                    done.failed += 1;
                    let error = shell::log::chain(&failure);
                    error!(%account, path, error, "what is enrolled could not be listed");
                }
            }
        }
        let share = Mutex::new(share(enrolled, turn / of_all).into_iter());
        let some = async || self.compare_each(&share, now).await;
        let parts: [Compared; IN_FLIGHT] = tokio::join!(some(), some(), some(), some()).into();
        for part in parts {
            done.unknown += part.unknown;
            done.failed += part.failed;
        }
        info!(%account, ?done, "an account was compared with the ledger");
        done
    }

    /// Compares one after the other until none is left.
    async fn compare_each(
        &self,
        share: &Mutex<impl Iterator<Item = EnrolledPrincipal>>,
        now: Timestamp,
    ) -> Compared {
        let mut done = Compared::default();
        let next = || share.lock().unwrap_or_else(PoisonError::into_inner).next();
        while let Some(enrolled) = next() {
            match self.compare_with_ledger(&enrolled, now).await {
                Ok(unknown) => done.unknown += unknown,
                Err(failure) => {
                    done.failed += 1;
                    let principal = enrolled.principal.key_by_id(&enrolled.unique_id);
                    let error = shell::log::chain(&failure);
                    error!(%principal, error, "a principal could not be compared");
                }
            }
        }
        done
    }

    /// How many inline policies of a principal are named like ours, are not known to the ledger, and
    /// are not plainly left over. Those that are, it removes.
    async fn compare_with_ledger(
        &self,
        enrolled: &EnrolledPrincipal,
        now: Timestamp,
    ) -> Result<u32, ProvisionError> {
        let names = self.member.inline_policies(&enrolled.principal).await?;
        let mut named = names.unwrap_or_default();
        named.retain(|name| name.starts_with("snowgate-"));
        if named.is_empty() {
            return Ok(0);
        }
        let key = enrolled.principal.key_by_id(&enrolled.unique_id);
        if named.iter().any(|name| name == LIFE_POLICY_NAME)
            && self.identities.identity_of(&key).await?.is_some()
        {
            named.retain(|name| name != LIFE_POLICY_NAME);
        }
        let recorded = self.effects.effect_keys(&key).await?.requests();
        let mut unknown = 0;
        for name in &named {
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
        let Some(request) = request_of_inline_policy(name) else {
            return Ok(());
        };
        let change = EffectChange::inline_policy(&request, String::new(), now);
        self.member.take_back(principal, &change).await?;
        error!(policy = %name, "an inline policy was left of a request that has ended; it is removed");
        Ok(())
    }
}

/// Whether a live request gives a principal its inline policy, and that has this name.
fn gives(record: &RequestRecord, principal: &PrincipalKey, name: &str) -> bool {
    let put = EffectChange::inline_policy(record.id(), String::new(), Timestamp::MIN).key();
    let effects = plan::live_effects(record, principal);
    inline_policy_name(record.id()) == name
        && effects.iter().any(|effect| effect.change.key() == put)
}

/// Whether the ledger shows that a request put its policy on this very principal, and has ended.
fn is_left_over(record: &RequestRecord, enrolled: &EnrolledPrincipal) -> bool {
    record.is_bound_to(&enrolled.unique_id)
        && record.trail_fault().is_none()
        && matches!(
            record.state(),
            State::Revoked | State::Abandoned | State::Failed
        )
        && record.request().puts_inline_policy()
}

/// Those whose turn it is in this round of all accounts. Each is in one of as many shares as are needed,
/// by its unique id, and so is reached in as many rounds.
fn share(mut enrolled: Vec<EnrolledPrincipal>, round: usize) -> Vec<EnrolledPrincipal> {
    let shares = enrolled.len().div_ceil(SHARE).max(1);
    enrolled.retain(|one| number_of(&one.unique_id) % shares == round % shares);
    enrolled
}

/// A number that is as good as random, and always the same for a unique id (FNV-1a).
fn number_of(unique_id: &str) -> usize {
    let bytes = unique_id.bytes();
    let hash = bytes.fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    hash as usize
}
