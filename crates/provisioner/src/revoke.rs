//! From `Active` to `Revoked`. Never gives up: access that was granted is removed.

use jiff::Timestamp;
use ports::directory::{Directory as _, Member as _};
use ports::ledger::Effects as _;
use snowgate_core::account::PrincipalFacts;
use snowgate_core::effect::{EffectChange, RecordedEffect};
use snowgate_core::lifecycle::State;
use snowgate_core::plan::{Undo, retained, undo};
use snowgate_core::record::{Event, RequestRecord};
use tracing::info;
use workflow::change::Draft;

use crate::{Ports, ProvisionError, Provisioner, effects_of};

impl<P: Ports> Provisioner<P> {
    /// Removes what a request granted, or goes on where an earlier run stopped.
    pub(crate) async fn revoke(
        &self,
        record: RequestRecord,
        now: Timestamp,
    ) -> Result<RequestRecord, ProvisionError> {
        let record = match record.state() {
            State::Active => {
                self.write(record, Event::RevocationStarted.into(), now)
                    .await?
            }
            _ => record,
        };
        if record.state() != State::Revoking {
            return Ok(record);
        }
        let live = self.effects.effects(&record.principal_key()).await?;
        let mine = effects_of(record.id(), &live);
        self.undo(&record, &mine, &live).await?;
        let event = Event::Revoked {
            retained: retained(&mine, &live),
        };
        let draft = Draft {
            delete_effects: mine,
            ..Draft::from(event)
        };
        self.write(record, draft, now).await
    }

    /// Removes those effects that are this request's alone, and looks until they are gone.
    pub(crate) async fn undo(
        &self,
        record: &RequestRecord,
        mine: &[RecordedEffect],
        live: &[RecordedEffect],
    ) -> Result<(), ProvisionError> {
        let target = &record.request().target;
        let mut remove: Vec<&EffectChange> = Vec::new();
        for effect in mine {
            let undo = undo(effect, live);
            info!(
                change = effect.change.key(),
                ?undo,
                "what becomes of an effect"
            );
            if undo == Undo::Remove {
                remove.push(&effect.change);
            }
        }
        if remove.is_empty() {
            return Ok(());
        }
        // A principal that is gone has nothing left to take back.
        let Some(facts) = self.member.principal(target).await? else {
            return Ok(());
        };
        // Another principal of the same name is not ours to change.
        let same = record
            .binding()
            .is_some_and(|binding| binding.principal.unique_id == facts.unique_id);
        if !same {
            return Ok(());
        }
        // The list may be older than the last change: it does not decide what is removed.
        for change in &remove {
            self.member.take_back(target, change).await?;
        }
        let gone = |facts: &PrincipalFacts| !remove.iter().any(|change| facts.has_in_place(change));
        self.look_until(record, gone).await
    }
}
