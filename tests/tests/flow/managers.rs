//! The manager of whoever receives the access: approves, is notified, or is none.
//!
//! Each test has a person of its own who receives the access; Rita asks.

use flow_tests::{Case, Person, Stack, eventually, random_hex};
use serde_json::{Value, json};

/// Where the manager approves, and without one nothing is granted. Diego owns it, and Tomás stands in.
const APPROVE: &str = "870987654321";
/// Where the manager is notified. Priya is asked.
const NOTIFY: &str = "760987654321";
/// Where the manager approves, and without one the request proceeds. Cloud Security is asked.
const PROCEED: &str = "980987654321";

const KOFI: &str = "aaaa0000000000000000000000000006";
const INGRID_WHO_LEFT: &str = "aaaa0000000000000000000000000005";

/// Rita's ticket for access in an account, for somebody whose manager this is.
async fn case(stack: &Stack, account: &str, manager: &str) -> Case {
    let (sys_id, tag) = (random_hex(32), random_hex(12));
    let record = json!({
        "sys_id": sys_id,
        "user_name": format!("managed.{tag}"),
        "name": format!("Managed {tag}"),
        "email": format!("managed.{tag}@brightwater.example"),
        "employee_number": format!("M{tag}"),
        "active": "true",
        "locked_out": "false",
        "manager": manager,
    });
    stack.servicenow.put("sys_user", record).await;
    let case = Case::on_paper(account, &format!("flow-{tag}"), Person::RITA);
    stack.aws.enrol(account, &case.user, &sys_id).await;
    case.open(stack).await;
    case
}

/// Whether something with this code was found for approvers to know.
fn has_finding(request: &Value, code: &str) -> bool {
    let found = request["findings"].as_array().expect("findings");
    found.iter().any(|finding| finding["code"] == code)
}

/// The names in the addresses that were written to about a case for a decision, once there are so many.
async fn asked(stack: &Stack, case: &Case, count: usize) -> Vec<String> {
    let letters = eventually("e-mails", || async {
        let letters = stack.mailbox.about(&case.number).await;
        (letters.len() >= count).then_some(letters)
    })
    .await;
    let to = letters.iter().flat_map(|letter| letter.to.clone());
    let names = to.map(|to| to.replace("@brightwater.example", ""));
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[tokio::test]
async fn access_comes_when_owner_and_manager_have_agreed() {
    let stack = Stack::shared().await;
    let case = case(&stack, APPROVE, KOFI).await;
    let id = case.submit(&stack).await;
    let names = asked(&stack, &case, 3).await;
    assert_eq!(names, ["diego.santos", "kofi.mensah", "tomas.herrera"]);
    let request = stack.request(&id).await;
    assert_eq!(request["slots"][0]["slot"], format!("account:{APPROVE}"));
    assert_eq!(request["slots"][1]["resource"]["type"], "beneficiary");
    assert_eq!(request["slots"][1]["asked"], 1);
    let manager = stack.mailbox.to(&case.number, "kofi.mensah").await;
    let why = "You are asked because you are the manager of the person this access is for.";
    assert!(manager.text.contains(why), "{}", manager.text);
    assert!(manager.subject.contains("reporting"), "{}", manager.subject);
    let owner = stack.mailbox.to(&case.number, "diego.santos").await;
    let page = stack
        .browser
        .decide(&owner.link, "approve", "canary-reason: mine to give")
        .await;
    assert!(page.html.contains("Other approvals are still needed"));
    assert_eq!(stack.request(&id).await["state"], "Pending");
    case.nothing_in_iam(&stack).await;
    stack
        .browser
        .decide(&manager.link, "approve", "canary-reason: needed at work")
        .await;
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    assert_eq!(ticket["state"], "3");
    let attached = stack.aws.attached(&case.account, &case.user).await;
    assert_eq!(attached, std::slice::from_ref(&case.policy));
}

#[tokio::test]
async fn a_managers_no_ends_it() {
    let stack = Stack::shared().await;
    let case = case(&stack, APPROVE, KOFI).await;
    let id = case.submit(&stack).await;
    let manager = stack.mailbox.to(&case.number, "kofi.mensah").await;
    stack
        .browser
        .decide(&manager.link, "deny", "canary-reason: not their work")
        .await;
    stack.reaches(&id, "Denied").await;
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    assert_eq!(ticket["state"], "4");
    let notes = Case::notes(&ticket).concat();
    assert!(
        notes.contains("manager of the person this access is for"),
        "{notes}"
    );
    case.nothing_in_iam(&stack).await;
}

/// Who manages the person when the manager decides counts, not who did before.
#[tokio::test]
async fn a_manager_who_was_replaced_decides_nothing() {
    let stack = Stack::shared().await;
    let case = case(&stack, APPROVE, KOFI).await;
    let id = case.submit(&stack).await;
    let kofi = stack.mailbox.to(&case.number, "kofi.mensah").await;
    let slot = stack.request(&id).await["slots"][1]["resource"]["sys_id"].clone();
    // Ada, since today.
    let moved = json!({ "sys_id": slot, "manager": "aaaa0000000000000000000000000001" });
    stack.servicenow.put("sys_user", moved).await;
    let page = stack
        .browser
        .decide(&kofi.link, "approve", "canary-reason: mine once")
        .await;
    assert_eq!(page.status, 403, "{}", page.heading());
    stack.wake("requests", &id).await;
    let ada = stack.mailbox.to(&case.number, "ada.okafor").await;
    let form = stack.browser.open(&ada.link).await;
    assert_eq!((form.status, form.hidden().len()), (200, 1));
    case.nothing_in_iam(&stack).await;
}

/// Nobody is asked, and the requester reads why.
async fn is_refused(stack: &Stack, case: &Case, why: &str) {
    let id = case.submit(stack).await;
    let request = stack.reaches(&id, "Refused").await;
    assert_eq!(request["end_reason"]["code"], "no_manager", "{request}");
    let found = request["end_reason"]["findings"].as_array();
    let found = found.expect("findings").iter();
    let mut words = found.filter(|finding| finding["code"] == "no_manager");
    let detail = words.next().and_then(|finding| finding["detail"].as_str());
    let detail = detail.expect("words about the manager");
    assert!(detail.ends_with(why), "{detail}");
    case.no_letter(stack).await;
    case.nothing_in_iam(stack).await;
}

#[tokio::test]
async fn a_manager_who_asks_for_it_is_none() {
    let stack = Stack::shared().await;
    let case = case(&stack, APPROVE, Person::RITA.0).await;
    let why = "the manager requested the access, receives it, or is named in the ticket";
    is_refused(&stack, &case, why).await;
}

#[tokio::test]
async fn a_manager_who_left_is_none() {
    let stack = Stack::shared().await;
    let case = case(&stack, APPROVE, INGRID_WHO_LEFT).await;
    is_refused(&stack, &case, "the manager's account is inactive").await;
    let none = self::case(&stack, APPROVE, "").await;
    is_refused(&stack, &none, "ServiceNow names nobody, or hides who it is").await;
}

#[tokio::test]
async fn where_it_may_proceed_approvers_read_that_there_is_no_manager() {
    let stack = Stack::shared().await;
    let case = case(&stack, PROCEED, INGRID_WHO_LEFT).await;
    let id = case.submit(&stack).await;
    let names = asked(&stack, &case, 2).await;
    assert_eq!(names, ["lena.fischer", "samuel.osei"]);
    let request = stack.request(&id).await;
    assert_eq!(request["slots"].as_array().map(Vec::len), Some(1));
    assert!(has_finding(&request, "without_manager"), "{request}");
    let lena = stack.mailbox.to(&case.number, "lena.fischer").await;
    let told = "The manager of the person this access is for is not asked";
    assert!(lena.text.contains(told), "{}", lena.text);
    stack
        .browser
        .decide(&lena.link, "approve", "canary-reason: seen")
        .await;
    stack.servicenow.closed(&case.sys_id).await;
    let attached = stack.aws.attached(&case.account, &case.user).await;
    assert_eq!(attached, std::slice::from_ref(&case.policy));
}

#[tokio::test]
async fn where_it_may_proceed_a_manager_is_asked_all_the_same() {
    let stack = Stack::shared().await;
    let case = case(&stack, PROCEED, KOFI).await;
    let id = case.submit(&stack).await;
    let names = asked(&stack, &case, 3).await;
    assert_eq!(names, ["kofi.mensah", "lena.fischer", "samuel.osei"]);
    let request = case.approved_by_all(&stack, &id).await;
    assert_eq!(request["state"], "Active");
    assert_eq!(request["decisions"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_manager_who_is_notified_gets_one_e_mail_and_decides_nothing() {
    let stack = Stack::shared().await;
    let case = case(&stack, NOTIFY, KOFI).await;
    let id = case.submit(&stack).await;
    let letter = stack.mailbox.one(&case.number).await;
    assert_eq!(letter.to, ["priya.raman@brightwater.example"]);
    let notice = eventually("the manager to be notified", || async {
        stack.mailbox.notices(&case.number).await.pop()
    })
    .await;
    assert_eq!(notice.to, "kofi.mensah@brightwater.example");
    assert!(
        notice.text.contains("You have nothing to decide"),
        "{}",
        notice.text
    );
    assert!(notice.text.contains(&case.user), "{}", notice.text);
    stack
        .browser
        .decide(&letter.link, "approve", "canary-reason: agreed")
        .await;
    stack.servicenow.closed(&case.sys_id).await;
    stack
        .mailbox
        .notice(&case.number, "Your access is ready")
        .await;
    let notices = stack.mailbox.notices(&case.number).await;
    let to_manager = notices.iter().filter(|one| one.to.starts_with("kofi"));
    assert_eq!(to_manager.count(), 1, "once");
    let request = stack.request(&id).await;
    assert_eq!(request["slots"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn without_anybody_to_notify_it_proceeds() {
    let stack = Stack::shared().await;
    let case = case(&stack, NOTIFY, "").await;
    let id = case.submit(&stack).await;
    let letter = stack.mailbox.one(&case.number).await;
    let told = "The manager of the person this access is for is not notified";
    assert!(letter.text.contains(told), "{}", letter.text);
    let request = stack.request(&id).await;
    assert!(has_finding(&request, "without_manager"), "{request}");
    assert_eq!(stack.mailbox.notices(&case.number).await.len(), 0);
}
