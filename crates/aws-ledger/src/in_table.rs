//! The kinds of records that the table keeps, each in a partition of its own with its trail.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use snowgate_core::audit::Audited;
use snowgate_core::identity::IdentityRecord;
use snowgate_core::record::RequestRecord;

use crate::item::{n, s};
use crate::keys;

/// A kind of record.
pub(crate) trait InTable: Audited<Id: AsRef<str>> {
    /// The partition of everything about it.
    fn partition(id: &Self::Id) -> String;

    /// What its item has for indexes and conditions, beside what every such item has.
    fn attributes(&self) -> Vec<(&'static str, AttributeValue)>;

    /// When it is looked at again.
    fn due_at(&self) -> Option<Timestamp>;

    /// How often the step that is due was tried.
    fn attempts(&self) -> u32;

    /// The same, to be looked at again at another time.
    fn rescheduled(self, due_at: Option<Timestamp>, attempts: u32) -> Self;
}

impl InTable for RequestRecord {
    fn partition(id: &Self::Id) -> String {
        keys::request(id)
    }

    fn attributes(&self) -> Vec<(&'static str, AttributeValue)> {
        let record = keys::client_record(self.client(), &self.request().source.sys_id);
        vec![
            ("state", s(self.state().name())),
            ("client_record", s(record)),
            ("created_at", n(self.created_at().as_millisecond())),
        ]
    }

    fn due_at(&self) -> Option<Timestamp> {
        self.due_at()
    }

    fn attempts(&self) -> u32 {
        self.attempts()
    }

    fn rescheduled(self, due_at: Option<Timestamp>, attempts: u32) -> Self {
        self.rescheduled(due_at, attempts)
    }
}

impl InTable for IdentityRecord {
    fn partition(id: &Self::Id) -> String {
        keys::identity(id)
    }

    fn attributes(&self) -> Vec<(&'static str, AttributeValue)> {
        let mut attributes = vec![("state", s(self.state().name()))];
        // What IAM cannot have any more leaves the index of users.
        if self.state().may_be_in_iam() {
            let user = self.user();
            attributes.push((keys::USERS_ACCOUNT, s(user.account_id.as_str())));
            attributes.push((keys::USERS_NAME, s(user.name.in_lowercase().as_str())));
        }
        attributes
    }

    fn due_at(&self) -> Option<Timestamp> {
        self.due_at()
    }

    fn attempts(&self) -> u32 {
        self.attempts()
    }

    fn rescheduled(self, due_at: Option<Timestamp>, attempts: u32) -> Self {
        self.rescheduled(due_at, attempts)
    }
}
