//! The authorizer as a Lambda function.

mod call;

use std::time::Duration;

use authorizer::{Authorizer, ClientsSecret};
use aws_secrets::Secrets;
use call::Call;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use ports::CallError;
use shell::environment::required;

struct StoredSecret {
    secrets: Secrets,
    arn: String,
}

impl ClientsSecret for StoredSecret {
    async fn read(&self) -> Result<String, CallError> {
        Ok(self.secrets.get(&self.arn).await?.expose().to_owned())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shell::log::start();
    let arn = required("CLIENTS_SECRET_ARN")?;
    let secrets = Secrets::new(&shell::aws(Duration::from_secs(3)));
    let authorizer = Authorizer::new(StoredSecret { secrets, arn });
    authorizer.warm_up().await;
    let authorizer = &authorizer;
    run(service_fn(async |event: LambdaEvent<Call>| {
        let decided = authorizer.authorize(&event.payload.into()).await;
        decided.map_err(|unauthorized| Diagnostic {
            error_type: "Unauthorized".to_owned(),
            error_message: unauthorized.to_string(),
        })
    }))
    .await
}
