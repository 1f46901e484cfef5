//! The provisioner as a Lambda function.

#![recursion_limit = "256"]

use std::time::Duration;

use aws_iam::{MemberRole, RoleToAssume, in_sessions_about};
use aws_keys::KmsVerifier;
use aws_lambda_events::sqs::SqsEvent;
use aws_ledger::DynamoLedger;
use aws_queues::SqsOutcomes;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use provisioner::{Provisioner, ProvisionerPorts};
use serde_json::Value;
use shell::environment::{optional, parsed, required};
use shell::metrics::{Metered, Metric, Point, measure_run};
use snowgate_core::aggregate::Aggregate;

/// The provisioner on AWS.
struct Aws;

impl ProvisionerPorts for Aws {
    type Requests = Metered<DynamoLedger>;
    type Identities = DynamoLedger;
    type Effects = DynamoLedger;
    type Member = MemberRole;
    type Verifier = KmsVerifier;
    type Outcomes = SqsOutcomes;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shell::log::start();
    let aws = shell::aws(Duration::from_secs(10))?;
    let guardrails = shell::guardrails::load()?;
    let (role, external_id) = (required("MEMBER_ROLE_NAME")?, required("EXTERNAL_ID")?);
    let role = RoleToAssume::new(
        guardrails.partition(),
        &role,
        &external_id,
        "snowgate-provisioner",
    )?;
    let ledger = DynamoLedger::new(&aws, required("REQUESTS_TABLE")?, None);
    let provisioner = Provisioner::<Aws> {
        requests: Metered(ledger.clone()),
        identities: ledger.clone(),
        effects: ledger,
        member: MemberRole::new(&aws, role, shell::clock()),
        verifier: KmsVerifier::new(&aws, required("APPROVAL_KEY_ID")?)
            .or(optional("PREVIOUS_APPROVAL_KEY_ID")),
        outcomes: SqsOutcomes::new(&aws, required("OUTCOMES_QUEUE_URL")?),
        guardrails,
        hold: parsed("HOLD")?,
        look_again: Duration::from_secs(2),
        clock: shell::clock(),
    };
    let provisioner = &provisioner;
    run(service_fn(async |event: LambdaEvent<Value>| {
        if event.payload.get("task").and_then(Value::as_str) == Some("compare") {
            let now = shell::now();
            let unknown = provisioner.compare(now).await.unknown;
            measure_run(&[Point::times(Metric::UnknownPolicies, unknown)], now);
            return Ok(Value::Null);
        }
        let messages: SqsEvent = serde_json::from_value(event.payload)?;
        let take = async |aggregate: Aggregate| {
            let work = Box::pin(provisioner.take(&aggregate, shell::now()));
            match &aggregate {
                Aggregate::Request(id) => in_sessions_about(id.as_str(), work).await,
                // What is to end on a principal is of several requests.
                Aggregate::Principal(_) | Aggregate::Identity(_) => work.await,
            }
        };
        let read = |body: &str| {
            let aggregate = Aggregate::from_body(body).ok()?;
            Some((aggregate.to_string(), aggregate))
        };
        let answer = shell::batch::each_as(&messages, read, take).await;
        Ok::<_, Error>(serde_json::to_value(answer)?)
    }))
    .await
}
