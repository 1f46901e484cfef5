//! A small organisation in memory: people, an account, a user and two policies, with a fake of
//! every port around them, and requests brought to any state by the core alone.

mod creating;
mod identities;
mod organisation;

pub use organisation::*;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use jiff::{SignedDuration, Timestamp};
use ports::ledger::{Commit, NewRequest, Requests as _};
use ports::signature::Signer as _;
use snowgate_core::account::{AccountItem, PolicyFacts};
use snowgate_core::approval::{Decision, ReviewToken, SignedDecision, TokenRow, Verdict};
use snowgate_core::arn::PolicyArn;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::{Digest, RequestId, SysId};
use snowgate_core::installation::Installation;
use snowgate_core::lifecycle::Actor;
use snowgate_core::principal::{Principal, PrincipalKey};
use snowgate_core::record::{ApprovalRound, DecisionRecord, Event, Message, RequestRecord};
use snowgate_core::request::AccessRequest;
use snowgate_core::ticket::Ticket;
use workflow::survey::survey;

use crate::samples::{self, ACCOUNT};
use crate::{
    Failing, FakeDirectory, FakeKeys, FakeLedger, FakeMailer, FakeQueues, FakeServiceNow,
    FakeTickets, Fault, Group,
};

/// How long a decision is awaited in this organisation.
pub const PENDING_FOR: SignedDuration = SignedDuration::from_hours(72);

/// How long before that those who have not decided are reminded.
pub const REMIND_BEFORE: SignedDuration = SignedDuration::from_hours(24);

/// How long before the end of the access the requester is notified of it. The access of samples
/// lasts eight hours.
pub const NOTICE_BEFORE_END: SignedDuration = SignedDuration::from_hours(2);

/// A time far enough in the future that no clock has come there.
#[must_use]
pub fn at(second: i64) -> Timestamp {
    samples::at(2_000_000_000 + second)
}

/// Polls a future once; fakes never wait.
///
/// # Panics
/// Where the future waits.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a fake never waits"),
    }
}

/// The organisation with all ports; a clone shares everything.
#[derive(Debug, Clone)]
pub struct World {
    /// Requests and links.
    pub ledger: FakeLedger,
    /// People, tickets, owners.
    pub servicenow: FakeServiceNow,
    /// Users and policies.
    pub directory: FakeDirectory,
    /// E-mails.
    pub mailer: FakeMailer,
    /// Wake-ups.
    pub queues: FakeQueues,
    /// Notes in tickets.
    pub tickets: FakeTickets,
    /// The approval key.
    pub keys: FakeKeys,
    /// What fails of ports that were wrapped with [`World::failing`].
    pub fault: Fault,
    /// What may be granted.
    pub guardrails: Guardrails,
    /// Whose installation it is.
    pub installation: Installation,
    /// Who receives access.
    pub target: Principal,
}

impl Default for World {
    fn default() -> Self {
        let world = Self {
            ledger: FakeLedger::default(),
            servicenow: FakeServiceNow::default(),
            directory: FakeDirectory::default(),
            mailer: FakeMailer::default(),
            queues: FakeQueues::default(),
            tickets: FakeTickets::default(),
            keys: FakeKeys::new([7; 32]),
            fault: Fault::none(),
            guardrails: Guardrails::parse(GUARDRAILS).unwrap(),
            installation: Installation::new(
                "Brightwater".parse().ok(),
                "https://brightwater.service-now.com",
            ),
            target: samples::user(),
        };
        world.found();
        world
    }
}

impl World {
    fn found(&self) {
        for n in OWNER..=BENEFICIARY {
            self.servicenow.put_person(person(n));
        }
        self.servicenow.put_person(requester());
        self.put_account(account());
        let group = |manager, members: &[u8]| Group {
            active: true,
            manager,
            members: members.iter().map(|n| id(*n)).collect(),
        };
        let support = group(Some(id(LEAD)), &[MEMBER, COLLEAGUE]);
        self.servicenow.put_group(&id(SUPPORT_GROUP), support);
        self.servicenow
            .put_group(&id(SECURITY_GROUP), group(None, &[SECURITY]));
        self.directory
            .put_principal(&self.target, principal_facts());
        for arn in [samples::policy(), other_policy()] {
            self.put_policy(arn, "v1", &document("s3:GetObject"));
        }
        self.put_policy(boundary(), "v1", &document("*"));
        self.directory.put_group(group_facts());
        self.directory.put_role(role_facts());
    }

    /// A port whose calls fail as [`World::fault`] plans.
    pub fn failing<T: Clone>(&self, port: &T) -> Failing<T> {
        Failing::new(port.clone(), &self.fault)
    }

    /// Puts the account into the CMDB, in place of the one that was there.
    pub fn put_account(&self, item: AccountItem) {
        self.servicenow.put_account(&ACCOUNT.parse().unwrap(), item);
    }

    /// Puts a policy into the account, in place of an earlier version.
    pub fn put_policy(&self, arn: PolicyArn, version: &str, document: &str) {
        let facts = PolicyFacts {
            arn,
            version: version.to_owned(),
            document: document.to_owned(),
        };
        self.directory.put_policy(&ACCOUNT.parse().unwrap(), facts);
    }

    /// Opens a ticket for the requester.
    #[must_use]
    pub fn ticket(&self) -> SysId {
        let sys_id = samples::sys_id();
        self.put_ticket(Ticket {
            sys_id: sys_id.clone(),
            number: "RITM0010001".to_owned().try_into().unwrap(),
            active: true,
            opened_by: Some(requester().sys_id),
            opened_for: None,
            also_named: Vec::new(),
        });
        sys_id
    }

    /// Puts a ticket, in place of the one with its `sys_id`.
    pub fn put_ticket(&self, ticket: Ticket) {
        let table = "sc_req_item".to_owned().try_into().unwrap();
        self.servicenow.put_ticket(&table, ticket);
    }

    /// What is asked for from a new ticket.
    #[must_use]
    pub fn request(&self) -> AccessRequest {
        samples::request(&self.ticket(), &self.target)
    }

    /// A request that was taken in.
    #[must_use]
    pub fn received(&self, now: Timestamp) -> RequestRecord {
        self.receive(self.request(), now)
    }

    /// Takes in this request.
    #[must_use]
    pub fn receive(&self, request: AccessRequest, now: Timestamp) -> RequestRecord {
        let id = samples::request_id();
        let change = RequestRecord::receive(id, samples::client(), request, now).unwrap();
        let new = NewRequest { change, key: None };
        ready(self.ledger.create(&new)).unwrap();
        new.change.record
    }

    /// A request that waits for these people, with its e-mails sent, and their links.
    #[must_use]
    pub fn pending(&self, people: &[u8], now: Timestamp) -> (RequestRecord, Vec<ReviewToken>) {
        self.pend(self.received(now), people, now)
    }

    /// Asks these people about a request.
    #[must_use]
    pub fn pend(
        &self,
        record: RequestRecord,
        people: &[u8],
        now: Timestamp,
    ) -> (RequestRecord, Vec<ReviewToken>) {
        let people: Vec<SysId> = people.iter().map(|n| id(*n)).collect();
        let (asked, documents) = self.asked(&record, &people, now + PENDING_FOR);
        let change = record.apply(
            Event::ApprovalRequested { round: asked },
            Actor::Dispatcher,
            now,
        );
        let commit = Commit {
            documents,
            ..Commit::from(change.unwrap())
        };
        ready(self.ledger.commit(&commit)).unwrap();
        let mut record = commit.change.record;
        let mut links = Vec::new();
        for approver in people {
            let (after, token) = self.send_request(&record, approver, now);
            record = after;
            links.push(token);
        }
        (record, links)
    }

    /// A review link to somebody who has been found since.
    #[must_use]
    pub fn link(&self, record: &RequestRecord, who: u8, now: Timestamp) -> ReviewToken {
        self.send_request(record, id(who), now).1
    }

    /// Leaves the account without owner and manager, so that those who support it are asked.
    pub fn supported_by(&self, members: &[u8]) {
        let mut item = account();
        (item.owned_by, item.managed_by) = (None, None);
        self.put_account(item);
        let group = Group {
            active: true,
            manager: None,
            members: members.iter().copied().map(id).collect(),
        };
        self.servicenow.put_group(&id(SUPPORT_GROUP), group);
    }

    /// Sends a review request with a link; the request afterwards, and the link's token.
    fn send_request(
        &self,
        record: &RequestRecord,
        approver: SysId,
        now: Timestamp,
    ) -> (RequestRecord, ReviewToken) {
        let token = ReviewToken::from_random(samples::random());
        let row = TokenRow {
            digest: token.digest(),
            request: record.id().clone(),
            approver: approver.clone(),
            expires_at: now + PENDING_FOR,
        };
        let message = Message::ReviewRequest { approver };
        let claim = Event::DeliveryClaimed {
            message: message.clone(),
        };
        let commit = Commit {
            tokens: vec![row],
            ..Commit::from(record.apply(claim, Actor::Dispatcher, now).unwrap())
        };
        ready(self.ledger.commit(&commit)).unwrap();
        let sent = Event::DeliverySent {
            message,
            message_id: None,
        };
        let record = self.apply(&commit.change.record, sent, Actor::Dispatcher, now);
        (record, token)
    }

    /// The key of the user of all requests.
    #[must_use]
    pub fn key(&self) -> PrincipalKey {
        self.target.key_by_id(&principal_facts().unique_id)
    }

    /// A request that the owner approved.
    #[must_use]
    pub fn approved(&self, now: Timestamp) -> RequestRecord {
        let (record, _) = self.pending(&[OWNER], now);
        self.decide(&record, OWNER, Verdict::Approve, &self.keys, now)
    }

    /// The same request after a decision, signed with this key.
    #[must_use]
    pub fn decide(
        &self,
        record: &RequestRecord,
        who: u8,
        verdict: Verdict,
        keys: &FakeKeys,
        now: Timestamp,
    ) -> RequestRecord {
        let decided = self.sign(record, who, verdict, keys, now);
        let actor = Actor::Approver { sys_id: id(who) };
        self.apply(record, Event::Decided { decision: decided }, actor, now)
    }

    /// A decision, signed with this key and not written down.
    #[must_use]
    pub fn sign(
        &self,
        record: &RequestRecord,
        who: u8,
        verdict: Verdict,
        keys: &FakeKeys,
        now: Timestamp,
    ) -> DecisionRecord {
        let asked = record.round().unwrap();
        let reason: snowgate_core::prose::Reason = "Known and needed".parse().unwrap();
        let decision = Decision {
            request: record.id().clone(),
            content: asked.content.clone(),
            slot: asked.slots.first().unwrap().id.clone(),
            verdict,
            approver: id(who),
            at: now.as_second(),
            reason: Digest::of(reason.as_str().as_bytes()),
            identities: Some(self.identities(record, who, keys)),
        };
        let mac = ready(keys.sign(&decision.signed_bytes().unwrap())).unwrap();
        let signed = SignedDecision { decision, mac };
        DecisionRecord { signed, reason }
    }

    /// Applies an event and writes it down.
    #[must_use]
    pub fn apply(
        &self,
        record: &RequestRecord,
        event: Event,
        actor: Actor,
        now: Timestamp,
    ) -> RequestRecord {
        let change = record.apply(event, actor, now).unwrap();
        ready(self.ledger.commit(&change.clone().into())).unwrap();
        change.record
    }

    /// Claims and sends a message, and writes both down.
    #[must_use]
    pub fn deliver(
        &self,
        record: &RequestRecord,
        message: &Message,
        actor: Actor,
        now: Timestamp,
    ) -> RequestRecord {
        let claim = Event::DeliveryClaimed {
            message: message.clone(),
        };
        let sent = Event::DeliverySent {
            message: message.clone(),
            message_id: None,
        };
        let claimed = self.apply(record, claim, actor.clone(), now);
        self.apply(&claimed, sent, actor, now)
    }

    /// The request as the ledger has it now.
    #[must_use]
    pub fn load(&self, id: &RequestId) -> RequestRecord {
        ready(self.ledger.load(id)).unwrap().unwrap()
    }

    fn asked(
        &self,
        record: &RequestRecord,
        people: &[SysId],
        expires_at: Timestamp,
    ) -> (ApprovalRound, Vec<String>) {
        let request = record.request();
        let survey = ready(survey(&self.directory, request, &self.guardrails)).unwrap();
        let mut asked = samples::asked(request, people, expires_at);
        for approver in asked.slots.iter_mut().flat_map(|slot| &mut slot.approvers) {
            approver.role = role(&approver.sys_id);
        }
        asked.binding = survey.binding(self.guardrails.digest());
        asked.content = asked.binding.content_digest(request, &asked.slots).unwrap();
        (asked, survey.documents())
    }
}
