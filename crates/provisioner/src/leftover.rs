//! What is left on a principal that should be gone. An effect says itself what it changed, on whom
//! and until when at the latest, so it ends without the record of its request.

use jiff::Timestamp;
use ports::directory::{Directory as _, Member as _};
use ports::ledger::{Effects as _, Requests as _};
use snowgate_core::effect::RecordedEffect;
use snowgate_core::id::RequestId;
use snowgate_core::plan::{Undo, undo};
use snowgate_core::principal::{Principal, PrincipalKey};
use snowgate_core::record::RequestRecord;
use tracing::{error, info};

use crate::{Ports, ProvisionError, Provisioner, effects_of};

/// What is known of the request of an effect.
enum Giver {
    /// It is over, and ends by itself.
    Over(Box<RequestRecord>),
    /// It has ended, cannot be read, or is not there: nothing is given for it any more.
    Nobody,
    /// It gives the effect.
    Alive,
}

impl<P: Ports> Provisioner<P> {
    /// Ends everything on a principal that should be over, whatever its record says or does not.
    ///
    /// # Errors
    /// Only where the ledger itself does not answer; one request keeps no other back.
    pub(crate) async fn end_all(
        &self,
        key: &PrincipalKey,
        now: Timestamp,
    ) -> Result<(), ProvisionError> {
        if self.hold {
            return Ok(());
        }
        let live = self.effects.effects(key).await?;
        let mut requests: Vec<&RequestId> = live.iter().map(|effect| &effect.request).collect();
        requests.sort();
        requests.dedup();
        for id in requests {
            let mine = effects_of(id, &live);
            let done = match self.giver(id, &mine, now).await {
                Ok(Giver::Over(record)) => self.step(*record, now).await,
                Ok(Giver::Nobody) => self.end_leftover(key, &mine).await,
                Ok(Giver::Alive) => Ok(()),
                Err(failure) => Err(failure),
            };
            if let Err(failure) = done {
                let error = shell::log::chain(&failure);
                error!(request_id = %id, error, "what is left of a request could not be ended");
            }
        }
        Ok(())
    }

    /// Whether a request still gives its effects.
    async fn giver(
        &self,
        id: &RequestId,
        mine: &[RecordedEffect],
        now: Timestamp,
    ) -> Result<Giver, ProvisionError> {
        let found = match self.requests.load(id).await {
            Err(failure) if failure.is_transient() => return Err(failure.into()),
            found => found.ok().flatten(),
        };
        Ok(match found {
            Some(record) if record.is_over(now) => Giver::Over(Box::new(record)),
            Some(record) if record.state().is_terminal() => Giver::Nobody,
            Some(_) => Giver::Alive,
            // Of a request that cannot be read its effects say when they end at the latest.
            None => {
                let over = |effect: &RecordedEffect| effect.latest_end.is_none_or(|end| end <= now);
                match mine.iter().all(over) {
                    true => Giver::Nobody,
                    false => Giver::Alive,
                }
            }
        })
    }

    /// Takes back what is left of a request, and forgets it once it is gone.
    async fn end_leftover(
        &self,
        key: &PrincipalKey,
        mine: &[RecordedEffect],
    ) -> Result<(), ProvisionError> {
        for effect in mine {
            let live = self.effects.effects(key).await?;
            if undo(effect, &live) == Undo::Remove {
                self.remove(key, &effect.principal, effect).await?;
            }
            self.effects.forget(effect).await?;
            info!(request_id = %effect.request, "what was left of a request has ended");
        }
        Ok(())
    }

    /// Removes one effect from a principal, and looks until it is gone.
    async fn remove(
        &self,
        key: &PrincipalKey,
        principal: &Principal,
        effect: &RecordedEffect,
    ) -> Result<(), ProvisionError> {
        // A principal that is gone has nothing left; another one of its name is not ours.
        let facts = self.member.principal(principal).await?;
        let same = facts.is_some_and(|facts| principal.key_by_id(&facts.unique_id) == *key);
        if !same {
            return Ok(());
        }
        self.member.take_back(principal, &effect.change).await?;
        self.look_until_at(principal, |facts| !facts.has_in_place(&effect.change))
            .await
    }
}
