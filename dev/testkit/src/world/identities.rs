//! What decisions say of people.

use ports::servicenow::ServiceNow as _;
use ports::signature::Signer as _;
use snowgate_core::person::{MarkKey, PeopleMarks};
use snowgate_core::record::RequestRecord;
use workflow::approvers;

use super::{World, id, ready};
use crate::FakeKeys;

impl World {
    /// Who decides and who is involved, as ServiceNow has them.
    pub(super) fn identities(
        &self,
        record: &RequestRecord,
        who: u8,
        keys: &FakeKeys,
    ) -> PeopleMarks {
        let request = record.request();
        let (excluded, deciders) = self.servicenow.unfailing(|servicenow| {
            let ticket = ready(servicenow.ticket(&request.source)).unwrap();
            let ticket = ticket.unwrap();
            let excluded = approvers::involved_in(servicenow, record, &ticket, &self.guardrails);
            let excluded = ready(excluded).unwrap();
            let deciders = ready(servicenow.people(&[id(who)])).unwrap();
            (excluded, deciders)
        });
        let message = MarkKey::message(record.id()).unwrap();
        let mac = ready(keys.sign(&message)).unwrap();
        PeopleMarks::new(&MarkKey::new(mac.as_bytes()), &deciders, &excluded.people)
    }
}
