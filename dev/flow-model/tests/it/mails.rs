//! What holds of approval e-mails and other mails: they go to whom they are for, once, and to
//! nobody who is out of reach.

use std::collections::{BTreeMap, BTreeSet};

use ports::ledger::Requests as _;
use snowgate_core::id::SysId;
use snowgate_core::record::{Event, Message, RequestRecord};
use testkit::world::{self, address, ready};

use crate::flow::Flow;

/// What the trail says so far about the e-mails of one request.
#[derive(Default)]
struct Trail {
    /// Who is asked for each slot.
    people: BTreeMap<String, BTreeSet<SysId>>,
    /// How often an e-mail to a person was claimed.
    claims: BTreeMap<SysId, usize>,
    /// Whose e-mail was lost.
    lost: BTreeSet<SysId>,
    /// Messages that were claimed.
    claimed: Vec<Message>,
    /// Messages that are closed.
    closed: Vec<Message>,
}

impl Trail {
    fn read(&mut self, event: &Event) {
        match event {
            Event::ApprovalRequested { round: asked } => {
                for slot in &asked.slots {
                    let people = slot.approvers.iter().map(|one| one.sys_id.clone());
                    self.people.insert(slot.id.clone(), people.collect());
                }
            }
            Event::DeliveryClaimed { message } => self.claim(message),
            Event::DeliverySent { message, .. } => {
                assert!(self.claimed.contains(message), "sent, not claimed");
                self.close(message);
            }
            Event::DeliverySkipped { message, .. } => self.close(message),
            Event::ApproverDisqualified { slot, approver } => {
                self.people.get_mut(slot).unwrap().remove(approver);
            }
            Event::DeliveryBounced { approver, .. } => {
                self.lost.insert(approver.clone());
            }
            Event::SlotReassigned { slot, approvers } => {
                let new = approvers.iter().map(|one| one.sys_id.clone()).collect();
                let before = self.people.insert(slot.clone(), new).unwrap();
                for approver in approvers {
                    assert!(!self.lost.contains(&approver.sys_id), "asked again");
                    // Whoever is new to the slot gets an e-mail for it.
                    if !before.contains(&approver.sys_id) {
                        let request = Message::ReviewRequest {
                            approver: approver.sys_id.clone(),
                        };
                        self.closed.retain(|closed| *closed != request);
                    }
                }
            }
            _ => {}
        }
    }

    fn claim(&mut self, message: &Message) {
        assert!(!self.closed.contains(message), "a message goes out twice");
        if let Some(approver) = message.asks() {
            *self.claims.entry(approver.clone()).or_default() += 1;
        }
        if let Message::ReviewRequest { approver }
        | Message::Reminder { approver }
        | Message::Handled { approver } = message
        {
            assert!(!self.lost.contains(approver), "a mail to a dead mailbox");
        }
        self.claimed.push(message.clone());
    }

    fn close(&mut self, message: &Message) {
        assert!(!self.closed.contains(message), "a message is closed twice");
        self.closed.push(message.clone());
    }
}

impl Flow {
    /// Each review request and reminder was claimed before it was sent, and went to its person.
    pub(crate) fn check_mails(&self, record: &RequestRecord) {
        let trail = self.trail(record);
        let mut mailed: BTreeMap<SysId, usize> = BTreeMap::new();
        for sent in self.world.mailer.sent() {
            let Some((tags, _)) = &sent.tagged else {
                continue;
            };
            if tags.request == *record.id() {
                let n = u8::from_str_radix(tags.approver.as_str().trim_start_matches('0'), 16);
                assert_eq!(
                    sent.to.expose(),
                    address(n.unwrap()),
                    "somebody else's e-mail"
                );
                *mailed.entry(tags.approver.clone()).or_default() += 1;
            }
        }
        for (person, count) in mailed {
            let claims = trail.claims.get(&person).copied().unwrap_or_default();
            assert!(
                count <= claims,
                "{count} e-mails, of which {claims} were claimed"
            );
        }
    }

    fn trail(&self, record: &RequestRecord) -> Trail {
        let mut trail = Trail::default();
        for row in ready(self.world.ledger.trail(record.id())).unwrap() {
            trail.read(&row.read::<RequestRecord>().unwrap().event);
        }
        trail
    }

    /// No mail goes to whoever receives the access, and none with a link to the requester. What has
    /// a link has tags, so that its loss is known, and nothing else has.
    pub(crate) fn check_all_mails(&self) {
        let requester = world::requester()
            .email
            .address()
            .unwrap()
            .expose()
            .to_owned();
        for sent in self.world.mailer.sent() {
            let to = sent.to.expose();
            let link = sent.email.text.contains("/r/");
            assert_eq!(link, sent.tagged.is_some(), "a link and tags go together");
            assert!(!link || to != requester, "the requester never decides");
            assert_ne!(to, address(world::BENEFICIARY));
        }
    }
}
