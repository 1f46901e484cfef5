//! Writing outcomes, in health and under every fault.

use ports::servicenow::{Tickets as _, Written};
use serde_json::json;
use servicenow::Writer;
use servicenow_emulator::FaultKind;
use snowgate_core::id::SysId;
use snowgate_core::ticket_note::TicketUpdate;

use super::{ITEM, Stage, Way, table};
use crate::server::quick;

fn update(event: &str) -> TicketUpdate {
    let marker = format!("[snowgate req-{} {event}]", "0a".repeat(16));
    TicketUpdate {
        work_notes: format!("The access was granted.\n{marker}"),
        marker,
        correlation_id: format!("req-{}", "0a".repeat(16)),
        fields: [("state".to_owned(), "3".to_owned())].into(),
    }
}

/// State, correlation and how many notes hold the marker.
async fn written(stage: &Stage, update: &TicketUpdate) -> (String, String, usize) {
    let record = stage
        .control("GET", &format!("records/sc_req_item/{ITEM}"), None)
        .await;
    let value = |name: &str| {
        record["values"][name]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let notes = record["notes"].to_string();
    (
        value("state"),
        value("correlation_id"),
        notes.matches(&update.marker).count(),
    )
}

#[tokio::test]
async fn under_every_fault_an_outcome_arrives_once() {
    let stage = Stage::start().await;
    let (table, id) = (table("sc_req_item"), ITEM.parse().unwrap());
    let update = update("active");
    let done = ("3".to_owned(), update.correlation_id.clone(), 1);
    let mut kinds = FaultKind::samples();
    for field in ["work_notes", "state", "correlation_id"] {
        let fields = vec![field.to_owned()];
        kinds.push(FaultKind::NotSaved {
            fields: fields.clone(),
            claims: false,
        });
        kinds.push(FaultKind::NotSaved {
            fields,
            claims: true,
        });
    }
    let (mut tries, mut runs) = (0, 0);
    for kind in kinds {
        for (method, after) in [("GET", false), ("PATCH", false), ("PATCH", true)] {
            for skip in 0..2 {
                stage.control("POST", "reset", None).await;
                stage.mend().await;
                let fault = json!({"method": method, "after": after, "skip": skip, "fault": kind});
                stage.fault(fault.clone()).await;
                let mut outcome = stage.writer().update(&table, &id, &update).await;
                for _ in 0..3 {
                    tries += 1;
                    if outcome.is_ok() {
                        break;
                    }
                    outcome = stage.writer().update(&table, &id, &update).await;
                }
                outcome.unwrap();
                assert_eq!(written(&stage, &update).await, done, "{fault}");
                stage.mend().await;
                let again = stage.writer().update(&table, &id, &update).await.unwrap();
                assert_eq!(again, Written::Before, "{fault}");
                runs += 1;
            }
        }
    }
    assert!(runs == 22 * 6 && tries > runs, "{runs} {tries}");
}

#[tokio::test]
async fn a_note_that_somebody_else_marked_does_not_pass_for_ours() {
    let stage = Stage::start().await;
    let (table, id) = (table("sc_req_item"), ITEM.parse().unwrap());
    let update = update("active");
    let login = stage.config.admin.as_ref().unwrap();
    let url = format!(
        "{}/api/now/v2/table/sc_req_item/{ITEM}",
        stage.running.base_url
    );
    let forged = stage
        .control
        .patch(url)
        .basic_auth(&login.user, Some(login.password.expose()))
        .header("accept", "application/json")
        .header("content-type", "application/json")
        .body(json!({ "work_notes": update.marker }).to_string());
    forged.send().await.unwrap().error_for_status().unwrap();
    let mut outcomes = Vec::new();
    for _ in 0..2 {
        outcomes.push(stage.writer().update(&table, &id, &update).await.unwrap());
    }
    assert_eq!(outcomes, [Written::Now, Written::Before]);
    assert_eq!(written(&stage, &update).await.2, 2, "theirs and ours");
}

#[tokio::test]
async fn a_mandatory_closure_field_that_is_missing_is_said_so() {
    let stage = Stage::start().await;
    let table = table("incident");
    let id = "22220000000000000000000000000001".parse().unwrap();
    let mut update = update("active");
    update.fields.insert("state".to_owned(), "6".to_owned());
    let error = stage
        .writer()
        .update(&table, &id, &update)
        .await
        .unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.is_transient()),
        ("Forbidden", false)
    );
    for (field, value) in [
        ("close_code", "Solution provided"),
        ("close_notes", "Granted\n"),
    ] {
        update.fields.insert(field.to_owned(), value.to_owned());
    }
    assert_eq!(
        stage.writer().update(&table, &id, &update).await.unwrap(),
        Written::Now
    );
}

#[tokio::test]
async fn the_reader_cannot_write_and_hidden_tickets_stay_as_they_are() {
    let stage = Stage::start().await;
    let table = table("sc_req_item");
    let session = stage.session(&stage.config.read, Way::Basic, quick());
    let id = ITEM.parse().unwrap();
    let refused = Writer::new(session)
        .update(&table, &id, &update("active"))
        .await;
    assert_eq!(refused.unwrap_err().code, "Forbidden");
    let hidden: SysId = "eeee0000000000000000000000000099".parse().unwrap();
    let error = stage
        .writer()
        .update(&table, &hidden, &update("active"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.is_transient()),
        ("NoRecord", false)
    );
}
