//! Random sequences of what can happen to users that Snowgate makes: created, extended, given other access,
//! ended early and by their time, kept and deleted, with crashes before and after any call, outages of IAM, and wake-ups
//! that come late, twice or in another order. Everything is approved; who decides is shown elsewhere.
//!
//! After every step the invariants hold, and in the end nothing is left.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ports::identities::Identities as _;
use ports::ledger::Requests as _;
use proptest::prelude::*;
use serde_json::json;
use snowgate_core::aggregate::Aggregate;
use snowgate_core::approval::Verdict;
use snowgate_core::audit;
use snowgate_core::effect::RecordedEffect;
use snowgate_core::id::{IdentityId, RequestId};
use snowgate_core::identity::{IdentityRecord, IdentityState, LIFE_POLICY_NAME, LifePolicy};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::plan;
use snowgate_core::record::{Event, RequestRecord, RevokedBy};
use testkit::world::{OWNER, World, at, document, other_policy, ready};
use testkit::{AccountFault, Aftermath, Moment, QueueName, SentWakeUp, samples};

use crate::functions;
use crate::steps::Crash;

/// Something that can happen.
#[derive(Debug, Clone)]
enum Step {
    /// A user is asked for, with a policy, and approved at once or later.
    Create { hours: u8, approve: bool },
    /// The access of a user is to be extended.
    Extend {
        pick: usize,
        hours: u8,
        approve: bool,
    },
    /// Other access is asked for, for the user.
    Other { hours: u8, approve: bool },
    /// The owner approves what waits.
    Approve { pick: usize },
    /// The client ends access before its time.
    Revoke { pick: usize },
    /// A wake-up arrives; it may stay in its queue and arrive again.
    Deliver {
        pick: usize,
        again: bool,
        crash: Crash,
    },
    /// The sweeper runs.
    Sweep { crash: Crash },
    /// Time goes by.
    Wait { minutes: i64 },
    /// The policy that everybody asks for gets a new version.
    Policy { version: u8 },
    /// IAM of the account stops or works again.
    Outage { on: bool },
}

fn crash() -> impl Strategy<Value = Crash> {
    proptest::option::weighted(0.5, (1..60_u64, any::<bool>()))
}

fn any_step() -> impl Strategy<Value = Step> {
    let hours = || prop_oneof![4 => 1..12_u8, 1 => 24..60_u8];
    let approve = || proptest::bool::weighted(0.9);
    prop_oneof![
        2 => (hours(), approve()).prop_map(|(hours, approve)| Step::Create { hours, approve }),
        3 => (any::<usize>(), hours(), approve())
            .prop_map(|(pick, hours, approve)| Step::Extend { pick, hours, approve }),
        2 => (hours(), approve()).prop_map(|(hours, approve)| Step::Other { hours, approve }),
        1 => any::<usize>().prop_map(|pick| Step::Approve { pick }),
        2 => any::<usize>().prop_map(|pick| Step::Revoke { pick }),
        14 => (any::<usize>(), any::<bool>(), crash())
            .prop_map(|(pick, again, crash)| Step::Deliver { pick, again, crash }),
        4 => crash().prop_map(|crash| Step::Sweep { crash }),
        3 => prop_oneof![1..5_i64, 60..400_i64].prop_map(|minutes| Step::Wait { minutes }),
        1 => (1..3_u8).prop_map(|version| Step::Policy { version }),
        1 => any::<bool>().prop_map(|on| Step::Outage { on }),
    ]
}

/// All functions in one world, and what was seen of it so far.
struct Users {
    world: World,
    runtime: tokio::runtime::Runtime,
    second: i64,
    waiting: Vec<SentWakeUp>,
    /// Whether IAM does not answer: nobody asks then.
    is_out: bool,
    /// How requests for users were asked, in the order in which they were.
    creators: Vec<RequestId>,
    ended: BTreeMap<RequestId, State>,
}

impl Users {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        Self {
            world: World::with_users(),
            runtime: runtime.unwrap(),
            second: 0,
            waiting: Vec::new(),
            is_out: false,
            creators: Vec::new(),
            ended: BTreeMap::new(),
        }
    }

    fn now(&self) -> Timestamp {
        at(self.second)
    }

    fn records(&self) -> Vec<RequestRecord> {
        let records = self.world.ledger.records();
        let load = |record: &RequestRecord| self.world.load(record.id());
        records.iter().map(load).collect()
    }

    fn identities(&self) -> Vec<IdentityRecord> {
        let of = |id: &RequestId| ready(self.world.ledger.identity(&IdentityId::of(id))).unwrap();
        self.creators.iter().filter_map(of).collect()
    }

    fn is_there(&self) -> bool {
        self.world.directory.facts(&self.world.target).is_some()
    }

    fn ask(&mut self, grants: serde_json::Value, hours: u8, extends: Option<&RequestRecord>) {
        let mut request = self.world.request_for(grants);
        request.duration = format!("PT{hours}H").parse().unwrap();
        request.extends = extends.and_then(RequestRecord::extension);
        if request.creates_user() == self.is_there() || self.is_out {
            return;
        }
        let creates = request.creates_user();
        let received = self.world.receive(request, self.now());
        if creates {
            self.creators.push(received.id().clone());
        }
        let _ = self.world.pend(received, &[OWNER], self.now());
    }

    fn approve(&mut self, pick: usize) {
        let records = self.records().into_iter();
        let pending: Vec<_> = records
            .filter(|one| one.state() == State::Pending)
            .collect();
        if let Some(record) = pending.get(pick % pending.len().max(1)) {
            let (world, now) = (&self.world, self.now());
            let _ = world.decide(record, OWNER, Verdict::Approve, &world.keys, now);
        }
    }

    fn take(&mut self, step: &Step) {
        self.world.directory.set_now(self.now());
        match step {
            Step::Create { hours, approve } => {
                self.ask(World::new_user_grants(), *hours, None);
                self.approve_last(*approve);
            }
            Step::Extend {
                pick,
                hours,
                approve,
            } => {
                let records = self.records().into_iter();
                let active = records
                    .filter(|one| one.state() == State::Active && one.request().user().is_some());
                let active: Vec<_> = active.collect();
                if let Some(before) = active.get(pick % active.len().max(1)) {
                    self.ask(World::new_user_grants(), *hours, Some(before));
                    self.approve_last(*approve);
                }
            }
            Step::Other { hours, approve } => {
                let policy = other_policy();
                let grants = json!([{"type": "attach_managed_policy", "policy_arn": policy}]);
                self.ask(grants, *hours, None);
                self.approve_last(*approve);
            }
            Step::Approve { pick } => self.approve(*pick),
            Step::Revoke { pick } => self.revoke(*pick),
            Step::Deliver { pick, again, crash } => self.deliver(*pick, *again, *crash),
            Step::Sweep { crash } => {
                self.break_off(*crash);
                let sweeper = functions::sweeper(&self.world);
                let _ = self.runtime.block_on(sweeper.sweep(self.now()));
                self.world.fault.mend();
            }
            Step::Wait { minutes } => self.second += minutes * 60,
            Step::Policy { version } => {
                let version = format!("v{version}");
                let document = document("s3:GetObject");
                self.world
                    .put_policy(samples::policy(), &version, &document);
            }
            Step::Outage { on } => {
                self.is_out = *on;
                let fault = on.then_some(AccountFault::Throttled);
                let account = &self.world.target.account_id;
                self.world.directory.set_fault(account, fault);
            }
        }
        self.second += 1;
        for queue in [QueueName::Requests, QueueName::Work, QueueName::Outcomes] {
            self.waiting.extend(self.world.queues.take(queue));
        }
    }

    fn approve_last(&mut self, approve: bool) {
        if approve {
            let records = self.records().into_iter();
            let pending = records.filter(|one| one.state() == State::Pending).count();
            self.approve(pending.saturating_sub(1));
        }
    }

    fn revoke(&mut self, pick: usize) {
        let records = self.records().into_iter();
        let active = records.filter(|one| {
            one.state() == State::Active && one.revocation().is_none() && !one.is_over(self.now())
        });
        let active: Vec<_> = active.collect();
        if let Some(record) = active.get(pick % active.len().max(1)) {
            let event = Event::RevocationRequested {
                by: RevokedBy::Client,
                reason: None,
                signature: None,
            };
            let client = record.client().clone();
            let _ = self
                .world
                .apply(record, event, Actor::Client { client }, self.now());
        }
    }

    fn break_off(&self, crash: Crash) {
        self.world.fault.mend();
        if let Some((nth, before)) = crash {
            let moment = if before {
                Moment::Before
            } else {
                Moment::After
            };
            self.world.fault.at(nth, moment, Aftermath::Dead);
        }
    }

    fn deliver(&mut self, pick: usize, again: bool, crash: Crash) {
        if self.waiting.is_empty() {
            return;
        }
        let index = pick % self.waiting.len();
        let message = self.waiting[index].clone();
        self.break_off(crash);
        let (world, now) = (&self.world, self.now());
        let done = self.runtime.block_on(async {
            match (message.queue, &message.wake.aggregate) {
                (QueueName::Work, wake) => {
                    functions::provisioner(world).take(wake, now).await.is_ok()
                }
                (QueueName::Requests, Aggregate::Request(id)) => {
                    functions::dispatcher(world).handle(id, now).await.is_ok()
                }
                (QueueName::Outcomes, Aggregate::Request(id)) => {
                    functions::reporter(world).handle(id, now).await.is_ok()
                }
                (_, other) => unreachable!("a wake-up for {other}"),
            }
        });
        self.world.fault.mend();
        if done && !again {
            self.waiting.remove(index);
        }
    }

    fn deliver_all(&mut self) {
        for _ in 0..1000 {
            if self.waiting.is_empty() {
                return;
            }
            let before = self.waiting.len();
            self.take(&Step::Deliver {
                pick: 0,
                again: false,
                crash: None,
            });
            if self.waiting.len() >= before && before > 0 {
                self.waiting.rotate_left(1);
                self.second += 60;
            }
        }
    }

    /// Everything works again, and time goes by until nothing is due any more.
    fn come_to_an_end(&mut self) {
        self.take(&Step::Outage { on: false });
        for _ in 0..200 {
            self.deliver_all();
            self.take(&Step::Sweep { crash: None });
            self.deliver_all();
            self.check();
            let mut records = self.records().into_iter();
            let mut identities = self.identities().into_iter();
            if records.all(|one| one.due_at().is_none())
                && identities.all(|one| one.due_at().is_none())
            {
                return;
            }
            self.take(&Step::Wait { minutes: 180 });
        }
    }

    /// What holds after every step.
    fn check(&mut self) {
        let records = self.records();
        for record in &records {
            let trail = ready(self.world.ledger.trail(record.id())).unwrap();
            assert!(audit::verify(&trail, record).is_ok(), "a trail is broken");
            match self.ended.get(record.id()) {
                Some(end) => assert_eq!(record.state(), *end, "a terminal state has changed"),
                None if record.state().is_terminal() => {
                    self.ended.insert(record.id().clone(), record.state());
                }
                None => assert!(
                    record.due_at().is_some(),
                    "{} is due at no time",
                    record.state()
                ),
            }
            assert!(
                !record.deviations().any(|one| one.is_still_there()),
                "told of what is not so: {:?}",
                record.deviation_reports()
            );
        }
        for identity in self.identities() {
            assert_eq!(identity.trail_fault(), None);
            let is_over = identity.state().is_terminal();
            assert_eq!(identity.due_at().is_none(), is_over, "{}", identity.state());
        }
        let made = self.world.directory.changes();
        let made = made
            .iter()
            .filter(|line| line.starts_with("create "))
            .count();
        assert!(
            made <= self.creators.len(),
            "more users than were asked for"
        );
        self.check_user(&records);
    }

    /// What holds of the user, if it is there.
    fn check_user(&self, records: &[RequestRecord]) {
        let Some(facts) = self.world.directory.facts(&self.world.target) else {
            let active = records.iter().filter(|one| one.state() == State::Active);
            assert_eq!(active.count(), 0, "access of a user that is not there");
            return;
        };
        let (now, uid) = (self.now(), facts.unique_id.as_str());
        let of_it = |one: &&RequestRecord| one.is_bound_to(uid) && one.has_effects();
        let live: Vec<_> = records.iter().filter(of_it).collect();
        // Whatever it holds belongs to a request that was approved.
        let effects: Vec<RecordedEffect> = live
            .iter()
            .flat_map(|one| plan::effects_of_begun(one))
            .collect();
        for held in &facts.attached {
            let mut given = effects.iter().map(|one| one.change.key());
            assert!(given.any(|key| key.ends_with(held)), "{held} is nobody's");
        }
        let mut inline = facts.inline.iter();
        let life = inline.find(|one| one.name == LIFE_POLICY_NAME);
        let ends = effects.iter().filter(|one| one.change.is_of_user());
        let latest = ends.filter_map(|one| one.change.ends_at()).max();
        if let Some(life) = life
            && life.document != LifePolicy::Over.document()
        {
            assert!(
                latest.is_some(),
                "a user may live, and nothing gives it time"
            );
            let latest = latest.unwrap();
            let until = end_of(&life.document);
            assert!(until <= latest, "it lives until {until}, and not {latest}");
        }
        for one in live.iter().filter(|one| one.request().user().is_some()) {
            if one.state() == State::Active && !one.is_over(now) {
                assert!(life.is_some(), "a user without an end");
                let life = life.unwrap();
                assert_ne!(
                    life.document,
                    LifePolicy::Over.document(),
                    "denied while live"
                );
                let until = one.until().unwrap();
                let ends = end_of(&life.document);
                let ends_a_second_early = ends.duration_since(until).as_secs() >= -1;
                assert!(ends_a_second_early, "it ends at {ends}, and not {until}");
            }
        }
    }

    /// What holds once nothing is due any more.
    fn check_the_end(&self) {
        for record in self.records() {
            assert!(record.state().is_terminal(), "left {}", record.state());
        }
        for identity in self.identities() {
            let over = [IdentityState::Deleted, IdentityState::Discarded];
            assert!(
                over.contains(&identity.state()),
                "left {}",
                identity.state()
            );
        }
        assert!(!self.is_there(), "a user is left");
        assert_eq!(self.world.ledger.all_effects(), []);
    }
}

/// When a life policy denies everything.
fn end_of(document: &str) -> Timestamp {
    let (_, end) = document.split_once("aws:CurrentTime\":\"").unwrap();
    let (end, _) = end.split_once('"').unwrap();
    end.parse().unwrap()
}

fn whatever_happens(steps: &[Step]) {
    let mut users = Users::new();
    for step in steps {
        users.take(step);
        users.check();
    }
    users.come_to_an_end();
    users.check();
    users.check_the_end();
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_happens_to_users_the_promises_hold(
        steps in proptest::collection::vec(any_step(), 1..70),
    ) {
        whatever_happens(&steps);
    }
}

/// Straight through, so that the random ones are known to be able to get there.
#[test]
fn a_user_is_created_extended_given_access_ended_and_deleted() {
    let mut users = Users::new();
    let deliver = |users: &mut Users| {
        users.take(&Step::Wait { minutes: 3 });
        users.take(&Step::Sweep { crash: None });
        users.deliver_all();
        users.check();
    };
    users.take(&Step::Create {
        hours: 4,
        approve: true,
    });
    deliver(&mut users);
    users.take(&Step::Extend {
        pick: 0,
        hours: 8,
        approve: true,
    });
    users.take(&Step::Other {
        hours: 1,
        approve: true,
    });
    deliver(&mut users);
    let states: Vec<State> = users.records().iter().map(RequestRecord::state).collect();
    assert_eq!(states, [State::Active; 3]);
    users.come_to_an_end();
    users.check_the_end();
    let states: Vec<State> = users.records().iter().map(RequestRecord::state).collect();
    assert_eq!(states, [State::Revoked; 3]);
}
