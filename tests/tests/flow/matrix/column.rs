//! The requests that come to one ending, one of each kind.

use flow_tests::{Case, Held, Letter, Person, Stack, enrolment, random_hex, step};
use serde_json::{Value, json};

use crate::grants::{group, inline, inline_as_granted, managed, role};

pub(super) const ACCOUNT: &str = "210987654321";
const RITA: &str = "rita.chen@brightwater.example";
/// A policy that every user has before.
const OWN_POLICY: &str = "arn:aws:iam::210987654321:policy/reports-write";

/// What is asked for.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) grants: Vec<Value>,
    /// Whether the policy and the membership are there before anybody asks.
    pub(super) found_there: bool,
}

fn kinds() -> Vec<Kind> {
    let all = || vec![managed(), inline(), role(), group()];
    let kinds = [
        ("a managed policy", vec![managed()], false),
        ("an inline policy", vec![inline()], false),
        ("a role", vec![role()], false),
        ("a membership", vec![group()], false),
        ("all at once", all(), false),
        ("all at once, half of it there before", all(), true),
    ];
    let kind = |(name, grants, found_there)| Kind {
        name,
        grants,
        found_there,
    };
    kinds.into_iter().map(kind).collect()
}

/// One request of a column.
pub(crate) struct Cell {
    pub(super) kind: Kind,
    pub(crate) case: Case,
    pub(crate) id: String,
    pub(super) before: Held,
    pub(crate) letters: Vec<Letter>,
}

/// What is seen of an ending from outside.
pub(crate) struct Ending {
    pub(crate) state: &'static str,
    /// The state of the ticket in ServiceNow.
    pub(crate) ticket: &'static str,
    /// How the notes on the ticket begin.
    pub(crate) notes: &'static [&'static str],
    /// How the subjects of the mails to the requester begin.
    pub(crate) mails: &'static [&'static str],
}

/// The requests that come to one ending, one of each kind.
pub(crate) struct Column {
    pub(crate) cells: Vec<Cell>,
}

impl Column {
    /// Tickets and users, with what the users hold before.
    pub(crate) async fn prepared(stack: &Stack, duration: &str) -> Self {
        Self::of(stack, duration, |user| {
            enrolment(ACCOUNT, user, Person::RITA.0)
        })
        .await
    }

    pub(super) async fn of(stack: &Stack, duration: &str, made: impl Fn(&str) -> Value) -> Self {
        let mut steps = Vec::new();
        let mut cells = Vec::new();
        for kind in kinds() {
            let user = format!("flow-{}", random_hex(12));
            let mut case = Case::on_paper(ACCOUNT, &user, Person::RITA);
            case.instead = Some(Value::from(kind.grants.clone()));
            duration.clone_into(&mut case.duration);
            steps.push(made(&user));
            steps.extend(belongings(&user, kind.found_there));
            case.open(stack).await;
            cells.push(Cell {
                kind,
                case,
                id: String::new(),
                before: Held::default(),
                letters: Vec::new(),
            });
        }
        stack.aws.run(steps).await;
        let mut column = Self { cells };
        let before = column.held(stack).await;
        for (cell, before) in column.cells.iter_mut().zip(before) {
            assert!(before.attached.contains(&OWN_POLICY.to_owned()));
            assert_eq!(
                (before.groups.len() > 1, before.inline.len()),
                (cell.kind.found_there, 1)
            );
            cell.before = before;
        }
        column
    }

    pub(super) async fn held(&self, stack: &Stack) -> Vec<Held> {
        let users = self.cells.iter().map(|cell| cell.case.user.as_str());
        stack.aws.held_by(ACCOUNT, &users.collect::<Vec<_>>()).await
    }

    /// A client asks for all of them.
    pub(crate) async fn submitted(&mut self, stack: &Stack, change: impl Fn(&mut Value)) {
        let client = stack.client();
        for cell in &mut self.cells {
            let mut body = cell.case.body();
            change(&mut body);
            let answer = stack.api.submit(Some(&client), None, &body).await;
            assert_eq!(answer.status, 202, "{}: {}", cell.kind.name, answer.text);
            let id = answer.body["request_id"].as_str().expect("an id");
            id.clone_into(&mut cell.id);
        }
    }

    /// Everybody who is to decide has an e-mail: the owner of the account and, of a role, the
    /// owner of the role's account.
    pub(crate) async fn asked(&mut self, stack: &Stack) {
        for cell in &mut self.cells {
            let roles = |grant: &&Value| grant["type"] == "assume_role";
            let grants = &cell.kind.grants;
            let of_roles = grants.iter().filter(roles).count();
            let people = usize::from(of_roles > 0) + usize::from(of_roles < grants.len());
            let number = &cell.case.number;
            cell.letters = flow_tests::eventually(&format!("e-mails about {number}"), || async {
                let letters = stack.mailbox.about(number).await;
                (letters.len() >= people).then_some(letters)
            })
            .await;
            assert_eq!(cell.letters.len(), people, "{}", cell.kind.name);
            assert_eq!(stack.request(&cell.id).await["state"], "Pending");
        }
        let held = self.held(stack).await;
        for (cell, held) in self.cells.iter().zip(held) {
            assert_eq!(
                held, cell.before,
                "{}: nothing is granted yet",
                cell.kind.name
            );
        }
    }

    /// Everybody approves.
    pub(super) async fn approved(&self, stack: &Stack) {
        for cell in &self.cells {
            for letter in &cell.letters {
                cell.decides(stack, letter, "approve").await;
            }
        }
    }

    /// Asked, approved and there: each user holds what was asked for and what was there before.
    pub(crate) async fn granted(&mut self, stack: &Stack) {
        self.submitted(stack, |_| {}).await;
        self.asked(stack).await;
        self.approved(stack).await;
        let mut expected = Vec::new();
        for cell in &self.cells {
            let request = stack.reaches(&cell.id, "Active").await;
            expected.push(cell.while_active(request["until"].as_str().expect("an end")));
        }
        let held = self.held(stack).await;
        for ((cell, held), expected) in self.cells.iter().zip(held).zip(expected) {
            assert_eq!(held, expected, "{}: while it is active", cell.kind.name);
        }
        for cell in &self.cells {
            stack.servicenow.closed(&cell.case.sys_id).await;
        }
    }

    /// Every request comes to this ending: only what we made is gone, the ticket and the requester
    /// are told, and nothing twice.
    pub(crate) async fn ends(&self, stack: &Stack, ending: &Ending) {
        for cell in &self.cells {
            let request = stack.reaches(&cell.id, ending.state).await;
            let retained = request["retained"].as_array().map_or(0, Vec::len);
            let stays = ending.state == "Revoked" && cell.kind.found_there;
            assert_eq!(
                retained,
                if stays { 2 } else { 0 },
                "{}: {request}",
                cell.kind.name
            );
        }
        let held = self.held(stack).await;
        for (cell, held) in self.cells.iter().zip(held) {
            assert_eq!(held, cell.before, "{}: as it was before", cell.kind.name);
        }
        for cell in &self.cells {
            cell.is_reported(stack, ending).await;
        }
    }
}

impl Cell {
    pub(super) async fn decides(&self, stack: &Stack, letter: &Letter, decision: &str) {
        let reason = "canary-reason: as agreed";
        let page = stack.browser.decide(&letter.link, decision, reason).await;
        assert_eq!(page.status, 200, "{}: {}", self.kind.name, page.heading());
    }

    /// What the user is to hold while the access is active.
    pub(super) fn while_active(&self, until: &str) -> Held {
        let mut held = self.before.clone();
        for grant in &self.kind.grants {
            match grant["type"].as_str() {
                Some("attach_managed_policy") => held.attached.push(self.case.policy.clone()),
                Some("group_membership") => held.groups.push("analysts".to_owned()),
                _ => {}
            }
        }
        held.inline
            .extend(inline_as_granted(&self.case.grants(), &self.id, until));
        held.attached.sort();
        held.attached.dedup();
        held.groups.sort();
        held.groups.dedup();
        held.inline.sort_by(|one, other| one.0.cmp(&other.0));
        held
    }

    async fn is_reported(&self, stack: &Stack, ending: &Ending) {
        let name = self.kind.name;
        let what = format!("{name}: notes on {}", self.case.number);
        let ticket = flow_tests::eventually(&what, || async {
            let ticket = stack.servicenow.ticket(&self.case.sys_id).await;
            (Case::notes(&ticket).len() >= ending.notes.len()).then_some(ticket)
        })
        .await;
        let notes = Case::notes(&ticket);
        assert_eq!(notes.len(), ending.notes.len(), "{name}: {notes:?}");
        for (note, begins) in notes.iter().zip(ending.notes) {
            assert!(note.starts_with(begins), "{name}: {begins}: {note}");
            for grant in &self.kind.grants {
                let said = words(grant);
                assert!(note.contains(said), "{name}: {said}: {note}");
            }
        }
        assert_eq!(ticket["state"], ending.ticket, "{name}");
        assert_eq!(ticket["correlation_id"], json!(self.id), "{name}");
        let what = format!("{name}: mails to the requester of {}", self.case.number);
        let subjects = flow_tests::eventually(&what, || async {
            let mut mails = stack.mailbox.notices(&self.case.number).await;
            mails.retain(|mail| mail.to == RITA);
            (mails.len() >= ending.mails.len()).then_some(mails)
        })
        .await;
        assert_eq!(subjects.len(), ending.mails.len(), "{name}: {subjects:?}");
        for (mail, begins) in subjects.iter().zip(ending.mails) {
            assert!(mail.subject.starts_with(begins), "{name}: {}", mail.subject);
        }
    }
}

/// How notes name what a grant gives.
fn words(grant: &Value) -> &'static str {
    match grant["type"].as_str() {
        Some("attach_managed_policy") => "reports-read",
        Some("inline_policy") => "an inline policy",
        Some("assume_role") => "reports-reader",
        _ => "analysts",
    }
}

/// What a user has that is nobody else's business: a policy, a policy of its own, a group; and,
/// if so wanted, some of what is asked for.
fn belongings(user: &str, found_there: bool) -> Vec<Value> {
    let call = |operation: &str, arguments: Value| step(ACCOUNT, "iam", operation, &arguments);
    let own = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::reports-{ACCOUNT}") }] });
    let team = format!("team-of-{user}");
    let mut steps = vec![
        call(
            "attach_user_policy",
            json!({ "UserName": user, "PolicyArn": OWN_POLICY }),
        ),
        call(
            "put_user_policy",
            json!({ "UserName": user, "PolicyName": "own", "PolicyDocument": own.to_string() }),
        ),
        call("create_group", json!({ "GroupName": team })),
        call(
            "add_user_to_group",
            json!({ "UserName": user, "GroupName": team }),
        ),
    ];
    if found_there {
        let policy = managed()["policy_arn"].clone();
        steps.extend([
            call(
                "attach_user_policy",
                json!({ "UserName": user, "PolicyArn": policy }),
            ),
            call(
                "add_user_to_group",
                json!({ "UserName": user, "GroupName": "analysts" }),
            ),
        ]);
    }
    steps
}
