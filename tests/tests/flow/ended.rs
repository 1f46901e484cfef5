//! The end of the access. The shortest access lasts a quarter of an hour, so the clock of the two
//! functions that look at it is put forward with libfaketime; nothing else is changed. Needs
//! `SNOWGATE_FAKETIME`, the path of `libfaketime.so.1` (Debian: `libfaketime`); without it this test
//! says that it did not run.

use std::time::{Duration, Instant};

use flow_tests::{Case, Person, Stack};

use crate::matrix::{Column, Ending};

/// Past the short access, far from the end of any other.
const FORWARD: &str = "+20m";
/// The sweeper comes by every minute.
const PATIENCE: Duration = Duration::from_secs(100);

#[tokio::test]
async fn at_its_end_the_access_is_taken_back_unless_another_request_still_holds_it() {
    let Some(library) = flow_tests::faketime() else {
        return;
    };
    let account = "210987654321";
    let stack = Stack::shared().await;
    let user = format!("flow-{}", flow_tests::random_hex(12));
    let mut alone = Case::on_paper(account, &user, Person::RITA);
    let longer = Case::of(&stack, account).await;
    let mut shorter = Case::on_paper(account, &longer.user, Person::RITA);
    stack.aws.enrol(account, &alone.user, Person::RITA.0).await;
    for case in [&mut alone, &mut shorter] {
        case.duration = "PT15M".to_owned();
        case.open(&stack).await;
    }
    let ids = [
        alone.granted(&stack).await,
        shorter.granted(&stack).await,
        longer.granted(&stack).await,
    ];
    for case in [&alone, &longer] {
        let attached = stack.aws.attached(account, &case.user).await;
        assert_eq!(attached, [case.policy.as_str()]);
    }
    let mut column = Column::prepared(&stack, "PT15M").await;
    column.granted(&stack).await;
    drop(stack);

    let stack = put_clock(Some((&library, FORWARD))).await;
    let over = |states: &[String]| {
        let (ours, column) = states.split_at(ids.len());
        ours == ["Revoked", "Revoked", "Active"] && column.iter().all(|state| state == "Revoked")
    };
    let mut all = ids.to_vec();
    all.extend(column.cells.iter().map(|cell| cell.id.clone()));
    let end = Instant::now() + PATIENCE;
    let mut states = states(&stack, &all).await;
    while !over(&states) && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(500)).await;
        states = self::states(&stack, &all).await;
    }
    let stack = put_clock(None).await;
    assert!(over(&states), "{states:?}");
    let ending = Ending {
        state: "Revoked",
        ticket: "3",
        notes: &["Access granted", "Access ended: "],
        mails: &["Your access is ready", "Your access has ended"],
    };
    column.ends(&stack, &ending).await;
    alone.nothing_in_iam(&stack).await;
    let attached = stack.aws.attached(account, &longer.user).await;
    assert_eq!(
        attached,
        [longer.policy.as_str()],
        "the longer one holds it"
    );
    let ticket = flow_tests::eventually("the note about the end", || async {
        let ticket = stack.servicenow.ticket(&alone.sys_id).await;
        (Case::notes(&ticket).len() == 2).then_some(ticket)
    })
    .await;
    assert_eq!(ticket["state"], "3", "it stays closed");
    let ended = Case::notes(&ticket)
        .into_iter()
        .filter(|note| note.starts_with("Access ended"));
    assert_eq!(ended.count(), 1);
}

async fn states(stack: &Stack, ids: &[String]) -> Vec<String> {
    let mut states = Vec::new();
    for id in ids {
        let request = stack.request(id).await;
        states.push(request["state"].as_str().expect("a state").to_owned());
    }
    states
}

/// Puts the clocks forward, or right again, while nobody else has a turn.
async fn put_clock(forward: Option<(&str, &str)>) -> Stack {
    let stack = Stack::alone().await;
    let change = [
        ("LD_PRELOAD", forward.map(|(library, _)| library)),
        ("FAKETIME", forward.map(|(_, offset)| offset)),
    ];
    for function in ["sweeper", "provisioner"] {
        stack.configure(function, &change).await;
    }
    stack.step_aside()
}
