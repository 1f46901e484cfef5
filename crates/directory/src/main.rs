//! The directory as a Lambda function.

#![recursion_limit = "256"]

use std::time::Duration;

use aws_iam::{ReadRole, RoleToAssume};
use aws_ledger::DynamoLedger;
use directory::{DirectoryPorts, UserDirectory};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use shell::environment::required;
use shell::request::Received;

/// The directory on AWS.
struct Aws;

impl DirectoryPorts for Aws {
    type Records = DynamoLedger;
    type Users = ReadRole;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shell::log::start();
    let aws = shell::aws(Duration::from_secs(3))?;
    let guardrails = shell::guardrails::load()?;
    let (role, external_id) = (required("READ_ROLE_NAME")?, required("EXTERNAL_ID")?);
    let session = "snowgate-directory";
    let role = RoleToAssume::new(guardrails.partition(), &role, &external_id, session)?;
    let directory = UserDirectory::<Aws>::new(
        DynamoLedger::new(&aws, required("REQUESTS_TABLE")?, None),
        ReadRole::new(&aws, role, shell::clock()),
        guardrails,
    );
    let directory = &directory;
    run(service_fn(async |event: LambdaEvent<Received>| {
        Ok::<_, Error>(directory.receive(&event.payload, shell::now()).await)
    }))
    .await
}
