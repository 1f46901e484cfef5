//! With nothing but keys, on pages that run no scripts.

use flow_tests::{Case, Phone, Stack};
use serde_json::json;

use crate::phone;

/// Keys as WebDriver writes them.
const TAB: &str = "\u{e004}";
const SPACE: &str = " ";
const DOWN: &str = "\u{e015}";
const ENTER: &str = "\u{e007}";

/// Goes to each of these fields by Tab, and presses keys there. A button has no name.
async fn by_keys(phone: &Phone, steps: &[(&str, &str)]) {
    for (field, keys) in steps {
        // Policies may be unfolded on the way.
        let mut reached = false;
        for _ in 0..12 {
            phone.press(TAB).await;
            let focus = phone
                .ask_page(
                    "const at = document.activeElement;
                     return {name: at.name ?? '-', seen: at === document.body || getComputedStyle(at).outlineStyle != 'none'}",
                )
                .await;
            assert_eq!(
                focus.get("seen"),
                Some(&json!(true)),
                "where the focus is can be seen: {focus}"
            );
            reached = focus.get("name") == Some(&json!(field));
            if reached {
                break;
            }
        }
        assert!(reached, "Tab leads to `{field}`");
        phone.press(keys).await;
    }
}

/// Opens a link and decides; the browser, the stack, the case and its link.
async fn decide(account: &str, choose: &str, thanks: &str) -> Option<(Phone, Stack, Case, String)> {
    let phone = phone().await?;
    let stack = Stack::shared().await;
    let case = Case::of(&stack, account).await;
    let (_, letter) = case.asked(&stack).await;
    phone.without_scripts().await;
    phone.open(&letter.link).await;
    let steps = [
        ("decision", choose),
        ("reason", "By keys alone"),
        ("", ENTER),
    ];
    by_keys(&phone, &steps).await;
    phone.shows(thanks).await;
    Some((phone, stack, case, letter.link))
}

#[tokio::test]
async fn an_owner_approves_and_ends_it_without_scripts_by_keyboard_alone() {
    let decided = decide("210987654321", SPACE, "You approved this request").await;
    let Some((phone, stack, case, link)) = decided else {
        return;
    };
    stack.servicenow.closed(&case.sys_id).await;
    let attached = stack.aws.attached(&case.account, &case.user).await;
    assert_eq!(attached, [case.policy.as_str()]);

    phone.open(&link).await;
    phone.shows("Access is active until").await;
    by_keys(&phone, &[("reason", "Not needed any more"), ("", ENTER)]).await;
    phone.shows("Access is being ended").await;
    flow_tests::eventually("the access to be gone", || async {
        let attached = stack.aws.attached(&case.account, &case.user).await;
        attached.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_owner_denies_without_scripts_by_keyboard_alone() {
    let keys = format!("{SPACE}{DOWN}");
    let decided = decide("430987654321", &keys, "You denied this request").await;
    let Some((_, stack, case, _)) = decided else {
        return;
    };
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    assert!(Case::notes(&ticket).concat().contains("By keys alone"));
    case.nothing_in_iam(&stack).await;
}
