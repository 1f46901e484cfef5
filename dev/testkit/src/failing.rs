//! Calls that fail: before they took effect, or after, when only the answer is lost.

mod directory;
mod identities;
mod user_records;

use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use jiff::Timestamp;
use ports::CallError;
use ports::ledger::{
    Commit, CommitError, Created, DueItem, EffectKeys, Effects, EndedEffect, IdempotencyKey,
    IndexPage, ItemKey, NewRequest, RequestIndex, Requests, TimeIndex, Tokens,
};
use ports::mail::Mailer;
use ports::queue::{OutcomesQueue, RequestsQueue, WakeUp, WorkQueue};
use ports::servicenow::{ServiceNow, Tickets, Written};
use ports::signature::{Signer, Verifier};
use snowgate_core::account::AccountItem;
use snowgate_core::approval::{MacTag, TokenRow};
use snowgate_core::audit::StoredRow;
use snowgate_core::bounce::{EmailTags, MessageId};
use snowgate_core::effect::{RecordedEffect, Removal};
use snowgate_core::email::{Email, EmailAddress};
use snowgate_core::id::{AccountId, ClientId, Digest, RequestId, SysId};
use snowgate_core::lifecycle::State;
use snowgate_core::principal::PrincipalKey;
use snowgate_core::record::RequestRecord;
use snowgate_core::request::{Source, TableName};
use snowgate_core::slots::Delegation;
use snowgate_core::ticket::{Person, Ticket};
use snowgate_core::ticket_note::TicketUpdate;
use snowgate_core::volume::{VolumeOf, VolumeWindows};

/// When a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Nothing was done.
    Before,
    /// It was done, and the answer was lost.
    After,
}

/// What becomes of the calls that follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aftermath {
    /// They work.
    Alive,
    /// None of them gets through until [`Fault::mend`]: the function has crashed.
    Dead,
}

/// Which call fails. One fault counts the calls of all ports that share it.
#[derive(Debug, Clone, Default)]
pub struct Fault(Arc<Mutex<Count>>);

#[derive(Debug, Default)]
struct Count {
    calls: u64,
    planned: Option<(u64, Moment, Aftermath)>,
    dead: bool,
    interleaved: bool,
}

impl Fault {
    /// Nothing fails yet.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The `nth` call from now on fails; the next is 1. Counting starts anew.
    pub fn at(&self, nth: u64, moment: Moment, aftermath: Aftermath) {
        let mut count = self.0.lock().unwrap();
        count.calls = 0;
        count.planned = Some((nth, moment, aftermath));
    }

    /// Every call waits for one turn of the executor first, so that calls of tasks that run at
    /// the same time alternate.
    pub fn interleave(&self) {
        self.0.lock().unwrap().interleaved = true;
    }

    /// Everything works again, and counting starts anew.
    pub fn mend(&self) {
        *self.0.lock().unwrap() = Count::default();
    }

    /// How many calls were made, those that failed included.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.0.lock().unwrap().calls
    }

    fn is_interleaved(&self) -> bool {
        self.0.lock().unwrap().interleaved
    }

    fn strike(&self) -> Option<Moment> {
        let mut count = self.0.lock().unwrap();
        if count.dead {
            return Some(Moment::Before);
        }
        count.calls += 1;
        let (nth, moment, aftermath) = count.planned?;
        if count.calls != nth {
            return None;
        }
        count.dead = aftermath == Aftermath::Dead;
        Some(moment)
    }
}

/// Waits for one turn of the executor, so that tasks that all do so alternate call by call.
pub async fn turn() {
    let mut waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A port whose calls fail as planned, with an error that may be retried.
#[derive(Debug, Clone)]
pub struct Failing<T> {
    inner: T,
    fault: Fault,
}

impl<T> Failing<T> {
    /// Wraps a port.
    pub fn new(inner: T, fault: &Fault) -> Self {
        Self {
            inner,
            fault: fault.clone(),
        }
    }

    async fn call<R, E: From<CallError>>(
        &self,
        call: impl Future<Output = Result<R, E>>,
    ) -> Result<R, E> {
        if self.fault.is_interleaved() {
            turn().await;
        }
        let lost = || E::from(CallError::transient("fault:Injected", "Injected"));
        match self.fault.strike() {
            None => call.await,
            Some(Moment::Before) => Err(lost()),
            Some(Moment::After) => call.await.and_then(|_| Err(lost())),
        }
    }
}

impl<T: Requests> Requests for Failing<T> {
    async fn create(&self, new: &NewRequest) -> Result<Created, CallError> {
        self.call(self.inner.create(new)).await
    }

    async fn made_by(
        &self,
        client: &ClientId,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<Created>, CallError> {
        self.call(self.inner.made_by(client, key, now)).await
    }

    async fn load(&self, id: &RequestId) -> Result<Option<RequestRecord>, CallError> {
        self.call(self.inner.load(id)).await
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        self.call(self.inner.commit(commit)).await
    }

    async fn counted(&self, of: &VolumeOf) -> Result<VolumeWindows, CallError> {
        self.call(self.inner.counted(of)).await
    }

    async fn postpone(
        &self,
        id: &RequestId,
        version: u64,
        due_at: Timestamp,
        attempts: u32,
    ) -> Result<bool, CallError> {
        self.call(self.inner.postpone(id, version, due_at, attempts))
            .await
    }

    async fn peek(&self, ids: &[RequestId]) -> Result<Vec<RequestRecord>, CallError> {
        self.call(self.inner.peek(ids)).await
    }

    async fn trail(&self, id: &RequestId) -> Result<Vec<StoredRow>, CallError> {
        self.call(self.inner.trail(id)).await
    }

    async fn first_rows(&self, id: &RequestId) -> Result<Vec<StoredRow>, CallError> {
        self.call(self.inner.first_rows(id)).await
    }

    async fn documents(&self, id: &RequestId) -> Result<Vec<String>, CallError> {
        self.call(self.inner.documents(id)).await
    }
}

impl<T: RequestIndex> RequestIndex for Failing<T> {
    async fn of_record(
        &self,
        client: &ClientId,
        sys_id: &SysId,
    ) -> Result<Vec<(RequestId, State)>, CallError> {
        self.call(self.inner.of_record(client, sys_id)).await
    }
}

impl<T: TimeIndex> TimeIndex for Failing<T> {
    async fn due(
        &self,
        bucket: u8,
        now: Timestamp,
        limit: u16,
        after: Option<&ItemKey>,
    ) -> Result<IndexPage<DueItem>, CallError> {
        self.call(self.inner.due(bucket, now, limit, after)).await
    }

    async fn ended(
        &self,
        bucket: u8,
        now: Timestamp,
        limit: u16,
        after: Option<&ItemKey>,
    ) -> Result<IndexPage<EndedEffect>, CallError> {
        self.call(self.inner.ended(bucket, now, limit, after)).await
    }

    async fn put_due(
        &self,
        key: &ItemKey,
        version: Option<u64>,
        to: Option<Timestamp>,
    ) -> Result<bool, CallError> {
        self.call(self.inner.put_due(key, version, to)).await
    }

    async fn put_end(&self, key: &ItemKey, to: Timestamp) -> Result<bool, CallError> {
        self.call(self.inner.put_end(key, to)).await
    }
}

impl<T: Effects> Effects for Failing<T> {
    async fn effect_keys(&self, principal: &PrincipalKey) -> Result<EffectKeys, CallError> {
        self.call(self.inner.effect_keys(principal)).await
    }

    async fn effects(
        &self,
        principal: &PrincipalKey,
        keys: &[String],
    ) -> Result<Vec<RecordedEffect>, CallError> {
        self.call(self.inner.effects(principal, keys)).await
    }

    async fn forget(&self, effect: &RecordedEffect, now: Timestamp) -> Result<(), CallError> {
        self.call(self.inner.forget(effect, now)).await
    }

    async fn removals(&self, principal: &PrincipalKey) -> Result<Vec<Removal>, CallError> {
        self.call(self.inner.removals(principal)).await
    }
}

impl<T: Tokens> Tokens for Failing<T> {
    async fn token(&self, digest: &Digest) -> Result<Option<TokenRow>, CallError> {
        self.call(self.inner.token(digest)).await
    }
}

impl<T: Mailer> Mailer for Failing<T> {
    async fn send(
        &self,
        to: &EmailAddress,
        email: &Email,
        tags: Option<&EmailTags>,
    ) -> Result<Option<MessageId>, CallError> {
        self.call(self.inner.send(to, email, tags)).await
    }
}

impl<T: RequestsQueue> RequestsQueue for Failing<T> {
    async fn wake_dispatcher(&self, wake: &WakeUp) -> Result<(), CallError> {
        self.call(self.inner.wake_dispatcher(wake)).await
    }
}

impl<T: WorkQueue> WorkQueue for Failing<T> {
    async fn wake_provisioner(
        &self,
        wake: &WakeUp,
        principal: &PrincipalKey,
    ) -> Result<(), CallError> {
        self.call(self.inner.wake_provisioner(wake, principal))
            .await
    }
}

impl<T: OutcomesQueue> OutcomesQueue for Failing<T> {
    async fn wake_reporter(&self, wake: &WakeUp) -> Result<(), CallError> {
        self.call(self.inner.wake_reporter(wake)).await
    }
}

impl<T: ServiceNow> ServiceNow for Failing<T> {
    async fn ticket(&self, source: &Source) -> Result<Option<Ticket>, CallError> {
        self.call(self.inner.ticket(source)).await
    }

    async fn people(&self, ids: &[SysId]) -> Result<Vec<Person>, CallError> {
        self.call(self.inner.people(ids)).await
    }

    async fn account(&self, account: &AccountId) -> Result<Option<AccountItem>, CallError> {
        self.call(self.inner.account(account)).await
    }

    async fn item(&self, sys_id: &SysId) -> Result<Option<AccountItem>, CallError> {
        self.call(self.inner.item(sys_id)).await
    }

    async fn delegations(&self, of: &[SysId]) -> Result<Vec<Delegation>, CallError> {
        self.call(self.inner.delegations(of)).await
    }

    async fn manager(&self, person: &SysId) -> Result<Option<SysId>, CallError> {
        self.call(self.inner.manager(person)).await
    }

    async fn group_manager(&self, group: &SysId) -> Result<Option<SysId>, CallError> {
        self.call(self.inner.group_manager(group)).await
    }

    async fn group_members(&self, group: &SysId) -> Result<Vec<SysId>, CallError> {
        self.call(self.inner.group_members(group)).await
    }
}

impl<T: Tickets> Tickets for Failing<T> {
    async fn update(
        &self,
        table: &TableName,
        sys_id: &SysId,
        update: &TicketUpdate,
    ) -> Result<Written, CallError> {
        self.call(self.inner.update(table, sys_id, update)).await
    }
}

impl<T: Signer> Signer for Failing<T> {
    async fn sign(&self, message: &[u8]) -> Result<MacTag, CallError> {
        self.call(self.inner.sign(message)).await
    }
}

impl<T: Verifier> Verifier for Failing<T> {
    async fn verify(&self, message: &[u8], mac: &MacTag) -> Result<bool, CallError> {
        self.call(self.inner.verify(message, mac)).await
    }
}
