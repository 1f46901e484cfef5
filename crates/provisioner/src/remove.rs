//! Removing what a request gave, wherever its principal and its groups are now.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ports::directory::{Directory as _, DirectoryError, Member as _};
use ports::users::Users as _;
use snowgate_core::account::PrincipalFacts;
use snowgate_core::effect::{EffectChange, RecordedEffect};
use snowgate_core::identity::{LIFE_POLICY_NAME, UserPart};
use snowgate_core::plan::{Undo, undo};
use snowgate_core::record::{BlockedBecause, Deviation, Event, RequestRecord};
use tracing::{error, info};

use crate::locate::Located;
use crate::{LOOKS, ProvisionError, Provisioner, ProvisionerPorts, effects};

impl<P: ProvisionerPorts> Provisioner<P> {
    /// Removes those effects that are this request's alone, and looks until they are gone.
    /// Answers the record, which holds by then what was found otherwise.
    ///
    /// # Errors
    /// [`ProvisionError::Blocked`] where something is left that cannot be removed: the ticket is
    /// told, and it is tried again.
    pub(crate) async fn undo(
        &self,
        record: RequestRecord,
        mine: &[RecordedEffect],
        others: &[RequestRecord],
        now: Timestamp,
    ) -> Result<RequestRecord, ProvisionError> {
        if mine.is_empty() {
            return Ok(record);
        }
        let mut found = match self.remove(&record, mine, others, now).await {
            Ok(found) => found,
            Err(ProvisionError::Account(account)) => {
                let because = blocked(&account).ok_or(account)?;
                let live = effects::all(others);
                let to_remove = mine.iter().filter(|one| undo(one, &live) == Undo::Remove);
                still_there(to_remove.map(|effect| &effect.change), because)
            }
            Err(other) => return Err(other),
        };
        let is_blocked = found.iter().any(Deviation::is_still_there);
        if is_blocked && record.is_to_be_parked(now) {
            found.push(Deviation::Parked);
        }
        let record = self.report(record, found, now).await?;
        if is_blocked {
            return Err(ProvisionError::Blocked);
        }
        self.forget_abandoned(&record, mine, others, now).await?;
        Ok(record)
    }

    /// Forgets what abandoned requests left on the principal and this removal has taken away: what is
    /// there later somebody else has put there.
    async fn forget_abandoned(
        &self,
        record: &RequestRecord,
        mine: &[RecordedEffect],
        others: &[RequestRecord],
        now: Timestamp,
    ) -> Result<(), ProvisionError> {
        let left = effects::abandoned(others, &record.principal_key());
        let live = effects::all(others);
        let is_removed = |left: &RecordedEffect| {
            let mut mine = mine.iter();
            mine.any(|one| {
                one.change.key() == left.change.key() && undo(one, &live) == Undo::Remove
            })
        };
        // When it was removed is written down with this request's own effect.
        let gone = left.into_iter().filter(is_removed);
        let gone = gone.map(|effect| RecordedEffect {
            preexisting: true,
            ..effect
        });
        self.forget_all(gone.collect(), now).await
    }

    /// Takes back what this run gave to another user than the one who was approved, or in another
    /// group: IAM changes both by name, and a name may have become another's between the last look
    /// and the change. Whether there was any such thing. Only the run that made the changes may ask:
    /// later on, somebody else may have given the same to whoever has the name.
    pub(crate) async fn take_back_from_others(
        &self,
        record: &RequestRecord,
        made: &[RecordedEffect],
    ) -> Result<bool, ProvisionError> {
        let (target, mut any) = (&record.request().target, false);
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(self.look_again).await;
            }
            let named = self.member.principal(target).await?;
            let astray = named.map_or_else(Vec::new, |named| astray(record, made, &named));
            if astray.is_empty() {
                return Ok(any);
            }
            for change in astray {
                error!(change = change.key(), "given to whoever took the name");
                match change.is_of_user() {
                    // As this run put it: what ends another user of ours is theirs.
                    true => {
                        let life = UserPart::InlinePolicy(LIFE_POLICY_NAME.to_owned());
                        self.member.remove(target, &life).await?;
                    }
                    false => self.member.take_back(target, &change).await?,
                }
                any = true;
            }
        }
        Err(ProvisionError::NotSeen)
    }

    /// Removes what is to be removed from the principal of a request; what was found otherwise,
    /// above all what is still there. What is not found where the record says is believed only of a
    /// record that is proved, or that the recorded effects bear out. What is disputed between them,
    /// or kept by a request that proves nothing, is neither removed nor said to stay: a person decides.
    pub(crate) async fn remove(
        &self,
        record: &RequestRecord,
        mine: &[RecordedEffect],
        others: &[RequestRecord],
        now: Timestamp,
    ) -> Result<Vec<Deviation>, ProvisionError> {
        let located = self.locate(record).await?;
        let agreement = self.agreement(record, mine).await?;
        let borne_out = located.is_some() && agreement.same_effects;
        match self.is_proved(record).await {
            Ok(true) => {}
            Err(failure) if !borne_out => return Err(failure),
            Ok(false) if !borne_out => {
                error!("the record, its effects and IAM disagree, and the record proves nothing");
                let all = mine.iter().map(|effect| &effect.change);
                return Ok(still_there(all, BlockedBecause::Unproven));
            }
            // As all that was decided under an approval key that is not in use any more, or cannot be used.
            Ok(false) => error!("what is removed now follows from records alone"),
            Err(failure) => {
                let error = shell::log::chain(&failure);
                error!(error, "what is removed now follows from records alone");
            }
        }
        let all = || mine.iter().map(|effect| &effect.change);
        if record.request().user().is_some()
            && let Some(located) = &located
            && !self.may_lose(record, located, others, now).await?
        {
            error!("IAM does not say that the user is to be ended for this request");
            return Ok(still_there(all(), BlockedBecause::Unproven));
        }
        let Some(located) = located else {
            // Nobody is looked for where no record says who it is.
            return Ok(match record.unique_id() {
                Some(_) => vec![Deviation::Gone],
                None => still_there(all(), BlockedBecause::Unproven),
            });
        };
        let live = effects::all(others);
        let (mut remove, mut disputed, mut unanswered) = (Vec::new(), Vec::new(), None);
        for effect in mine {
            let (change, undo) = (&effect.change, undo(effect, &live));
            let proved = match undo {
                Undo::StillGranted => self.is_given_by_proof(change, others).await,
                Undo::Remove | Undo::StaysAsItWas => Ok(true),
            };
            // Whether it stays is not known; the others are removed meanwhile.
            let proved = match proved {
                Ok(proved) => proved,
                Err(failure) => {
                    unanswered = Some(failure);
                    continue;
                }
            };
            let is_disputed = !proved || agreement.disputed.contains(change);
            info!(
                change = change.key(),
                ?undo,
                is_disputed,
                "what becomes of an effect"
            );
            if is_disputed {
                disputed.push(change.clone());
            } else if undo == Undo::Remove {
                remove.push(change.clone());
            }
        }
        let refused = self.take_back(record, &located, &remove).await?;
        let mut found = renamed(record, &located);
        found.extend(self.deactivate_keys(&located, &remove).await?);
        let both = (mine, others);
        found.extend(self.put_end_of_rest(record, &located, both).await?);
        let disputed = disputed.iter();
        let disputed = disputed.filter(|change| located.facts.has_in_place(change));
        found.extend(still_there(disputed, BlockedBecause::Unproven));
        found.extend(self.look_until_gone(record, &remove, &refused).await?);
        unanswered.map_or(Ok(found), Err)
    }

    /// Takes changes back from the principal; the keys of those that IAM refuses, and why. The list
    /// may be older than the last change: it does not decide what is taken back.
    async fn take_back(
        &self,
        record: &RequestRecord,
        located: &Located,
        changes: &[EffectChange],
    ) -> Result<BTreeMap<String, BlockedBecause>, ProvisionError> {
        let mut refused = BTreeMap::new();
        for change in changes {
            let Some(named) = self.named_now(located, change).await? else {
                continue;
            };
            match self.member.take_back(&located.principal, &named).await {
                Ok(()) => {}
                Err(account) => {
                    let because = match blocked(&account).ok_or(account)? {
                        BlockedBecause::Denied if named != *change => BlockedBecause::GroupRenamed,
                        BlockedBecause::Denied if has_moved(record, located) => {
                            BlockedBecause::Moved
                        }
                        because => because,
                    };
                    refused.insert(change.key(), because);
                }
            }
        }
        Ok(refused)
    }

    /// A change as it is named in IAM now; none where its name is another's: a group that was
    /// deleted and created again is another group.
    pub(crate) async fn named_now(
        &self,
        located: &Located,
        change: &EffectChange,
    ) -> Result<Option<EffectChange>, ProvisionError> {
        if let Some(found) = located.facts.in_place(change) {
            return Ok(Some(found));
        }
        let Some((group, unique_id)) = change.group() else {
            return Ok(Some(change.clone()));
        };
        let account = &located.principal.account_id;
        let known = self.member.group(account, group).await?;
        let is_it = known.is_some_and(|known| known.unique_id == unique_id);
        Ok(is_it.then(|| change.clone()))
    }

    /// Reads the principal until nothing is in the place of these changes. Those that IAM refused
    /// to take back, and that are there all the same, are what is still there.
    async fn look_until_gone(
        &self,
        record: &RequestRecord,
        changes: &[EffectChange],
        refused: &BTreeMap<String, BlockedBecause>,
    ) -> Result<Vec<Deviation>, ProvisionError> {
        let mut left: Vec<&EffectChange> = changes.iter().collect();
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(self.look_again).await;
            }
            // Gone meanwhile, with all that it had.
            let Some(located) = self.locate(record).await? else {
                return Ok(vec![Deviation::Gone]);
            };
            left.retain(|change| !located.facts.is_rid_of(change));
            if left
                .iter()
                .all(|change| refused.contains_key(&change.key()))
            {
                break;
            }
        }
        let still_there = |change: &EffectChange| -> Result<Deviation, ProvisionError> {
            let because = refused.get(&change.key()).copied();
            let because = because.ok_or(ProvisionError::NotSeen)?;
            let change = change.clone();
            Ok(Deviation::StillThere { change, because })
        };
        left.into_iter().map(still_there).collect()
    }

    /// Writes down what was found otherwise in IAM, if that is new, so that the ticket is told.
    pub(crate) async fn report(
        &self,
        record: RequestRecord,
        found: Vec<Deviation>,
        now: Timestamp,
    ) -> Result<RequestRecord, ProvisionError> {
        let unknown = record.unknown_deviations(found);
        if unknown.is_empty() {
            return Ok(record);
        }
        let kinds: Vec<&str> = unknown.iter().map(Deviation::kind).collect();
        error!(request_id = %record.id(), ?kinds, "IAM is otherwise than the record says");
        let event = Event::DeviationsFound { found: unknown };
        self.write(record, event.into(), now).await
    }
}

/// Which of the changes that were made for the principal of a request stand with another one of its
/// name, or in another group of the name.
pub(crate) fn astray(
    record: &RequestRecord,
    made: &[RecordedEffect],
    named: &PrincipalFacts,
) -> Vec<EffectChange> {
    let is_it = record.is_bound_to(&named.unique_id);
    let mut astray = Vec::new();
    for effect in made.iter().filter(|effect| !effect.preexisting) {
        let change = &effect.change;
        if let EffectChange::GroupJoined { group, unique_id } = change {
            let memberships = named.groups.iter();
            let mut others = memberships.filter(|one| {
                one.name.eq_ignore_ascii_case(group.as_str())
                    && !(is_it && Some(&one.unique_id) == unique_id.as_ref())
            });
            astray.extend(others.next().map(|one| EffectChange::GroupJoined {
                group: group.clone(),
                unique_id: Some(one.unique_id.clone()),
            }));
        } else if !is_it && has_from_us(named, change) {
            astray.push(change.clone());
        }
    }
    astray
}

/// Whether somebody has what this run gave. Another user that Snowgate made has a life policy of its own.
fn has_from_us(named: &PrincipalFacts, change: &EffectChange) -> bool {
    match change.is_of_user() {
        true => named.shows(change),
        false => named.has_in_place(change),
    }
}

/// That the principal is called otherwise now, if it is.
pub(crate) fn renamed(record: &RequestRecord, located: &Located) -> Vec<Deviation> {
    let name = &located.principal.name;
    match *name == record.request().target.name {
        true => Vec::new(),
        false => vec![Deviation::Renamed { name: name.clone() }],
    }
}

/// Whether the principal has another path than the one that was bound.
fn has_moved(record: &RequestRecord, located: &Located) -> bool {
    let bound = record.binding();
    bound.is_some_and(|bound| bound.path() != located.facts.path)
}

fn still_there<'a>(
    changes: impl Iterator<Item = &'a EffectChange>,
    because: BlockedBecause,
) -> Vec<Deviation> {
    let changes = changes.cloned();
    let there = changes.map(|change| Deviation::StillThere { change, because });
    there.collect()
}

/// What stands in the way where trying again alone does not help; none where it may.
pub(crate) fn blocked(account: &DirectoryError) -> Option<BlockedBecause> {
    match account {
        DirectoryError::NotPrepared(_) => Some(BlockedBecause::NotPrepared),
        DirectoryError::Call(call) if !call.is_transient() => {
            let error = shell::log::chain(call);
            error!(error, "IAM refused a removal");
            Some(BlockedBecause::Denied)
        }
        DirectoryError::Call(_) => None,
    }
}
