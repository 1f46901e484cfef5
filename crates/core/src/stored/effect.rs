//! Effects and review links.

use jiff::Timestamp;

use super::schema::{stored_enum, stored_struct};
use crate::approval::{MacTag, TokenRow};
use crate::arn::PolicyArn;
use crate::effect::{EffectChange, RecordedEffect};
use crate::id::{AccountId, Digest, RequestId, SysId};
use crate::principal::{Principal, PrincipalKey, PrincipalName};
use crate::request::GroupName;

stored_struct!(pub EffectV1 for RecordedEffect {
    request: RequestId,
    principal_key: PrincipalKey,
    principal: Principal,
    change: EffectChange,
    preexisting: bool,
    since: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    latest_end: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<MacTag>,
});

stored_enum!(PrincipalKeyV1 for PrincipalKey, "by" {
    "id" = Id { account_id: AccountId, unique_id: String },
    "name" = Name { account_id: AccountId, kind: crate::principal::PrincipalType, name: String },
});

stored_enum!(EffectChangeV1 for EffectChange, "type" {
    "policy_attached" = PolicyAttached { policy_arn: PolicyArn },
    "inline_policy_put" = InlinePolicyPut {
        name: String,
        document: String,
        ends_at: Timestamp,
    },
    "group_joined" = GroupJoined {
        group: GroupName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unique_id: Option<String>,
    },
    "user_created" = UserCreated { name: PrincipalName, ends_at: Timestamp },
});

stored_struct!(pub TokenV1 for TokenRow {
    digest: Digest,
    request: RequestId,
    approver: SysId,
    expires_at: Timestamp,
});
