//! Witnesses that people recognise: real actions and resources in the place of `a:x`.

use crate::catalogue;
use crate::evaluate::Request;
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
    let named = witness.naming(&action.full_name(), witness.resource());
    let Some(arn) = arn.filter(|_| !looks_real(witness.resource())) else {
        return named;
    };
    let real = named.naming(named.action(), &arn);
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
        let real = witness.naming(&action.full_name(), witness.resource());
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
