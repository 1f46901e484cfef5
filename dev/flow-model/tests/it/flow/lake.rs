//! The second account, and an item of the CMDB that requests may name.

use snowgate_core::account::{AccountItem, PolicyFacts, PrincipalFacts};
use snowgate_core::id::AccountId;
use testkit::world::{self, COLLEAGUE, LEAD, MANAGER, OWNER, World, document, principal_facts};

/// The other account: it has a user of its own, and the role that users of the first may assume.
pub(super) const LAKE: &str = "320987654321";
/// The `sys_id` of the item that requests may name.
pub(super) const ITEM: u8 = 0x70;
/// What may be granted in the other account.
pub(super) const LAKE_GRANTS: &str = r#"
[[grants]]
accounts = ["320987654321"]
policies = ["arn:aws:iam::320987654321:policy/reports-read"]
maximum_duration = "P7D"
risk = "low"
"#;

pub(super) fn lake() -> AccountId {
    LAKE.parse().unwrap()
}

pub(super) fn lake_policy() -> String {
    format!("arn:aws:iam::{LAKE}:policy/reports-read")
}

/// Puts the other account and the item into the CMDB, with people who decide on the first account
/// too; and into IAM what its user needs. What the user holds.
pub(super) fn found_lake(world: &World) -> PrincipalFacts {
    let item = |sys_id: u8, name: &str, owner: u8, manager: u8| AccountItem {
        sys_id: world::id(sys_id),
        name: name.to_owned(),
        owned_by: Some(world::id(owner)),
        managed_by: Some(world::id(manager)),
        support_group: None,
    };
    let account = item(0x71, "data-lake", COLLEAGUE, OWNER);
    world.servicenow.put_account(&lake(), account);
    let named = item(ITEM, "reports-server", MANAGER, LEAD);
    world.servicenow.put_item(named);
    for (name, action) in [("reports-read", "s3:GetObject"), ("SnowgateBoundary", "*")] {
        let facts = PolicyFacts {
            arn: format!("arn:aws:iam::{LAKE}:policy/{name}")
                .parse()
                .unwrap(),
            version: "v1".to_owned(),
            document: document(action),
        };
        world.directory.put_policy(&lake(), facts);
    }
    PrincipalFacts {
        arn: format!("arn:aws:iam::{LAKE}:user/enrolled/rita.chen"),
        boundary: Some(format!("arn:aws:iam::{LAKE}:policy/SnowgateBoundary")),
        ..principal_facts()
    }
}
