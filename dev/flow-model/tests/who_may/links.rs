//! What whoever holds a review link does with it.

use serde_json::{Value, json};
use snowgate_core::email::MailField;
use testkit::world::{
    BENEFICIARY, COLLEAGUE, LEAD, MANAGER, MEMBER, OWNER, SECURITY, at, person, requester,
};

use crate::functions::{self, ORIGIN};
use crate::stage::{Reached, event_of, owned_by, wait};
use crate::table::{Cell, Verdict};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Open,
    Approve,
    Deny,
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    Owner,
    Delegate,
    CoApprover,
    ReplacedUnnoticed,
    Left,
    RequesterLeft,
    BeneficiaryLeft,
    RequesterUnreadable,
    RequesterWithoutMailbox,
    Former,
    Bounced,
    Scanner,
    OtherSite,
    Guesser,
}

/// A page that came back.
pub(crate) struct Answer {
    pub(crate) status: i64,
    html: String,
}

impl Answer {
    /// The nonce of the form that is shown, if one is.
    pub(crate) fn nonce(&self) -> Option<String> {
        let (_, rest) = self.html.split_once("name=\"nonce\" value=\"")?;
        Some(rest.split_once('"')?.0.to_owned())
    }

    fn in_words(&self) -> String {
        let heading = self
            .html
            .split_once("<h1>")
            .and_then(|(_, rest)| rest.split_once("</h1>"));
        let form = match (self.offers("approve"), self.offers("revoke")) {
            (true, _) => ", with the form that decides",
            (_, true) => ", with the form that ends the access",
            _ => "",
        };
        let heading = heading.map_or("nothing", |(heading, _)| heading);
        let marks = ["<bdi>", "</bdi>", "<code>", "</code>"];
        let heading = marks
            .iter()
            .fold(heading.to_owned(), |text, mark| text.replace(mark, ""));
        let heading = heading.replace("&#39;", "'");
        format!("{} “{heading}”{form}", self.status)
    }

    fn offers(&self, value: &str) -> bool {
        self.html.contains(&format!("value=\"{value}\""))
    }
}

impl Holder {
    pub(crate) const ALL: [Self; 14] = [
        Self::Owner,
        Self::Delegate,
        Self::CoApprover,
        Self::ReplacedUnnoticed,
        Self::Left,
        Self::RequesterLeft,
        Self::BeneficiaryLeft,
        Self::RequesterUnreadable,
        Self::RequesterWithoutMailbox,
        Self::Former,
        Self::Bounced,
        Self::Scanner,
        Self::OtherSite,
        Self::Guesser,
    ];

    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Owner => "the owner of the account",
            Self::Delegate => "the owner's delegate",
            Self::CoApprover => "whoever is in charge of the item (the other approval)",
            Self::ReplacedUnnoticed => "the owner, just after the CMDB names another",
            Self::Left => "the owner, whose account in ServiceNow was just made inactive",
            Self::RequesterLeft => "the owner, when the requester's account was just made inactive",
            Self::BeneficiaryLeft => "the owner, when the beneficiary's account was just locked",
            Self::RequesterUnreadable => {
                "the owner, when the requester's mail address can just not be read any more"
            }
            Self::RequesterWithoutMailbox => {
                "the owner, when the requester has just no mail address any more"
            }
            Self::Former => "the owner of before, in whose place others are asked",
            Self::Bounced => "somebody whose e-mail bounced",
            Self::Scanner => {
                "a mail scanner, on the owner's link: GET, HEAD, and forms without words"
            }
            Self::OtherSite => "another web site, with the owner's link and form",
            Self::Guesser => "somebody with a made-up link",
        }
    }

    pub(crate) fn can_try(self, action: Action) -> bool {
        // Another site cannot look: it sends forms.
        self != Self::OtherSite || action != Action::Open
    }

    const fn link_of(self) -> u8 {
        match self {
            Self::Delegate => COLLEAGUE,
            Self::CoApprover => LEAD,
            Self::Former => MANAGER,
            Self::Bounced => MEMBER,
            Self::Owner
            | Self::ReplacedUnnoticed
            | Self::Left
            | Self::RequesterLeft
            | Self::BeneficiaryLeft
            | Self::RequesterUnreadable
            | Self::RequesterWithoutMailbox
            | Self::Scanner
            | Self::OtherSite
            | Self::Guesser => OWNER,
        }
    }

    /// None where no e-mail was sent.
    pub(crate) fn tries(self, action: Action, reached: &Reached) -> Option<Cell> {
        let (mut token, opened) = reached.link(self.link_of())?;
        match self {
            Self::ReplacedUnnoticed => reached.world.put_account(owned_by(SECURITY)),
            Self::Left => {
                let mut left = person(OWNER);
                left.active = false;
                reached.world.servicenow.put_person(left);
            }
            Self::RequesterLeft => {
                let mut left = requester();
                left.active = false;
                reached.world.servicenow.put_person(left);
            }
            Self::BeneficiaryLeft => {
                let mut locked = person(BENEFICIARY);
                locked.locked_out = true;
                reached.world.servicenow.put_person(locked);
            }
            Self::RequesterUnreadable | Self::RequesterWithoutMailbox => {
                let mut changed = requester();
                let unreadable = self == Self::RequesterUnreadable;
                let text = if unreadable {
                    " rita@meridian.example"
                } else {
                    ""
                };
                changed.email = MailField::read(text);
                reached.world.servicenow.put_person(changed);
            }
            Self::Guesser => token = "A".repeat(43),
            _ => {}
        }
        let before = reached.all();
        for method in ["HEAD", "GET", "GET"] {
            let _ = sent(reached, method, &token, None, None);
        }
        assert_eq!(reached.all(), before, "{self:?}: looking changed something");
        let shown = sent(reached, "GET", &token, None, None);
        if action == Action::Open {
            let verdict = match shown.nonce() {
                Some(_) => Verdict::Yes,
                None => Verdict::No,
            };
            return Some(Cell::new(verdict, shown.in_words()));
        }
        let decision = match action {
            Action::Approve => "approve",
            Action::Deny => "deny",
            Action::End | Action::Open => "revoke",
        };
        // The form that ends access is no form of before; where it is not shown, nothing fits.
        let nonce = match (action, shown.offers("revoke")) {
            (Action::End, true) => shown.nonce().unwrap(),
            _ => opened,
        };
        let origin = match self {
            Self::OtherSite => "https://elsewhere.example",
            _ => ORIGIN,
        };
        let form = match self {
            Self::Scanner => None,
            _ => Some((nonce.as_str(), decision)),
        };
        let answer = sent(reached, "POST", &token, Some(origin), form);
        Some(self.cell(action, &before, &answer, reached))
    }

    /// Whether anything was decided or ended; that somebody was found to be no approver any more
    /// takes nothing and gives nothing.
    fn cell(self, action: Action, before: &str, answer: &Answer, reached: &Reached) -> Cell {
        let record = reached.load();
        let last = record.decisions().last();
        let mine = last.filter(|decided| {
            let decided = format!("{decided:?}");
            !before.contains(&decided)
        });
        let ended = record.revocation().filter(|how| {
            let how = format!("{how:?}");
            !before.contains(&how)
        });
        let words = answer.in_words();
        match (mine, ended) {
            (Some(_), _) => {
                assert_ne!(action, Action::End);
                let words = format!("{words}; now `{}`", record.state());
                Cell::new(Verdict::Yes, words)
            }
            (None, Some(how)) => {
                assert_eq!(action, Action::End);
                let by = how.by.in_words();
                let words = format!("{words}; the ticket will say “It was ended early by {by}”");
                Cell::new(Verdict::Yes, words)
            }
            (None, None) => Cell::new(Verdict::No, words),
        }
    }
}

/// A call of the approval API; a POST with a form of a nonce and a decision, or an empty one.
pub(crate) fn sent(
    reached: &Reached,
    method: &str,
    token: &str,
    origin: Option<&str>,
    form: Option<(&str, &str)>,
) -> Answer {
    let mut body = form_urlencoded::Serializer::new(String::new());
    if let Some((nonce, decision)) = form {
        body.append_pair("nonce", nonce);
        body.append_pair("decision", decision);
        body.append_pair("reason", "Known and considered");
    }
    let mut event = json!({
        "resource": "/r/{token}", "path": format!("/r/{token}"), "httpMethod": method, "headers": {},
        "pathParameters": {"token": token},
        "requestContext": {"httpMethod": method, "domainName": "ignored.example"},
    });
    if let Some(origin) = origin {
        event["headers"] = json!({
            "Content-Type": "application/x-www-form-urlencoded", "Origin": origin,
        });
        event["body"] = json!(body.finish());
    }
    let approval = functions::approval(&reached.world);
    let answer = wait(approval.handle(&event_of(event), at(reached.now)));
    let whole: Value = serde_json::to_value(&answer).unwrap();
    Answer {
        status: answer.status_code,
        html: whole["body"].as_str().unwrap_or_default().to_owned(),
    }
}
