//! Every kind of grant with every ending: a column for each ending, with a request for each kind,
//! and what IAM, the ticket and the requester see of it. Users hold things of their own before,
//! and hold them afterwards.
//!
//! Two columns stand elsewhere, because they change what others meet: `ended.rs` (at its time) and
//! `expired.rs` (nobody answers).

use flow_tests::{Case, Held, Letter, Person, Stack, enrolment, random_hex, step};
use serde_json::{Value, json};

use crate::grants::{group, inline, inline_as_granted, managed, role};
use crate::revoked::send_end;

const ACCOUNT: &str = "210987654321";
const RITA: &str = "rita.chen@brightwater.example";
/// A policy that every user has before.
const OWN_POLICY: &str = "arn:aws:iam::210987654321:policy/reports-write";

/// What is asked for.
struct Kind {
    name: &'static str,
    grants: Vec<Value>,
    /// Whether the policy and the membership are there before anybody asks.
    found_there: bool,
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
    kind: Kind,
    pub(crate) case: Case,
    pub(crate) id: String,
    before: Held,
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

    async fn of(stack: &Stack, duration: &str, made: impl Fn(&str) -> Value) -> Self {
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

    async fn held(&self, stack: &Stack) -> Vec<Held> {
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

    /// Everybody who is to decide has a letter: the owner of the account and, of a role, the
    /// owner of the role's account.
    pub(crate) async fn asked(&mut self, stack: &Stack) {
        for cell in &mut self.cells {
            let roles = |grant: &&Value| grant["type"] == "assume_role";
            let grants = &cell.kind.grants;
            let of_roles = grants.iter().filter(roles).count();
            let people = usize::from(of_roles > 0) + usize::from(of_roles < grants.len());
            let number = &cell.case.number;
            cell.letters = flow_tests::eventually(&format!("letters about {number}"), || async {
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
    async fn approved(&self, stack: &Stack) {
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
    async fn decides(&self, stack: &Stack, letter: &Letter, decision: &str) {
        let reason = "canary-reason: as agreed";
        let page = stack.browser.decide(&letter.link, decision, reason).await;
        assert_eq!(page.status, 200, "{}: {}", self.kind.name, page.heading());
    }

    /// What the user is to hold while the access is active.
    fn while_active(&self, until: &str) -> Held {
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

#[tokio::test]
async fn denied() {
    let stack = Stack::shared().await;
    let mut column = Column::prepared(&stack, "PT4H").await;
    column.submitted(&stack, |_| {}).await;
    column.asked(&stack).await;
    for cell in &column.cells {
        // Where two decide, the first agrees.
        let (last, others) = cell.letters.split_last().expect("somebody is asked");
        for letter in others {
            cell.decides(&stack, letter, "approve").await;
        }
        cell.decides(&stack, last, "deny").await;
    }
    let ending = Ending {
        state: "Denied",
        ticket: "4",
        notes: &["Denied: "],
        mails: &["Your request was denied"],
    };
    column.ends(&stack, &ending).await;
}

#[tokio::test]
async fn withdrawn_while_it_waits() {
    let stack = Stack::shared().await;
    let mut column = Column::prepared(&stack, "PT4H").await;
    column.submitted(&stack, |_| {}).await;
    column.asked(&stack).await;
    let client = stack.client();
    for cell in &column.cells {
        let answer = stack
            .api
            .end(Some(&client), &cell.id, "withdraw", None)
            .await;
        assert_eq!(answer.status, 200, "{}: {}", cell.kind.name, answer.text);
    }
    let ending = Ending {
        state: "Withdrawn",
        ticket: "4",
        notes: &["Cancelled: "],
        mails: &["Your request was cancelled"],
    };
    column.ends(&stack, &ending).await;
    for letter in column.cells.iter().flat_map(|cell| &cell.letters) {
        let shown = stack.browser.open(&letter.link).await;
        assert_eq!((shown.status, shown.hidden()), (410, Vec::new()));
    }
}

#[tokio::test]
async fn ended_by_the_client() {
    let stack = Stack::shared().await;
    let mut column = Column::prepared(&stack, "PT4H").await;
    column.granted(&stack).await;
    let client = stack.client();
    for cell in &column.cells {
        let answer = stack.api.end(Some(&client), &cell.id, "revoke", None).await;
        assert_eq!(answer.status, 200, "{}: {}", cell.kind.name, answer.text);
    }
    let ending = Ending {
        state: "Revoked",
        ticket: "3",
        notes: &["Access granted", "Access ended: "],
        mails: &["Your access is ready", "Your access has ended"],
    };
    column.ends(&stack, &ending).await;
}

#[tokio::test]
async fn ended_through_the_link_of_an_approver() {
    let stack = Stack::shared().await;
    let mut column = Column::prepared(&stack, "PT4H").await;
    column.granted(&stack).await;
    for cell in &column.cells {
        // Where two have decided, either may end it.
        let letter = cell.letters.last().expect("somebody was asked");
        let page = send_end(&stack, letter, "canary-reason: not needed any more").await;
        assert_eq!(
            (page.status, page.heading()),
            (200, "Access is being ended"),
            "{}",
            cell.kind.name
        );
    }
    let ending = Ending {
        state: "Revoked",
        ticket: "3",
        notes: &["Access granted", "Access ended: "],
        mails: &["Your access is ready", "Your access has ended"],
    };
    column.ends(&stack, &ending).await;
}

#[tokio::test]
async fn refused() {
    let stack = Stack::shared().await;
    // Made by somebody who knows nothing of Snowgate: neither path nor boundary nor tag.
    let made = |user: &str| step(ACCOUNT, "iam", "create_user", &json!({ "UserName": user }));
    let mut column = Column::of(&stack, "PT4H", made).await;
    column.submitted(&stack, |_| {}).await;
    let ending = Ending {
        state: "Refused",
        ticket: "4",
        notes: &["Refused: "],
        mails: &["Your request was refused"],
    };
    column.ends(&stack, &ending).await;
    for cell in &column.cells {
        cell.case.no_letter(&stack).await;
    }
}

#[tokio::test]
async fn undeliverable() {
    let stack = Stack::shared().await;
    let mut column = Column::prepared(&stack, "PT4H").await;
    // The CMDB has no such item, so nobody can answer for it.
    let item = random_hex(32);
    let naming = |body: &mut Value| body["resource"] = json!({ "sys_id": item });
    column.submitted(&stack, naming).await;
    let ending = Ending {
        state: "Undeliverable",
        ticket: "4",
        notes: &["No approver found: "],
        mails: &["No approver could be found"],
    };
    column.ends(&stack, &ending).await;
    for cell in &column.cells {
        cell.case.no_letter(&stack).await;
    }
}

#[tokio::test]
async fn previewed() {
    let stack = Stack::shared().await;
    let mut column = Column::prepared(&stack, "PT4H").await;
    let dry = |body: &mut Value| body["dry_run"] = json!(true);
    column.submitted(&stack, dry).await;
    let ending = Ending {
        state: "Previewed",
        ticket: "1",
        notes: &["Dry run"],
        mails: &[],
    };
    column.ends(&stack, &ending).await;
    for cell in &column.cells {
        cell.case.no_letter(&stack).await;
        let request = stack.request(&cell.id).await;
        let changes = request["preview"]["changes"].as_array().expect("changes");
        let there = |change: &&Value| change["already_there"] == true;
        let found = if cell.kind.found_there { 2 } else { 0 };
        assert_eq!(changes.iter().filter(there).count(), found, "{changes:?}");
    }
}

#[tokio::test]
async fn failed_and_rolled_back() {
    let stack = Stack::shared().await;
    let mut column = Column::prepared(&stack, "PT4H").await;
    for cell in &mut column.cells {
        halfway(&mut cell.kind.grants);
        cell.case.instead = Some(Value::from(cell.kind.grants.clone()));
    }
    let policy = format!("flow-{}", random_hex(12));
    let user = |cell: &Cell| format!("arn:aws:iam::{ACCOUNT}:user/enrolled/{}", cell.case.user);
    let users: Vec<String> = column.cells.iter().map(user).collect();
    let deny = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Action": "iam:PutUserPolicy", "Resource": users }] });
    let member = |operation: &str, document: Option<String>| {
        let mut arguments = json!({ "RoleName": "SnowgateMember", "PolicyName": policy });
        if let Some(document) = document {
            arguments["PolicyDocument"] = json!(document);
        }
        stack
            .aws
            .run(vec![step(ACCOUNT, "iam", operation, &arguments)])
    };
    column.submitted(&stack, |_| {}).await;
    column.asked(&stack).await;
    member("put_role_policy", Some(deny.to_string())).await;
    column.approved(&stack).await;
    let ending = Ending {
        state: "Failed",
        ticket: "4",
        notes: &["Not granted"],
        mails: &["Your access was not granted"],
    };
    column.ends(&stack, &ending).await;
    member("delete_role_policy", None).await;
    for cell in &column.cells {
        let request = stack.request(&cell.id).await;
        assert_eq!(
            request["end_reason"]["code"], "iam_refused",
            "{}",
            cell.kind.name
        );
    }
}

/// Makes grants of which the last that is made is an inline policy, after something else that is
/// to be rolled back.
fn halfway(grants: &mut Vec<Value>) {
    let becomes_inline =
        |grant: &Value| grant["type"] == "inline_policy" || grant["type"] == "assume_role";
    match grants.iter().filter(|grant| becomes_inline(grant)).count() {
        0 => grants.push(inline()),
        all if all == grants.len() => grants.insert(0, managed()),
        _ => {}
    }
}
