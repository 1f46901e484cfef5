//! That nobody but us speaks with our voice, and that everything is shown for what it is.

use iam_policy::document::PolicyType;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::binding::{BoundInline, BoundRole};
use crate::finding::{Evidence, Finding, FindingCode};
use crate::id::Digest;
use crate::markup::code;
use crate::page::{FormFields, form};
use crate::policy_digest::policy_digest;

/// A request to assume a role, of which a string from elsewhere is in every place: names of
/// people, accounts and policies, resources, conditions, what was found.
fn naming(foreign: &str, justification: &str) -> Review {
    let text = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": ["s3:GetObject", format!("s3:{foreign}")],
        "Resource": [format!("arn:aws:s3:::{foreign}"), format!("arn:aws:s3:::reports/{foreign}/*")],
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": foreign, format!("aws:x{foreign}"): "a"}}}]})
    .to_string();
    let mut record = pending(vec![slot("320987654321", &[2]), slot("210987654321", &[2])]);
    let role_arn = "arn:aws:iam::320987654321:role/assumable/reports-reader";
    let grants = json!([{"type": "assume_role", "role_arn": role_arn}]);
    record.request_mut().grants = serde_json::from_value(grants).unwrap();
    record.request_mut().justification = justification.parse().unwrap();
    let mut asked = record.round().cloned().unwrap();
    asked.binding.policies = Vec::new();
    asked.binding.roles = vec![BoundRole {
        arn: role_arn.parse().unwrap(),
        unique_id: "AROAEXAMPLE".to_owned(),
        boundary: None,
        trust: Digest::of(b"trust"),
        longest_session: 3600,
        policies: Vec::new(),
        inline: vec![BoundInline {
            name: foreign.to_owned(),
            document: policy_digest(&text, PolicyType::Identity),
        }],
    }];
    asked.findings = vec![Finding {
        evidence: Some(Evidence {
            policy: foreign.to_owned(),
            place: String::new(),
            witness: None,
        }),
        ..Finding::new(
            "",
            FindingCode::ReadsData,
            format!("reads {}", code(foreign)),
        )
    }];
    let context = ReviewContext {
        installation: &installation(),
        requester: Person {
            title: JobTitle::new(foreign),
            ..requester(foreign)
        },
        beneficiary: Some(PersonName::new(foreign)),
        account: foreign.to_owned(),
        slots: vec![foreign.to_owned(), foreign.to_owned()],
        documents: &[text],
        now: at(0),
    };
    Review::new(&record, &asked, &person(2), &context).unwrap()
}

/// A text without what stands between marks.
fn skeleton(text: &str, begin: &str, end: &str) -> String {
    let mut ours = String::new();
    let mut rest = text;
    while let Some((before, marked)) = rest.split_once(begin) {
        ours.push_str(before);
        ours.push('X');
        rest = marked.split_once(end).unwrap().1;
    }
    ours + rest
}

/// Our words in e-mail and page, each way.
fn our_words(review: &Review) -> [String; 4] {
    let email = review
        .email("https://approve.example/prod/r/TOKEN")
        .unwrap();
    let page = form(review, &FormFields::default()).unwrap().html;
    // The JSON of a policy is the policy's.
    let page = skeleton(&page, "<pre ", "</pre>");
    let html = |html: &str| skeleton(html, "<code><bdi>", "</bdi></code>");
    let plain = |text: &str| skeleton(text, "`", "`");
    let (head, body) = page.split_once("</title>").unwrap();
    let (email_head, email_body) = email.html.split_once("</title>").unwrap();
    [
        plain(&email.subject),
        plain(&email.text),
        plain(email_head) + &html(email_body),
        plain(head) + &html(body),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever others call things, lines and words of ours are the same.
    #[test]
    fn whatever_others_call_things_our_words_are_ours(foreign in "[^*?:/,${}\\.'\"@]{1,12}") {
        prop_assume!(crate::markup::seen(&foreign).is_some());
        let usual = our_words(&naming("xaby", "Quarter-end reports"));
        let found = our_words(&naming(&foreign, "Quarter-end reports"));
        for (found, usual) in found.iter().zip(&usual) {
            prop_assert_eq!(found, usual);
        }
    }
}

const FORGED: &str = "x of the bucket public-website, which everybody may read anyway.\n\nCloud Security has checked this. Decide here: http://evil.example/`<b>";

#[test]
fn a_forged_sentence_stands_in_its_quotes() {
    let review = naming(FORGED, "Quarter-end reports");
    let email = review
        .email("https://approve.example/prod/r/TOKEN")
        .unwrap();
    let page = form(&review, &FormFields::default()).unwrap().html;
    assert!(
        !email
            .text
            .lines()
            .any(|line| line.trim().starts_with("Cloud Security"))
    );
    let (html, _) = page.split_once("<pre ").unwrap();
    assert!(!skeleton(&email.subject, "`", "`").contains("public-website"));
    assert!(email.subject.chars().count() < 200, "{}", email.subject);
    for (text, begin, end) in [
        (email.text.as_str(), "`", "`"),
        (email.html.as_str(), "<code><bdi>", "</bdi></code>"),
        (html, "<code><bdi>", "</bdi></code>"),
    ] {
        let body = text.split_once("</title>").map_or(text, |(_, body)| body);
        assert!(
            !skeleton(body, begin, end).contains("public-website"),
            "{body}"
        );
        assert!(body.contains("⟨U+000A⟩⟨U+000A⟩Cloud Security has checked this"));
    }
}

#[test]
fn what_is_shown_shortened_is_had_whole_on_the_page() {
    let long = format!("begin{}end", "-".repeat(400));
    let review = naming(&long, "Quarter-end reports");
    let email = review
        .email("https://approve.example/prod/r/TOKEN")
        .unwrap();
    assert!(!email.text.contains(&long) && email.text.contains("-end`"));
    let page = form(&review, &FormFields::default()).unwrap().html;
    let (shown, whole) = page.split_once("<details>").unwrap();
    assert!(!shown.contains(&long));
    assert!(whole.contains(&format!("<li><code><bdi>{long}</bdi></code></li>")));
}

/// Names of people, titles and items, too.
#[test]
fn no_name_is_lost_behind_what_is_shown() {
    let long = |who: &str| format!("{who}{}end", "-".repeat(400));
    let record = pending(vec![slot("210987654321", &[2])]);
    let person = Person {
        name: PersonName::new(&long("requester")),
        title: JobTitle::new(&long("title")),
        ..requester("")
    };
    let review = review_of(&record, person, Some(&long("owner")), &[&long("account")]);
    let page = form(&review, &FormFields::default()).unwrap().html;
    for who in ["requester", "title", "owner", "account"] {
        let whole = format!("<li><code><bdi>{}</bdi></code></li>", long(who));
        assert!(page.contains(&whole), "{who}");
        let shown = format!("<code><bdi>{who}-");
        assert!(page.matches(&shown).count() > 1, "{who}");
    }
}

#[test]
fn lines_of_the_requesters_push_no_button_away() {
    let justification = format!("Needed{}Approved by Security", "\n-".repeat(900));
    let review = naming("x", &justification);
    let email = review
        .email("https://approve.example/prod/r/TOKEN")
        .unwrap();
    assert!(email.text.lines().count() < 70, "{}", email.text);
    assert!(
        email.text.contains("The page shows 889 more lines."),
        "{}",
        email.text
    );
    let page = form(&review, &FormFields::default()).unwrap().html;
    let quoted = page.split_once("<blockquote").unwrap().1;
    let (shown, rest) = quoted.split_once("</blockquote>").unwrap();
    assert_eq!(shown.lines().count(), 12);
    assert!(
        rest.trim_start()
            .starts_with("<details><summary>889 more lines</summary>")
    );
}

#[test]
fn who_has_a_name_that_nobody_reads_is_told_by_the_id() {
    let name = |length: usize| PersonName::new(&"n".repeat(length)).or_id("rita.chen");
    let read = name(1_000).in_words();
    assert_eq!(read, format!("`{}`", "n".repeat(1_000)));
    assert_eq!(
        name(1_001).in_words(),
        "(a name of more than 1000 characters, `rita.chen`)"
    );
    let title = |length: usize| JobTitle::new(&"t".repeat(length)).in_words();
    assert_eq!(title(1_000), Some(format!("`{}`", "t".repeat(1_000))));
    let unread = "(a title of more than 1000 characters)";
    assert_eq!(title(1_001).as_deref(), Some(unread));
}

#[test]
fn who_has_no_name_is_told_by_the_id() {
    let nameless = PersonName::new("\u{2800}\u{3164} \u{301}").or_id("rita.chen");
    let shown = "(no name, `rita.chen`)";
    assert_eq!(nameless.in_words(), shown);
    let record = pending(vec![slot("210987654321", &[2])]);
    let person = Person {
        name: nameless,
        ..requester("")
    };
    let review = review_of(&record, person, None, &["payments"]);
    assert!(
        review
            .title
            .to_string()
            .starts_with("(no name, `rita.chen`) wants policy")
    );
}

#[test]
fn the_owner_of_a_roles_account_reads_about_that_account_first() {
    let mut record = pending(vec![slot("320987654321", &[2]), slot("210987654321", &[3])]);
    let grants = json!([
        {"type": "attach_managed_policy", "policy_arn": "arn:aws:iam::210987654321:policy/reports-read"},
        {"type": "assume_role", "role_arn": "arn:aws:iam::320987654321:role/assumable/reports-reader"}]);
    record.request_mut().grants = serde_json::from_value(grants).unwrap();
    let mut asked = record.round().cloned().unwrap();
    asked.binding.roles = vec![BoundRole {
        arn: "arn:aws:iam::320987654321:role/assumable/reports-reader"
            .parse()
            .unwrap(),
        unique_id: "AROAEXAMPLE".to_owned(),
        boundary: None,
        trust: Digest::of(b"trust"),
        longest_session: 3600,
        policies: Vec::new(),
        inline: Vec::new(),
    }];
    let context = ReviewContext {
        installation: &installation(),
        requester: requester("Rita Chen"),
        beneficiary: None,
        account: "payments".to_owned(),
        slots: vec!["data-lake".to_owned(), "payments".to_owned()],
        documents: &[DOCUMENT.to_owned()],
        now: at(0),
    };
    for (reader, title, subject, first) in [
        (
            2,
            "`Rita Chen` wants to assume `reports-reader` in `data-lake`",
            "`Rita Chen`, `data-lake`, 8 hours (RITM0010001)",
            "Assume role `reports-reader` in `data-lake` (320987654321)",
        ),
        (
            3,
            "`Rita Chen` wants policy `reports-read` in `payments`",
            "`Rita Chen`, `payments`, 8 hours (RITM0010001)",
            "Attach policy `reports-read`, version `v1`",
        ),
    ] {
        let review = Review::new(&record, &asked, &person(reader), &context).unwrap();
        assert_eq!(review.title.to_string(), title);
        assert_eq!(review.subject.to_string(), subject);
        let titles: Vec<String> = review
            .grants
            .iter()
            .map(|grant| grant.title.to_string())
            .collect();
        assert_eq!((titles.len(), titles.first().unwrap().as_str()), (2, first));
    }
}

#[test]
fn secrets_are_told_first_and_style_last() {
    let found = [
        FindingCode::ProbablyWrong,
        FindingCode::ReadsData,
        FindingCode::ReadsSecrets,
    ];
    let found: Vec<Finding> = found
        .iter()
        .map(|code| Finding::new("", *code, format!("{code:?}")))
        .collect();
    let shown: Vec<String> = findings(&found).iter().map(Text::to_string).collect();
    assert_eq!(shown, ["ReadsSecrets.", "ReadsData.", "ProbablyWrong."]);
}
