//! Every kind of grant with every ending: a column for each ending, with a request for each kind,
//! and what IAM, the ticket and the requester see of it. Users hold things of their own before,
//! and hold them afterwards.
//!
//! Two columns stand elsewhere, because they change what others meet: `ended.rs` (at its time) and
//! `expired.rs` (nobody answers).

mod column;

use column::{ACCOUNT, Cell};
pub(crate) use column::{Column, Ending};

use flow_tests::{Stack, random_hex, step};
use serde_json::{Value, json};

use crate::grants::{inline, managed};
use crate::revoked::send_end;

#[tokio::test]
async fn denied() {
    let stack = Stack::shared().await;
    let mut column = Column::prepared(&stack, "PT4H").await;
    column.submitted(&stack, |_| {}).await;
    column.asked(&stack).await;
    for cell in &column.cells {
        // Where two decide, the first agrees.
        let (last, others) = cell.letters.split_last().expect("somebody is asked");
        for letter in others {
            cell.decides(&stack, letter, "approve").await;
        }
        cell.decides(&stack, last, "deny").await;
    }
    let ending = Ending {
        state: "Denied",
        ticket: "4",
        notes: &["Denied: "],
        mails: &["Your request was denied"],
    };
    column.ends(&stack, &ending).await;
}

#[tokio::test]
async fn withdrawn_while_it_waits() {
    let stack = Stack::shared().await;
    let mut column = Column::prepared(&stack, "PT4H").await;
    column.submitted(&stack, |_| {}).await;
    column.asked(&stack).await;
    let client = stack.client();
    for cell in &column.cells {
        let answer = stack
            .api
            .end(Some(&client), &cell.id, "withdraw", None)
            .await;
        assert_eq!(answer.status, 200, "{}: {}", cell.kind.name, answer.text);
    }
    let ending = Ending {
        state: "Withdrawn",
        ticket: "4",
        notes: &["Cancelled: "],
        mails: &["Your request was cancelled"],
    };
    column.ends(&stack, &ending).await;
    for letter in column.cells.iter().flat_map(|cell| &cell.letters) {
        let shown = stack.browser.open(&letter.link).await;
        assert_eq!((shown.status, shown.hidden()), (410, Vec::new()));
    }
}

#[tokio::test]
async fn ended_by_the_client() {
    let stack = Stack::shared().await;
    let mut column = Column::prepared(&stack, "PT4H").await;
    column.granted(&stack).await;
    let client = stack.client();
    for cell in &column.cells {
        let answer = stack.api.end(Some(&client), &cell.id, "revoke", None).await;
        assert_eq!(answer.status, 200, "{}: {}", cell.kind.name, answer.text);
    }
    let ending = Ending {
        state: "Revoked",
        ticket: "3",
        notes: &["Access granted", "Access ended: "],
        mails: &["Your access is ready", "Your access has ended"],
    };
    column.ends(&stack, &ending).await;
}

#[tokio::test]
async fn ended_through_the_link_of_an_approver() {
    let stack = Stack::shared().await;
    let mut column = Column::prepared(&stack, "PT4H").await;
    column.granted(&stack).await;
    for cell in &column.cells {
        // Where two have decided, either may end it.
        let letter = cell.letters.last().expect("somebody was asked");
        let page = send_end(&stack, letter, "canary-reason: not needed any more").await;
        assert_eq!(
            (page.status, page.heading()),
            (200, "Access is being ended"),
            "{}",
            cell.kind.name
        );
    }
    let ending = Ending {
        state: "Revoked",
        ticket: "3",
        notes: &["Access granted", "Access ended: "],
        mails: &["Your access is ready", "Your access has ended"],
    };
    column.ends(&stack, &ending).await;
}

#[tokio::test]
async fn refused() {
    let stack = Stack::shared().await;
    // Made by somebody who knows nothing of Snowgate: neither path nor boundary nor tag.
    let made = |user: &str| step(ACCOUNT, "iam", "create_user", &json!({ "UserName": user }));
    let mut column = Column::of(&stack, "PT4H", made).await;
    column.submitted(&stack, |_| {}).await;
    let ending = Ending {
        state: "Refused",
        ticket: "4",
        notes: &["Refused: "],
        mails: &["Your request was refused"],
    };
    column.ends(&stack, &ending).await;
    for cell in &column.cells {
        cell.case.no_letter(&stack).await;
    }
}

#[tokio::test]
async fn undeliverable() {
    let stack = Stack::shared().await;
    let mut column = Column::prepared(&stack, "PT4H").await;
    // The CMDB has no such item, so nobody can answer for it.
    let item = random_hex(32);
    let naming = |body: &mut Value| body["resource"] = json!({ "sys_id": item });
    column.submitted(&stack, naming).await;
    let ending = Ending {
        state: "Undeliverable",
        ticket: "4",
        notes: &["No approver found: "],
        mails: &["No approver could be found"],
    };
    column.ends(&stack, &ending).await;
    for cell in &column.cells {
        cell.case.no_letter(&stack).await;
    }
}

#[tokio::test]
async fn previewed() {
    let stack = Stack::shared().await;
    let mut column = Column::prepared(&stack, "PT4H").await;
    let dry = |body: &mut Value| body["dry_run"] = json!(true);
    column.submitted(&stack, dry).await;
    let ending = Ending {
        state: "Previewed",
        ticket: "1",
        notes: &["Dry run"],
        mails: &[],
    };
    column.ends(&stack, &ending).await;
    for cell in &column.cells {
        cell.case.no_letter(&stack).await;
        let request = stack.request(&cell.id).await;
        let changes = request["preview"]["changes"].as_array().expect("changes");
        let there = |change: &&Value| change["already_there"] == true;
        let found = if cell.kind.found_there { 2 } else { 0 };
        assert_eq!(changes.iter().filter(there).count(), found, "{changes:?}");
    }
}

#[tokio::test]
async fn failed_and_rolled_back() {
    let stack = Stack::shared().await;
    let mut column = Column::prepared(&stack, "PT4H").await;
    for cell in &mut column.cells {
        halfway(&mut cell.kind.grants);
        cell.case.instead = Some(Value::from(cell.kind.grants.clone()));
    }
    let policy = format!("flow-{}", random_hex(12));
    let user = |cell: &Cell| format!("arn:aws:iam::{ACCOUNT}:user/enrolled/{}", cell.case.user);
    let users: Vec<String> = column.cells.iter().map(user).collect();
    let deny = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Action": "iam:PutUserPolicy", "Resource": users }] });
    let member = |operation: &str, document: Option<String>| {
        let mut arguments = json!({ "RoleName": "SnowgateMember", "PolicyName": policy });
        if let Some(document) = document {
            arguments["PolicyDocument"] = json!(document);
        }
        stack
            .aws
            .run(vec![step(ACCOUNT, "iam", operation, &arguments)])
    };
    column.submitted(&stack, |_| {}).await;
    column.asked(&stack).await;
    member("put_role_policy", Some(deny.to_string())).await;
    column.approved(&stack).await;
    let ending = Ending {
        state: "Failed",
        ticket: "4",
        notes: &["Not granted"],
        mails: &["Your access was not granted"],
    };
    column.ends(&stack, &ending).await;
    member("delete_role_policy", None).await;
    for cell in &column.cells {
        let request = stack.request(&cell.id).await;
        assert_eq!(
            request["end_reason"]["code"], "iam_refused",
            "{}",
            cell.kind.name
        );
    }
}

/// Makes grants of which the last that is made is an inline policy, after something else that is
/// to be rolled back.
fn halfway(grants: &mut Vec<Value>) {
    let becomes_inline =
        |grant: &Value| grant["type"] == "inline_policy" || grant["type"] == "assume_role";
    match grants.iter().filter(|grant| becomes_inline(grant)).count() {
        0 => grants.push(inline()),
        all if all == grants.len() => grants.insert(0, managed()),
        _ => {}
    }
}
