//! From `Approved` to `Active`, or to `Failed` with everything rolled back.

use jiff::{SignedDuration, Timestamp};
use ports::directory::{DirectoryError, Member};
use ports::ledger::Ledger;
use ports::queue::OutcomesQueue;
use ports::signature::Verifier;
use snowgate_core::account::PrincipalFacts;
use snowgate_core::effect::Effect;
use snowgate_core::lifecycle::State;
use snowgate_core::plan;
use snowgate_core::record::{Event, FailureCode, PROVISION_WITHIN, RequestRecord};
use tracing::{error, warn};
use workflow::survey::survey;

use crate::{LOOKS, ProvisionError, Provisioner, effects_of};

impl<L, M, V, Q> Provisioner<L, M, V, Q>
where
    L: Ledger,
    M: Member,
    V: Verifier,
    Q: OutcomesQueue,
{
    /// Provisions a request that was approved, or goes on where an earlier run stopped.
    pub(crate) async fn grant(
        &self,
        record: RequestRecord,
        now: Timestamp,
    ) -> Result<RequestRecord, ProvisionError> {
        if self.is_late(&record, now) {
            return self.fail(record, FailureCode::TimedOut, now).await;
        }
        let Ok(survey) = survey(&self.member, record.request()).await? else {
            return self.fail(record, FailureCode::ContentChanged, now).await;
        };
        if !self.is_proved(&record).await? {
            error!("a decision does not verify");
            return self.fail(record, FailureCode::UnprovenDecision, now).await;
        }
        if let Err(code) = plan::check(&record, &survey, &self.guardrails, now) {
            return self.fail(record, code, now).await;
        }
        let live = self.ledger.effects(&record.principal_key()).await?;
        let effects = match plan::effects(&record, &survey.principal, &live, now) {
            Ok(effects) => effects,
            Err(code) => return self.fail(record, code, now).await,
        };
        // What an earlier run found there and somebody took away since is not ours to put back.
        if effects
            .iter()
            .any(|effect| effect.preexisting && !survey.principal.shows(&effect.change))
        {
            return self.fail(record, FailureCode::ContentChanged, now).await;
        }
        let record = match record.state() {
            State::Approved => {
                let put = effects.clone();
                self.write(&record, Event::ProvisioningStarted, put, Vec::new(), now)
                    .await?
            }
            _ => record,
        };
        match self.apply(&record, &effects).await {
            Ok(()) => {}
            Err(ProvisionError::Account(DirectoryError::Call(call))) if !call.is_transient() => {
                error!(error = shell::log::chain(&call), "IAM refused a change");
                return self.fail(record, FailureCode::IamRefused, now).await;
            }
            Err(other) => return Err(other),
        }
        // The access counts from the moment when it was seen to be there.
        let until = plan::until(&record, &effects, self.clock.now().max(now));
        self.write(
            &record,
            Event::Activated { until },
            Vec::new(),
            Vec::new(),
            now,
        )
        .await
    }

    /// A request that was approved or begun long ago. The sweeper ends those that were not begun.
    fn is_late(&self, record: &RequestRecord, now: Timestamp) -> bool {
        let waited: SignedDuration = now.duration_since(record.since());
        waited >= PROVISION_WITHIN
    }

    /// Whether every decision carries a signature that verifies.
    async fn is_proved(&self, record: &RequestRecord) -> Result<bool, ProvisionError> {
        for decided in record.decisions() {
            let message = decided.signed.decision.signed_bytes()?;
            if !self.verifier.verify(&message, &decided.signed.mac).await? {
                return Ok(false);
            }
        }
        Ok(!record.decisions().is_empty())
    }

    /// Makes the changes, and looks until all are to be seen. What IAM lists may be older than
    /// the last change, so it does not decide whether a change is made: making one twice is
    /// harmless, leaving one out is not.
    async fn apply(
        &self,
        record: &RequestRecord,
        effects: &[Effect],
    ) -> Result<(), ProvisionError> {
        for effect in effects.iter().filter(|effect| !effect.preexisting) {
            self.member
                .make(&record.request().target, &effect.change)
                .await?;
        }
        let all_there =
            |facts: &PrincipalFacts| effects.iter().all(|effect| facts.shows(&effect.change));
        self.look_until(record, all_there).await
    }

    /// Reads the principal back until it is as it should be.
    pub(crate) async fn look_until(
        &self,
        record: &RequestRecord,
        as_it_should_be: impl Fn(&PrincipalFacts) -> bool,
    ) -> Result<(), ProvisionError> {
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(self.look_again).await;
            }
            let facts = self.member.principal(&record.request().target).await?;
            if facts.is_some_and(|facts| as_it_should_be(&facts)) {
                return Ok(());
            }
        }
        Err(ProvisionError::NotSeen)
    }

    /// Takes back what this request changed and ends it as `Failed`. Where taking back fails,
    /// the request stays as it is and is tried again: it never ends with something left behind.
    async fn fail(
        &self,
        record: RequestRecord,
        code: FailureCode,
        now: Timestamp,
    ) -> Result<RequestRecord, ProvisionError> {
        warn!(?code, "not provisioned");
        let live = self.ledger.effects(&record.principal_key()).await?;
        let mine = effects_of(record.id(), &live);
        self.undo(&record, &mine, &live).await?;
        self.write(&record, Event::Failed { code }, Vec::new(), mine, now)
            .await
    }
}
