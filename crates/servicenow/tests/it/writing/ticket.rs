//! A ticket as ServiceNow keeps it, with what may go wrong when it is written.

use std::collections::BTreeMap;

use serde_json::json;

use super::US;
use crate::server::{Reply, Seen};
use crate::steps::id;

/// How a ticket takes a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Habit {
    Good,
    /// Nothing is saved; the answer shows the old values.
    SavesNothing,
    /// Nothing is saved; the answer shows what was sent.
    Claims,
    /// The fields are saved, the note is not.
    DropsNote,
    /// The note is saved, the state is not.
    DropsState,
    /// All is saved, and the answer is an error.
    FailsAfter(u16),
    /// All is saved, and the answer is about another record.
    AnswersOther,
    /// All is saved, and nobody may see who wrote a note.
    HidesAuthors,
}

/// A ticket in ServiceNow, with its journal.
pub(super) struct Ticket {
    pub(super) fields: BTreeMap<String, String>,
    /// The notes, each with the user name of whoever wrote it.
    pub(super) notes: Vec<(String, String)>,
    pub(super) habit: Habit,
}

impl Ticket {
    pub(super) fn reply(&mut self, seen: &Seen) -> Reply {
        if seen.path == "/oauth_token.do" {
            let token = json!({"access_token": "t", "token_type": "Bearer", "expires_in": 1800});
            return Reply::json(200, &token);
        }
        match (seen.method.as_str(), seen.table()) {
            ("GET", "sys_journal_field") => {
                let wanted = format!(
                    "element_id={}^element=work_notes^ORDERBYDESCsys_created_on",
                    id("0e")
                );
                assert_eq!(seen.parameter("sysparm_query"), Some(wanted));
                let row = |(by, note): &(String, String)| {
                    let mut row = json!({
                        "element_id": id("0e"), "element": "work_notes", "value": note,
                        "sys_created_by": by
                    });
                    if self.habit == Habit::HidesAuthors {
                        row.as_object_mut().unwrap().remove("sys_created_by");
                    }
                    row
                };
                Reply::result(&self.notes.iter().rev().map(row).collect())
            }
            ("GET", "sc_req_item") => {
                let fields = seen.parameter("sysparm_fields").unwrap();
                let row: BTreeMap<_, _> = fields
                    .split(',')
                    .map(|field| (field, self.field(field)))
                    .collect();
                Reply::result(&json!([row]))
            }
            ("PATCH", "sc_req_item") => {
                assert_eq!(
                    seen.path,
                    format!("/api/now/v2/table/sc_req_item/{}", id("0e"))
                );
                assert_eq!(seen.header("content-type"), Some("application/json"));
                let fields = seen.parameter("sysparm_fields");
                assert_eq!(
                    fields.as_deref(),
                    Some("sys_id,state,correlation_id,sys_mod_count")
                );
                self.write(&serde_json::from_str(&seen.body).unwrap())
            }
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn field(&self, name: &str) -> String {
        self.fields.get(name).cloned().unwrap_or_default()
    }

    fn write(&mut self, body: &BTreeMap<String, String>) -> Reply {
        let mut shown: BTreeMap<String, String> = self.fields.clone();
        shown.extend(body.clone());
        for (field, value) in body {
            match (field.as_str(), self.habit) {
                (_, Habit::SavesNothing | Habit::Claims)
                | ("work_notes", Habit::DropsNote)
                | ("state", Habit::DropsState) => {}
                ("work_notes", _) => self.notes.push((US.to_owned(), value.clone())),
                _ => {
                    self.fields.insert(field.clone(), value.clone());
                }
            }
        }
        let real = json!(self.fields);
        match self.habit {
            Habit::FailsAfter(status) => Reply::failure(status),
            Habit::Claims => Reply::result(&json!(shown)),
            Habit::AnswersOther => Reply::result(&json!({"sys_id": id("99")})),
            _ => Reply::result(&real),
        }
    }
}
