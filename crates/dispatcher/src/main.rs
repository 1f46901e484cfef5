//! The dispatcher as a Lambda function.

#![recursion_limit = "256"]

use std::time::Duration;

use aws_iam::{ReadRole, RoleToAssume, in_sessions_about};
use aws_lambda_events::sqs::SqsEvent;
use aws_ledger::DynamoLedger;
use aws_mail::SesMailer;
use aws_queues::SqsOutcomes;
use aws_secrets::Secrets;
use dispatcher::{Dispatcher, DispatcherPorts, Incoming};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use servicenow::{Instance, Reader, Session};
use shell::environment::{optional, parsed, required};
use shell::metrics::Metered;

/// The dispatcher on AWS.
struct Aws;

impl DispatcherPorts for Aws {
    type Requests = Metered<DynamoLedger>;
    type Identities = DynamoLedger;
    type ServiceNow = Reader;
    type Directory = ReadRole;
    type Mailer = SesMailer;
    type Outcomes = SqsOutcomes;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shell::log::start();
    let aws = shell::aws(Duration::from_secs(10))?;
    let secret = Secrets::new(&aws)
        .get(&required("SERVICENOW_SECRET_ARN")?)
        .await?;
    let instance: Instance = parsed("SERVICENOW_URL")?;
    let guardrails = shell::guardrails::load()?;
    let (role, external_id) = (required("READ_ROLE_NAME")?, required("EXTERNAL_ID")?);
    let role = RoleToAssume::new(
        guardrails.partition(),
        &role,
        &external_id,
        "snowgate-dispatcher",
    )?;
    let installation = shell::environment::installation(instance.origin())?;
    let ledger = DynamoLedger::new(
        &aws,
        required("REQUESTS_TABLE")?,
        Some(required("TOKENS_TABLE")?),
    );
    let dispatcher = Dispatcher::<Aws> {
        requests: Metered(ledger.clone()),
        identities: ledger,
        servicenow: Reader::new(Session::new(
            instance,
            secret.expose().parse()?,
            shell::clock(),
        )?),
        directory: ReadRole::new(&aws, role, shell::clock()),
        mailer: SesMailer::new(&aws, required("SENDER")?, optional("CONFIGURATION_SET")),
        outcomes: SqsOutcomes::new(&aws, required("OUTCOMES_QUEUE_URL")?),
        guardrails,
        installation,
        approval_url: required("APPROVAL_URL")?,
        pending_for: parsed("PENDING_FOR")?,
        remind_before: parsed("REMIND_BEFORE")?,
        notice_before_end: parsed("NOTICE_BEFORE_END")?,
    };
    let dispatcher = &dispatcher;
    run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        let take = async |message: Incoming| {
            let about = message.request().clone();
            in_sessions_about(about.as_str(), dispatcher.take(message, shell::now())).await
        };
        Ok::<_, Error>(shell::batch::each_as(&event.payload, Incoming::read, take).await)
    }))
    .await
}
