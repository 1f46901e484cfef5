//! What an approver is shown: each grant in English, what was found, and the policies that IAM
//! holds, or no form at all.

use flow_tests::{Case, Page, Stack, step};
use serde_json::{Value, json};

use crate::grants::{group, inline, managed, role};

const ACCOUNT: &str = "210987654321";

/// The policies that a page shows, as JSON.
fn policies(page: &Page) -> Vec<Value> {
    let shown = page.html.split("<pre tabindex=\"0\" dir=\"ltr\">").skip(1);
    shown
        .map(|rest| {
            let (json, _) = rest.split_once("</pre>").expect("it ends");
            let json = json.replace("&#34;", "\"").replace("&#60;", "<");
            let json = json.replace("&#62;", ">").replace("&#38;", "&");
            serde_json::from_str(&json).expect("a policy is JSON")
        })
        .collect()
}

#[tokio::test]
async fn each_grant_is_put_into_words_and_shown_as_iam_holds_it() {
    let stack = Stack::shared().await;
    let all = json!([managed(), inline(), role(), group()]);
    let case = Case::for_grants(&stack, ACCOUNT, all).await;
    let id = case.raise(&stack).await;
    let request = stack.reaches(&id, "Pending").await;
    let letter = flow_tests::eventually("an e-mail", || async {
        stack.mailbox.about(&case.number).await.into_iter().next()
    })
    .await;
    let page = stack.browser.open(&letter.link).await;
    assert_eq!(page.status, 200, "{}", page.heading());
    let mut sentences = vec![
        "Attach policy `reports-read`, version `v",
        "Inline policy written for this request",
        "Assume role `reports-reader` in `data-lake` (320987654321)",
        "can continue for up to 1 hour afterwards",
        "Join group `analysts`",
        "May read and list objects in the bucket `reports-210987654321`",
        "May read and list objects in the bucket `reports-320987654321`",
    ];
    let findings = request["findings"].as_array().expect("findings");
    // A sentence begins with a capital letter.
    let details = findings.iter().map(|found| found["detail"].as_str());
    let details = details.map(|detail| detail.and_then(|detail| detail.get(1..)));
    sentences.extend(details.map(|detail| detail.expect("words")));
    for reported in sentences {
        assert!(
            letter.text.contains(reported),
            "{reported}: {}",
            letter.text
        );
        let escaped = marked(&reported.replace('&', "&#38;").replace('\'', "&#39;"));
        assert!(page.html.contains(&escaped), "{reported}: {}", page.html);
        assert!(
            letter.html.contains(&escaped),
            "{reported}: {}",
            letter.html
        );
    }
    assert!(!findings.is_empty(), "that data is read is reported");

    let text = |account: &str, operation: &str, of: Value| step(account, "iam", operation, &of);
    let of = json!({ "PolicyArn": case.policy });
    let policy = stack
        .aws
        .run(vec![step(ACCOUNT, "iam", "get_policy", &of)])
        .await;
    let version = &policy[0]["Policy"]["DefaultVersionId"];
    let answers = stack
        .aws
        .run(vec![
            text(
                ACCOUNT,
                "get_policy_version",
                json!({ "PolicyArn": case.policy, "VersionId": version }),
            ),
            text(
                "320987654321",
                "get_role_policy",
                json!({ "RoleName": "reports-reader", "PolicyName": "read" }),
            ),
            text(
                ACCOUNT,
                "get_group_policy",
                json!({ "GroupName": "analysts", "PolicyName": "metrics" }),
            ),
        ])
        .await;
    let shown = policies(&page);
    let read = &answers[0]["PolicyVersion"]["Document"];
    // Twice: as a grant of its own, and as what members of the group have.
    assert_eq!(
        shown.iter().filter(|one| *one == read).count(),
        2,
        "{shown:?}"
    );
    for held in [
        &answers[1]["PolicyDocument"],
        &answers[2]["PolicyDocument"],
        &inline()["document"],
    ] {
        assert!(shown.contains(held), "{held} in {shown:?}");
    }
    assert_eq!(shown.len(), 5, "and no others");
}

#[tokio::test]
async fn a_policy_text_that_was_changed_or_lost_in_the_ledger_is_not_asked_about() {
    let stack = Stack::shared().await;
    let case = Case::for_grants(&stack, ACCOUNT, json!([managed(), group()])).await;
    let (id, letter) = case.asked(&stack).await;
    let rows = stack.rows(&id).await;
    let is_text = |row: &&Value| {
        let key = row["sk"]["S"].as_str();
        key.is_some_and(|key| key.starts_with("DOC#"))
    };
    let texts: Vec<&Value> = rows.iter().filter(is_text).collect();
    assert_eq!(texts.len(), 2, "one for each policy: {rows:?}");
    let table = stack.fact("/tables/requests");
    let put = async |row: &Value| {
        let order = json!({ "TableName": table, "Item": row });
        stack.aws.call("dynamodb", "put_item", &order).await;
    };
    let shows_no_form = async || {
        let page = stack.browser.open(&letter.link).await;
        assert_eq!(page.status, 503, "{}", page.heading());
        assert!(page.hidden().is_empty(), "no form: {}", page.html);
        let form = [("decision", "approve"), ("reason", "canary-reason: yes")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let origin = stack.browser.origin();
        let sent = stack.browser.send(&letter.link, Some(origin), &form).await;
        assert_ne!(sent.status, 200, "{}", sent.heading());
        let request = stack.request(&id).await;
        assert_eq!(request["state"], "Pending");
        assert_eq!(request["decisions"], json!([]));
    };
    for text in texts {
        let mut forged = text.clone();
        let words = forged["text"]["S"].as_str().expect("a text");
        forged["text"]["S"] = json!(
            words
                .replace("reports-", "payroll-")
                .replace("Metrics", "*")
        );
        assert_ne!(&forged, text);
        put(&forged).await;
        shows_no_form().await;
        let key = json!({ "pk": text["pk"], "sk": text["sk"] });
        let order = json!({ "TableName": table, "Key": key });
        stack.aws.call("dynamodb", "delete_item", &order).await;
        shows_no_form().await;
        put(text).await;
    }
    let page = stack.browser.open(&letter.link).await;
    assert_eq!(page.status, 200, "as it was: {}", page.heading());
}

/// Identifiers, which stand in backticks in plain text, as HTML has them.
fn marked(text: &str) -> String {
    let parts = text.split('`').enumerate().map(|(nth, part)| match nth {
        0 => part.to_owned(),
        odd if odd % 2 == 1 => format!("<code><bdi>{part}"),
        _ => format!("</bdi></code>{part}"),
    });
    parts.collect()
}
