//! Statements that are about no request at all.

use crate::catalogue::{self, Action, wildcard};
use crate::condition::Clause;
use crate::document::{Resources, Statement};
use crate::foreign::code;
use crate::reach;

/// Keys that are parameters of some calls and of no others, so that it is certain which requests have
/// them.
const PARAMETERS: [&str; 29] = [
    "dynamodb:attributes",
    "dynamodb:leadingkeys",
    "dynamodb:returnvalues",
    "dynamodb:select",
    "ec2:instancetype",
    "iam:awsservicename",
    "iam:passedtoservice",
    "iam:permissionsboundary",
    "iam:policyarn",
    "kms:encryptionalgorithm",
    "kms:granteeprincipal",
    "kms:grantoperations",
    "kms:signingalgorithm",
    "lambda:functionurlauthtype",
    "lambda:layer",
    "s3:delimiter",
    "s3:max-keys",
    "s3:prefix",
    "s3:versionid",
    "s3:x-amz-acl",
    "s3:x-amz-copy-source",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-storage-class",
    "secretsmanager:versionid",
    "secretsmanager:versionstage",
    "sns:endpoint",
    "sns:protocol",
    "sts:externalid",
    "sts:rolesessionname",
];

/// Why the statement is about no request; `None` when it is about some, or that is not known.
pub(super) fn reason(statement: &Statement<'_>, clauses: &[Clause]) -> Option<String> {
    let actions = known_actions(statement)?;
    if let Some(Resources::Resource(list)) = statement.resources() {
        let few = list.values().len().saturating_mul(actions.len()) <= MOST;
        let secrets = list.texts().all(reach::is_incomplete_secret) && !list.values().is_empty();
        if secrets {
            return Some("the name of every secret ends in a hyphen and six characters".to_owned());
        }
        let reached = |action: &Action| list.texts().any(|text| reach::may_reach(*action, text));
        if few && !list.values().is_empty() && !actions.iter().any(reached) {
            return Some(
                "none of the resources named is one that these actions can be used on".to_owned(),
            );
        }
    }
    let absent = |clause: &&Clause| {
        let certain = PARAMETERS.contains(&clause.key_lower());
        let mut actions = actions.iter();
        certain && actions.all(|action| reach::never_holds(*action, clause))
    };
    let clause = clauses.iter().find(absent)?;
    Some(format!(
        "requests for these actions never have the key {}",
        code(clause.key())
    ))
}

/// More pairs of actions and resources than are compared.
const MOST: usize = 2_000;

/// The actions of a statement, when all that it names are known and no pattern stands for many.
fn known_actions(statement: &Statement<'_>) -> Option<Vec<Action>> {
    let actions = statement.actions();
    let texts = actions.list().texts();
    if actions.is_negated() || texts.len() == 0 || texts.len() > MOST {
        return None;
    }
    let mut known = Vec::with_capacity(texts.len());
    for text in texts {
        if wildcard::has_wildcard(text) {
            known.extend(reach::actions_of(text)?);
        } else {
            known.push(catalogue::action(text)?);
        }
    }
    Some(known)
}
