//! Witnesses that people recognise: real actions and resources in the place of `a:x`.

use crate::catalogue;
use crate::document::PrincipalKind;
use crate::evaluate::{Request, RequestPrincipal};
use crate::glob::Language;

/// Actions that are tried first.
const WELL_KNOWN: [&str; 8] = [
    "iam:CreateAccessKey",
    "s3:GetObject",
    "s3:DeleteObject",
    "ec2:RunInstances",
    "sts:AssumeRole",
    "kms:Decrypt",
    "dynamodb:GetItem",
    "lambda:InvokeFunction",
];

/// No more actions than this are tried.
const TRIES: usize = 48;

/// Somebody whom no policy is likely to name.
const SOMEBODY: &str = "user/somebody";

/// Whether the action, by the catalogue, is about no resource in particular: requests then say `*`.
pub(super) fn is_about_everything(action: &str) -> bool {
    catalogue::action(action).is_some_and(|action| !action.has_resource_types())
}

/// Whether AWS knows such requests, as far as the catalogue says.
pub(super) fn is_possible(request: &Request) -> bool {
    request.resource() == "*" || !is_about_everything(request.action())
}

/// Whether principal and resource belong to one account, as far as is known.
fn is_within_account(request: &Request) -> bool {
    let owner = request.resource_account();
    owner.is_none() || owner == request.principal().account()
}

/// A user of the account that the resource belongs to.
pub(super) fn somebody_near(resource: &str) -> RequestPrincipal {
    let account = resource
        .split(':')
        .nth(4)
        .filter(|account| !account.is_empty());
    let account = account.unwrap_or("999999999999");
    RequestPrincipal::of(
        PrincipalKind::Aws,
        &format!("arn:aws:iam::{account}:{SOMEBODY}"),
    )
}

/// The same request to a resource of the principal's account, where the ARN names none.
pub(super) fn in_own_account(request: Request) -> Request {
    match request.principal().account().map(str::to_owned) {
        Some(account) if request.resource_account().is_none() => request.to_account(&account),
        _ => request,
    }
}

/// The same request for another action and resource; somebody nobody named stays in the account
/// of the resource.
fn naming(request: &Request, action: &str, resource: &str) -> Request {
    let principal = if request.principal().name().ends_with(SOMEBODY) && is_within_account(request)
    {
        somebody_near(resource)
    } else {
        request.principal().clone()
    };
    in_own_account(request.naming(action, resource, principal))
}

/// The same witness with an action and a resource that exist in AWS, as far as such are found and
/// shown to be witnesses too.
pub(super) fn in_real_names(
    witness: Request,
    actions: &[Language<'_>],
    confirm: &mut dyn FnMut(&Request) -> bool,
) -> Request {
    let witness = with_real_action(witness, actions, confirm);
    let Some(action) = catalogue::action(witness.action()) else {
        return witness;
    };
    // Of several types the one with the shortest ARN: the most usual one.
    let forms = action.resource_types().map(|(kind, _)| kind.arn());
    let arn = forms.min_by_key(|form| form.len()).map(example);
    let named = naming(&witness, &action.full_name(), witness.resource());
    let Some(arn) = arn.filter(|_| !looks_real(witness.resource())) else {
        return named;
    };
    let real = naming(&named, named.action(), &arn);
    if confirm(&real) { real } else { named }
}

fn with_real_action(
    witness: Request,
    actions: &[Language<'_>],
    confirm: &mut dyn FnMut(&Request) -> bool,
) -> Request {
    if catalogue::action(witness.action()).is_some() {
        return witness;
    }
    let known = WELL_KNOWN.iter().filter_map(|name| catalogue::action(name));
    let named = actions
        .iter()
        .filter_map(|language| language.positive.first());
    let named = named.flat_map(|glob| {
        let pattern = glob.to_string();
        let some: Vec<_> = catalogue::actions_matching(&pattern).take(TRIES).collect();
        some
    });
    for action in known.chain(named).take(TRIES) {
        let real = naming(&witness, &action.full_name(), witness.resource());
        if confirm(&real) {
            return real;
        }
    }
    witness
}

/// Whether the resource is one that a person would write.
fn looks_real(resource: &str) -> bool {
    resource == "*"
        || resource
            .split(':')
            .nth(1)
            .is_some_and(|partition| partition.starts_with("aws"))
}

/// An ARN of a form such as `arn:${Partition}:s3:::${BucketName}`.
fn example(form: &str) -> String {
    let mut arn = String::new();
    let mut rest = form;
    while let Some((before, variable)) = rest.split_once("${") {
        arn.push_str(before);
        let (name, after) = variable.split_once('}').unwrap_or((variable, ""));
        arn.push_str(match name {
            "Partition" => "aws",
            "Region" => "eu-central-1",
            "Account" => "999999999999",
            _ => "example",
        });
        rest = after;
    }
    arn + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_become_arns() {
        assert_eq!(
            example("arn:${Partition}:ec2:${Region}:${Account}:instance/${InstanceId}"),
            "arn:aws:ec2:eu-central-1:999999999999:instance/example"
        );
        assert_eq!(example("*"), "*");
    }
}
