use super::*;
use crate::installation::tests::installation;
use crate::lifecycle::State;
use crate::prose::ProseError;
use crate::record::Event;
use crate::record::tests::{ONE, approver, at, decide, pending, person, slot};
use crate::review::approval_lines;
use crate::review::tests::{review, shared_review};

fn fresh() -> FormFields {
    FormFields {
        nonce: "1.nonce".to_owned(),
        ..FormFields::default()
    }
}

#[test]
fn the_form() {
    insta::assert_snapshot!(form(&review(), &fresh()).unwrap().html);
}

#[test]
fn the_form_says_who_else_is_asked_and_what_they_decided() {
    let html = form(&shared_review(), &fresh()).unwrap().html;
    let asked = html.split_once("<h2>").unwrap().1;
    let asked = asked.split_once("<form").unwrap().0;
    insta::assert_snapshot!(asked);
    let alone = form(&review(), &fresh()).unwrap().html;
    assert!(!alone.contains("Approvals needed"));
}

#[test]
fn the_form_again_keeps_what_was_typed_and_leads_to_each_field() {
    let typed = FormFields {
        reason: "</textarea><script>".to_owned(),
        problems: vec![
            FormProblem::NoDecision,
            FormProblem::Reason(ProseError::TooShort),
        ],
        ..fresh()
    };
    let page = form(&review(), &typed).unwrap();
    assert_eq!(page.status, 422);
    assert!(page.html.contains("&#60;/textarea&#62;&#60;script&#62;"));
    assert!(!page.html.contains("<script>"));
    let main = page.html.split_once("<main>").unwrap().1;
    let errors = main.split_once("<h1>").unwrap().0;
    let fields = main.split_once("<form").unwrap().1;
    insta::assert_snapshot!(format!("{errors}\n…\n{fields}"));
}

#[test]
fn no_choice_is_made_for_anybody_and_one_that_was_made_is_kept() {
    let html = form(&review(), &fresh()).unwrap().html;
    assert!(!html.split_once("<main>").unwrap().1.contains("checked"));
    let typed = FormFields {
        decision: "deny".to_owned(),
        problems: vec![FormProblem::Stale],
        ..fresh()
    };
    let html = form(&review(), &typed).unwrap().html;
    assert_eq!(html.matches(" checked").count(), 1);
    assert!(html.contains("value=\"deny\" required checked"));
}

#[test]
fn every_other_page_says_what_happened() {
    let record = pending(vec![slot("210987654321", &[2])]);
    let Event::Decided { decision: decided } = decide(&record, ONE, 2, Verdict::Deny) else {
        unreachable!()
    };
    let two = pending(vec![slot("210987654321", &[2]), slot("320987654321", &[3])]);
    let no = decide(&two, ONE, 2, Verdict::Deny);
    let two = two.apply(no, approver(2), at(11)).unwrap().record;
    let past = |reader, decided_by: Option<&str>, approvals| PastAnswer {
        decided: &decided,
        reader,
        decided_by: decided_by.map(PersonName::new),
        state: State::Denied,
        approvals,
    };
    let (mine, other) = (person(2), person(3));
    let typed = FormFields {
        decision: "deny".to_owned(),
        reason: "my <reason>".to_owned(),
        ..fresh()
    };
    let duration = "8 hours".to_owned();
    let pages = [
        StatusPage::UnknownLink,
        StatusPage::ExpiredLink,
        StatusPage::Approved { duration },
        StatusPage::ApprovedSoFar,
        StatusPage::Denied,
        StatusPage::AlreadyDecided(past(&mine, None, Vec::new())),
        StatusPage::AlreadyDecided(past(&other, Some("Ada <Okafor>"), Vec::new())),
        StatusPage::AlreadyDecided(past(&other, None, approval_lines(&two))),
        StatusPage::Ended(State::Expired),
        StatusPage::Ended(State::Withdrawn),
        StatusPage::TicketClosed,
        StatusPage::Undecidable,
        StatusPage::NotAnApprover,
        StatusPage::CannotEnd,
        StatusPage::NoLongerAsked,
        StatusPage::ServiceNowUnreachable(RetainedForm::Decision(typed.clone())),
        StatusPage::ServiceNowUnreachable(RetainedForm::None),
        StatusPage::Unavailable(RetainedForm::Decision(typed.clone())),
        StatusPage::Paused(RetainedForm::Revocation(typed)),
        StatusPage::ForeignForm,
        StatusPage::Malformed,
        StatusPage::BeingEnded,
        StatusPage::EndedEarly,
        StatusPage::BrokenTrail,
    ];
    let all: Vec<String> = pages
        .iter()
        .map(|page| {
            let page = status(page, None, &installation()).unwrap();
            let main = page.html.split_once("<div class=\"card\">").unwrap().1;
            format!("{}\n{main}", page.status)
        })
        .collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn a_page_names_its_request() {
    let record = pending(vec![slot("210987654321", &[2])]);
    let requester = Some(PersonName::new("Rita <b>Chen</b>"));
    let about = About::new(&record, requester, &installation());
    let page = status(&StatusPage::Denied, Some(&about), &installation()).unwrap();
    insta::assert_snapshot!(page.html.split_once("<main>").unwrap().1);
}

#[test]
fn the_style_is_the_one_that_the_policy_names() {
    let policy = headers()
        .into_iter()
        .find(|(name, _)| *name == "Content-Security-Policy")
        .unwrap()
        .1;
    let page = form(&review(), &fresh()).unwrap().html;
    let style = page.split_once("<style>").unwrap().1;
    let style = style.split_once("</style>").unwrap().0;
    assert!(policy.contains(&STANDARD.encode(Sha256::digest(style.as_bytes()))));
}
