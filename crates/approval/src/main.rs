//! The approval function as a Lambda function.

#![recursion_limit = "256"]

use std::time::Duration;

use approval::{Approval, ApprovalPorts};
use aws_keys::KmsSigner;
use aws_ledger::DynamoLedger;
use aws_queues::{SqsOutcomes, SqsWork};
use aws_secrets::Secrets;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use servicenow::{Instance, Limits, Reader, Session};
use shell::environment::{parsed, required};
use shell::metrics::Metered;
use shell::request::Received;

/// The approval function on AWS.
struct Aws;

impl ApprovalPorts for Aws {
    type Requests = Metered<DynamoLedger>;
    type Tokens = DynamoLedger;
    type ServiceNow = Reader;
    type Signer = KmsSigner;
    type Work = SqsWork;
    type Outcomes = SqsOutcomes;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shell::log::start();
    let aws = shell::aws(Duration::from_secs(4))?;
    let secret = Secrets::new(&aws)
        .get(&required("SERVICENOW_SECRET_ARN")?)
        .await?;
    let instance: Instance = parsed("SERVICENOW_URL")?;
    // Somebody waits for the page: rather say soon that ServiceNow does not answer.
    let (connect, total) = (Duration::from_secs(2), Duration::from_secs(4));
    let limits = Limits {
        connect,
        total,
        ..Limits::default()
    };
    let installation = shell::environment::installation(instance.origin())?;
    let ledger = DynamoLedger::new(
        &aws,
        required("REQUESTS_TABLE")?,
        Some(required("TOKENS_TABLE")?),
    );
    let approval = Approval::<Aws> {
        requests: Metered(ledger.clone()),
        tokens: ledger,
        servicenow: Reader::new(Session::with_limits(
            instance,
            secret.expose().parse()?,
            limits,
            shell::clock(),
        )?),
        signer: KmsSigner::new(&aws, required("APPROVAL_KEY_ID")?),
        work: SqsWork::new(&aws, required("WORK_QUEUE_URL")?),
        outcomes: SqsOutcomes::new(&aws, required("OUTCOMES_QUEUE_URL")?),
        guardrails: shell::guardrails::load()?,
        installation,
        origins: ["APPROVAL_URL", "FORMER_APPROVAL_URLS"]
            .into_iter()
            .flat_map(shell::environment::origins)
            .collect(),
        hold: parsed("HOLD")?,
    };
    let approval = &approval;
    run(service_fn(async |event: LambdaEvent<Received>| {
        Ok::<_, Error>(approval.receive(&event.payload, shell::now()).await)
    }))
    .await
}
