//! The e-mails that need no answer: to the requester, what became of the request; to approvers,
//! that nothing is left for them to do. They name no approver.

use askama::Template;
use jiff::Timestamp;

use crate::approval::Verdict;
use crate::email::Email;
use crate::installation::Installation;
use crate::lifecycle::State;
use crate::markup::{Html, Text};
use crate::quotation::Quotation;
use crate::record::RequestRecord;
use crate::ticket::PersonName;
use crate::wording::{Quote, access_requested, date_time_from, outcome};

/// A paragraph with a heading of its own.
#[derive(Debug, Clone)]
struct Fact {
    label: Text,
    said: Said,
}

/// Our words, or somebody else's.
#[derive(Debug, Clone)]
enum Said {
    Ours(Text),
    Theirs(Quotation),
}

impl Fact {
    fn html(&self) -> Html {
        match &self.said {
            Said::Ours(text) => text.html(),
            Said::Theirs(quotation) => quotation.html(),
        }
    }

    fn is_quoted(&self) -> bool {
        matches!(self.said, Said::Theirs(_))
    }

    /// The lines of it in plain text.
    fn plain(&self) -> Vec<String> {
        match &self.said {
            Said::Ours(text) => vec![text.to_string()],
            Said::Theirs(quotation) => quotation.plain(),
        }
    }

    /// How much of it stands elsewhere.
    fn more(&self) -> Option<String> {
        match &self.said {
            Said::Ours(_) => None,
            Said::Theirs(quotation) => quotation.more(),
        }
    }
}

/// What a notification says, before it is laid out.
#[derive(Debug, Clone)]
struct Notification {
    title: Text,
    lines: Vec<Text>,
    facts: Vec<Fact>,
}

#[derive(Template)]
#[template(path = "notification.txt", escape = "none")]
struct NotificationText<'a> {
    heading: &'a str,
    title: &'a Text,
    lines: &'a [Text],
    facts: &'a [Fact],
    number: &'a str,
    record_url: &'a str,
}

#[derive(Template)]
#[template(path = "notification.html")]
struct NotificationHtml<'a> {
    heading: &'a str,
    title: &'a Text,
    lines: &'a [Text],
    facts: &'a [Fact],
    number: &'a str,
    record_url: &'a str,
}

/// Tells the requester what became of the request. None for states that nobody is notified of.
///
/// # Errors
/// Where a template cannot be filled, which needs memory to run out.
pub fn outcome_email(
    record: &RequestRecord,
    state: State,
    installation: &Installation,
) -> Result<Option<Email>, askama::Error> {
    let Some(outcome) = outcome(record, state) else {
        return Ok(None);
    };
    let mut facts = Vec::new();
    if let Some(quote) = Quote::of(record, state) {
        facts.push(Fact {
            label: quote.label,
            said: Said::Theirs(quote.reason),
        });
    }
    facts.push(requested(record));
    let notification = Notification {
        title: Text::new(outcome.title),
        lines: outcome.lines,
        facts,
    };
    notification.email(record, installation).map(Some)
}

/// Tells the requester that the access ends soon.
///
/// # Errors
/// Where a template cannot be filled, which needs memory to run out.
pub fn ends_soon(
    record: &RequestRecord,
    installation: &Installation,
    now: Timestamp,
) -> Result<Email, askama::Error> {
    let until = record.until().map(|until| date_time_from(until, now));
    let line = format!(
        "It ends on {} and is then removed automatically.",
        until.unwrap_or_default()
    );
    let notification = Notification {
        title: Text::new("Your access ends soon"),
        lines: vec![
            Text::new(line),
            Text::new("If you need it for longer, request it again."),
        ],
        facts: vec![requested(record)],
    };
    notification.email(record, installation)
}

/// Tells the manager of whoever receives the access that it was requested, by whom and, where that is
/// somebody else, for whom.
///
/// # Errors
/// Where a template cannot be filled, which needs memory to run out.
pub fn manager_notice(
    record: &RequestRecord,
    (requester, beneficiary): (Option<&PersonName>, Option<&PersonName>),
    installation: &Installation,
) -> Result<Email, askama::Error> {
    let known = |name: Option<&PersonName>| {
        let nameless = || "a member of your team".to_owned();
        name.map_or_else(nameless, PersonName::in_words)
    };
    let whom = known(beneficiary);
    let title = match record.owner() {
        Some(owner) if *owner != record.request().requested_by => {
            let requester = requester.map_or_else(|| "Somebody".to_owned(), PersonName::in_words);
            format!("{requester} requested access for {whom}")
        }
        _ => format!("{whom} requested access"),
    };
    let request = record.request();
    let notification = Notification {
        title: Text::new(title),
        lines: vec![
            Text::new(format!(
                "You get this e-mail because you are the manager of {whom} in ServiceNow. You have \
                 nothing to decide."
            )),
            Text::new(
                "Nothing is granted unless its approvers approve it. The record in ServiceNow shows \
                 what becomes of it.",
            ),
        ],
        facts: vec![
            requested(record),
            Fact {
                label: Text::new("Duration"),
                said: Said::Ours(Text::new(request.duration.in_words())),
            },
            Fact {
                label: Text::new("Reason"),
                said: Said::Theirs(Quotation::new(request.justification.as_str())),
            },
        ],
    };
    notification.email(record, installation)
}

/// Tells an approver that nothing is left to decide.
///
/// # Errors
/// Where a template cannot be filled, which needs memory to run out.
pub fn handled(
    record: &RequestRecord,
    requester: Option<&PersonName>,
    installation: &Installation,
) -> Result<Email, askama::Error> {
    let whose = match requester {
        Some(person) => format!("request by {}", person.in_words()),
        None => "access request".to_owned(),
    };
    let notification = Notification {
        title: Text::new(format!("No action needed: {whose}")),
        lines: vec![
            Text::new(handled_words(record)),
            Text::new(
                "You have nothing left to decide. The link in your first e-mail shows the same.",
            ),
        ],
        facts: vec![requested(record)],
    };
    notification.email(record, installation)
}

fn requested(record: &RequestRecord) -> Fact {
    Fact {
        label: Text::new("Access requested"),
        said: Said::Ours(access_requested(record.request()).capitalized()),
    }
}

impl Notification {
    fn email(
        &self,
        record: &RequestRecord,
        installation: &Installation,
    ) -> Result<Email, askama::Error> {
        let source = &record.request().source;
        let (heading, record_url) = (installation.heading(), installation.record_url(source));
        let (title, lines, facts) = (&self.title, &self.lines, &self.facts);
        let number = source.number.as_str();
        Ok(Email {
            subject: format!("{} ({number})", title.brief()),
            text: NotificationText {
                heading: &heading,
                title,
                lines,
                facts,
                number,
                record_url: &record_url,
            }
            .render()?,
            html: NotificationHtml {
                heading: &heading,
                title,
                lines,
                facts,
                number,
                record_url: &record_url,
            }
            .render()?,
        })
    }
}

/// What became of a request, for approvers: only how it was handled.
fn handled_words(record: &RequestRecord) -> &'static str {
    let is_denied = |verdict| verdict == Verdict::Deny;
    let mut verdicts = record.decisions().iter();
    let denied = verdicts.any(|decided| is_denied(decided.signed.decision.verdict));
    match record.state() {
        _ if denied => "Another approver denied it.",
        State::Withdrawn => "It was cancelled in ServiceNow.",
        State::Expired if record.decisions().is_empty() => "It expired before anyone decided.",
        State::Expired => "It expired.",
        State::Undeliverable => "It ended because one of its approvals has no approver left.",
        _ => "Another approver approved your part of it.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::installation::tests::installation;
    use crate::record::tests::{at, pending, person, slot};
    use crate::ticket_note::tests::ends;

    fn email_of(record: &RequestRecord) -> Option<Email> {
        outcome_email(record, record.state(), &installation()).unwrap()
    }

    #[test]
    fn what_the_requester_reads() {
        let all: Vec<String> = ends()
            .iter()
            .filter_map(email_of)
            .map(|email| format!("Subject: {}\n\n{}", email.subject, email.text))
            .collect();
        assert_eq!(all.len(), ends().len() - 1, "all but the dry run");
        insta::assert_snapshot!("outcome_text", all.join("\n----\n"));
        let first = &ends()[0];
        insta::assert_snapshot!("outcome_html", email_of(first).unwrap().html);
        let soon = ends_soon(first, &installation(), at(8 * 3600)).unwrap();
        insta::assert_snapshot!("ends_soon_text", soon.text);
    }

    #[test]
    fn what_approvers_read() {
        let name = PersonName::new("Rita <b>Chen</b>\r\nBcc: x");
        let mut all: Vec<String> = Vec::new();
        for record in ends().iter().filter(|record| record.round().is_some()) {
            let email = handled(record, Some(&name), &installation()).unwrap();
            assert!(!email.subject.contains(['\r', '\n']));
            assert!(!email.html.contains("<b>Chen"), "names are escaped");
            let line = email.text.lines().nth(3).unwrap();
            all.push(format!("{}: {line}", record.state()));
        }
        let waiting = pending(vec![slot("210987654321", &[2])]);
        let email = handled(&waiting, Some(&name), &installation()).unwrap();
        all.push(email.text);
        insta::assert_snapshot!("handled_text", all.join("\n"));
        insta::assert_snapshot!("handled_html", email.html);
        let gone = handled(&waiting, None, &installation()).unwrap();
        assert_eq!(
            gone.subject,
            "No action needed: access request (RITM0010001)"
        );
    }

    #[test]
    fn what_a_manager_reads() {
        let name = PersonName::new("Rita <b>Chen</b>\r\nBcc: x");
        let other = PersonName::new("Diego Santos");
        let own = pending(vec![slot("210987654321", &[2])]);
        let mut record = own.clone();
        record.round_mut().binding.principal.owner = Some(person(9));
        let written = |names| manager_notice(&record, names, &installation()).unwrap();
        let email = written((Some(&other), Some(&name)));
        assert!(!email.subject.contains(['\r', '\n']));
        assert!(!email.html.contains("<b>Chen"), "names are escaped");
        insta::assert_snapshot!("manager_notice_text", email.text);
        insta::assert_snapshot!("manager_notice_html", email.html);
        let own = manager_notice(&own, (Some(&other), Some(&other)), &installation()).unwrap();
        let subjects = [email, own, written((None, None))].map(|email| email.subject);
        insta::assert_snapshot!("manager_notice_subjects", subjects.join("\n"));
    }

    #[test]
    fn the_only_link_is_that_of_the_record_and_text_and_html_say_the_same() {
        for email in ends().iter().filter_map(email_of) {
            let url = "https://brightwater.service-now.com/nav_to.do?";
            assert_eq!(email.html.matches("href=").count(), 1);
            assert_eq!(email.html.matches(&format!("href=\"{url}")).count(), 1);
            let plain = email.html.replace("&#38;", "&").replace("&#39;", "'");
            let plain = plain
                .replace("<code><bdi>", "`")
                .replace("</bdi></code>", "`");
            let plain = plain.replace('’', "'");
            for line in email
                .text
                .lines()
                .map(str::trim)
                .filter(|line| !line.starts_with("http"))
            {
                let line = line.trim_start_matches("ServiceNow record: ");
                let line = line.trim_start_matches("> ");
                assert!(plain.contains(line), "`{line}` is in the HTML too");
            }
        }
    }
}
