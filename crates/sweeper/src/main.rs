//! The sweeper as a Lambda function.

#![recursion_limit = "256"]

use std::time::Duration;

use aws_ledger::DynamoLedger;
use aws_queues::{SqsOutcomes, SqsQueues, SqsRequests, SqsWork};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use shell::environment::{parsed, required};
use shell::metrics::{Metered, measure_run};
use sweeper::{Reconciled, Sweeper, SweeperPorts, Swept};

/// The sweeper on AWS.
struct Aws;

impl SweeperPorts for Aws {
    type Requests = Metered<DynamoLedger>;
    type Index = DynamoLedger;
    type Identities = DynamoLedger;
    type Queues = SqsQueues;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shell::log::start();
    let aws = shell::aws(Duration::from_secs(8))?;
    let ledger = DynamoLedger::new(&aws, required("REQUESTS_TABLE")?, None);
    let sweeper = Sweeper::<Aws> {
        requests: Metered(ledger.clone()),
        identities: ledger.clone(),
        index: ledger,
        queues: SqsQueues {
            requests: SqsRequests::new(&aws, required("REQUESTS_QUEUE_URL")?),
            work: SqsWork::new(&aws, required("WORK_QUEUE_URL")?),
            outcomes: SqsOutcomes::new(&aws, required("OUTCOMES_QUEUE_URL")?),
        },
        pending_for: parsed("PENDING_FOR")?,
    };
    let sweeper = &sweeper;
    run(service_fn(async |event: LambdaEvent<Value>| {
        let now = shell::now();
        let measured = match event.payload.get("task").and_then(Value::as_str) {
            Some("reconcile") => sweeper.reconcile(now).await.map(Reconciled::measured),
            _ => sweeper.sweep(now).await.map(Swept::measured),
        };
        measure_run(&measured?, now);
        Ok::<_, Error>(())
    }))
    .await
}
