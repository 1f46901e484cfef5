//! Making it happen.

mod lake;
mod people;

use std::collections::BTreeMap;

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use jiff::SignedDuration;
use ports::Failure;
use serde_json::Value;
use snowgate_core::account::PrincipalFacts;
use snowgate_core::bounce::{Bounce, BounceKind};
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::RequestId;
use snowgate_core::lifecycle::State;
use snowgate_core::principal::{Principal, PrincipalKey};
use snowgate_core::record::{DecisionRecord, Message, RequestRecord};
use snowgate_core::slots::Delegation;
use snowgate_core::ticket::Person;
use testkit::samples::{self, ACCOUNT};
use testkit::world::{self, GUARDRAILS, World, at, document, person, principal_facts};
use testkit::{AccountFault, Aftermath, Moment, QueueName, SentWakeUp};

use crate::functions;
use crate::steps::{Crash, PEOPLE, Step};
use lake::{LAKE_GRANTS, found_lake, lake};

/// All functions in one world, and what was seen of it so far.
pub(crate) struct Flow {
    pub(crate) world: World,
    pub(crate) users: [Principal; 3],
    /// What the users held before us; the first one may have had the first policy.
    pub(crate) before: [PrincipalFacts; 3],
    pub(crate) forged: Vec<RequestId>,
    /// The decisions that were seen last.
    pub(crate) decided: BTreeMap<RequestId, Vec<DecisionRecord>>,
    pub(crate) ended: BTreeMap<RequestId, State>,
    /// The ends of those that were ended early.
    pub(crate) ending: BTreeMap<RequestId, Option<jiff::Timestamp>>,
    runtime: tokio::runtime::Runtime,
    second: i64,
    waiting: Vec<SentWakeUp>,
    /// Reports of the mail service that come again.
    reports: Vec<Bounce>,
}

impl Flow {
    pub(crate) fn new(found_there: bool) -> Self {
        let mut world = World::default();
        let guardrails = format!("{GUARDRAILS}{LAKE_GRANTS}");
        world.guardrails = Guardrails::parse(&guardrails).unwrap();
        let mut lake_user = samples::user();
        lake_user.account_id = lake();
        let users = [world.target.clone(), samples::user(), lake_user];
        let mut before = [principal_facts(), principal_facts(), principal_facts()];
        before[2] = found_lake(&world);
        before[1].unique_id = "AIDASECOND".to_owned();
        if found_there {
            before[0].attached.push(samples::policy().to_string());
        }
        for (user, facts) in users.iter().zip(&before) {
            world.directory.put_principal(user, facts.clone());
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        Self {
            world,
            users,
            before,
            forged: Vec::new(),
            decided: BTreeMap::new(),
            ended: BTreeMap::new(),
            ending: BTreeMap::new(),
            runtime,
            second: 0,
            waiting: Vec::new(),
            reports: Vec::new(),
        }
    }

    /// The users with the keys of their effects.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&Principal, PrincipalKey)> {
        let users = self.users.iter().zip(&self.before);
        users.map(|(user, facts)| (user, user.key_by_id(&facts.unique_id)))
    }

    pub(crate) fn now(&self) -> jiff::Timestamp {
        at(self.second)
    }

    pub(crate) fn states(&self) -> Vec<State> {
        let records = self.world.ledger.records();
        records.iter().map(|record| record.state()).collect()
    }

    /// Who is asked about what is open of the only request, each once.
    pub(crate) fn asked(&self) -> Vec<u8> {
        let records = self.world.ledger.records();
        let mut asked = Vec::new();
        for approver in records[0].open_slots().flat_map(|slot| &slot.approvers) {
            let known = |who: &&u8| world::id(**who) == approver.sys_id;
            let who = *PEOPLE.iter().find(known).unwrap();
            if !asked.contains(&who) {
                asked.push(who);
            }
        }
        asked
    }

    fn everybody_agrees(&mut self) {
        for letter in 0..self.world.mailer.sent().len() {
            self.take(&Step::Decide {
                letter,
                approve: true,
                crash: None,
            });
        }
        self.deliver_all();
    }

    /// Somebody answers by the last e-mail to them.
    pub(crate) fn decides(&mut self, who: u8, approve: bool) {
        let sent = self.world.mailer.sent();
        let with_links = sent.iter().filter(|sent| sent.tagged.is_some());
        let letter = with_links
            .enumerate()
            .filter(|(_, sent)| sent.to.expose() == world::address(who))
            .last();
        self.take(&Step::Decide {
            letter: letter.unwrap().0,
            approve,
            crash: None,
        });
    }

    pub(crate) fn take(&mut self, step: &Step) {
        match step {
            Step::Raise {
                user,
                wants,
                item,
                dry_run,
            } => self.raise(*user, wants, *item, *dry_run),
            Step::End {
                pick,
                revoke,
                crash,
            } => self.end(*pick, *revoke, *crash),
            Step::EndByLink { letter, crash } => self.use_link(*letter, "revoke", *crash),
            Step::Deliver { pick, again, crash } => self.deliver(*pick, *again, *crash),
            Step::Decide {
                letter,
                approve,
                crash,
            } => {
                let choice = if *approve { "approve" } else { "deny" };
                self.use_link(*letter, choice, *crash);
            }
            Step::Bounce {
                letter,
                lost,
                crash,
            } => self.bounce(*letter, *lost, *crash),
            Step::Forge { pick } => self.forge(*pick),
            Step::Wait { minutes } => self.second += minutes * 60,
            Step::Sweep { crash } => self.sweep(*crash),
            Step::Person { who, active } => self.world.servicenow.put_person(Person {
                active: *active,
                ..person(*who)
            }),
            Step::Delegate { from, to } => self.world.servicenow.add_delegation(Delegation {
                from: world::id(*from),
                to: world::id(*to),
                starts: Some(self.now()),
                ends: Some(self.now() + SignedDuration::from_hours(24)),
            }),
            Step::Policy { version } => self.world.put_policy(
                samples::policy(),
                &format!("v{version}"),
                &document("s3:GetObject"),
            ),
            Step::Outage {
                servicenow,
                tickets,
                iam,
            } => self.outage(*servicenow, *tickets, *iam),
        }
        self.second += 1;
        for queue in [QueueName::Requests, QueueName::Work, QueueName::Outcomes] {
            self.waiting.extend(self.world.queues.take(queue));
        }
    }

    fn outage(&self, servicenow: bool, tickets: bool, iam: [bool; 2]) {
        let failing = |yes: bool| yes.then_some(Failure::Transient);
        self.world.servicenow.set_failure(failing(servicenow));
        self.world.tickets.set_failure(failing(tickets));
        for (account, fails) in [ACCOUNT.parse().unwrap(), lake()].iter().zip(iam) {
            let fault = fails.then_some(AccountFault::Throttled);
            self.world.directory.set_fault(account, fault);
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
        let (world, now) = (&self.world, at(self.second));
        let id = message.request();
        let done = self.runtime.block_on(async {
            match message.queue {
                QueueName::Requests => functions::dispatcher(world).handle(id, now).await.is_ok(),
                QueueName::Work => functions::provisioner(world).handle(id, now).await.is_ok(),
                QueueName::Outcomes => functions::reporter(world).handle(id, now).await.is_ok(),
            }
        });
        self.world.fault.mend();
        if done && !again {
            self.waiting.remove(index);
        }
    }

    /// The mail service reports an e-mail, or brings back a report that was not taken.
    fn bounce(&mut self, letter: usize, lost: bool, crash: Crash) {
        let sent = self.world.mailer.sent();
        let tagged: Vec<_> = sent
            .iter()
            .filter_map(|sent| sent.tagged.as_ref())
            .collect();
        if tagged.is_empty() {
            return;
        }
        let (tags, message) = tagged[letter % tagged.len()].clone();
        let kind = lost.then_some(BounceKind::Bounced);
        let report = Bounce {
            message,
            tags,
            kind,
        };
        self.hand_over(report, crash);
    }

    fn hand_over(&mut self, report: Bounce, crash: Crash) {
        self.break_off(crash);
        let dispatcher = functions::dispatcher(&self.world);
        let taken = dispatcher.bounced(&report, self.now());
        let taken = self.runtime.block_on(taken);
        self.world.fault.mend();
        if taken.is_err() {
            self.reports.push(report);
        }
    }

    fn sweep(&self, crash: Crash) {
        self.break_off(crash);
        let sweeper = functions::sweeper(&self.world);
        let _ = self.runtime.block_on(sweeper.sweep(at(self.second)));
        self.world.fault.mend();
    }

    /// Delivers wake-ups and reports until none is left.
    pub(crate) fn deliver_all(&mut self) {
        for _ in 0..1000 {
            if let Some(report) = self.reports.pop() {
                self.hand_over(report, None);
            }
            if self.waiting.is_empty() && self.reports.is_empty() {
                return;
            }
            let first = Step::Deliver {
                pick: 0,
                again: false,
                crash: None,
            };
            let before = self.waiting.len();
            self.take(&first);
            if self.waiting.len() >= before {
                // It failed and comes again later.
                if before > 0 {
                    self.waiting.rotate_left(1);
                }
                self.second += 60;
            }
        }
    }

    /// Everything works again, and time goes by until nothing is due any more. Everybody who was
    /// written to says yes, or nobody answers any more.
    pub(crate) fn come_to_an_end(&mut self, answered: bool) {
        self.outage(false, false, [false, false]);
        for who in PEOPLE {
            self.world.servicenow.put_person(person(who));
        }
        for round in 0..400 {
            self.deliver_all();
            self.take(&Step::Sweep { crash: None });
            self.deliver_all();
            if answered && (1..ANSWERED_ROUNDS).contains(&round) {
                self.everybody_agrees();
            }
            let records = self.world.ledger.records();
            if records.iter().all(|record| record.due_at().is_none()) {
                return;
            }
            if round > PATIENCE_ROUNDS {
                records.iter().for_each(somebody_is_asked);
            }
            self.take(&Step::Wait { minutes: 45 });
        }
    }
}

/// So many rounds long people answer: whoever takes another's place does too.
const ANSWERED_ROUNDS: usize = 4;
/// After so many rounds in which everything works, nothing is put off any more.
const PATIENCE_ROUNDS: usize = 4;

/// Every open slot has people, all of whom have an e-mail that nobody reported lost.
fn somebody_is_asked(record: &RequestRecord) {
    if record.state() != State::Pending {
        return;
    }
    assert_eq!(record.needs_reassignment(), None, "nobody looks for people");
    for slot in record.open_slots() {
        assert!(!slot.approvers.is_empty(), "{} waits for nobody", slot.id);
        for approver in &slot.approvers {
            let approver = approver.sys_id.clone();
            let request = record.delivery(&Message::ReviewRequest { approver });
            assert!(
                request.unwrap().sent_at().is_some(),
                "an e-mail is not sent"
            );
        }
    }
}

pub(crate) fn event_of(event: Value) -> ApiGatewayProxyRequest {
    serde_json::from_value(event).unwrap()
}
