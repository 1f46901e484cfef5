//! That an approver reads all of it: no section, sentence, note, list or finding is left out.

use serde_json::json;

use super::*;
use crate::binding::{BoundInline, BoundRole};
use crate::finding::{Finding, FindingCode};
use crate::id::Digest;
use crate::page::{FormFields, form};
use crate::policy_digest::policy_digest;
use iam_policy::document::PolicyType;

const LINK: &str = "https://approve.example/prod/r/TOKEN";

/// A policy of many statements, of which the last has a long list.
fn wordy(of: &str) -> String {
    let allow = |resources: Vec<String>| json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources});
    let mut statements: Vec<_> = (1..=24)
        .map(|n| allow(vec![format!("arn:aws:s3:::{of}-{n}/*")]))
        .collect();
    let many = (1..=12).map(|n| format!("arn:aws:s3:::{of}-of/{n}/*"));
    statements.push(allow(many.collect()));
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// A request for two roles with more sentences and findings than anybody would list.
fn full() -> Review {
    let mut record = pending(vec![slot("320987654321", &[2])]);
    let names = ["reader", "archivist"];
    let arn = |name: &str| format!("arn:aws:iam::320987654321:role/assumable/{name}");
    let grants = names.map(|name| json!({"type": "assume_role", "role_arn": arn(name)}));
    record.request_mut().grants = serde_json::from_value(json!(grants)).unwrap();
    let documents = names.map(wordy);
    let roles = names.iter().zip(&documents).zip(1_i32..);
    let roles = roles.map(|((name, text), nth)| BoundRole {
        arn: arn(name).parse().unwrap(),
        unique_id: format!("AROAEXAMPLE{nth}"),
        boundary: None,
        trust: Digest::of(b"trust"),
        longest_session: nth.unsigned_abs() * 3600,
        policies: Vec::new(),
        inline: vec![BoundInline {
            name: (*name).to_owned(),
            document: policy_digest(text, PolicyType::Identity),
        }],
    });
    let mut asked = record.round().cloned().unwrap();
    asked.binding.policies = Vec::new();
    asked.binding.roles = roles.collect();
    let findings =
        (1..=45).map(|n| Finding::new("", FindingCode::ReadsData, format!("finding {n}")));
    asked.findings = findings.collect();
    let context = ReviewContext {
        installation: &installation(),
        requester: requester("Rita Chen"),
        beneficiary: None,
        account: "payments".to_owned(),
        slots: vec!["data-lake".to_owned()],
        documents: &documents,
        now: at(0),
    };
    Review::new(&record, &asked, &person(2), &context).unwrap()
}

/// The items of the first list behind a text.
fn items(html: &str, behind: &str) -> Vec<String> {
    let rest = html.split_once(behind).unwrap().1;
    let list = rest.split_once("<ul").unwrap().1;
    let list = list.split_once("</ul>").unwrap().0;
    let items = list.split("<li").skip(1).map(|item| {
        let item = item.split_once('>').unwrap().1;
        item.split_once("</li>").unwrap().0.to_owned()
    });
    items.collect()
}

fn in_html(texts: &[Text]) -> Vec<String> {
    texts.iter().map(|text| text.html().to_string()).collect()
}

#[test]
fn what_there_is_to_say_is_all_there() {
    let review = full();
    let all: Vec<String> = review.findings.iter().map(Text::to_string).collect();
    let expected: Vec<String> = (1..=45).map(|n| format!("Finding {n}.")).collect();
    assert_eq!(all, expected);
    assert_eq!(review.grants.len(), 2);
    for grant in &review.grants {
        let had = (grant.allows.len(), grant.notes.len(), grant.lists.len());
        assert_eq!(had, (25, 1, 1), "{grant:?}");
        assert_eq!(grant.policies.len(), 1);
    }
}

#[test]
fn the_plain_email_leaves_nothing_out() {
    let review = full();
    let text = review.email(LINK).unwrap().text;
    let mut expected = "\n\nAccess requested\n".to_owned();
    for grant in &review.grants {
        let arn = grant.arn.as_ref().unwrap();
        let ours = format!("  {}\n    {arn}\n    {}\n", grant.title, grant.kind);
        expected.push_str(&ours);
        let sentences = grant.allows.iter().map(|one| format!("    - {one}\n"));
        expected.extend(sentences);
        expected.extend(grant.notes.iter().map(|note| format!("    {note}\n")));
    }
    expected.push_str(
        "  The page shows every list and every long name in full, and the JSON of each policy.\n",
    );
    expected.push_str("\nThings to check\n");
    let findings = review.findings.iter();
    expected.extend(findings.map(|finding| format!("  - {finding}\n")));
    expected.push_str("\nRequested by\n");
    assert!(text.contains(&expected), "{text}\n---\n{expected}");
}

#[test]
fn the_email_and_the_page_leave_nothing_out() {
    let review = full();
    let email = review.email(LINK).unwrap().html;
    let page = form(&review, &FormFields::default()).unwrap().html;
    for html in [&email, &page] {
        for grant in &review.grants {
            let title = format!("<strong>{}</strong>", grant.title.html());
            assert_eq!(items(html, &title), in_html(&grant.allows));
            for note in in_html(&grant.notes) {
                assert_eq!(html.matches(&format!(">{note}</p>")).count(), 1, "{note}");
            }
        }
        assert_eq!(items(html, ">Things to check<"), in_html(&review.findings));
    }
    let json = page.replace("&#34;", "\"");
    for grant in &review.grants {
        for list in &grant.lists {
            let summary = format!("<details><summary>{}</summary>", list.title.html());
            assert_eq!(items(&page, &summary), in_html(&list.entries));
        }
        for policy in &grant.policies {
            let summary = format!("<summary>JSON of {}</summary>", policy.name.html());
            let shown = json.split(&summary).skip(1);
            assert!(shown.into_iter().any(|rest| rest.contains(&policy.json)));
        }
    }
}
