//! Every bad habit of an instance against every lookup: never an answer, and never a word of
//! what came back.

use std::error::Error as _;

use ports::{CallError, Failure};
use serde_json::{Value, json};
use servicenow::Reader;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::server::{Reply, Server};
use crate::steps::{Step, id};

/// The error with all that lies beneath, as a log would have it.
pub(crate) fn logged(error: &CallError) -> String {
    let mut text = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(" {inner} {inner:?}"));
        cause = inner.source();
    }
    text
}

#[track_caller]
fn assert_silent(error: &CallError, server: &Server) {
    let text = logged(error);
    for secret in [
        "canary",
        "127.0.0.1",
        &server.address.port().to_string(),
        "okafor",
        &id("0a"),
    ] {
        assert!(!text.contains(secret), "{text}");
    }
}

async fn asked(step: Step, reply: Reply) -> (Result<String, CallError>, Server) {
    let server = Server::start(move |_| reply.clone()).await;
    let answer = step.ask(&Reader::new(server.session())).await;
    (answer, server)
}

async fn check(step: Step, habit: &str, reply: Reply, code: &str, failure: Failure) {
    let (answer, server) = asked(step, reply).await;
    let error = answer.expect_err(&format!("{step:?}: {habit}"));
    assert_eq!(
        (error.code.as_str(), error.failure),
        (code, failure),
        "{step:?}: {habit}"
    );
    assert!(error.operation.starts_with("servicenow:Read"));
    assert_silent(&error, &server);
}

#[tokio::test]
async fn a_good_answer_is_believed_and_the_question_is_well_put() {
    for step in Step::ALL {
        let (answer, server) = asked(step, Reply::result(&json!([step.row()]))).await;
        let answer = answer.unwrap();
        let found = match step {
            Step::Named | Step::People => "sys_id",
            Step::Manager => &id("0c"),
            _ => &id("0a"),
        };
        assert!(
            answer.contains(found) && !answer.contains("canary@"),
            "{step:?}: {answer}"
        );
        let seen = server.seen();
        let [question] = seen.as_slice() else {
            panic!("one question")
        };
        assert_eq!(question.path, format!("/api/now/v2/table/{}", step.table()));
        assert_eq!(question.header("accept"), Some("application/json"));
        assert_eq!(question.header("cookie"), None);
        let parameter = |name| question.parameter(name).unwrap();
        assert_eq!(parameter("sysparm_exclude_reference_link"), "true");
        assert_eq!(parameter("sysparm_display_value"), "false");
        assert!(parameter("sysparm_limit").parse::<u32>().unwrap() <= 200);
        assert!(parameter("sysparm_query").starts_with(&format!("{}=", step.key())));
        let fields = parameter("sysparm_fields");
        let mut fields: Vec<&str> = fields.split(',').collect();
        fields.sort_unstable();
        let row = step.row();
        let all = row.as_object().unwrap().keys().map(String::as_str);
        let wanted: Vec<&str> = all
            .filter(|f| step != Step::GroupMembers || *f != "sys_id")
            .collect();
        assert_eq!(fields, wanted, "{step:?}");
    }
}

#[tokio::test]
async fn nothing_found_is_nobody() {
    for step in Step::ALL {
        assert_eq!(
            asked(step, Reply::result(&json!([]))).await.0.unwrap(),
            "nobody",
            "{step:?}"
        );
    }
}

#[tokio::test]
async fn no_bad_answer_is_believed() {
    use Failure::{Permanent, Transient};
    for step in Step::ALL {
        let good = json!({"result": [step.row()]}).to_string();
        let cut = good.get(..good.len() - 20).unwrap().to_owned();
        let json = |body: String| Reply::new(200, "application/json", body);
        let cancelled = json!({
            "result": [step.row()], "error": {"message": "canary", "detail": null}, "status": "failure"
        });
        let page = "<!DOCTYPE html><title>canary</title>";
        for (habit, reply, code, failure) in [
            ("truncated", json(cut), "Incomplete", Transient),
            ("empty", json(String::new()), "Incomplete", Transient),
            (
                "trailing error",
                Reply::json(200, &cancelled),
                "Cancelled",
                Transient,
            ),
            (
                "error after the end",
                json(format!("{good}{{}}")),
                "Incomplete",
                Transient,
            ),
            (
                "page",
                Reply::new(200, "text/html", page),
                "NotJson",
                Transient,
            ),
            (
                "JSON as a page",
                Reply::new(200, "text/html", good.clone()),
                "NotJson",
                Transient,
            ),
            (
                "202",
                Reply::json(202, &json!({"result": [step.row()]})),
                "Accepted",
                Transient,
            ),
            (
                "202 and nothing",
                Reply::result(&json!([])).status(202),
                "Accepted",
                Transient,
            ),
            (
                "206",
                Reply::result(&json!([step.row()])).status(206),
                "Accepted",
                Transient,
            ),
            (
                "one record",
                Reply::result(&step.row()),
                "Incomplete",
                Transient,
            ),
            (
                "result of text",
                Reply::result(&json!("canary")),
                "Incomplete",
                Transient,
            ),
            (
                "row of text",
                Reply::result(&json!(["canary"])),
                "Incomplete",
                Transient,
            ),
            ("400", Reply::failure(400), "Rejected", Permanent),
            ("401", Reply::failure(401), "Unauthorized", Transient),
            ("403", Reply::failure(403), "Forbidden", Permanent),
            ("404", Reply::failure(404), "NotFound", Permanent),
            (
                "403 from a proxy",
                Reply::new(403, "text/html", page),
                "Intercepted",
                Transient,
            ),
            (
                "404 from a proxy",
                Reply::new(404, "text/html", page),
                "Intercepted",
                Transient,
            ),
            ("429", Reply::failure(429), "TooManyRequests", Transient),
            ("500", Reply::failure(500), "ServerError", Transient),
            (
                "502",
                Reply::new(502, "text/html", page),
                "ServerError",
                Transient,
            ),
            ("503", Reply::failure(503), "Unavailable", Transient),
            ("huge", json("x".repeat(5 << 20)), "TooLarge", Transient),
        ] {
            check(step, habit, reply, code, failure).await;
        }
    }
}

impl Reply {
    fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

#[tokio::test]
async fn a_row_that_was_not_asked_for_spoils_the_answer() {
    for step in Step::ALL {
        let (right, mut wrong, mut hidden) = (step.row(), step.row(), step.row());
        wrong[step.key()] = if step == Step::Account {
            json!("320987654321")
        } else if step == Step::Named {
            json!("ada.okafor2")
        } else {
            json!(id("99"))
        };
        hidden.as_object_mut().unwrap().remove(step.key());
        for (habit, rows, code) in [
            ("wrong row", json!([wrong]), "WrongRow"),
            ("extra row", json!([right, wrong]), "WrongRow"),
            ("extra row first", json!([wrong, right]), "WrongRow"),
            ("hidden key", json!([hidden]), "MissingField"),
        ] {
            check(step, habit, Reply::result(&rows), code, Failure::Transient).await;
        }
    }
}

#[tokio::test]
async fn every_hidden_field_is_an_error() {
    for step in Step::ALL {
        let row = step.row();
        for field in row.as_object().unwrap().keys() {
            // A title only describes the requester to the approver; without it the page has none.
            if step == Step::GroupMembers && field == "sys_id" || field == "title" {
                continue;
            }
            let mut hidden = row.clone();
            hidden.as_object_mut().unwrap().remove(field);
            let reply = Reply::result(&json!([hidden]));
            if field == "employee_number" || step == Step::Manager && field == "manager" {
                // Often hidden: one of several things that tell people apart, and a manager who
                // is not seen counts as none.
                assert!(asked(step, reply).await.0.is_ok(), "{step:?}");
            } else {
                check(step, field, reply, "MissingField", Failure::Transient).await;
            }
            for value in [
                json!(null),
                json!({"display_value": "canary"}),
                json!([]),
                json!(7),
            ] {
                let mut odd = row.clone();
                odd[field.as_str()] = value;
                let reply = Reply::result(&json!([odd]));
                check(step, field, reply, "BadValue", Failure::Transient).await;
            }
        }
    }
}

#[tokio::test]
async fn two_where_one_was_asked_for_are_none_or_an_error() {
    for step in Step::ALL {
        let mut second = step.row();
        second["name"] = json!("another");
        let (answer, _) = asked(step, Reply::result(&json!([step.row(), second]))).await;
        match step {
            Step::Account => assert_eq!(answer.unwrap(), "nobody"),
            Step::GroupMembers => assert!(answer.unwrap().contains(&id("0a"))),
            _ => assert_eq!(answer.unwrap_err().code, "WrongRow", "{step:?}"),
        }
    }
}

#[tokio::test]
async fn an_account_with_a_hidden_twin_has_no_owner() {
    let reply = Reply::result(&json!([Step::Account.row()]));
    let (answer, _) = asked(Step::Account, reply.clone().with("x-total-count", "2")).await;
    assert_eq!(answer.unwrap(), "nobody");
    let (answer, _) = asked(Step::Account, reply.with("x-total-count", "1")).await;
    assert!(answer.unwrap().contains(&id("0a")));
}

#[tokio::test]
async fn inactive_groups_have_neither_manager_nor_members() {
    for (step, field) in [
        (Step::GroupManager, "active"),
        (Step::GroupMembers, "group.active"),
    ] {
        let mut row = step.row();
        row[field] = json!("false");
        assert_eq!(
            asked(step, Reply::result(&json!([row]))).await.0.unwrap(),
            "nobody"
        );
    }
}

#[tokio::test]
async fn all_shapes_of_references_are_understood() {
    let link = format!(
        "https://elsewhere.example/api/now/v2/table/sys_user/{}",
        id("0a")
    );
    for shape in [
        json!({"link": link, "value": id("0a")}),
        json!({"display_value": "canary", "value": id("0a")}),
        json!({"display_value": "canary", "link": link}),
    ] {
        for (step, field) in [
            (Step::Account, "owned_by"),
            (Step::GroupManager, "manager"),
            (Step::GroupMembers, "user"),
            (Step::Incident, "caller_id"),
        ] {
            let mut row: Value = step.row();
            row[field] = shape.clone();
            let (answer, _) = asked(step, Reply::result(&json!([row]))).await;
            assert!(answer.unwrap().contains(&id("0a")), "{step:?} {shape}");
        }
    }
}

/// A connection that ends in the middle of an answer.
#[tokio::test]
async fn a_broken_connection_is_not_an_answer() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0_u8; 4_096];
            let _ = stream.read(&mut request).await.unwrap();
            let head =
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n";
            stream
                .write_all(format!("{head}\r\n{{\"result\":[]}}").as_bytes())
                .await
                .unwrap();
        }
    });
    let instance = format!("http://{address}").parse().unwrap();
    let credentials = crate::server::BASIC.parse().unwrap();
    let (limits, stopped) = (crate::server::quick(), crate::server::stopped);
    let session =
        servicenow::Session::with_limits(instance, credentials, limits, stopped()).unwrap();
    let error = Step::Account.ask(&Reader::new(session)).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.is_transient()),
        ("Interrupted", true)
    );
    assert!(!logged(&error).contains("127.0.0.1"));
}
