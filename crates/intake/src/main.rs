//! The intake as a Lambda function.

#![recursion_limit = "256"]

use std::time::Duration;

use aws_ledger::DynamoLedger;
use aws_queues::{SqsOutcomes, SqsQueues, SqsRequests, SqsWork};
use intake::{Intake, IntakePorts};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use shell::environment::required;
use shell::metrics::Metered;
use shell::request::Received;

/// The intake on AWS.
struct Aws;

impl IntakePorts for Aws {
    type Requests = Metered<DynamoLedger>;
    type Index = DynamoLedger;
    type Queues = SqsQueues;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shell::log::start();
    let aws = shell::aws(Duration::from_secs(3))?;
    let ledger = DynamoLedger::new(&aws, required("REQUESTS_TABLE")?, None);
    let intake = Intake::<Aws> {
        requests: Metered(ledger.clone()),
        index: ledger,
        queues: SqsQueues {
            requests: SqsRequests::new(&aws, required("REQUESTS_QUEUE_URL")?),
            work: SqsWork::new(&aws, required("WORK_QUEUE_URL")?),
            outcomes: SqsOutcomes::new(&aws, required("OUTCOMES_QUEUE_URL")?),
        },
        guardrails: shell::guardrails::load()?,
    };
    let intake = &intake;
    run(service_fn(async |event: LambdaEvent<Received>| {
        Ok::<_, Error>(intake.receive(&event.payload, shell::now()).await)
    }))
    .await
}
