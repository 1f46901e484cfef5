//! What the end of a request means for its user: it ends as well, or lives on until the rest of what gives
//! it time is over.

use jiff::Timestamp;
use ports::identities::IdentityCommit;
use ports::users::Users as _;
use snowgate_core::effect::{EffectChange, RecordedEffect};
use snowgate_core::id::RequestId;
use snowgate_core::identity::{IdentityEvent, IdentityPhase, IdentityState, LifePolicy};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::plan::{self, Undo, undo};
use snowgate_core::principal::PrincipalKey;
use snowgate_core::record::{BlockedBecause, Deviation, Event, RequestRecord, RevokedBy};
use tracing::{error, info};
use workflow::change::{Changed, Next, change};

use crate::locate::Located;
use crate::remove::blocked;
use crate::{LOOKS, ProvisionError, Provisioner, ProvisionerPorts, effects};

impl<P: ProvisionerPorts> Provisioner<P> {
    /// That the user of a request loses what it has, and all other requests with it; written before anything
    /// is removed. The user's record is changed alone: it must be there whatever becomes of the request.
    pub(crate) async fn start_ending(
        &self,
        record: &RequestRecord,
        now: Timestamp,
    ) -> Result<(), ProvisionError> {
        let identity = self.user_of(record).await?;
        if identity.is_none() {
            error!("the user that ends has no record that bears it out");
        }
        // What is said of a user that is another's ends nobody's access.
        if let Some(located) = self.locate(record).await?
            && !self.may_lose(record, &located, &[], now).await?
        {
            return Ok(());
        }
        if let Some(identity) = identity
            && matches!(
                identity.state(),
                IdentityState::Live | IdentityState::Disabled
            )
        {
            let event = IdentityEvent::EndingStarted;
            self.change_user_by(&identity, event, now).await?;
        }
        self.end_rest_on(&record.principal_key(), record.id(), now)
            .await
    }

    /// Ends all other access of a user that ends: its requests are told by their tickets, and are due at once.
    /// What is just being given fails by itself. One that cannot be told keeps no other back.
    pub(crate) async fn end_rest_on(
        &self,
        user: &PrincipalKey,
        but: &RequestId,
        now: Timestamp,
    ) -> Result<(), ProvisionError> {
        let mut later = None;
        for other in self.live_on(user, but, now).await? {
            let ended = Event::RevocationRequested {
                by: RevokedBy::UserEnded,
                reason: None,
                signature: None,
            };
            let next = |record: &RequestRecord| {
                let lives = record.state() == State::Active && !record.is_over(now);
                match lives && record.principal_key() == *user {
                    true => Next::from(ended.clone()),
                    false => Next::Done(()),
                }
            };
            let id = other.id().clone();
            match change(&self.requests, other, &Actor::Provisioner, now, next).await {
                Ok(Changed::Written(_)) => info!(other = %id, "access ends with its user"),
                Ok(Changed::Left(..)) => {}
                Err(failure) => {
                    let failure = ProvisionError::from(failure);
                    let error = shell::log::chain(&failure);
                    error!(other = %id, error, "access could not be ended with its user");
                    if !failure.is_permanent() {
                        later = Some(failure);
                    }
                }
            }
        }
        later.map_or(Ok(()), Err)
    }

    /// What the end of a request means for its user, to be written with it: that it has lost what it had, or
    /// ends sooner, for what this request gave is over before its time.
    pub(crate) async fn ended(
        &self,
        record: &RequestRecord,
        (mine, others): (&[RecordedEffect], &[RequestRecord]),
        now: Timestamp,
    ) -> Result<Option<Box<IdentityCommit>>, ProvisionError> {
        let Some(identity) = self.user_of(record).await? else {
            return Ok(None);
        };
        let event = match identity.phase() {
            IdentityPhase::Ending { .. } => {
                let grace_until = now + self.guardrails.grace().as_signed();
                IdentityEvent::Ended { grace_until }
            }
            IdentityPhase::Live { until } | IdentityPhase::Disabled { until, .. }
                if identity.trail_fault().is_none()
                    && !plan::ends_user(mine, &effects::all(others)) =>
            {
                match self.end_by_proof(others).await? {
                    Some(end) if end < *until && now < end => {
                        IdentityEvent::Shortened { until: end }
                    }
                    _ => return Ok(None),
                }
            }
            _ => return Ok(None),
        };
        let change = identity.apply(event, Actor::Provisioner, now)?;
        Ok(Some(Box::new(change.into())))
    }

    /// When the last of these requests ends that give a user its time by proof; none where none does.
    pub(crate) async fn end_by_proof(
        &self,
        others: &[RequestRecord],
    ) -> Result<Option<Timestamp>, ProvisionError> {
        let mut last = None;
        for other in others {
            let given = plan::effects_of_begun(other).into_iter();
            let of_user = given.filter(|one| one.change.is_of_user() && !one.preexisting);
            let end = of_user.filter_map(|one| one.change.ends_at()).max();
            if end > last && other.trail_fault().is_none() && self.is_signed(other).await? {
                last = end;
            }
        }
        Ok(last)
    }

    /// Lets a user end when the rest of what gives it time does, where one of these effects is its access and
    /// is over; what IAM refuses of that. What is there now does not decide: a list may be older than the
    /// last change.
    pub(crate) async fn put_end_of_rest(
        &self,
        record: &RequestRecord,
        located: &Located,
        (mine, others): (&[RecordedEffect], &[RequestRecord]),
    ) -> Result<Option<Deviation>, ProvisionError> {
        let live = effects::all(others);
        let mut stays = mine
            .iter()
            .filter(|one| one.change.is_of_user() && undo(one, &live) == Undo::StillGranted);
        let Some(effect) = stays.next() else {
            return Ok(None);
        };
        // Of who proves nothing it is disputed, and told so.
        let Some(end) = self.end_by_proof(others).await? else {
            return Ok(None);
        };
        let life = LifePolicy::Until(end);
        let wanted = EffectChange::user(record.request().target.name.clone(), end);
        if let Err(account) = self.member.put_life(&located.principal, life).await {
            let because = blocked(&account).ok_or(account)?;
            let change = effect.change.clone();
            let is_so = located.facts.shows(&wanted);
            return Ok((!is_so).then_some(Deviation::StillThere { change, because }));
        }
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(self.look_again).await;
            }
            let located = self.locate(record).await?;
            if located.is_none_or(|located| located.facts.shows(&wanted)) {
                return Ok(None);
            }
        }
        Err(ProvisionError::NotSeen)
    }

    /// Makes all keys of a user inactive whose access is among what is removed; what IAM refuses of that.
    pub(crate) async fn deactivate_keys(
        &self,
        located: &Located,
        removed: &[EffectChange],
    ) -> Result<Option<Deviation>, ProvisionError> {
        let Some(change) = removed.iter().find(|change| change.is_of_user()) else {
            return Ok(None);
        };
        let Err(account) = self.member.deactivate_keys(&located.principal).await else {
            return Ok(None);
        };
        let because = match blocked(&account).ok_or(account)? {
            BlockedBecause::Denied => BlockedBecause::KeysStayActive,
            because => because,
        };
        let change = change.clone();
        Ok(Some(Deviation::StillThere { change, because }))
    }
}
