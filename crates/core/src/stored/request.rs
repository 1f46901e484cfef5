//! What was asked for.

use super::schema::{stored_enum, stored_struct};
use crate::arn::{PolicyArn, RoleArn};
use crate::id::{AccountId, RequestId, SysId};
use crate::principal::{Principal, PrincipalName, PrincipalType};
use crate::prose::Justification;
use crate::request::{
    AccessDuration, AccessRequest, Extension, Grant, GroupName, InlineDocument, RecordNumber,
    Resource, Source, TableName, UserTags,
};

stored_struct!(pub AccessRequestV1 for AccessRequest {
    source: Source,
    requested_by: SysId,
    target: Principal,
    grants: Vec<Grant>,
    duration: AccessDuration,
    justification: Justification,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resource: Option<Resource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extends: Option<Extension>,
});

stored_struct!(pub SourceV1 for Source {
    table: TableName,
    sys_id: SysId,
    number: RecordNumber,
});

stored_struct!(pub PrincipalV1 for Principal {
    account_id: AccountId,
    kind as "type": PrincipalType,
    name: PrincipalName,
});

stored_enum!(GrantV1 for Grant, "type" {
    "attach_managed_policy" = AttachManagedPolicy { policy_arn: PolicyArn },
    "inline_policy" = InlinePolicy { document: InlineDocument },
    "assume_role" = AssumeRole { role_arn: RoleArn },
    "group_membership" = GroupMembership { group: GroupName },
    "create_user" = CreateUser {
        #[serde(default, skip_serializing_if = "UserTags::is_empty")]
        tags: UserTags,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<SysId>,
    },
});

stored_struct!(pub ResourceV1 for Resource { sys_id: SysId });

stored_struct!(pub ExtensionV1 for Extension {
    request: RequestId,
    since: jiff::Timestamp,
    before: AccessDuration,
});
