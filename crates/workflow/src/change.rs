//! Changing a request: load, apply, commit, and load again where somebody else was first.
//!
//! Of two changes to one version one wins ([`Requests::commit`]). Whoever loses looks at the
//! request as it stands now and decides again: the decision is the closure that [`change`] is
//! given, which sees the record and calls nobody.

use jiff::Timestamp;
use ports::CallError;
use ports::identities::IdentityCommit;
use ports::ledger::{Commit, CommitError, Requests};
use snowgate_core::approval::TokenRow;
use snowgate_core::effect::RecordedEffect;
use snowgate_core::id::RequestId;
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::{Change, ChangeError, Event, RequestRecord};
use snowgate_core::volume::VolumeCount;

/// How often a change is tried while others change the same request.
pub const TRIES: usize = 8;

/// What is to be done about a request as it stands.
#[derive(Debug)]
pub enum Next<T> {
    /// Write this.
    Apply(Box<Draft>),
    /// Write nothing.
    Done(T),
}

impl<T> From<Event> for Next<T> {
    fn from(event: Event) -> Self {
        Draft::from(event).into()
    }
}

impl<T> From<Draft> for Next<T> {
    fn from(draft: Draft) -> Self {
        Self::Apply(Box::new(draft))
    }
}

/// An event with what is written beside it in the same transaction ([`Commit`]).
#[derive(Debug, Clone)]
pub struct Draft {
    /// What happens to the request.
    pub event: Event,
    /// Effects to record.
    pub put_effects: Vec<RecordedEffect>,
    /// When the access that they belong to ends.
    pub effects_end: Option<Timestamp>,
    /// Effects to forget.
    pub delete_effects: Vec<RecordedEffect>,
    /// Review links to open.
    pub tokens: Vec<TokenRow>,
    /// Policy texts to keep with the request.
    pub documents: Vec<String>,
    /// What happens to the user that it is about.
    pub identity: Option<Box<IdentityCommit>>,
    /// What is counted with it.
    pub volume: Vec<VolumeCount>,
}

impl From<Event> for Draft {
    fn from(event: Event) -> Self {
        Self {
            event,
            put_effects: Vec::new(),
            effects_end: None,
            delete_effects: Vec::new(),
            tokens: Vec::new(),
            documents: Vec::new(),
            identity: None,
            volume: Vec::new(),
        }
    }
}

impl Draft {
    fn apply(
        self,
        record: &RequestRecord,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Commit, ChangeError> {
        let change: Change = record.apply(self.event, actor, now)?;
        Ok(Commit {
            change,
            put_effects: self.put_effects,
            effects_end: self.effects_end,
            delete_effects: self.delete_effects,
            tokens: self.tokens,
            documents: self.documents,
            identity: self.identity,
            volume: self.volume,
        })
    }
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed<T = ()> {
    /// It was changed; the record afterwards.
    Written(RequestRecord),
    /// There was nothing to write; the record as it stands, and the answer.
    Left(RequestRecord, T),
}

impl<T> Changed<T> {
    /// The record as it stands now.
    #[must_use]
    pub fn into_record(self) -> RequestRecord {
        match self {
            Self::Written(record) | Self::Left(record, _) => record,
        }
    }
}

/// Why a request was not changed.
#[derive(Debug, thiserror::Error)]
pub enum NotChanged {
    /// The ledger has no such request.
    #[error("the ledger has no such request")]
    Unknown,
    /// The rules do not allow the change.
    #[error(transparent)]
    Rules(#[from] ChangeError),
    /// Others changed the request first, [`TRIES`] times.
    #[error("the request keeps changing")]
    Busy,
    /// The name of the user that is to be created is another's.
    #[error("the name of the user is taken")]
    NameTaken,
    /// The ledger does not answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Reads a request.
///
/// # Errors
/// Where the ledger does not have it, or does not answer.
pub async fn load(requests: &impl Requests, id: &RequestId) -> Result<RequestRecord, NotChanged> {
    requests.load(id).await?.ok_or(NotChanged::Unknown)
}

/// Changes a request: `next` says how, from the record as it was loaded. Where somebody else
/// changed it first, it is loaded again and `next` is asked again.
///
/// # Errors
/// [`NotChanged`].
pub async fn change<T>(
    requests: &impl Requests,
    mut record: RequestRecord,
    actor: &Actor,
    now: Timestamp,
    mut next: impl FnMut(&RequestRecord) -> Next<T>,
) -> Result<Changed<T>, NotChanged> {
    for _ in 0..TRIES {
        let draft = match next(&record) {
            Next::Apply(draft) => draft,
            Next::Done(answer) => return Ok(Changed::Left(record, answer)),
        };
        let commit = draft.apply(&record, actor.clone(), now)?;
        match requests.commit(&commit).await {
            Ok(()) => return Ok(Changed::Written(commit.change.record)),
            Err(CommitError::Conflict) => record = load(requests, record.id()).await?,
            Err(CommitError::NameTaken) => return Err(NotChanged::NameTaken),
            Err(CommitError::Call(call)) => return Err(call.into()),
        }
    }
    Err(NotChanged::Busy)
}

/// Writes an event, whatever else happens to the request meanwhile, as long as the rules allow
/// it.
///
/// # Errors
/// [`NotChanged`].
pub async fn write(
    requests: &impl Requests,
    record: RequestRecord,
    event: Event,
    actor: &Actor,
    now: Timestamp,
) -> Result<RequestRecord, NotChanged> {
    let next = |_: &RequestRecord| Next::<()>::from(event.clone());
    let changed = change(requests, record, actor, now, next).await?;
    Ok(changed.into_record())
}

/// Puts off the next look at a request, later with each attempt. A request that has changed
/// meanwhile has a time of its own, and one with nothing left to do needs none: both are left
/// alone.
///
/// # Errors
/// Where the ledger does not answer.
pub async fn put_off(
    requests: &impl Requests,
    record: &RequestRecord,
    now: Timestamp,
) -> Result<(), CallError> {
    put_off_until(requests, record, record.next_try(now)).await
}

/// The same until a time of the caller's.
///
/// # Errors
/// Where the ledger does not answer.
pub async fn put_off_until(
    requests: &impl Requests,
    record: &RequestRecord,
    again: Timestamp,
) -> Result<(), CallError> {
    if record.due_at().is_none() {
        return Ok(());
    }
    let attempts = record.attempts().saturating_add(1);
    requests
        .postpone(record.id(), record.version(), again, attempts)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use snowgate_core::lifecycle::State;
    use testkit::world::{OWNER, World, at, ready};
    use testkit::{Aftermath, Moment, samples};

    use crate::storm::Storm;

    const CLIENT_GAVE_UP: Event = Event::Withdrawn { reason: None };

    fn client() -> Actor {
        Actor::Client {
            client: samples::client(),
        }
    }

    fn pending(world: &World) -> RequestRecord {
        world.pending(&[OWNER], at(0)).0
    }

    #[test]
    fn a_change_gets_through_beside_others() {
        let world = World::default();
        let record = pending(&world);
        let storm = Storm::over(&world, TRIES - 1);
        let before = record.version();
        let written = ready(write(&storm, record, CLIENT_GAVE_UP, &client(), at(2))).unwrap();
        assert_eq!(written.state(), State::Withdrawn);
        assert_eq!(written.version(), before + 1);
        assert_eq!(world.load(written.id()), written);
    }

    #[test]
    fn in_a_storm_it_gives_up_and_changes_nothing() {
        let world = World::default();
        let record = pending(&world);
        let id = record.id().clone();
        let storm = Storm::over(&world, TRIES);
        let failed = ready(write(&storm, record, CLIENT_GAVE_UP, &client(), at(2)));
        assert!(matches!(failed, Err(NotChanged::Busy)), "{failed:?}");
        assert_eq!(world.load(&id).state(), State::Pending);
    }

    #[test]
    fn whoever_loses_decides_again_on_what_is_there_now() {
        let world = World::default();
        let record = pending(&world);
        let storm = Storm::of(&world, Event::Expired);
        let mut seen = Vec::new();
        let next = |record: &RequestRecord| {
            seen.push(record.state());
            match record.state() {
                State::Pending => Next::from(CLIENT_GAVE_UP),
                other => Next::Done(other),
            }
        };
        let changed = ready(change(&storm, record, &client(), at(2), next)).unwrap();
        let Changed::Left(record, State::Expired) = changed else {
            panic!("{changed:?}");
        };
        assert_eq!(seen, [State::Pending, State::Expired]);
        assert_eq!(world.load(record.id()), record);
    }

    #[test]
    fn what_the_rules_forbid_is_not_tried_again() {
        let world = World::default();
        let record = pending(&world);
        let id = record.id().clone();
        let event = Event::ProvisioningStarted {
            preexisting: Vec::new(),
        };
        world.fault.at(1, Moment::Before, Aftermath::Dead);
        let requests = world.failing(&world.ledger);
        let failed = ready(write(&requests, record, event, &Actor::Provisioner, at(2)));
        assert!(matches!(failed, Err(NotChanged::Rules(_))), "{failed:?}");
        assert_eq!(world.fault.calls(), 0);
        assert_eq!(world.load(&id).state(), State::Pending);
    }

    #[test]
    fn an_answer_that_is_lost_is_an_error_and_no_conflict() {
        let world = World::default();
        let record = pending(&world);
        let id = record.id().clone();
        world.fault.at(1, Moment::After, Aftermath::Alive);
        let requests = world.failing(&world.ledger);
        let failed = ready(write(&requests, record, CLIENT_GAVE_UP, &client(), at(2)));
        assert!(matches!(failed, Err(NotChanged::Call(_))), "{failed:?}");
        assert_eq!(world.load(&id).state(), State::Withdrawn, "it was written");
    }

    #[test]
    fn what_stands_beside_an_event_is_written_with_it_or_not_at_all() {
        let world = World::default();
        let record = pending(&world);
        let draft = Draft {
            documents: vec!["a text".to_owned()],
            ..Draft::from(CLIENT_GAVE_UP)
        };
        let id = record.id().clone();
        let kept = |text: &str| {
            let documents = ready(world.ledger.documents(&id)).unwrap();
            documents.iter().any(|there| there == text)
        };
        let storm = Storm::over(&world, TRIES);
        let next = |_: &RequestRecord| Next::<()>::from(draft.clone());
        assert!(ready(change(&storm, record, &client(), at(2), next)).is_err());
        assert!(!kept("a text"));
        let record = world.load(&id);
        ready(change(&world.ledger, record, &client(), at(2), next)).unwrap();
        assert!(kept("a text"));
    }

    #[test]
    fn a_request_that_is_not_there_is_said_so() {
        let world = World::default();
        let found = ready(load(&world.ledger, &samples::request_id()));
        assert!(matches!(found, Err(NotChanged::Unknown)));
    }

    #[test]
    fn the_next_look_is_put_off_longer_each_time_and_only_of_what_is_due() {
        let world = World::default();
        let mut record = world.received(at(0));
        for minutes in [2, 4, 8] {
            ready(put_off(&world.ledger, &record, at(100))).unwrap();
            record = world.load(record.id());
            assert_eq!(record.due_at(), Some(at(100 + minutes * 60)));
        }
        let expired = world.apply(&record, Event::Expired, Actor::Sweeper, at(200));
        assert_eq!(expired.due_at(), None);
        ready(put_off(&world.ledger, &expired, at(300))).unwrap();
        assert_eq!(world.load(record.id()), expired);
        ready(put_off(&world.ledger, &record, at(300))).unwrap();
        assert_eq!(world.load(record.id()), expired, "it has changed meanwhile");
    }
}
