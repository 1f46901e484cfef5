//! The preflight on the local stack: green as it is, and red where each fault is put in.

mod faults;

use serde_json::{Value, json};
use snowgate::guardrails_file::GuardrailsFileError;
use snowgate::preflight::{Inspection, PreflightError};

use super::LocalPreflightError;
use crate::aws::{LocalAws, LocalAwsError};
use crate::checkout::Checkout;
use crate::members;
use crate::stack::LocalStack;
use crate::terminal::line;
use faults::{
    ACCOUNT, DrillFault, fault, hub, listed, mail, member, put_rights, secrets, servicenow, trusts,
    wide_boundary, without,
};

/// Why the drill did not pass.
#[derive(Debug, thiserror::Error)]
pub enum DrillError {
    /// The preflight could not begin.
    #[error(transparent)]
    Begin(#[from] LocalPreflightError),
    /// The preflight itself failed.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// The guardrails cannot be used.
    #[error(transparent)]
    Guardrails(#[from] GuardrailsFileError),
    /// The local AWS refused to be broken or mended.
    #[error("a fault could not be put in or taken out")]
    Aws(#[from] LocalAwsError),
    /// The emulator refused.
    #[error("the emulator did not take a fault")]
    Emulator(#[source] reqwest::Error),
    /// The emulator's token cannot be read.
    #[error("the emulator's control token cannot be read")]
    Token(#[source] std::io::Error),
    /// Something was found where nothing is wrong.
    #[error("{when}: {found}")]
    Red {
        /// The state of the stack in which it was found.
        when: &'static str,
        /// What was found.
        found: String,
    },
    /// A fault was not found.
    #[error("`{0}` was not found")]
    Missed(&'static str),
}

/// Everything that the drill needs.
struct Drill<'s> {
    stack: &'s LocalStack,
    aws: LocalAws,
    /// Of all target accounts.
    whole: Inspection<'s>,
    /// Of the account that faults are put into alone.
    one: Inspection<'s>,
}

/// Runs it.
///
/// # Errors
/// Where something is found with nothing wrong, or a fault is not found.
pub async fn run(checkout: &Checkout, stack: &LocalStack) -> Result<(), DrillError> {
    let guardrails = members::guardrails(checkout)?;
    let whole = super::inspection(checkout, stack, &guardrails).await?;
    let mut one = whole.clone();
    one.accounts.retain(|account| account.as_str() == ACCOUNT);
    let drill = Drill {
        stack,
        aws: LocalAws::new(checkout, &stack.aws_endpoint, &stack.region),
        whole,
        one,
    };
    drill.green("before anything is broken").await?;
    let rounds = drill.rounds().await?;
    let count: usize = rounds.iter().map(Vec::len).sum();
    for round in rounds {
        drill.try_together(round).await?;
    }
    drill.green("after everything is mended").await?;
    line(&format!(
        "  ok preflight: green, and red with each of {count} faults"
    ));
    Ok(())
}

impl Drill<'_> {
    async fn green(&self, when: &'static str) -> Result<(), DrillError> {
        let results = self.whole.run().await?;
        match results.iter().find(|result| !result.ok) {
            None => Ok(()),
            Some(bad) => {
                let found = format!("{} {}: {}", bad.check, bad.about, bad.found);
                Err(DrillError::Red { when, found })
            }
        }
    }

    /// Puts faults in that have nothing to do with each other, looks, and takes them out.
    async fn try_together(&self, faults: Vec<DrillFault>) -> Result<(), DrillError> {
        let steps =
            |of: fn(&DrillFault) -> &Vec<Value>| faults.iter().flat_map(of).cloned().collect();
        self.aws.run(steps(|fault| &fault.inject)).await?;
        for armed in faults.iter().filter_map(|fault| fault.emulator.as_ref()) {
            self.emulator(reqwest::Method::POST, Some(armed)).await?;
        }
        let results = self.one.run().await;
        // Taken out whatever was found, so that what comes after is as it was.
        self.aws.run(steps(|fault| &fault.restore)).await?;
        self.emulator(reqwest::Method::DELETE, None).await?;
        let results = results?;
        let missed = faults.iter().find(|fault| !fault.is_among(&results));
        missed.map_or(Ok(()), |fault| Err(DrillError::Missed(fault.name)))
    }

    async fn emulator(
        &self,
        method: reqwest::Method,
        fault: Option<&Value>,
    ) -> Result<(), DrillError> {
        let token =
            std::fs::read_to_string(&self.stack.control_token_file).map_err(DrillError::Token)?;
        let url = format!("{}/_emulator/faults", self.stack.servicenow_url);
        let mut request = reqwest::Client::new()
            .request(method, url)
            .bearer_auth(token.trim());
        if let Some(fault) = fault {
            request = request.json(fault);
        }
        let answer = request
            .send()
            .await
            .and_then(reqwest::Response::error_for_status);
        answer.map(|_| ()).map_err(DrillError::Emulator)
    }

    /// One fault of each kind at a time: kinds do not hide each other.
    async fn rounds(&self) -> Result<Vec<Vec<DrillFault>>, DrillError> {
        let mut said = self.secrets().await?;
        said.extend(servicenow());
        let mut kinds = [mail(), self.roles().await?, said].map(Vec::into_iter);
        let mut rounds = Vec::new();
        loop {
            let round: Vec<_> = kinds.iter_mut().filter_map(Iterator::next).collect();
            if round.is_empty() {
                return Ok(rounds);
            }
            rounds.push(round);
        }
    }

    /// Secrets without shape, refused credentials, and users that may too much or too little.
    async fn secrets(&self) -> Result<Vec<DrillFault>, DrillError> {
        let arn = |name: &str| self.stack.secrets.get(name).cloned().unwrap_or_default();
        let names = ["clients", "servicenow_read", "servicenow_write"].map(arn);
        let get = |arn: &String| {
            hub(
                "secretsmanager",
                "get_secret_value",
                &json!({"SecretId": arn}),
            )
        };
        let values = self.aws.run(names.iter().map(get).collect()).await?;
        let value = |n: usize| {
            let found = values.get(n).and_then(|value| value.get("SecretString"));
            found.and_then(Value::as_str).unwrap_or_default()
        };
        let [clients, read, write] = &names;
        Ok(secrets(
            (clients, value(0)),
            (read, value(1)),
            (write, value(2)),
        ))
    }

    /// Trust that is too wide or too narrow, lists that are stale, a boundary that is none.
    async fn roles(&self) -> Result<Vec<DrillFault>, DrillError> {
        let boundary = format!("arn:aws:iam::{ACCOUNT}:policy/SnowgateBoundary");
        let steps = vec![
            member("get_role", &json!({"RoleName": "SnowgateMember"})),
            member(
                "get_role_policy",
                &json!({"RoleName": "SnowgateMember", "PolicyName": "member"}),
            ),
            hub(
                "iam",
                "get_role_policy",
                &json!({"RoleName": "snowgate-dispatcher", "PolicyName": "rights"}),
            ),
            member("get_role", &json!({"RoleName": "SnowgateRead"})),
            member("list_policy_versions", &json!({"PolicyArn": boundary})),
        ];
        let found = self.aws.run(steps).await?;
        let newest = newest(found.get(4));
        let version = json!({"PolicyArn": boundary, "VersionId": format!("v{newest}")});
        let document = self
            .aws
            .run(vec![member("get_policy_version", &version)])
            .await?;
        let document = document
            .first()
            .and_then(|found| found.pointer("/PolicyVersion/Document"));
        let at = |n: usize, path: &str| {
            found
                .get(n)
                .and_then(|value| value.pointer(path))
                .cloned()
                .unwrap_or_default()
        };
        let trust = at(0, "/Role/AssumeRolePolicyDocument");
        let lists = at(1, "/PolicyDocument");
        let rights = at(2, "/PolicyDocument");
        let read_trust = at(3, "/Role/AssumeRolePolicyDocument");
        let mut faults = trusts(&trust, &read_trust);
        faults.extend(listed(&lists));
        faults.push(fault(
            "a dispatcher that may take no role",
            vec![put_rights(&without(&rights, "sts:AssumeRole"))],
            vec![put_rights(&rights)],
            "read role",
            ACCOUNT,
        ));
        faults.extend(document.map(|document| wide_boundary(document, newest)));
        Ok(faults)
    }
}

/// The number of the newest version of a policy.
fn newest(listed: Option<&Value>) -> u32 {
    let versions = listed.and_then(|found| found.get("Versions")?.as_array());
    let number = |version: &Value| {
        version
            .get("VersionId")?
            .as_str()?
            .strip_prefix('v')?
            .parse()
            .ok()
    };
    versions
        .into_iter()
        .flatten()
        .filter_map(number)
        .max()
        .unwrap_or(1)
}
