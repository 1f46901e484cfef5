//! Whatever is asked for, a query has the structure that was meant, or is not made.

use ports::cmdb::Cmdb as _;
use snowgate_core::entitlement::{ActionName, FieldName, ResourceRef, RootTable, UserRef};

use super::*;

/// What encoded queries, URLs and scripts are made of.
const CORPUS: &[&str] = &[
    "x^active=true",
    "x^ORactive=true",
    "x^NQsys_idISNOTEMPTY",
    "x^RLQUERYsys_user.manager,>=1^ENDRLQUERY",
    "x^ORDERBYname",
    "x^EQ",
    "x,y",
    "x@y^z",
    "@",
    "x=y",
    "xINy,z",
    "^",
    "^^",
    "javascript:gs.getUserID()",
    "javascript:",
    "${gs.getUserID()}",
    "x%5Eactive%3Dtrue",
    "x%00",
    "x\0",
    "x\n^active=true",
    "x\r\nHost: evil.example",
    "x&sysparm_query=active%3Dtrue",
    "x#",
    "x?sysparm_limit=1",
    "x/../sys_user",
    "../../oauth_token.do",
    "x;drop",
    "x' OR '1'='1",
    "x\" OR \"\"=\"",
    "x\u{ff3e}active=true",
    "x\u{2028}y",
    "\u{202e}x",
    "x y",
    " x",
    "x ",
    "*",
    "%",
    "x*",
    "DYNAMIC90d1921e5f510100a9ad2572f2b477fe",
    "NULL",
    "empty",
    "ISEMPTY",
    "INx",
    "ORx",
    "NQx",
    "10.1.1.1,10.1.1.2",
    "10.1.1.1^x",
    "10.1.1.1/0",
    "::1%25eth0",
    "[2001:db8::1]",
    "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a,0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
    "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a^x",
    "",
];

#[tokio::test]
async fn no_string_becomes_structure() {
    let stage = Stage::start().await;
    let (cmdb, profile, within) = (stage.cmdb(), profile(), Duration::from_secs(5));
    let (mut refused, mut sent) = (0, 0);
    for text in CORPUS {
        assert!(
            text.parse::<FieldName>().is_err() || is_word(text),
            "{text:?}"
        );
        assert!(
            RootTable::try_from((*text).to_owned()).is_err() || is_word(text),
            "{text:?}"
        );
        assert!(
            text.parse::<ActionName>().is_err() || is_word(text),
            "{text:?}"
        );
        let before = stage.calls().await.len();
        match text.parse::<ResourceRef>() {
            Ok(resource) => drop(cmdb.items(&[resource], &profile, within).await),
            Err(_) => refused += 1,
        }
        for user in [UserRef::parse(text), UserRef::email(text)] {
            match user {
                Ok(user) => drop(cmdb.users(&[user], within).await),
                Err(_) => refused += 1,
            }
        }
        for call in stage.calls().await.iter().skip(before) {
            let parameters = call["parameters"].as_array().unwrap();
            let query = parameters.iter().find(|pair| pair[0] == "sysparm_query");
            let query = query.unwrap()[1].as_str().unwrap();
            let (field, value) = query.split_once("IN").unwrap();
            assert!(
                ["name", "fqdn", "ip_address", "user_name", "email"].contains(&field),
                "{query}"
            );
            assert_eq!(value, text.to_ascii_lowercase());
            assert!(!value.contains(['^', ',', '=', ':', '%', ' ']), "{query}");
            assert_eq!(parameters.len(), 5, "{parameters:?}");
            sent += 1;
        }
    }
    assert!(refused > 120 && sent > 5, "{refused} {sent}");
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase())
}
