//! The reporter as a Lambda function.

#![recursion_limit = "256"]

use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use aws_ledger::DynamoLedger;
use aws_mail::SesMailer;
use aws_secrets::Secrets;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use reporter::{Reporter, ReporterPorts};
use servicenow::{Instance, Reader, Session, Writer};
use shell::environment::{optional, parsed, required};
use shell::metrics::Metered;
use snowgate_core::ticket_note::OutcomeFields;

/// The reporter on AWS.
struct Aws;

impl ReporterPorts for Aws {
    type Requests = Metered<DynamoLedger>;
    type Tickets = Writer;
    type ServiceNow = Reader;
    type Mailer = SesMailer;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shell::log::start();
    let aws = shell::aws(Duration::from_secs(8))?;
    let secrets = Secrets::new(&aws);
    let write = secrets.get(&required("SERVICENOW_SECRET_ARN")?).await?;
    let read = secrets
        .get(&required("SERVICENOW_READ_SECRET_ARN")?)
        .await?;
    let instance: Instance = parsed("SERVICENOW_URL")?;
    let installation = shell::environment::installation(instance.origin())?;
    let reporter = Reporter::<Aws> {
        requests: Metered(DynamoLedger::new(&aws, required("REQUESTS_TABLE")?, None)),
        tickets: Writer::new(Session::new(
            instance.clone(),
            write.expose().parse()?,
            shell::clock(),
        )?),
        servicenow: Reader::new(Session::new(
            instance,
            read.expose().parse()?,
            shell::clock(),
        )?),
        mailer: SesMailer::new(&aws, required("SENDER")?, optional("CONFIGURATION_SET")),
        installation,
        mail_domains: shell::guardrails::load()?.mail_domains().to_vec(),
        fields: OutcomeFields::parse(&required("OUTCOME_FIELDS")?)?,
    };
    let reporter = &reporter;
    run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        let handle = async |id| reporter.handle(&id, shell::now()).await;
        Ok::<_, Error>(shell::batch::each(&event.payload, handle).await)
    }))
    .await
}
