//! What the manager of whoever receives the access is shown.

use super::*;

fn managers() -> Slot {
    let sys_id = person(1);
    let manager = Approver::own(person(2), ApproverRole::LineManager);
    Slot::new(OwnedResource::Beneficiary { sys_id }, vec![manager])
}

#[test]
fn a_manager_reads_the_account_and_why_they_are_asked() {
    let record = pending(vec![slot("210987654321", &[3]), managers()]);
    let review = review_of(
        &record,
        requester("Rita Chen"),
        Some("Tom"),
        &["payments", ""],
    );
    let email = review
        .email("https://approve.example/prod/r/TOKEN")
        .unwrap();
    let whole = format!("Subject: {}\n\n{}", email.subject, email.text);
    insta::assert_snapshot!("manager_email_text", whole);
}

/// An owner who manages the person, too, reads the account once.
#[test]
fn an_account_is_named_once() {
    let record = pending(vec![slot("210987654321", &[2]), managers()]);
    let review = review_of(&record, requester("Rita Chen"), None, &["payments", ""]);
    assert_eq!(
        review.title.to_string(),
        "`Rita Chen` wants policy `reports-read` in `payments`"
    );
    assert_eq!(review.yours().count(), 2);
    let unnamed = review_of(&record, requester("Rita Chen"), None, &["", ""]);
    assert_eq!(
        unnamed.title.to_string(),
        "`Rita Chen` wants policy `reports-read` in AWS account 210987654321"
    );
    let lines: Vec<String> = approval_lines(&record)
        .iter()
        .map(Text::to_string)
        .collect();
    assert_eq!(
        lines,
        [
            "AWS account 210987654321: no decision.",
            "The person the access is for: no decision."
        ]
    );
}
