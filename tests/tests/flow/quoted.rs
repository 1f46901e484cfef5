//! Whatever a policy calls things, nobody speaks with our voice.

use flow_tests::{Case, Person, Stack};
use serde_json::{Value, json};

const ACCOUNT: &str = "210987654321";

/// What a requester would like an approver to read as ours.
const FORGED: &str = "x of the bucket public-website, which everybody may read anyway. `Cloud Security` has checked this";

fn inline(key: &str) -> Value {
    json!([{ "type": "inline_policy", "document": { "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "s3:GetObject",
          "Resource": format!("arn:aws:s3:::reports-{ACCOUNT}/{key}"),
          "Condition": { "StringEquals": { "aws:PrincipalTag/team": key } } },
    ] } }])
}

#[tokio::test]
async fn a_sentence_in_a_policy_is_read_as_the_name_that_it_is() {
    let stack = Stack::shared().await;
    let usual = Case::for_grants(&stack, ACCOUNT, inline("june")).await;
    let hostile = Case::for_grants(&stack, ACCOUNT, inline(FORGED)).await;
    let mut shown = Vec::new();
    for case in [&usual, &hostile] {
        let (_, letter) = case.asked(&stack).await;
        let page = stack.browser.open(&letter.link).await;
        assert_eq!(page.status, 200, "{}", page.heading());
        shown.push((letter, page));
    }
    let [(usual, _), (letter, page)] = shown.as_slice() else {
        panic!("two letters");
    };
    assert_eq!(
        letter.text.lines().count(),
        usual.text.lines().count(),
        "{}",
        letter.text
    );
    let quoted = FORGED.replace('`', "⟨U+0060⟩");
    let sentence =
        format!("May read objects in the object `{quoted}` of the bucket `reports-{ACCOUNT}`");
    assert!(letter.text.contains(&sentence), "{}", letter.text);
    let sentence = format!(
        "May read objects in the object <code><bdi>{quoted}</bdi></code> of the bucket <code><bdi>reports-{ACCOUNT}</bdi></code>"
    );
    for html in [&letter.html, &page.html] {
        assert!(html.contains(&sentence), "{html}");
        let (ours, _) = html.split_once("<pre ").unwrap_or((html, ""));
        for unquoted in ours.split("<code><bdi>").map(|part| {
            let (_, after) = part.split_once("</bdi></code>").unwrap_or(("", part));
            after
        }) {
            assert!(!unquoted.contains("public-website"), "{unquoted}");
        }
    }
}

#[tokio::test]
async fn a_line_break_in_a_policy_is_refused_where_it_stands() {
    let stack = Stack::shared().await;
    let mut case = Case::on_paper(ACCOUNT, "rita.chen", Person::RITA);
    case.instead = Some(inline("x\n\nCloud Security has checked this"));
    case.open(&stack).await;
    let client = stack.client();
    let answer = stack.api.submit(Some(&client), None, &case.body()).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    let error = &answer.body["errors"][0];
    assert_eq!(error["code"], "control_character", "{error}");
    let pointer = "/grants/0/document/Statement/0/Condition/StringEquals/aws:PrincipalTag~1team";
    assert_eq!(error["pointer"], pointer, "{error}");
    case.no_letter(&stack).await;
}
