//! Who may do what: every way to see, change or end a request, tried by everybody on the real
//! handlers wherever a request can stand, and compared with docs/who-may-do-what.md, which people
//! read.
//!
//! `UPDATE_WHO_MAY=1 cargo test -p flow-model --test who_may` writes the page anew; the difference
//! is what a reviewer looks at.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that panics is a test that fails"
)]

#[path = "../it/functions.rs"]
#[expect(dead_code, reason = "the model uses all functions, this does not")]
mod functions;

mod asked;
mod calls;
mod door;
mod links;
mod managers;
mod raised;
mod stage;
mod table;
mod twins;

use calls::Caller;
use links::Holder;
use stage::Stage;
use table::{Cell, table};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/who-may-do-what.md");

/// One way to do something, tried by one person at every stage.
fn row(cell: impl Fn(Stage) -> Option<Cell>) -> Vec<(Stage, Cell)> {
    let all = Stage::ALL.into_iter();
    all.filter_map(|stage| Some((stage, cell(stage)?)))
        .collect()
}

fn by_callers(action: calls::Action) -> String {
    let callers = Caller::ALL.iter().filter(|caller| caller.can_try(action));
    let rows = callers.map(|caller| {
        let cells = row(|stage| Some(caller.tries(action, &stage.reached())));
        (caller.in_words().to_owned(), cells)
    });
    table(&rows.collect::<Vec<_>>())
}

fn by_holders(action: links::Action) -> String {
    let holders = Holder::ALL.iter().filter(|holder| holder.can_try(action));
    let rows = holders.map(|holder| {
        let cells = row(|stage| holder.tries(action, &stage.reached()));
        (holder.in_words().to_owned(), cells)
    });
    table(&rows.collect::<Vec<_>>())
}

fn page() -> String {
    type Section = (&'static str, &'static str, fn() -> String);
    let sections: [Section; 14] = [
        (
            "Call the service API at all",
            "Programs call with credentials of their own. Each may call the routes that its entry in the clients' \
             secret names.",
            door::section,
        ),
        (
            "Request access",
            "`POST /v1/requests` by a program that may. What it says of tickets and people is compared with \
             ServiceNow afterwards.",
            raised::section,
        ),
        ("See a request", "`GET /v1/requests/{id}`", || {
            by_callers(calls::Action::Read)
        }),
        (
            "Withdraw a request",
            "`POST /v1/requests/{id}/withdraw`",
            || by_callers(calls::Action::Withdraw),
        ),
        ("Revoke access", "`POST /v1/requests/{id}/revoke`", || {
            by_callers(calls::Action::Revoke)
        }),
        (
            "Abandon a removal",
            "`POST /v1/requests/{id}/abandon`, with a reason. A removal is parked once it has not worked for a day.",
            || by_callers(calls::Action::Abandon),
        ),
        (
            "Extend access",
            "`POST /v1/requests/{id}/extend`, with a ticket of its own",
            || by_callers(calls::Action::Extend),
        ),
        (
            "Be asked to decide",
            "The person is the owner of the account in the CMDB, unless said otherwise. Requests for an account of \
             which nobody near may decide go to the next who may, and at last to the security group. Where somebody who \
             would be asked may not decide only because the ticket names them, the security group is asked at once: \
             whoever writes a ticket doesn't choose who decides.",
            asked::section,
        ),
        (
            "Be asked to decide, under another record",
            "The requester, the beneficiary, whoever opened the ticket or for whom a record above it was opened has two \
             records in ServiceNow, and the second owns the account. The second has the mailbox; what the first has is \
             in the table.",
            twins::section,
        ),
        (
            "Be asked to decide, as the manager of the beneficiary",
            "The guardrails want the approval of the beneficiary's manager, besides the owner's. Where nobody counts as \
             the manager, they have the request refused (`refuse`), or let it proceed (`proceed`).",
            managers::section,
        ),
        (
            "Open a review link",
            "Looking changes nothing, however often and by whatever it is done.",
            || by_holders(links::Action::Open),
        ),
        (
            "Approve",
            "The form was opened when the e-mail came, and is submitted now.",
            || by_holders(links::Action::Approve),
        ),
        (
            "Deny",
            "The form was opened when the e-mail came, and is submitted now.",
            || by_holders(links::Action::Deny),
        ),
        (
            "Revoke access through a used link",
            "The form that ends access, as it is shown now; where none is shown, with what the form for the decision \
             had.",
            || by_holders(links::Action::End),
        ),
    ];
    // Each has worlds of its own.
    let tables: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = sections
            .iter()
            .map(|(_, _, table)| scope.spawn(table))
            .collect();
        running
            .into_iter()
            .map(|table| table.join().unwrap())
            .collect()
    });
    let sections: String = sections
        .iter()
        .zip(tables)
        .map(|((title, words, _), table)| format!("\n## {title}\n\n{words}\n\n{table}"))
        .collect();
    format!("{}\n{sections}", include_str!("preface.md").trim_end())
}

#[test]
fn who_may_do_what_is_what_the_page_says() {
    let page = page();
    if std::env::var_os("UPDATE_WHO_MAY").is_some() {
        std::fs::write(PAGE, &page).unwrap();
    }
    let written = std::fs::read_to_string(PAGE).unwrap_or_default();
    let differs = page
        .lines()
        .zip(written.lines().chain(std::iter::repeat("")))
        .find(|(is, was)| is != was);
    assert!(
        page == written,
        "docs/who-may-do-what.md says something else: {differs:#?}"
    );
}
