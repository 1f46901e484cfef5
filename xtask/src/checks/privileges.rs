//! Which function may talk to which service of AWS, by the clients that it is built with.
//!
//! The roles in template.yaml say the same with more force; here it also holds for what a function
//! could do with somebody else's credentials.

use std::path::PathBuf;

use local_stack::checkout::Checkout;

/// Every client that one of the functions has.
const CLIENTS: [&str; 7] = [
    "aws-sdk-dynamodb",
    "aws-sdk-iam",
    "aws-sdk-kms",
    "aws-sdk-s3",
    "aws-sdk-secretsmanager",
    "aws-sdk-sesv2",
    "aws-sdk-sqs",
];

/// What each function has. STS comes with the SDK's configuration and is in all of them.
const ALLOWED: [(&str, &[&str]); 8] = [
    ("authorizer", &["aws-sdk-secretsmanager"]),
    ("intake", &["aws-sdk-dynamodb", "aws-sdk-sqs"]),
    ("directory", &["aws-sdk-dynamodb", "aws-sdk-iam"]),
    (
        "dispatcher",
        &[
            "aws-sdk-dynamodb",
            "aws-sdk-iam",
            "aws-sdk-secretsmanager",
            "aws-sdk-sesv2",
            "aws-sdk-sqs",
        ],
    ),
    (
        "approval",
        &[
            "aws-sdk-dynamodb",
            "aws-sdk-kms",
            "aws-sdk-secretsmanager",
            "aws-sdk-sqs",
        ],
    ),
    (
        "provisioner",
        &[
            "aws-sdk-dynamodb",
            "aws-sdk-iam",
            "aws-sdk-kms",
            "aws-sdk-sqs",
        ],
    ),
    (
        "reporter",
        &[
            "aws-sdk-dynamodb",
            "aws-sdk-secretsmanager",
            "aws-sdk-sesv2",
        ],
    ),
    ("sweeper", &["aws-sdk-dynamodb", "aws-sdk-sqs"]),
];

/// Functions that only read.
const READERS: [&str; 1] = ["directory"];

/// Calls that change something, by the names that SDK and adapters have for them. What is not called is
/// not in a binary.
const WRITES: [&str; 11] = [
    "DynamoDB_20120810.BatchWriteItem",
    "DynamoDB_20120810.DeleteItem",
    "DynamoDB_20120810.PutItem",
    "DynamoDB_20120810.TransactWriteItems",
    "DynamoDB_20120810.UpdateItem",
    "iam:AddUserToGroup",
    "iam:AttachUserPolicy",
    "iam:CreateUser",
    "iam:DeleteUser",
    "iam:PutUserPolicy",
    "iam:UpdateAccessKey",
];

/// A binary holds what it should not.
#[derive(Debug, thiserror::Error)]
pub(super) enum PrivilegeError {
    /// The binary cannot be read.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A client that the function has no business with.
    #[error("the binary of `{function}` holds `{client}`")]
    Foreign {
        /// The function.
        function: &'static str,
        /// The client.
        client: &'static str,
    },
    /// A call that changes something, in a function that only reads.
    #[error("the binary of `{function}`, which only reads, holds `{call}`")]
    Writes {
        /// The function.
        function: &'static str,
        /// The call.
        call: &'static str,
    },
}

/// Functions and the clients that must not be in their dependency trees.
pub(super) fn forbidden() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    ALLOWED.iter().map(|(function, allowed)| {
        let others = CLIENTS
            .into_iter()
            .filter(|client| !allowed.contains(client));
        (*function, others.collect())
    })
}

/// Looks into the binaries that are deployed: features unify, so a tree alone proves little.
pub(super) fn check_binaries(checkout: &Checkout) -> Result<(), PrivilegeError> {
    for (function, clients) in forbidden() {
        let path = checkout.local(&format!("functions/{function}/bootstrap"));
        let binary =
            std::fs::read(&path).map_err(|source| PrivilegeError::Unreadable { path, source })?;
        for client in clients {
            let name = client.replace('-', "_");
            if holds(&binary, name.as_bytes()) {
                return Err(PrivilegeError::Foreign { function, client });
            }
        }
        if let Some(call) = written(function, &binary) {
            return Err(PrivilegeError::Writes { function, call });
        }
    }
    Ok(())
}

/// A call that changes something in the binary of a function that only reads.
fn written(function: &str, binary: &[u8]) -> Option<&'static str> {
    let mut writes = WRITES.into_iter();
    writes.find(|call| READERS.contains(&function) && holds(binary, call.as_bytes()))
}

/// Whether a binary holds a name.
pub(super) fn holds(binary: &[u8], name: &[u8]) -> bool {
    binary.windows(name.len()).any(|window| window == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_functions_may_have_an_iam_client() {
        let without: Vec<_> = forbidden()
            .filter(|(_, clients)| clients.contains(&"aws-sdk-iam"))
            .map(|(function, _)| function)
            .collect();
        assert_eq!(
            without,
            ["authorizer", "intake", "approval", "reporter", "sweeper"]
        );
    }

    #[test]
    fn who_only_reads_holds_no_call_that_writes() {
        let binary = b"..DynamoDB_20120810.UpdateItem..";
        let call = "DynamoDB_20120810.UpdateItem";
        assert_eq!(written("directory", binary), Some(call));
        assert_eq!(written("sweeper", binary), None);
        assert_eq!(
            written("directory", b"DynamoDB_20120810.BatchGetItem"),
            None
        );
    }

    #[test]
    fn names_are_found_anywhere() {
        assert!(holds(b"..aws_sdk_iam..", b"aws_sdk_iam") && !holds(b"aws_sdk_ia", b"aws_sdk_iam"));
    }
}
