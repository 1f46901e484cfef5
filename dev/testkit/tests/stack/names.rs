//! Names of users in a table that others write too.

use aws_ledger::DynamoLedger;
use aws_sdk_dynamodb::types::AttributeValue;
use snowgate_core::identity::HeldName;
use snowgate_core::principal::Principal;
use testkit::contract;

use super::stack;

#[tokio::test]
async fn a_spoilt_name_keeps_no_user_from_its_end() {
    let Some(stack) = stack().await else { return };
    let (requests, _) = stack.tables().await;
    let ledger = DynamoLedger::new(&stack.config, &requests, None);
    let client = aws_sdk_dynamodb::Client::new(&stack.config);
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let spoil = async |user: &Principal, held: Option<HeldName>| {
        let pk = text(&format!("NAME#{}", user.key_by_name()));
        let delete = client.delete_item().table_name(&requests);
        let delete = delete.key("pk", pk.clone()).key("sk", text("OPEN"));
        delete.send().await.unwrap();
        if let Some(held) = held {
            let put = client.put_item().table_name(&requests).item("pk", pk);
            let put = put.item("sk", text("OPEN"));
            let put = put.item("identity", text(held.identity.unwrap().as_str()));
            put.item("owner", text(held.owner.as_str()))
                .send()
                .await
                .unwrap();
        }
    };
    contract::ledger::a_spoilt_name_keeps_no_user_from_its_end(&ledger, spoil).await;
}
