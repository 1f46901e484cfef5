//! What holds of letters and other mails: they go to whom they are for, once, and to nobody who is
//! out of reach.

use std::collections::{BTreeMap, BTreeSet};

use ports::ledger::Requests as _;
use snowgate_core::id::SysId;
use snowgate_core::record::{Event, Notice, RequestRecord};
use testkit::world::{self, address, ready};

use crate::flow::Flow;

/// What the trail says so far about the letters of one request.
#[derive(Default)]
struct Trail {
    /// Who is asked for each slot.
    people: BTreeMap<String, BTreeSet<SysId>>,
    /// How often somebody set about a letter to a person.
    claims: BTreeMap<SysId, usize>,
    /// How often somebody set about a reminder.
    reminders: usize,
    /// Whose letter is sent.
    sent: BTreeSet<SysId>,
    /// Whose letter was lost.
    lost: BTreeSet<SysId>,
    /// Mails that are closed.
    closed: Vec<Notice>,
}

impl Trail {
    fn read(&mut self, event: &Event) {
        match event {
            Event::ApprovalRound { asked } => {
                for slot in &asked.slots {
                    let people = slot.approvers.iter().map(|one| one.sys_id.clone());
                    self.people.insert(slot.id.clone(), people.collect());
                }
            }
            Event::LetterClaimed { approver } => {
                assert!(!self.sent.contains(approver), "a letter goes out twice");
                assert!(!self.lost.contains(approver), "a letter to a dead mailbox");
                *self.claims.entry(approver.clone()).or_default() += 1;
            }
            Event::LetterSent { approver, .. } => {
                assert!(self.claims.contains_key(approver), "sent, not claimed");
                assert!(self.sent.insert(approver.clone()), "sent twice");
            }
            Event::ApproverDisqualified { slot, approver } => {
                self.people.get_mut(slot).unwrap().remove(approver);
            }
            Event::LetterBounced { approver, .. } => {
                self.lost.insert(approver.clone());
            }
            Event::SlotReassigned { slot, approvers } => {
                let new = approvers.iter().map(|one| one.sys_id.clone()).collect();
                let before = self.people.insert(slot.clone(), new).unwrap();
                for approver in approvers {
                    assert!(!self.lost.contains(&approver.sys_id), "asked again");
                    // Whoever is new to the slot gets a letter for it.
                    if !before.contains(&approver.sys_id) {
                        self.sent.remove(&approver.sys_id);
                    }
                }
            }
            Event::NoticeClaimed { notice } => {
                assert!(!self.closed.contains(notice), "a mail goes out twice");
                if let Notice::Reminder { approver } | Notice::Handled { approver } = notice {
                    assert!(!self.lost.contains(approver), "a mail to a dead mailbox");
                    self.reminders += usize::from(notice.is_by_dispatcher());
                }
            }
            Event::NoticeSent { notice } | Event::NoticeSkipped { notice, .. } => {
                assert!(!self.closed.contains(notice), "a mail is closed twice");
                self.closed.push(notice.clone());
            }
            _ => {}
        }
    }
}

impl Flow {
    /// Each letter of this request was set about before it was sent, and went to its person.
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
                    "somebody else's letter"
                );
                *mailed.entry(tags.approver.clone()).or_default() += 1;
            }
        }
        for (person, count) in mailed {
            let claims = trail.claims.get(&person).copied().unwrap_or_default();
            assert!(
                count <= claims,
                "{count} letters, of which {claims} were claimed"
            );
        }
    }

    fn trail(&self, record: &RequestRecord) -> Trail {
        let mut trail = Trail::default();
        for row in ready(self.world.ledger.trail(record.id())).unwrap() {
            trail.read(&row.event);
        }
        trail
    }

    /// No mail goes to whoever receives the access, and none with a link to the requester. What has
    /// a link and no tags is a reminder, and was set about.
    pub(crate) fn check_all_mails(&self) {
        let requester = world::requester().email.unwrap().expose().to_owned();
        let mut reminders = 0;
        for sent in self.world.mailer.sent() {
            let to = sent.to.expose();
            let link = sent.email.text.contains("/r/");
            assert!(link || sent.tagged.is_none(), "tags without a link");
            reminders += usize::from(link && sent.tagged.is_none());
            assert!(!link || to != requester, "the requester never decides");
            assert_ne!(to, address(world::BENEFICIARY));
        }
        let records = self.world.ledger.records();
        let claimed: usize = records.iter().map(|one| self.trail(one).reminders).sum();
        assert!(
            reminders <= claimed,
            "{reminders} reminders, {claimed} claimed"
        );
    }
}
