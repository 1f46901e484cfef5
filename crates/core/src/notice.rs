//! The mails that need no answer: to the requester, how the request went; to those who were
//! asked, that nothing is left for them to do. They hold no link and name no approver.

use askama::Template;

use crate::approval::Verdict;
use crate::letter::{Letter, in_words};
use crate::lifecycle::State;
use crate::outcome::{reason, stays, what};
use crate::prose::one_line;
use crate::record::{EndReason, RequestRecord};
use crate::ticket::PersonName;

/// A line of a notice with a heading of its own.
#[derive(Debug, Clone)]
struct Fact {
    label: &'static str,
    text: String,
}

/// What a notice says, before it is laid out.
#[derive(Debug, Clone)]
struct Words {
    title: String,
    lines: Vec<String>,
    facts: Vec<Fact>,
}

#[derive(Template)]
#[template(path = "notice.txt", escape = "none")]
struct NoticeText<'a> {
    title: &'a str,
    lines: &'a [String],
    facts: &'a [Fact],
    number: &'a str,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticeHtml<'a> {
    title: &'a str,
    lines: &'a [String],
    facts: &'a [Fact],
    number: &'a str,
}

/// The mail that tells the requester where the request has come. None for states that nobody is
/// told of.
///
/// # Errors
/// Where a template cannot be filled, which needs memory to run out.
pub fn outcome(record: &RequestRecord, state: State) -> Result<Option<Letter>, askama::Error> {
    let Some((title, lines)) = outcome_words(record, state) else {
        return Ok(None);
    };
    let mut facts = vec![asked(record)];
    if let Some(text) = reason(record, state) {
        let label = "The reason that was given";
        facts.push(Fact { label, text });
    }
    let title = title.to_owned();
    let words = Words {
        title,
        lines,
        facts,
    };
    words.letter(record).map(Some)
}

/// The mail that tells the requester that the access ends soon.
///
/// # Errors
/// Where a template cannot be filled, which needs memory to run out.
pub fn ends_soon(record: &RequestRecord) -> Result<Letter, askama::Error> {
    let until = record.until().map(in_words).unwrap_or_default();
    let words = Words {
        title: "Your access ends soon".to_owned(),
        lines: vec![
            format!("The access that you asked for ends on {until}."),
            "If you still need it after that, please ask for it again.".to_owned(),
        ],
        facts: vec![asked(record)],
    };
    words.letter(record)
}

/// The mail that tells somebody who was asked that nothing is left to do.
///
/// # Errors
/// Where a template cannot be filled, which needs memory to run out.
pub fn handled(record: &RequestRecord, requester: &PersonName) -> Result<Letter, askama::Error> {
    let words = Words {
        title: one_line(
            &format!(
                "The request of {} needs nothing from you",
                requester.expose()
            ),
            140,
        ),
        lines: vec![
            format!("{} Nothing is left for you to do.", handled_words(record)),
            "The link in the letter that you got shows the same.".to_owned(),
        ],
        facts: vec![asked(record)],
    };
    words.letter(record)
}

/// What was asked, as the letters and notes name it.
fn asked(record: &RequestRecord) -> Fact {
    Fact {
        label: "What was asked",
        text: what(record.request()),
    }
}

impl Words {
    fn letter(&self, record: &RequestRecord) -> Result<Letter, askama::Error> {
        let number = record.request().source.number.as_str();
        let (title, lines, facts) = (&self.title, &self.lines, &self.facts);
        Ok(Letter {
            subject: one_line(&format!("{title} ({number})"), 180),
            text: NoticeText {
                title,
                lines,
                facts,
                number,
            }
            .render()?,
            html: NoticeHtml {
                title,
                lines,
                facts,
                number,
            }
            .render()?,
        })
    }
}

/// What became of a request, for those who were asked: nothing but how it was handled.
fn handled_words(record: &RequestRecord) -> &'static str {
    let denied = record
        .decisions()
        .iter()
        .any(|decided| decided.signed.decision.verdict == Verdict::Deny);
    match record.state() {
        _ if denied => "It was denied by somebody else who may decide.",
        State::Withdrawn => "It was withdrawn by the side that asked.",
        State::Expired if record.decisions().is_empty() => "It expired before anybody decided.",
        State::Expired => "It expired.",
        State::Undeliverable => "It was ended, because nobody is left who may decide on all of it.",
        _ => "Your part was approved by somebody else who may decide.",
    }
}

fn outcome_words(record: &RequestRecord, state: State) -> Option<(&'static str, Vec<String>)> {
    let nothing = || "Nothing was granted.".to_owned();
    Some(match state {
        State::Active => ("Your access is there", active_words(record)),
        State::Denied => (
            "Your request was denied",
            vec![format!("Somebody who may decide said no. {}", nothing())],
        ),
        State::Expired => {
            let why = if record.decisions().is_empty() {
                "Nobody decided in time."
            } else {
                "It was not carried out in time."
            };
            let again = "If you still need the access, please ask for it again.";
            (
                "Your request has expired",
                vec![format!("{why} {}", nothing()), again.to_owned()],
            )
        }
        State::Undeliverable => (
            "Nobody can decide on your request",
            vec![
                format!("Nobody who may decide could be found. {}", nothing()),
                format!(
                    "Please ask whoever keeps the CMDB to name an owner of {}.",
                    without_owner(record)
                ),
            ],
        ),
        State::Withdrawn => (
            "Your request was withdrawn",
            vec![format!("It was taken back in ServiceNow. {}", nothing())],
        ),
        State::Failed | State::Refused => {
            let why = match record.end_reason() {
                Some(EndReason::Failed { code }) => code.in_words(),
                Some(EndReason::Refused { code, .. }) => code.in_words(),
                _ => "",
            };
            let line = format!("{} {why}", nothing());
            ("Your access was not granted", vec![line.trim().to_owned()])
        }
        State::Revoked => ("Your access has ended", revoked_words(record)),
        State::Received
        | State::Pending
        | State::Approved
        | State::Provisioning
        | State::Revoking
        | State::Previewed => return None,
    })
}

/// What nobody could be found for.
fn without_owner(record: &RequestRecord) -> String {
    let slot = match record.end_reason() {
        Some(EndReason::Undeliverable { slot }) => slot.split_once(':'),
        _ => None,
    };
    match slot {
        Some(("account", account)) => format!("AWS account {account}"),
        Some(("item", _)) => "the configuration item that the request names".to_owned(),
        _ => "what was asked for".to_owned(),
    }
}

fn active_words(record: &RequestRecord) -> Vec<String> {
    let granted = "It was granted and read back from IAM.";
    let line = match record.until() {
        Some(_) if record.revocation().is_some() => {
            format!("{granted} Somebody who may has ended it early, so it is taken away again now.")
        }
        Some(until) => format!(
            "{granted} It ends on {} and is taken away then.",
            in_words(until)
        ),
        None => granted.to_owned(),
    };
    vec![line]
}

fn revoked_words(record: &RequestRecord) -> Vec<String> {
    let how = match record.revocation() {
        Some(revocation) => format!("It was ended early by {}.", revocation.by.in_words()),
        None => "Its time is over.".to_owned(),
    };
    let taken = match record.retained().len() {
        0 => " It was taken away.",
        retained if retained < record.request().grants.len() => {
            " It was taken away, but not all of it."
        }
        _ => "",
    };
    let mut lines = vec![format!("{how}{taken}")];
    lines.extend(
        record
            .retained()
            .iter()
            .map(|retained| stays(retained).trim().to_owned()),
    );
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::tests::ends;
    use crate::record::tests::{pending, slot};

    #[test]
    fn what_the_requester_is_told() {
        let all: Vec<String> = ends()
            .iter()
            .filter_map(|record| outcome(record, record.state()).unwrap())
            .map(|letter| format!("Subject: {}\n\n{}", letter.subject, letter.text))
            .collect();
        assert_eq!(all.len(), ends().len() - 1, "all but the dry run");
        insta::assert_snapshot!("outcome_text", all.join("\n----\n"));
        let first = &ends()[0];
        let letter = outcome(first, first.state()).unwrap().unwrap();
        insta::assert_snapshot!("outcome_html", letter.html);
        insta::assert_snapshot!("ends_soon_text", ends_soon(first).unwrap().text);
    }

    #[test]
    fn what_those_who_were_asked_are_told() {
        let name = PersonName::new("Rita <b>Chen</b>\r\nBcc: x");
        let mut all: Vec<String> = Vec::new();
        for record in ends().iter().filter(|record| record.round().is_some()) {
            let letter = handled(record, &name).unwrap();
            assert!(!letter.subject.contains(['\r', '\n']));
            assert!(!letter.html.contains("<b>Chen"), "names are escaped");
            all.push(format!(
                "{}: {}",
                record.state(),
                letter.text.lines().nth(1).unwrap()
            ));
        }
        let letter = handled(&pending(vec![slot("210987654321", &[2])]), &name).unwrap();
        all.push(letter.text);
        insta::assert_snapshot!("handled_text", all.join("\n"));
        insta::assert_snapshot!("handled_html", letter.html);
    }

    #[test]
    fn no_notice_has_a_link_and_text_and_html_say_the_same() {
        for record in ends() {
            let Some(letter) = outcome(&record, record.state()).unwrap() else {
                continue;
            };
            assert!(!letter.html.contains("href") && !letter.text.contains("://"));
            let plain = letter.html.replace("&#38;", "&").replace("&#39;", "'");
            for line in letter.text.lines().map(str::trim) {
                assert!(plain.contains(line), "`{line}` is in the HTML too");
            }
        }
    }
}
