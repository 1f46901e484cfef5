//! What can happen, and making it happen.

use std::collections::BTreeMap;

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use ports::Failure;
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Value, json};
use snowgate_core::account::PrincipalFacts;
use snowgate_core::approval::Verdict;
use snowgate_core::id::RequestId;
use snowgate_core::lifecycle::State;
use snowgate_core::principal::Principal;
use snowgate_core::ticket::Person;
use testkit::samples::{self, ACCOUNT};
use testkit::world::{
    self, OWNER, World, at, document, group_facts, other_policy, person, principal_facts,
};
use testkit::{Aftermath, FakeKeys, Moment, QueueName, SentWakeUp, Trouble};

use crate::functions::{self, ORIGIN};

/// A crash at the nth call from here.
type Crash = Option<(u64, bool)>;

/// Something that can happen.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// A ticket asks for access.
    Raise {
        other_user: bool,
        wants: Vec<Want>,
        dry_run: bool,
    },
    /// The client takes a request back, or ends its access.
    End {
        pick: usize,
        revoke: bool,
        crash: Crash,
    },
    /// Somebody uses a link to end access.
    EndByLink { letter: usize, crash: Crash },
    /// A wake-up arrives; it may stay in its queue and arrive again.
    Deliver {
        pick: usize,
        again: bool,
        crash: Crash,
    },
    /// Somebody uses a link.
    Decide {
        letter: usize,
        approve: bool,
        crash: Crash,
    },
    /// Somebody who can write to the ledger forges a decision.
    Forge { pick: usize },
    /// Time goes by.
    Wait { minutes: i64 },
    /// The sweeper runs.
    Sweep { crash: Crash },
    /// The owner leaves or comes back.
    Owner { active: bool },
    /// The policy gets a new version.
    Policy { version: u8 },
    /// ServiceNow, tickets and IAM stop or work again.
    Outage {
        servicenow: bool,
        tickets: bool,
        iam: bool,
    },
}

/// Something that can be asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Want {
    Policy,
    OtherPolicy,
    InlinePolicy,
    Group,
}

impl Want {
    pub(crate) const ALL: [Self; 4] = [
        Self::Policy,
        Self::OtherPolicy,
        Self::InlinePolicy,
        Self::Group,
    ];

    fn grant(self) -> Value {
        let attach = |arn| json!({"type": "attach_managed_policy", "policy_arn": arn});
        match self {
            Self::Policy => attach(samples::policy()),
            Self::OtherPolicy => attach(other_policy()),
            Self::InlinePolicy => {
                let document: Value = document("s3:ListBucket").parse().unwrap();
                json!({"type": "inline_policy", "document": document})
            }
            Self::Group => {
                let group = group_facts();
                json!({"type": "group_membership", "group": group.arn.name()})
            }
        }
    }
}

impl Step {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let crash = || proptest::option::weighted(0.3, (1..14_u64, any::<bool>()));
        let weights = (any::<usize>(), any::<bool>(), crash());
        prop_oneof![
            3 => (
                any::<bool>(),
                subsequence(Want::ALL.to_vec(), 1..=2),
                proptest::bool::weighted(0.1),
            ).prop_map(|(other_user, wants, dry_run)| Self::Raise { other_user, wants, dry_run }),
            2 => (any::<usize>(), any::<bool>(), crash()).prop_map(
                |(pick, revoke, crash)| Self::End { pick, revoke, crash }
            ),
            1 => (any::<usize>(), crash()).prop_map(
                |(letter, crash)| Self::EndByLink { letter, crash }
            ),
            10 => weights.prop_map(|(pick, again, crash)| Self::Deliver { pick, again, crash }),
            5 => (any::<usize>(), proptest::bool::weighted(0.8), crash()).prop_map(
                |(letter, approve, crash)| Self::Decide { letter, approve, crash }
            ),
            1 => any::<usize>().prop_map(|pick| Self::Forge { pick }),
            3 => prop_oneof![1..5_i64, 60..700_i64, 4000..5000_i64]
                .prop_map(|minutes| Self::Wait { minutes }),
            4 => crash().prop_map(|crash| Self::Sweep { crash }),
            1 => any::<bool>().prop_map(|active| Self::Owner { active }),
            1 => (1..3_u8).prop_map(|version| Self::Policy { version }),
            1 => (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
                |(servicenow, tickets, iam)| Self::Outage { servicenow, tickets, iam }
            ),
        ]
    }
}

/// All functions in one world, and what was seen of it so far.
pub(crate) struct Flow {
    pub(crate) world: World,
    pub(crate) users: [Principal; 2],
    /// What the users held before us; the first one may have had the first policy.
    pub(crate) before: [PrincipalFacts; 2],
    pub(crate) forged: Vec<RequestId>,
    pub(crate) ended: BTreeMap<RequestId, State>,
    /// The ends of those that were ended early.
    pub(crate) ending: BTreeMap<RequestId, Option<jiff::Timestamp>>,
    runtime: tokio::runtime::Runtime,
    second: i64,
    waiting: Vec<SentWakeUp>,
}

impl Flow {
    pub(crate) fn new(found_there: bool) -> Self {
        let world = World::default();
        let users = [world.target.clone(), samples::user()];
        let mut before = [principal_facts(), principal_facts()];
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
            ended: BTreeMap::new(),
            ending: BTreeMap::new(),
            runtime,
            second: 0,
            waiting: Vec::new(),
        }
    }

    pub(crate) fn states(&self) -> Vec<State> {
        let records = self.world.ledger.records();
        records.iter().map(|record| record.state).collect()
    }

    pub(crate) fn take(&mut self, step: &Step) {
        match step {
            Step::Raise {
                other_user,
                wants,
                dry_run,
            } => self.raise(*other_user, wants, *dry_run),
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
            Step::Forge { pick } => self.forge(*pick),
            Step::Wait { minutes } => self.second += minutes * 60,
            Step::Sweep { crash } => self.sweep(*crash),
            Step::Owner { active } => self.world.servicenow.put_person(Person {
                active: *active,
                ..person(OWNER)
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

    fn outage(&self, servicenow: bool, tickets: bool, iam: bool) {
        let failing = |yes: bool| yes.then_some(Failure::Retry);
        self.world.servicenow.set_trouble(failing(servicenow));
        self.world.tickets.set_trouble(failing(tickets));
        let account = ACCOUNT.parse().unwrap();
        let trouble = iam.then_some(Trouble::Throttled);
        self.world.directory.set_trouble(&account, trouble);
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

    fn raise(&self, other_user: bool, wants: &[Want], dry_run: bool) {
        let user = &self.users[usize::from(other_user)];
        let mut body = samples::body(&self.world.ticket(), user);
        body["grants"] = wants.iter().map(|want| want.grant()).collect();
        if dry_run {
            body["dry_run"] = json!(true);
        }
        let event = json!({
            "resource": "/v1/requests", "path": "/v1/requests", "httpMethod": "POST",
            "headers": {"Content-Type": "application/json"}, "body": body.to_string(),
            "requestContext": {"httpMethod": "POST", "authorizer": {"client": "servicenow"}},
        });
        self.world.fault.mend();
        let intake = functions::intake(&self.world);
        let answer = self
            .runtime
            .block_on(intake.handle(&event_of(event), at(self.second)));
        assert_eq!(answer.status_code, 202);
    }

    fn end(&self, pick: usize, revoke: bool, crash: Crash) {
        let records = self.world.ledger.records();
        if records.is_empty() {
            return;
        }
        let how = if revoke { "revoke" } else { "withdraw" };
        let resource = format!("/v1/requests/{{id}}/{how}");
        let event = json!({
            "resource": resource, "path": resource, "httpMethod": "POST",
            "headers": {}, "pathParameters": {"id": records[pick % records.len()].id},
            "requestContext": {"httpMethod": "POST", "authorizer": {"client": "servicenow"}},
        });
        self.break_off(crash);
        let intake = functions::intake(&self.world);
        let answer = self
            .runtime
            .block_on(intake.handle(&event_of(event), at(self.second)));
        assert!([200, 409, 503].contains(&answer.status_code));
        self.world.fault.mend();
    }

    fn deliver(&mut self, pick: usize, again: bool, crash: Crash) {
        if self.waiting.is_empty() {
            return;
        }
        let index = pick % self.waiting.len();
        let message = self.waiting[index].clone();
        self.break_off(crash);
        let (world, now) = (&self.world, at(self.second));
        let id = &message.wake.request;
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

    /// Sends the form behind one of the links that were mailed.
    fn use_link(&self, letter: usize, choice: &str, crash: Crash) {
        let start = format!("{ORIGIN}/r/");
        let letters = self.world.mailer.sent();
        let links: Vec<String> = letters
            .iter()
            .filter_map(|sent| sent.letter.text.split_once(&start))
            .map(|(_, rest)| rest.chars().take(43).collect())
            .collect();
        if links.is_empty() {
            return;
        }
        let link = links[letter % links.len()].clone();
        self.break_off(None);
        let shown = self.call("GET", &link, String::new());
        let nonce = shown.split_once("name=\"nonce\" value=\"");
        let nonce = nonce.and_then(|(_, rest)| rest.split_once('"'));
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("nonce", nonce.map_or("", |(nonce, _)| nonce))
            .append_pair("decision", choice)
            .append_pair("reason", "Known and needed")
            .finish();
        self.break_off(crash);
        self.call("POST", &link, body);
        self.world.fault.mend();
    }

    /// Calls the approval page; answers its HTML.
    fn call(&self, method: &str, link: &str, body: String) -> String {
        let event = json!({
            "resource": "/r/{token}", "path": "/r/", "httpMethod": method,
            "headers": {"Content-Type": "application/x-www-form-urlencoded", "Origin": ORIGIN},
            "pathParameters": {"token": link}, "body": body,
            "requestContext": {"httpMethod": method},
        });
        let approval = functions::approval(&self.world);
        let answer = self
            .runtime
            .block_on(approval.handle(&event_of(event), at(self.second)));
        let whole = serde_json::to_value(&answer).unwrap();
        whole["body"].as_str().unwrap_or_default().to_owned()
    }

    fn forge(&mut self, pick: usize) {
        let mut pending = self.world.ledger.records();
        pending.retain(|record| {
            let asked = record.asked.as_ref();
            let by_owner = asked.is_some_and(|asked| {
                let mut people = asked.slots.iter().flat_map(|slot| &slot.approvers);
                people.any(|approver| approver.sys_id == world::id(OWNER))
            });
            let in_time = asked.is_some_and(|asked| at(self.second) < asked.expires_at);
            record.state == State::Pending && by_owner && in_time
        });
        if pending.is_empty() {
            return;
        }
        let record = &pending[pick % pending.len()];
        let keys = FakeKeys::new([66; 32]);
        let now = at(self.second);
        let _ = self
            .world
            .decide(record, OWNER, Verdict::Approve, &keys, now);
        self.forged.push(record.id.clone());
    }

    fn sweep(&self, crash: Crash) {
        self.break_off(crash);
        let sweeper = functions::sweeper(&self.world);
        let _ = self.runtime.block_on(sweeper.sweep(at(self.second)));
        self.world.fault.mend();
    }

    /// Delivers wake-ups until none is left.
    pub(crate) fn deliver_all(&mut self) {
        for _ in 0..1000 {
            if self.waiting.is_empty() {
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
                self.waiting.rotate_left(1);
                self.second += 60;
            }
        }
    }

    /// Everything works again, and time goes by until nothing is due any more.
    pub(crate) fn come_to_an_end(&mut self) {
        self.outage(false, false, false);
        self.world.servicenow.put_person(person(OWNER));
        for _ in 0..300 {
            self.deliver_all();
            self.take(&Step::Sweep { crash: None });
            self.deliver_all();
            if self
                .world
                .ledger
                .records()
                .iter()
                .all(|r| r.due_at.is_none())
            {
                return;
            }
            self.take(&Step::Wait { minutes: 45 });
        }
    }
}

fn event_of(event: Value) -> ApiGatewayProxyRequest {
    serde_json::from_value(event).unwrap()
}
