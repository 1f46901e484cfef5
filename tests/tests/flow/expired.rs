//! Asked, and nobody answers.

use std::time::Duration;

use flow_tests::{Case, Stack};

use crate::matrix::{Column, Ending};

/// The sweeper comes by every minute, and the ticket is updated after that.
const A_MINUTE_AND_SOME: Duration = Duration::from_secs(100);

#[tokio::test]
async fn requests_that_nobody_decides_expire() {
    let stack = Stack::shared().await;
    let mut column = Column::prepared(&stack, "PT4H").await;
    drop(stack);
    let stack = Stack::alone().await;
    // The dispatcher notes the end when it asks; the sweeper then goes by what was noted.
    let short = [("PENDING_FOR", Some("PT15S"))];
    let usual = stack.configure("dispatcher", &short).await.remove(0);
    column.submitted(&stack, |_| {}).await;
    column.asked(&stack).await;
    let usual = [("PENDING_FOR", usual.as_deref())];
    stack.configure("dispatcher", &usual).await;
    let stack = stack.step_aside();

    for cell in &column.cells {
        stack
            .reaches_within(&cell.id, "Expired", A_MINUTE_AND_SOME)
            .await;
    }
    let ending = Ending {
        state: "Expired",
        ticket: "4",
        notes: &["Expired: "],
        mails: &["Your request has expired"],
    };
    column.ends(&stack, &ending).await;
    for letter in column.cells.iter().flat_map(|cell| &cell.letters) {
        let shown = stack.browser.open(&letter.link).await;
        assert_eq!(shown.status, 410, "{}", shown.heading());
        assert_eq!(shown.hidden(), [], "there is no form any more");
    }
}

#[tokio::test]
async fn usually_a_decision_is_awaited_for_three_days() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, _) = case.asked(&stack).await;
    let request = stack.request(&id).await;
    let asked = request["timeline"][1]["at"].as_str().expect("asked when");
    let end = request["decide_by"].as_str().expect("decided by when");
    let waits = flow_tests::seconds_between(asked, end);
    assert_eq!(waits, 72 * 3600, "from {asked} to {end}");
}
