//! Snowgate's own stack on the local AWS: deployed by the real `sam deploy`.

use std::collections::BTreeMap;
use std::process::Stdio;

use serde_json::{Value, json};
use snowgate::python::{Program, ProgramError, ProgramText};

use crate::aws::{self, LocalAws, LocalAwsError};
use crate::checkout::Checkout;
use crate::environments::Environment;
use crate::ports::Ports;

/// The stack's name.
pub(crate) const STACK: &str = "snowgate";
/// The region that the local AWS plays.
pub(crate) const REGION: &str = "eu-west-1";
/// The external id of the local member roles.
pub(crate) const EXTERNAL_ID: &str = "snowgate-local";
/// The address that local e-mail comes from.
pub(crate) const SENDER: &str = "snowgate@brightwater.example";

/// The outputs of the stack.
pub(crate) type Outputs = BTreeMap<String, String>;

/// Why the stack could not be deployed.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// A tool could not be run.
    #[error("`{tool}` could not be run")]
    Run {
        /// The tool.
        tool: &'static str,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A tool failed.
    #[error("`{tool}` failed:\n{said}")]
    Failed {
        /// The tool.
        tool: &'static str,
        /// The end of what it said.
        said: String,
    },
    /// The template could not be pointed to the local binaries.
    #[error("the template could not be made")]
    Template(#[from] ProgramError),
    /// The local AWS refused.
    #[error("the stack's outputs cannot be read")]
    Aws(#[from] LocalAwsError),
    /// An output is missing.
    #[error("the stack has no output `{0}`")]
    NoOutput(String),
}

/// Deploys the stack and reads its outputs.
pub(crate) async fn deploy(
    checkout: &Checkout,
    aws: &LocalAws,
    ports: Ports,
    api_key: &str,
) -> Result<Outputs, HubError> {
    localise(checkout).await?;
    let output = sam(checkout, ports.aws)
        .args([
            "deploy",
            "--stack-name",
            STACK,
            "--resolve-s3",
            "--no-progressbar",
        ])
        .args([
            "--capabilities",
            "CAPABILITY_NAMED_IAM",
            "CAPABILITY_AUTO_EXPAND",
        ])
        .args([
            "--no-confirm-changeset",
            "--no-fail-on-empty-changeset",
            "--template-file",
        ])
        .arg(checkout.local("template.yaml"))
        .arg("--parameter-overrides")
        .args(parameters(ports, api_key))
        .output()
        .await
        .map_err(|source| HubError::Run {
            tool: "sam deploy",
            source,
        })?;
    log(checkout, &output.stdout, &output.stderr);
    if !output.status.success() {
        return Err(HubError::Failed {
            tool: "sam deploy",
            said: tail(&output),
        });
    }
    outputs(aws).await
}

/// The template's parameters for this machine.
fn parameters(ports: Ports, api_key: &str) -> Vec<String> {
    vec![
        format!("ServiceNowUrl=http://127.0.0.1:{}", ports.servicenow),
        format!("ApprovalUrl=http://127.0.0.1:{}", ports.approval),
        format!("Sender={SENDER}"),
        format!("ExternalId={EXTERNAL_ID}"),
        format!("Architecture={}", architecture()),
        "OrganizationName=Brightwater".to_owned(),
        "AlarmEmail=operators@brightwater.example".to_owned(),
        "ProtectData=false".to_owned(),
        format!("ServiceNowApiKeyValue={api_key}"),
        // Tests call more often than ServiceNow does.
        "ClientRate=1000".to_owned(),
        "ClientBurst=1000".to_owned(),
        "ClientDailyQuota=1000000".to_owned(),
        "UserPool=true".to_owned(),
        format!("UserPoolKeysOrigin=http://127.0.0.1:{}", ports.aws),
    ]
}

/// The processor architecture of this machine, in Lambda's words.
const fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    }
}

/// SAM CLI against the local AWS, from an empty configuration.
fn sam(checkout: &Checkout, port: u16) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(Environment::Sam.program(checkout, "sam"));
    command
        .env("SAM_CLI_TELEMETRY", "0")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", REGION)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
        .env("AWS_CONFIG_FILE", checkout.local("no-aws-config"))
        .env(
            "AWS_SHARED_CREDENTIALS_FILE",
            checkout.local("no-aws-credentials"),
        )
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_SESSION_TOKEN")
        // samconfig.toml is for AWS; `.local` has none.
        .current_dir(checkout.local(""))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Writes `.local/template.yaml`.
async fn localise(checkout: &Checkout) -> Result<(), HubError> {
    let order = json!({
        "template": checkout.path("template.yaml"),
        "output": checkout.local("template.yaml"),
        "functions": checkout.local("functions"),
    });
    let program = Program {
        name: "local/template.py",
        text: ProgramText::File(&checkout.path("local/template.py")),
    };
    let python = Environment::Sam.program(checkout, "python");
    program.ask(&python, &order).await?;
    Ok(())
}

/// The end of what a tool said.
fn tail(output: &std::process::Output) -> String {
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<_> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let from = lines.len().saturating_sub(30);
    lines.get(from..).unwrap_or_default().join("\n")
}

fn log(checkout: &Checkout, out: &[u8], errors: &[u8]) {
    let _ = std::fs::write(
        checkout.local("logs/sam-deploy.log"),
        [out, errors].concat(),
    );
}

async fn outputs(aws: &LocalAws) -> Result<Outputs, HubError> {
    let describe = json!({ "StackName": STACK });
    let mut results = aws
        .run(vec![aws::call(
            "test",
            "cloudformation",
            "describe_stacks",
            &describe,
        )])
        .await?;
    let mut stack = results.pop().unwrap_or_default();
    let listed = stack
        .pointer_mut("/Stacks/0/Outputs")
        .map(Value::take)
        .unwrap_or_default();
    let entries = listed.as_array().cloned().unwrap_or_default();
    let text = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    Ok(entries
        .iter()
        .filter_map(|entry| Some((text(entry, "OutputKey")?, text(entry, "OutputValue")?)))
        .collect())
}

/// One output.
pub(crate) fn output(outputs: &Outputs, name: &str) -> Result<String, HubError> {
    outputs
        .get(name)
        .cloned()
        .ok_or_else(|| HubError::NoOutput(name.to_owned()))
}

/// Puts a secret's value in; it travels on standard input only.
pub(crate) fn put_secret(arn: &str, value: &Value) -> Value {
    let arguments = json!({ "SecretId": arn, "SecretString": value.to_string() });
    aws::call("test", "secretsmanager", "put_secret_value", &arguments)
}

/// Verifies the sender, which on AWS is done once by hand.
pub(crate) fn verify_sender() -> Value {
    let arguments = json!({ "EmailIdentity": SENDER });
    let step = aws::call("test", "sesv2", "create_email_identity", &arguments);
    aws::tolerant(step, &["AlreadyExistsException"])
}
