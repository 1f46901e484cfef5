//! A request at every place where it can stand, brought there by the functions themselves.

use serde_json::{Value, json};
use snowgate_core::account::AccountItem;
use snowgate_core::bounce::{Bounce, BounceKind};
use snowgate_core::id::RequestId;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{Event, RequestRecord};
use snowgate_core::slots::Delegation;
use testkit::samples;
use testkit::world::{
    COLLEAGUE, LEAD, MANAGER, MEMBER, OWNER, PENDING_FOR, World, account, address, at, document,
    id, principal_facts,
};

use crate::functions::{self, ORIGIN};
use crate::links::{Answer, sent};

/// The item that the request names.
const ITEM: u8 = 0x70;

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Received,
    Pending,
    HalfApproved,
    Approved,
    Provisioning,
    Active,
    BeingEnded,
    Revoking,
    Parked,
    Revoked,
    Abandoned,
    Denied,
    Withdrawn,
    Expired,
    Failed,
    Refused,
    Undeliverable,
    Previewed,
}

/// A request, who got an e-mail about it, and what their forms held.
pub(crate) struct Reached {
    pub(crate) world: World,
    pub(crate) id: RequestId,
    pub(crate) now: i64,
    /// Links with the nonce of the form that they showed first.
    links: Vec<(u8, String, String)>,
}

impl Stage {
    pub(crate) const ALL: [Self; 18] = [
        Self::Received,
        Self::Pending,
        Self::HalfApproved,
        Self::Approved,
        Self::Provisioning,
        Self::Active,
        Self::BeingEnded,
        Self::Revoking,
        Self::Parked,
        Self::Revoked,
        Self::Abandoned,
        Self::Denied,
        Self::Withdrawn,
        Self::Expired,
        Self::Failed,
        Self::Refused,
        Self::Undeliverable,
        Self::Previewed,
    ];

    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Pending => "waiting for both approvals",
            Self::HalfApproved => "approved for the account",
            Self::Approved => "approved by both",
            Self::Provisioning => "being set up",
            Self::Active => "access is active",
            Self::BeingEnded => "access is being ended early",
            Self::Revoking => "access is being removed",
            Self::Parked => "access can't be removed",
            Self::Revoked => "access has ended",
            Self::Abandoned => "the removal was abandoned",
            Self::Denied => "denied",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Undeliverable => "no approver",
            Self::Previewed => "dry run",
        }
    }

    const fn state(self) -> State {
        match self {
            Self::Received => State::Received,
            Self::Pending | Self::HalfApproved => State::Pending,
            Self::Approved => State::Approved,
            Self::Provisioning => State::Provisioning,
            Self::Active | Self::BeingEnded => State::Active,
            Self::Revoking | Self::Parked => State::Revoking,
            Self::Revoked => State::Revoked,
            Self::Abandoned => State::Abandoned,
            Self::Denied => State::Denied,
            Self::Withdrawn => State::Withdrawn,
            Self::Expired => State::Expired,
            Self::Failed => State::Failed,
            Self::Refused => State::Refused,
            Self::Undeliverable => State::Undeliverable,
            Self::Previewed => State::Previewed,
        }
    }

    /// A request that stands here.
    pub(crate) fn reached(self) -> Reached {
        let mut reached = self.raised();
        if self != Self::Received {
            reached.dispatch();
        }
        if reached.load().state() == State::Pending {
            reached.people_change();
            self.go_on(&mut reached);
        }
        assert_eq!(reached.load().state(), self.state(), "{self:?}");
        reached
    }

    fn raised(self) -> Reached {
        let world = World::default();
        world.put_account(owned_by(MANAGER));
        world.servicenow.add_delegation(Delegation {
            from: id(OWNER),
            to: id(COLLEAGUE),
            starts: Some(at(-1000)),
            ends: Some(at(1_000_000)),
        });
        if self != Self::Undeliverable {
            world.servicenow.put_item(AccountItem {
                sys_id: id(ITEM),
                name: "reports".to_owned(),
                owned_by: Some(id(MEMBER)),
                managed_by: Some(id(LEAD)),
                support_group: None,
            });
        }
        if self == Self::Refused {
            let mut facts = principal_facts();
            facts.path = "/".to_owned();
            world.directory.put_principal(&world.target, facts);
        }
        let mut body = samples::body(&world.ticket(), &world.target);
        body["resource"] = json!({ "sys_id": id(ITEM) });
        body["dry_run"] = json!(self == Self::Previewed);
        let event = json!({
            "resource": "/v1/requests", "path": "/v1/requests", "httpMethod": "POST",
            "headers": {"Content-Type": "application/json"}, "body": body.to_string(),
            "requestContext": {"httpMethod": "POST", "authorizer": {"client": "servicenow"}},
        });
        let answer = wait(functions::intake(&world).handle(&event_of(event), at(0)));
        assert_eq!(answer.status_code, 202);
        let id = world.ledger.records()[0].id().clone();
        let (now, links) = (1, Vec::new());
        Reached {
            world,
            id,
            now,
            links,
        }
    }

    fn go_on(self, reached: &mut Reached) {
        if self == Self::Pending {
            return;
        }
        match self {
            Self::Denied => return reached.decide(OWNER, "deny"),
            Self::Withdrawn => return reached.client("withdraw"),
            Self::Expired => {
                reached.now = PENDING_FOR.as_secs() + 100;
                return reached.apply(Event::Expired, Actor::Sweeper);
            }
            _ => reached.decide(OWNER, "approve"),
        }
        if self == Self::HalfApproved {
            return;
        }
        reached.decide(LEAD, "approve");
        match self {
            Self::Approved => return,
            Self::Provisioning => {
                return reached.apply(
                    Event::ProvisioningStarted {
                        preexisting: Vec::new(),
                    },
                    Actor::Provisioner,
                );
            }
            Self::Failed => {
                let other = document("s3:ListBucket");
                reached.world.put_policy(samples::policy(), "v2", &other);
            }
            _ => {}
        }
        reached.provision();
        match self {
            Self::BeingEnded => reached.client("revoke"),
            Self::Revoking | Self::Parked | Self::Abandoned => {
                reached.now += 40_000;
                reached.apply(Event::RevocationStarted, Actor::Provisioner);
            }
            Self::Revoked => {
                reached.now += 40_000;
                reached.provision();
            }
            _ => {}
        }
        if matches!(self, Self::Parked | Self::Abandoned) {
            for (after, found) in samples::parking() {
                reached.now += after;
                reached.apply(found, Actor::Provisioner);
            }
        }
        if self == Self::Abandoned {
            let why = json!({ "reason": "The account is closed" });
            let answer = crate::calls::end(reached, "watch", "abandon", &why);
            assert_eq!(answer["statusCode"], 200, "{answer}");
            reached.now += 1;
        }
    }
}

impl Reached {
    pub(crate) fn load(&self) -> RequestRecord {
        self.world.load(&self.id)
    }

    /// Everything that is known of all requests, to see that nothing changed.
    pub(crate) fn all(&self) -> String {
        let record = self.load();
        let trail =
            testkit::world::ready(ports::ledger::Requests::trail(&self.world.ledger, &self.id));
        let iam = self.world.directory.attached(&self.world.target);
        format!("{record:?}\n{:?}\n{iam:?}", trail.unwrap())
    }

    /// The link that went to a person, and the nonce of its form.
    pub(crate) fn link(&self, who: u8) -> Option<(String, String)> {
        let mut links = self.links.iter().rev();
        let (_, token, nonce) = links.find(|(to, ..)| *to == who)?;
        Some((token.clone(), nonce.clone()))
    }

    fn dispatch(&mut self) {
        let dispatcher = functions::dispatcher(&self.world);
        wait(dispatcher.handle(&self.id, at(self.now))).unwrap();
        self.take_letters();
        self.now += 1;
    }

    /// Everybody opens their link once.
    fn take_letters(&mut self) {
        for letter in self.world.mailer.sent().iter().skip(self.links.len()) {
            let people = [OWNER, COLLEAGUE, LEAD, MANAGER, MEMBER];
            let to = people
                .into_iter()
                .find(|n| address(*n) == letter.to.expose())
                .unwrap();
            let (_, rest) = letter
                .email
                .text
                .split_once(&format!("{ORIGIN}/r/"))
                .unwrap();
            let token: String = rest.chars().take(43).collect();
            let shown = sent(self, "GET", &token, None, None);
            self.links.push((to, token, shown.nonce().unwrap()));
        }
    }

    /// The account gets another owner, which shows when the old one decides; the first e-mail about
    /// the item comes back.
    fn people_change(&mut self) {
        self.world.put_account(owned_by(OWNER));
        let (token, nonce) = self.link(MANAGER).unwrap();
        let lost = sent(
            self,
            "POST",
            &token,
            Some(ORIGIN),
            Some((&nonce, "approve")),
        );
        assert_eq!(lost.status, 403);
        let sent = self.world.mailer.sent();
        let lost = sent
            .iter()
            .find(|letter| letter.to.expose() == address(MEMBER));
        let (tags, message) = lost.unwrap().tagged.clone().unwrap();
        let bounce = Bounce {
            message,
            tags,
            kind: Some(BounceKind::Bounced),
        };
        wait(functions::dispatcher(&self.world).bounced(&bounce, at(self.now))).unwrap();
        self.dispatch();
        for who in [OWNER, COLLEAGUE, LEAD] {
            assert!(self.link(who).is_some(), "{who:x} is asked");
        }
    }

    fn decide(&mut self, who: u8, decision: &str) {
        let (token, nonce) = self.link(who).unwrap();
        let answer: Answer = sent(self, "POST", &token, Some(ORIGIN), Some((&nonce, decision)));
        assert_eq!(answer.status, 200, "{who:x} {decision}");
        self.now += 1;
    }

    fn client(&mut self, how: &str) {
        let answer = crate::calls::end(self, "servicenow", how, &json!({}));
        assert_eq!(answer["statusCode"], 200, "{answer}");
        self.now += 1;
    }

    fn provision(&mut self) {
        wait(functions::provisioner(&self.world).handle(&self.id, at(self.now))).unwrap();
        self.now += 1;
    }

    fn apply(&mut self, event: Event, actor: Actor) {
        let _ = self.world.apply(&self.load(), event, actor, at(self.now));
        self.now += 1;
    }
}

pub(crate) fn owned_by(owner: u8) -> AccountItem {
    AccountItem {
        owned_by: Some(id(owner)),
        ..account()
    }
}

pub(crate) fn event_of<T: serde::de::DeserializeOwned>(event: Value) -> T {
    serde_json::from_value(event).unwrap()
}

/// The approval function limits its own time, so it needs a timer.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().unwrap().block_on(future)
}
