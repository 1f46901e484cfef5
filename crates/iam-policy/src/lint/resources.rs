//! Resources: the form of ARNs, and whether an action can match any of them.

use super::arn::{self, Arn};
use super::{Checker, Code, Latest};
use crate::catalogue::{self, Service};
use crate::document::{DraftStatement, List, Path};
use crate::foreign;
use crate::scan;

/// Services in ARNs that are no prefixes of actions.
const ARN_SERVICES: [&str; 2] = ["catalog", "route53-recovery-control"];

/// How the resource part of an ARN of IAM begins.
pub(super) const IAM_TYPES: [&str; 16] = [
    "user/",
    "role/",
    "group/",
    "policy/",
    "instance-profile/",
    "mfa/",
    "sms-mfa/",
    "server-certificate/",
    "saml-provider/",
    "oidc-provider/",
    "federated-user/",
    "report/",
    "access-report/",
    "delegation-request/",
    "root",
    "assumed-role/",
];

impl Checker<'_, '_> {
    pub(super) fn resources(&mut self, statement: &DraftStatement<'_>) {
        for (name, list) in [
            ("Resource", &statement.resource),
            ("NotResource", &statement.not_resource),
        ] {
            let Some(list) = list else { continue };
            let element = || statement.path().key(name);
            if self.is_empty_list(list) {
                let message = "the statement names no resources and has no effect".to_owned();
                self.add(Code::EmptyArrayResource, element(), list.span(), message);
            }
            for nth in 0..list.values().len() {
                if self.is_full() {
                    return;
                }
                self.resource(list, nth, element);
            }
        }
        if self.options.own_codes {
            self.never_matches(statement);
        }
    }

    fn resource(&mut self, list: &List<'_>, nth: usize, element: impl Fn() -> Path) {
        let Some(value) = list.values().get(nth) else {
            return;
        };
        let text = value.text();
        if text == "*" {
            return;
        }
        let path = || list.path(element(), nth);
        self.variables(value, path);
        let mut latest = self.of_resources;
        let hint = |name: &str| self.hint(|| catalogue::suggest_service(name));
        let fault = fault(text, &mut latest, hint);
        self.of_resources = latest;
        if let Some((code, message)) = fault {
            self.add(code, path(), value.span(), message);
        }
    }
}

/// What is wrong with the form of an ARN, if anything.
fn fault(
    text: &str,
    latest: &mut Latest,
    hint: impl FnOnce(&str) -> Option<&'static str>,
) -> Option<(Code, String)> {
    let Some(arn) = Arn::read(text) else {
        let (parts, count) = arn::parts(text);
        if parts[0] != "arn" {
            let message = format!(
                "{} is neither `*` nor an ARN, which begins with `arn:`",
                foreign::code(text)
            );
            return Some((Code::InvalidArnPrefix, message));
        }
        if count > 2 && text.ends_with('*') {
            return None;
        }
        let message =
            "an ARN has six parts: arn:partition:service:region:account:resource".to_owned();
        return Some((Code::MissingArnField, message));
    };
    if arn.prefix != "arn" {
        let message = format!(
            "{} is neither `*` nor an ARN, which begins with `arn:`",
            foreign::code(text)
        );
        return Some((Code::InvalidArnPrefix, message));
    }
    if !arn::is_open(arn.partition) && !arn::PARTITIONS.contains(&arn.partition) {
        let message = format!(
            "there is no partition {}; most are `aws`",
            foreign::code(arn.partition)
        );
        return Some((Code::InvalidPartition, message));
    }
    if arn::is_open(arn.service) {
        return None;
    }
    if arn.service.bytes().any(|byte| byte.is_ascii_uppercase()) {
        let message = format!(
            "write the service {} in small letters",
            foreign::code(arn.service)
        );
        return Some((Code::InvalidArnServiceCase, message));
    }
    let service = latest.service(arn.service);
    let unknown = service.is_none() && !ARN_SERVICES.contains(&arn.service);
    if unknown || super::actions::REFUSED_PREFIXES.contains(&arn.service) {
        let near = hint(arn.service);
        return Some((
            Code::InvalidService,
            super::actions::unknown("service", arn.service, near),
        ));
    }
    region_and_account(&arn, service)
}

fn region_and_account(arn: &Arn<'_>, service: Option<&'static Service>) -> Option<(Code, String)> {
    if !arn.region.is_empty() && !arn::is_open(arn.region) && !arn::is_region(arn.region) {
        return Some((
            Code::InvalidArnRegion,
            format!("there is no region {}", foreign::code(arn.region)),
        ));
    }
    let digits = arn.account.len() == 12 && arn.account.bytes().all(|byte| byte.is_ascii_digit());
    let account = arn.account;
    if !account.is_empty()
        && !digits
        && !arn::is_open(account)
        && !["aws", "aws-managed", "third-party", "amazon"].contains(&account)
    {
        let message = format!(
            "{} is no account: these have 12 digits",
            foreign::code(account)
        );
        return Some((Code::InvalidArnAccount, message));
    }
    let literal = scan::find_open(arn.resource).unwrap_or(arn.resource.len());
    let literal = arn.resource.get(..literal).unwrap_or_default();
    let iam_known = || {
        let cut = literal.len() < arn.resource.len();
        IAM_TYPES
            .iter()
            .any(|begin| literal.starts_with(begin) || cut && begin.starts_with(literal))
    };
    if arn.service == "iam" && !iam_known() {
        let message = format!(
            "{} is no resource of IAM, such as `role/name`",
            foreign::code(arn.resource)
        );
        return Some((Code::InvalidArnResource, message));
    }
    // Only then is there anything to compare with the forms of the service.
    let region_given = !arn.region.is_empty() && !arn::is_open(arn.region);
    if !(region_given || digits || arn.region.is_empty()) {
        return None;
    }
    let form = service.and_then(|service| service.arn_form(literal))?;
    if region_given && !form.region {
        let message = format!("ARNs of {} have no region", foreign::code(arn.service));
        return Some((Code::ArnRegionNotAllowed, message));
    }
    if digits && !form.account {
        let message = format!("ARNs of {} have no account", foreign::code(arn.service));
        return Some((Code::ArnAccountNotAllowed, message));
    }
    if arn.region.is_empty() && form.region {
        let message = format!("ARNs of {} have a region", foreign::code(arn.service));
        return Some((Code::MissingArnRegion, message));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_judged() {
        for (text, code) in [
            ("arn:aws:s3:::bucket/*", None),
            ("arn:*:iam::*:role/x", None),
            ("arn:aws:iam::aws:policy/ReadOnlyAccess", None),
            ("arn:aws:sqs*", None),
            ("bucket", Some(Code::InvalidArnPrefix)),
            ("arn:aws:s3:bucket", Some(Code::MissingArnField)),
            ("arn:awz:s3:::bucket", Some(Code::InvalidPartition)),
            ("arn:aws:S3:::bucket", Some(Code::InvalidArnServiceCase)),
            ("arn:aws:s4s4s4:::bucket", Some(Code::InvalidService)),
            ("arn:aws:codestar:eu-west-1:123456789012:project/x", None),
            (
                "arn:aws:elastic-inference:eu-west-1:123456789012:elastic-inference-accelerator/x",
                Some(Code::InvalidService),
            ),
            (
                "arn:aws:sqs:middle-earth:123456789012:q",
                Some(Code::InvalidArnRegion),
            ),
            (
                "arn:aws:sqs:eu-west-1:1234:q",
                Some(Code::InvalidArnAccount),
            ),
            ("arn:aws:sqs::123456789012:q", Some(Code::MissingArnRegion)),
            (
                "arn:aws:iam:eu-west-1:123456789012:role/x",
                Some(Code::ArnRegionNotAllowed),
            ),
            (
                "arn:aws:iam::123456789012:rolle/x",
                Some(Code::InvalidArnResource),
            ),
        ] {
            let fault = fault(text, &mut Latest::default(), |_| None);
            assert_eq!(fault.map(|(code, _)| code), code, "{text}");
        }
    }
}
