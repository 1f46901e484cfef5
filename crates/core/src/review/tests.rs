mod complete;
mod managers;
mod voice;

use super::*;
use crate::approval::Verdict;
use crate::email::{Email, MailField};
use crate::installation::tests::installation;
use crate::record::tests::{DOCUMENT, TWO, approver, at, decide, pending, person, slot};
use crate::slots::{Approver, ApproverRole, OwnedResource, Slot};
use crate::ticket::{JobTitle, UserAccount};

fn requester(name: &str) -> Person {
    Person {
        sys_id: person(1),
        name: PersonName::new(name),
        title: JobTitle::new("Data Analyst"),
        active: true,
        locked_out: false,
        email: MailField::read("rita.chen@brightwater.example"),
        account: UserAccount::default(),
    }
}

/// The review of a record for its second person.
fn review_of(
    record: &RequestRecord,
    requester: Person,
    beneficiary: Option<&str>,
    names: &[&str],
) -> Review {
    let context = ReviewContext {
        installation: &installation(),
        requester,
        beneficiary: beneficiary.map(PersonName::new),
        account: names.first().map(|name| (*name).to_owned()).unwrap(),
        slots: names.iter().map(|name| (*name).to_owned()).collect(),
        documents: &[DOCUMENT.to_owned()],
        now: at(0),
    };
    let asked = record.round().unwrap();
    Review::new(record, asked, &person(2), &context).unwrap()
}

pub(crate) fn review() -> Review {
    let record = pending(vec![slot("210987654321", &[2])]);
    let beneficiary = Some("Tom\r\nBcc: x\u{202e}y");
    let requester = requester("Rita <b>Chen</b>");
    review_of(&record, requester, beneficiary, &["Payments & Production"])
}

/// A request for an account and an item, of which the reader may decide both and a colleague
/// approved one.
pub(crate) fn shared_review() -> Review {
    let item = OwnedResource::Item {
        sys_id: "cc".repeat(16).parse().unwrap(),
        instead_of: Vec::new(),
    };
    let delegate = Approver {
        on_behalf_of: Some(person(4)),
        ..Approver::own(person(2), ApproverRole::Owner)
    };
    let mine = Slot::new(
        item,
        vec![Approver::own(person(4), ApproverRole::Owner), delegate],
    );
    let slots = vec![slot("210987654321", &[2]), slot("320987654321", &[3]), mine];
    let record = pending(slots);
    let yes = decide(&record, TWO, 3, Verdict::Approve);
    let record = record.apply(yes, approver(3), at(11)).unwrap().record;
    let names = ["payments", "data-lake", "<reports>"];
    review_of(&record, requester("Rita Chen"), None, &names)
}

fn email() -> Email {
    let link = "https://approve.example/prod/r/TOKEN";
    review().email(link).unwrap()
}

#[test]
fn an_email_names_every_approval_that_its_reader_decides() {
    let email = shared_review()
        .email("https://approve.example/prod/r/TOKEN")
        .unwrap();
    let whole = format!("Subject: {}\n\n{}", email.subject, email.text);
    insta::assert_snapshot!("shared_email_text", whole);
    assert!(
        email
            .html
            .contains("Configuration item <code><bdi>&#60;reports&#62;</bdi></code>")
    );
}

#[test]
fn the_email() {
    let email = email();
    insta::assert_snapshot!(
        "email_text",
        format!("Subject: {}\n\n{}", email.subject, email.text)
    );
    insta::assert_snapshot!("email_html", email.html);
}

#[test]
fn a_reminder_says_that_it_is_one_and_is_the_email_otherwise() {
    let reminder = review()
        .reminder("https://approve.example/prod/r/TOKEN")
        .unwrap();
    let first = email();
    assert_eq!(
        reminder.subject,
        format!("Reminder: {}", first.subject.replacen('A', "a", 1))
    );
    let more = "Reminder: no one has decided yet. The link in the first e-mail works, too.";
    assert_eq!(
        reminder.text.replace(&format!("{more}\n\n"), ""),
        first.text
    );
    assert!(reminder.html.contains(more) && !first.html.contains(more));
}

#[test]
fn the_email_has_one_review_link_that_of_the_record_and_no_markup_of_others() {
    let email = email();
    assert!(!email.html.contains("<b>Chen"), "names are escaped");
    assert!(!email.subject.contains(['\r', '\n']));
    for text in [&email.html, &email.text] {
        assert_eq!(text.matches("https://").count(), 2);
        assert_eq!(
            text.matches("https://approve.example/prod/r/TOKEN").count(),
            1
        );
        assert_eq!(
            text.matches("https://brightwater.service-now.com/nav_to.do?")
                .count(),
            1
        );
    }
    for word in ["approve?", "deny?", "decision="] {
        assert!(!email.text.contains(word) && !email.html.contains(word));
    }
}

#[test]
fn the_title_is_that_of_the_readers_own_slot() {
    let grants = [
        (
            serde_json::json!([{"type": "assume_role", "role_arn":
                "arn:aws:iam::320987654321:role/assumable/reports-reader"}]),
            "320987654321",
            "`Diego Santos` wants to assume `reports-reader` in `data-lake`",
        ),
        (
            serde_json::json!([{"type": "attach_managed_policy", "policy_arn":
                "arn:aws:iam::210987654321:policy/reports-read"}]),
            "210987654321",
            "`Diego Santos` wants policy `reports-read` in `data-lake`",
        ),
        (
            serde_json::json!([{"type": "group_membership", "group": "analysts"}]),
            "210987654321",
            "`Diego Santos` wants to join group `analysts` in `data-lake`",
        ),
        (
            serde_json::json!([{"type": "group_membership", "group": "analysts"},
                {"type": "inline_policy", "document": serde_json::from_str::<serde_json::Value>(DOCUMENT).unwrap()}]),
            "210987654321",
            "`Diego Santos` wants access to `data-lake`",
        ),
    ];
    for (grants, account, words) in grants {
        let mut request = crate::record::tests::request();
        request.grants = serde_json::from_value(grants).unwrap();
        let record = pending(vec![slot(account, &[2])]);
        let names = ["data-lake".to_owned()];
        let asked = record.round().unwrap();
        let slots = approvals::slots(&record, asked, &person(2), &names);
        let yours: Vec<&ReviewSlot> = slots.iter().collect();
        let diego = PersonName::new("Diego Santos");
        let shown = title::title(&request, &diego, None, ("", &yours));
        assert_eq!(shown.to_string(), words);
        let subject = title::subject(&request, &diego, ("", &yours));
        assert_eq!(
            subject.to_string(),
            "`Diego Santos`, `data-lake`, 8 hours (RITM0010001)"
        );
    }
}

/// The relative luminance of a colour (WCAG 2.2).
fn luminance(colour: &str) -> f64 {
    let hex: String = match colour.len() {
        3 => colour.chars().flat_map(|c| [c, c]).collect(),
        _ => colour.to_owned(),
    };
    let part = |at: usize| {
        let value =
            f64::from(u8::from_str_radix(hex.get(at..at + 2).unwrap(), 16).unwrap()) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
}

fn contrast(a: &str, b: &str) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The colour that a rule of a style sheet sets.
fn colour<'s>(sheet: &'s str, selector: &str, property: &str) -> &'s str {
    let rule = sheet.split_once(&format!("{selector}{{")).unwrap().1;
    let rule = rule.split_once('}').unwrap().0;
    let value = rule
        .split(';')
        .find_map(|one| one.trim().strip_prefix(&format!("{property}:#")));
    value.unwrap().trim_end_matches(" !important")
}

#[test]
fn every_colour_of_the_email_has_contrast_in_light_and_dark() {
    let html = email().html;
    let dark = html.split_once("prefers-color-scheme:dark").unwrap().1;
    let dark = dark.split_once("</style>").unwrap().0;
    let card = colour(dark, ".card", "background-color");
    for (text, ground) in [
        (colour(dark, ".card", "color"), card),
        (colour(dark, ".ink", "color"), card),
        (colour(dark, ".soft", "color"), card),
        (colour(dark, ".link", "color"), card),
        (
            colour(dark, ".button", "color"),
            colour(dark, ".button", "background-color"),
        ),
        ("1b2733", "ffffff"),
        ("4a5b6b", "ffffff"),
        ("0b5cad", "ffffff"),
    ] {
        assert!(contrast(text, ground) >= 4.5, "{text} on {ground}");
    }
    let body = html.split_once("<body").unwrap().1;
    for part in body.split("color:#").skip(1) {
        let known = ["1b2733", "4a5b6b", "ffffff", "0b5cad", "f3f5f7"];
        let colour = part.get(..6).unwrap();
        assert!(known.contains(&colour), "#{colour} is checked");
    }
    for coloured in body
        .split('<')
        .filter(|tag| tag.contains(";color:#") || tag.contains("\"color:#"))
    {
        let has_class = coloured.contains("class=\"");
        assert!(has_class, "<{coloured} has colours in the dark, too");
    }
}
