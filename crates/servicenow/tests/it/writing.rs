//! Writing an outcome into a ticket: once, whole, and read back.

mod ticket;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ports::servicenow::{Tickets as _, Written};
use ports::{CallError, Failure};
use serde_json::{Value, json};
use servicenow::{Session, Writer};
use snowgate_core::request::TableName;
use snowgate_core::ticket_note::TicketUpdate;

use self::ticket::{Habit, Ticket};
use crate::server::{Reply, Server, quick};
use crate::steps::{id, sys_id};

/// The user that the session signs in as, as the instance writes it.
const US: &str = "Canary.User";

/// Somebody else who can write notes.
const MALLORY: &str = "mallory";

const MARKER: &str = "[snowgate req-0123456789abcdef0123456789abcdef active]";

pub(crate) fn update() -> TicketUpdate {
    TicketUpdate {
        marker: MARKER.to_owned(),
        work_notes: format!("canary: access was granted.\n{MARKER}"),
        correlation_id: "req-0123456789abcdef0123456789abcdef".to_owned(),
        fields: BTreeMap::from([("state".to_owned(), "3".to_owned())]),
    }
}

struct Stage {
    ticket: Arc<Mutex<Ticket>>,
    server: Server,
}

impl Stage {
    async fn with(habit: Habit) -> Self {
        let fields = BTreeMap::from([("sys_id", id("0e")), ("state", "1".to_owned())]);
        let fields = fields
            .into_iter()
            .map(|(field, value)| (field.to_owned(), value))
            .collect();
        let notes = vec![(MALLORY.to_owned(), "somebody's note".to_owned())];
        let ticket = Arc::new(Mutex::new(Ticket {
            fields,
            notes,
            habit,
        }));
        let shared = Arc::clone(&ticket);
        let server = Server::start(move |seen| shared.lock().unwrap().reply(seen)).await;
        Self { ticket, server }
    }

    /// Writes with a session of its own, as another process would.
    async fn write(&self, update: &TicketUpdate) -> Result<Written, CallError> {
        self.write_as(self.server.session(), update).await
    }

    async fn write_as(
        &self,
        session: Session,
        update: &TicketUpdate,
    ) -> Result<Written, CallError> {
        let writer = Writer::new(session);
        writer
            .update(&table("sc_req_item"), &sys_id("0e"), update)
            .await
    }

    fn notes(&self) -> usize {
        let ticket = self.ticket.lock().unwrap();
        ticket
            .notes
            .iter()
            .filter(|(by, note)| by == US && note.contains(MARKER))
            .count()
    }

    fn state(&self) -> String {
        self.ticket.lock().unwrap().field("state")
    }

    fn mend(&self) {
        self.ticket.lock().unwrap().habit = Habit::Good;
    }

    fn patches(&self) -> Vec<Value> {
        let seen = self.server.seen();
        let patches = seen.iter().filter(|seen| seen.method == "PATCH");
        patches
            .map(|seen| serde_json::from_str(&seen.body).unwrap())
            .collect()
    }
}

fn table(name: &str) -> TableName {
    TableName::try_from(name.to_owned()).unwrap()
}

#[tokio::test]
async fn an_update_is_written_once_however_often_it_is_sent() {
    let stage = Stage::with(Habit::Good).await;
    assert_eq!(stage.write(&update()).await.unwrap(), Written::Now);
    for _ in 0..3 {
        assert_eq!(stage.write(&update()).await.unwrap(), Written::Before);
    }
    assert_eq!((stage.notes(), stage.state().as_str()), (1, "3"));
    let update = update();
    assert_eq!(
        stage.patches(),
        [json!({
            "work_notes": update.work_notes, "correlation_id": update.correlation_id, "state": "3"
        })]
    );
}

#[tokio::test]
async fn another_event_of_the_request_is_written_too() {
    let stage = Stage::with(Habit::Good).await;
    stage.write(&update()).await.unwrap();
    let mut later = update();
    later.marker = MARKER.replace("active", "revoked");
    later.work_notes = format!("The access has ended.\n{}", later.marker);
    assert_eq!(stage.write(&later).await.unwrap(), Written::Now);
    assert_eq!(stage.write(&later).await.unwrap(), Written::Before);
    assert_eq!(stage.ticket.lock().unwrap().notes.len(), 3);
}

#[tokio::test]
async fn what_was_not_saved_is_an_error_and_is_mended_without_a_second_note() {
    for (habit, code) in [
        (Habit::SavesNothing, "NotSaved"),
        (Habit::Claims, "NotSaved"),
        (Habit::DropsNote, "NotSaved"),
        (Habit::DropsState, "NotSaved"),
        (Habit::FailsAfter(500), "ServerError"),
        (Habit::FailsAfter(503), "Unavailable"),
        (Habit::AnswersOther, "WrongRow"),
    ] {
        let stage = Stage::with(habit).await;
        let error = stage.write(&update()).await.unwrap_err();
        assert_eq!(
            (error.code.as_str(), error.failure),
            (code, Failure::Transient),
            "{habit:?}"
        );
        assert!(!crate::habits::logged(&error).contains("canary"));
        stage.mend();
        stage.write(&update()).await.unwrap();
        assert_eq!(
            (stage.notes(), stage.state().as_str()),
            (1, "3"),
            "{habit:?}"
        );
    }
}

#[tokio::test]
async fn a_marker_that_somebody_else_wrote_is_not_ours() {
    for (by, note) in [
        (MALLORY, MARKER.to_owned()),
        (MALLORY, update().work_notes),
        ("", MARKER.to_owned()),
        ("canary.user2", MARKER.to_owned()),
    ] {
        for habit in [Habit::Good, Habit::DropsState] {
            let stage = Stage::with(habit).await;
            let forged = (by.to_owned(), note.clone());
            stage.ticket.lock().unwrap().notes.push(forged);
            let first = stage.write(&update()).await;
            assert_eq!(first.is_ok(), habit == Habit::Good);
            stage.mend();
            if habit == Habit::DropsState {
                stage.write(&update()).await.unwrap();
            }
            assert_eq!(stage.write(&update()).await.unwrap(), Written::Before);
            assert_eq!((stage.notes(), stage.state().as_str()), (1, "3"), "{by}");
        }
    }
    // A note that is not saved is not there because somebody else's is.
    let stage = Stage::with(Habit::DropsNote).await;
    let forged = (MALLORY.to_owned(), MARKER.to_owned());
    stage.ticket.lock().unwrap().notes.push(forged);
    let error = stage.write(&update()).await.unwrap_err();
    assert_eq!(error.code, "NotSaved");
}

/// Rather twice than never.
#[tokio::test]
async fn where_it_is_not_known_who_wrote_a_note_it_is_written_again() {
    const CLIENT: &str =
        r#"{"client_id":"i","client_secret":"s","grant_type":"client_credentials"}"#;
    const NAMED: &str = r#"{"client_id":"i","client_secret":"s",
        "grant_type":"client_credentials","username":"canary.user"}"#;
    let stage = Stage::with(Habit::HidesAuthors).await;
    for written in 1..3 {
        assert_eq!(stage.write(&update()).await.unwrap(), Written::Now);
        assert_eq!(stage.notes(), written);
    }
    for (credentials, second, written) in [(CLIENT, Written::Now, 2), (NAMED, Written::Before, 1)] {
        let stage = Stage::with(Habit::Good).await;
        for expected in [Written::Now, second] {
            let session = stage.server.session_with(credentials, quick());
            let outcome = stage.write_as(session, &update()).await;
            assert_eq!(outcome.unwrap(), expected, "{credentials}");
        }
        assert_eq!(stage.notes(), written, "{credentials}");
    }
}

#[tokio::test]
async fn a_note_alone_is_completed_by_the_fields_alone() {
    let stage = Stage::with(Habit::DropsState).await;
    stage.write(&update()).await.unwrap_err();
    stage.mend();
    assert_eq!(stage.write(&update()).await.unwrap(), Written::Now);
    assert_eq!(stage.patches()[1], json!({"state": "3"}));
}

#[tokio::test]
async fn nothing_is_sent_where_it_must_not_be() {
    let stage = Stage::with(Habit::Good).await;
    let writer = Writer::new(stage.server.session());
    for name in ["sys_user", "sc_request", "sys_script"] {
        let error = writer
            .update(&table(name), &sys_id("0e"), &update())
            .await
            .unwrap_err();
        assert_eq!(
            (error.code.as_str(), error.failure),
            ("UnknownTable", Failure::Permanent)
        );
    }
    let mut unmarked = update();
    unmarked.work_notes = "no marker".to_owned();
    let error = stage.write(&unmarked).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.failure),
        ("BadUpdate", Failure::Permanent)
    );
    assert!(stage.server.seen().is_empty());
}

#[tokio::test]
async fn without_a_look_at_record_and_journal_nothing_is_written() {
    let journal =
        |note: Value| json!([{"element_id": id("0e"), "element": "work_notes", "value": note}]);
    let record = json!([{"sys_id": id("0e"), "state": "1", "correlation_id": ""}]);
    let other = json!([{"element_id": id("99"), "element": "work_notes", "value": MARKER}]);
    let hidden = json!([{"element_id": id("0e"), "element": "work_notes"}]);
    let no_state = json!([{"sys_id": id("0e"), "correlation_id": ""}]);
    for (notes, record, code) in [
        (Reply::failure(403), Reply::result(&record), "Forbidden"),
        (Reply::failure(500), Reply::result(&record), "ServerError"),
        (Reply::result(&other), Reply::result(&record), "WrongRow"),
        (
            Reply::result(&hidden),
            Reply::result(&record),
            "MissingField",
        ),
        (
            Reply::result(&journal(Value::Null)),
            Reply::result(&record),
            "BadValue",
        ),
        (
            Reply::result(&json!([])),
            Reply::result(&json!([])),
            "NoRecord",
        ),
        (
            Reply::result(&json!([])),
            Reply::result(&no_state),
            "MissingField",
        ),
        (Reply::result(&json!([])), Reply::failure(403), "Forbidden"),
    ] {
        let server = Server::start(move |seen| match seen.table() {
            "sys_journal_field" => notes.clone(),
            _ => record.clone(),
        })
        .await;
        let writer = Writer::new(server.session());
        let error = writer
            .update(&table("incident"), &sys_id("0e"), &update())
            .await
            .unwrap_err();
        assert_eq!(error.code, code);
        assert!(
            server.seen().iter().all(|seen| seen.method == "GET"),
            "{code}"
        );
    }
}
