//! What was requested, and how it is used once it is there.

use crate::markup::{Text, code, whole};
use crate::principal::{Principal, PrincipalType};
use crate::request::{AccessRequest, Grant};

/// What was requested and for whom, in a line: ``policy `reports-read` for IAM user `rita.chen` in
/// AWS account 210987654321``.
#[must_use]
pub fn access_requested(request: &AccessRequest) -> Text {
    let grants: Vec<String> = request.grants.iter().map(Grant::to_string).collect();
    let extension = extension(request).map(|words| format!(" ({words})"));
    Text::new(format!(
        "{} for {} in AWS account {}{}",
        super::list(&grants),
        principal(&request.target),
        request.target.account_id,
        extension.unwrap_or_default()
    ))
}

/// The user or role, marked: ``IAM user `rita.chen` ``.
#[must_use]
pub fn principal(target: &Principal) -> String {
    format!("IAM {} {}", target.kind, code(target.name.as_str()))
}

/// What a request extends; none where it extends nothing.
#[must_use]
pub fn extension(request: &AccessRequest) -> Option<String> {
    let extension = request.extends.as_ref()?;
    let total = request.total();
    let total = total.map_or_else(String::new, |total| {
        format!(", {} in total", total.in_words())
    });
    let since = super::date_time(extension.since);
    let before = &extension.request;
    Some(format!(
        "extends request {before}, active since {since}{total}"
    ))
}

/// How the access is used, a line for each kind of grant.
pub(crate) fn how_to_use(request: &AccessRequest) -> Vec<Text> {
    let mut lines = Vec::new();
    let (target, account) = (&request.target, &request.target.account_id);
    let grants = request.grants.iter();
    let roles: Vec<_> = grants.filter_map(|grant| grant.named().role()).collect();
    if request.creates_user() {
        lines.push(Text::new(format!(
            "{} was created in AWS account {account}, with the permissions requested. It has no password \
             and no access key.",
            principal(target)
        )));
    } else if roles.len() < request.grants.len() {
        let open = match target.kind {
            PrincipalType::User => "",
            PrincipalType::Role => ", also for open sessions",
        };
        lines.push(Text::new(format!(
            "Use {} in AWS account {account} as usual: the permissions are in place{open}.",
            principal(target)
        )));
    }
    for role in roles {
        let (arn, name) = (role.as_str(), target.name.as_str());
        let command = format!("aws sts assume-role --role-arn {arn} --role-session-name {name}");
        lines.push(Text::new(format!("Assume the role: {}", whole(&command))));
        lines.push(Text::new(format!(
            "Or switch role in the AWS console: account {}, role {}.",
            code(role.account().as_str()),
            code(path_and_name(arn))
        )));
    }
    lines
}

/// The path and name of a role, as the console takes them.
fn path_and_name(arn: &str) -> &str {
    arn.split_once(":role/").map_or(arn, |(_, name)| name)
}
