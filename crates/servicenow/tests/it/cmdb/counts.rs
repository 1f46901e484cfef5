//! How many calls a question comes to, and what they look like.
#![expect(
    clippy::print_stdout,
    reason = "the figures are shown where output is asked for"
)]

use super::*;

/// Servers with everything that they can be asked for by, owned by Rita or by a group of hers.
fn servers(count: usize, more: impl Fn(usize) -> Value) -> Value {
    let servers: Vec<Value> = (1..=count)
        .map(|n| {
            let all = json!({
                "fqdn": fqdn(n), "ip_address": format!("10.200.{}.{}", n / 250, n % 250 + 1)
            });
            server(0x10_0000 + n, with(all, more(n)))
        })
        .collect();
    json!(servers)
}

/// 60 characters.
fn fqdn(n: usize) -> String {
    let name = format!("web-{n:04}.payments.production.eu-west.brightwater.");
    format!(
        "{name}{}",
        "example".repeat(2).get(..60 - name.len()).unwrap()
    )
}

async fn seeded(more: impl Fn(usize) -> Value) -> Stage {
    let stage = Stage::start().await;
    stage
        .put(json!({
            "sys_user": [person(RITA), person(ADAM)],
            "sys_user_group": [{"sys_id": id(OPS), "name": "ops", "active": "true"}],
            "sys_user_grmember": [{"sys_id": id(0xd1), "user": id(RITA), "group": id(OPS)}],
            "cmdb_ci_server": servers(1_000, more)
        }))
        .await;
    stage
}

/// Asks for all, expects yes for each, and says how many calls that were.
async fn calls(stage: &Stage, asked: &[String]) -> usize {
    let before = stage.calls().await.len();
    let profile = profile();
    let answers = ask(&stage.cmdb(), &profile, asked).await;
    let no: Vec<_> = answers.iter().filter(|answer| !answer.entitled()).collect();
    assert!(
        no.is_empty(),
        "{} of {}: {:?}",
        no.len(),
        asked.len(),
        no[0]
    );
    let calls = stage.calls().await;
    for call in &calls {
        let length = call["url_length"].as_u64().unwrap();
        assert!(length < 2_000, "{length}");
        let parameters: Map<String, Value> = call["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (pair[0].as_str().unwrap().to_owned(), pair[1].clone()))
            .collect();
        let query = parameters["sysparm_query"].as_str().unwrap();
        for condition in query.split('^') {
            let end = condition.find(|c: char| !matches!(c, 'a'..='z' | '_' | '.'));
            let (_, operator) = condition.split_at(end.unwrap());
            assert!(
                operator.starts_with("IN") || operator.starts_with('='),
                "{query}"
            );
            assert!(operator.split(',').count() <= 50, "{query}");
        }
    }
    calls.len() - before
}

fn limit(what: &str, calls: usize, most: usize) {
    println!("{what}: {calls} calls, at most {most}");
    assert!(calls <= most, "{what}: {calls} calls");
}

#[tokio::test]
async fn a_thousand_servers_take_few_calls_however_they_are_named() {
    let stage = seeded(|n| match n % 2 {
        0 => json!({"owned_by": id(RITA)}),
        _ => json!({"support_group": id(OPS)}),
    })
    .await;
    let named = |name: fn(usize) -> String| (1..=1_000).map(name).collect::<Vec<_>>();
    let by_id = calls(&stage, &named(|n| id(0x10_0000 + n))).await;
    limit("1,000 sys_ids", by_id, 30);
    let by_name = calls(&stage, &named(|n| format!("web-{}", 0x10_0000 + n))).await;
    limit("1,000 names", by_name, 50);
    let by_fqdn = calls(&stage, &named(fqdn)).await;
    limit("1,000 FQDNs of 60 characters", by_fqdn, 70);
    let by_address = named(|n| format!("10.200.{}.{}", n / 250, n % 250 + 1));
    let by_address = calls(&stage, &by_address).await;
    limit("1,000 IPv4 addresses", by_address, 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_go_side_by_side_and_no_more_than_three() {
    let stage = seeded(|_| json!({"owned_by": id(RITA)})).await;
    let asked: Vec<String> = (1..=1_000).map(|n| id(0x10_0000 + n)).collect();
    for millis in [20, 200] {
        let slow = json!({"count": 0, "fault": {"kind": "slow", "millis": millis}});
        stage.fault(slow).await;
        let begun = std::time::Instant::now();
        let calls = calls(&stage, &asked).await;
        let took = begun.elapsed().as_millis();
        println!("1,000 sys_ids, {millis} ms added to each of {calls} calls: {took} ms");
        stage.mend().await;
    }
    let requests = stage.control("GET", "requests", None).await;
    assert_eq!(requests["peak_in_flight"], 3);
}

#[tokio::test]
async fn calls_grow_with_batches() {
    let stage = seeded(|_| json!({"owned_by": id(RITA)})).await;
    for (servers, expected) in [(1, 2), (45, 2), (100, 4), (200, 6)] {
        let asked: Vec<String> = (1..=servers).map(|n| id(0x10_0000 + n)).collect();
        let calls = calls(&stage, &asked).await;
        assert!(calls <= expected, "{servers}: {calls}");
    }
}

#[tokio::test]
async fn two_relation_levels_take_few_calls_too() {
    let stage = seeded(|_| json!({})).await;
    let applications: Vec<Value> = (0..100)
        .map(|n| application(0x20_0000 + n, json!({})))
        .collect();
    let services = [application(0x30_0000, json!({"owned_by": id(RITA)}))];
    let relation = |n: usize, parent: usize, child: usize| json!({"sys_id": id(n), "parent": id(parent), "child": id(child), "type": id(RUNS_ON)});
    let below = (1..=1_000).map(|n| relation(0x40_0000 + n, 0x20_0000 + n / 11, 0x10_0000 + n));
    let above = (0..100).map(|n| relation(0x50_0000 + n, 0x30_0000, 0x20_0000 + n));
    let relations: Vec<Value> = below.chain(above).collect();
    stage
        .put(json!({
            "cmdb_ci_appl": applications, "cmdb_ci_service": services, "cmdb_rel_ci": relations
        }))
        .await;
    let mut profile = profile();
    let rule = profile.applications.as_mut().unwrap();
    (rule.depth, rule.service_associations) = (2, false);
    let asked: Vec<String> = (1..=1_000).map(|n| id(0x10_0000 + n)).collect();
    let answers = ask(&stage.cmdb(), &profile, &asked).await;
    let yes = answers.iter().filter(|answer| answer.entitled()).count();
    assert_eq!(yes, 1_000, "{:?}", answers[0]);
    let calls = stage.calls().await.len();
    limit("1,000 sys_ids by two relations", calls, 80);
}
