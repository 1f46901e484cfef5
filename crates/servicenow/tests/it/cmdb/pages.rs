//! Answers of more than a page, and totals that are not met.

use ports::cmdb::Cmdb as _;
use snowgate_core::entitlement::{Fact, Unread};
use snowgate_core::id::SysId;

use super::*;
use crate::server::{Reply, Seen, Server};

/// What the memberships of Rita come to, where so many are there, and each page is what a function makes of the rows that belong on it.
async fn memberships(
    total: Option<usize>,
    page: impl Fn(usize, Vec<usize>) -> Vec<usize> + Send + Sync + 'static,
) -> Result<usize, Unread> {
    memberships_of(move |offset, limit| {
        let all = offset..total.unwrap_or(3).min(offset + limit);
        (total, page(offset, all.collect()))
    })
    .await
}

async fn memberships_of(
    page: impl Fn(usize, usize) -> (Option<usize>, Vec<usize>) + Send + Sync + 'static,
) -> Result<usize, Unread> {
    let server = Server::start(move |seen: &Seen| {
        let number = |name| seen.parameter(name).map_or(0, |text| text.parse().unwrap());
        let query = seen.parameter("sysparm_query").unwrap();
        assert!(!query.contains("ORDER"));
        let (total, rows) = page(number("sysparm_offset"), number("sysparm_limit"));
        let rows: Vec<Value> = rows
            .into_iter()
            .map(|n| {
                json!({"sys_id": id(0xd000 + n), "user": id(RITA), "group": id(n), "group.active": "true"})
            })
            .collect();
        let reply = Reply::result(&json!(rows));
        match total {
            Some(total) => reply.with("x-total-count", total.to_string()),
            None => reply,
        }
    })
    .await;
    let cmdb = CmdbReader::new(server.session());
    let rita: SysId = id(RITA).parse().unwrap();
    let found = cmdb.groups_of(&[rita], Duration::from_secs(10)).await;
    match &found[0].1 {
        Fact::Known { value, .. } => Ok(value.len()),
        Fact::Unread(why) => Err(*why),
    }
}

#[tokio::test]
async fn pages_are_read_to_the_total_in_any_order() {
    assert_eq!(memberships(Some(0), |_, rows| rows).await, Ok(0));
    assert_eq!(memberships(Some(1_000), |_, rows| rows).await, Ok(1_000));
    let reversed = |_, mut rows: Vec<usize>| {
        rows.reverse();
        rows
    };
    assert_eq!(memberships(Some(2_345), reversed).await, Ok(2_345));
}

#[tokio::test]
async fn what_is_missing_repeated_or_uncounted_is_not_known() {
    let one_less = |_, mut rows: Vec<usize>| {
        rows.pop();
        rows
    };
    assert_eq!(memberships(Some(3), one_less).await, Err(Unread::Hidden));
    let none = |_, _| Vec::new();
    assert_eq!(memberships(Some(3), none).await, Err(Unread::Hidden));
    let more = |_, mut rows: Vec<usize>| {
        rows.push(99_999);
        rows
    };
    assert_eq!(memberships(Some(3), more).await, Err(Unread::Inconsistent));
    // Without an order a page may hold rows of the one before, and others on none.
    let again = |offset: usize, rows: Vec<usize>| match offset {
        0 => rows,
        _ => (0..rows.len()).collect(),
    };
    assert_eq!(
        memberships(Some(1_500), again).await,
        Err(Unread::Inconsistent)
    );
    assert_eq!(
        memberships(None, |_, rows| rows).await,
        Err(Unread::Inconsistent)
    );
    assert_eq!(
        memberships(Some(10_001), |_, rows| rows).await,
        Err(Unread::TooMany)
    );
    let moving = memberships_of(|offset, limit| {
        let total = if offset == 0 { 1_500 } else { 1_499 };
        (Some(total), (offset..total.min(offset + limit)).collect())
    });
    assert_eq!(
        moving.await,
        Err(Unread::Unavailable),
        "somebody changes them"
    );
}

#[tokio::test]
async fn a_look_up_ends_when_its_time_is_over() {
    let server = Server::start(|_: &Seen| {
        let reply = Reply::result(&json!([])).with("x-total-count", "0");
        reply.after(Duration::from_secs(3))
    })
    .await;
    let cmdb = CmdbReader::new(server.session());
    let rita: SysId = id(RITA).parse().unwrap();
    let found = cmdb.groups_of(&[rita], Duration::from_millis(50)).await;
    assert_eq!(found[0].1, Fact::Unread(Unread::Unavailable));
}

#[tokio::test]
async fn keys_are_asked_for_alone_where_rows_are_hidden_but_not_without_end() {
    let server = Server::start(|seen: &Seen| {
        let query = seen.parameter("sysparm_query").unwrap();
        let total = query.matches(',').count() + 1;
        Reply::result(&json!([])).with("x-total-count", total.to_string())
    })
    .await;
    let cmdb = CmdbReader::new(server.session());
    let people: Vec<SysId> = (1..=500).map(|n| id(n).parse().unwrap()).collect();
    let found = cmdb.groups_of(&people, Duration::from_secs(20)).await;
    let hidden = |(_, fact): &(SysId, _)| *fact == Fact::Unread(Unread::Hidden);
    assert!(found.iter().all(hidden) && found.len() == 500);
    let calls = server.seen().len();
    assert!((100..=115).contains(&calls), "{calls}");
}

#[tokio::test]
async fn one_row_that_was_not_asked_for_spoils_its_own_key_alone() {
    let server = Server::start(|seen: &Seen| {
        let query = seen.parameter("sysparm_query").unwrap();
        let asked = query.strip_prefix("userIN").unwrap().split(',');
        let rows: Vec<Value> = asked
            .map(|user| {
                let other = if user == id(7) {
                    id(8)
                } else {
                    user.to_owned()
                };
                let record = user.replacen('0', "d", 1);
                json!({"sys_id": record, "user": other, "group": id(1), "group.active": "true"})
            })
            .collect();
        // Of the seventh comes a membership of somebody who was not asked for.
        Reply::result(&json!(rows)).with("x-total-count", rows.len().to_string())
    })
    .await;
    let cmdb = CmdbReader::new(server.session());
    let people: Vec<SysId> = (1..=7).map(|n| id(n).parse().unwrap()).collect();
    let found = cmdb.groups_of(&people, Duration::from_secs(20)).await;
    let known = |fact: &Fact<Vec<_>>| matches!(fact, Fact::Known { value, .. } if value.len() == 1);
    assert!(found[..6].iter().all(|(_, fact)| known(fact)), "{found:?}");
    assert_eq!(found[6].1, Fact::Unread(Unread::Inconsistent));
    assert_eq!(server.seen().len(), 8);
}

#[tokio::test]
async fn without_a_total_nothing_is_asked_for_again() {
    let server = Server::start(|_: &Seen| Reply::result(&json!([]))).await;
    let cmdb = CmdbReader::new(server.session());
    let people: Vec<SysId> = (1..=20).map(|n| id(n).parse().unwrap()).collect();
    let found = cmdb.groups_of(&people, Duration::from_secs(20)).await;
    let inconsistent = Fact::Unread(Unread::Inconsistent);
    assert!(found.iter().all(|(_, fact)| *fact == inconsistent));
    assert_eq!(server.seen().len(), 1);
}
