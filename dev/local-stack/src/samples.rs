//! The recorded events in `events/`, run by AWS's Runtime Interface Emulator: the function's real
//! binary behind Lambda's own runtime API, without a container. The functions find the tables and
//! queues of the running stack.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::aws::{self, LocalAws, LocalAwsError};
use crate::checkout::Checkout;
use crate::environments::Environment;
use crate::ports::{self, PortError, Ports};
use crate::stack::LocalStack;
use crate::terminal::line;
use crate::up::{self, UpError};

/// How long a function may take to start and answer.
const PATIENCE: Duration = Duration::from_secs(20);
const INVOKE: &str = "2015-03-31/functions/function/invocations";

/// What an answer must hold: JSON pointer → value.
type Expected = BTreeMap<String, BTreeMap<String, Value>>;

/// Why the recorded events did not run.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// A file cannot be used.
    #[error("cannot use `{path}`")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file is not JSON of the right shape.
    #[error("`{path}` does not have the right shape")]
    Shape {
        /// The file.
        path: PathBuf,
        /// What the reader of JSON says, with line and column.
        source: serde_json::Error,
    },
    /// Nothing is said about an event, or the event is missing.
    #[error("`events/expected.json` and the folder do not agree on `{0}`")]
    Unpaired(String),
    /// The emulator does not listen.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The emulator does not answer.
    #[error("the runtime interface emulator does not answer")]
    Silent(#[from] reqwest::Error),
    /// The local AWS refused.
    #[error(transparent)]
    Aws(#[from] LocalAwsError),
    /// The stack did not come up.
    #[error(transparent)]
    Up(#[from] Box<UpError>),
    /// An answer is not the one that is expected.
    #[error("`{event}`: `{pointer}` is {found}, not {wanted}")]
    Other {
        /// The event.
        event: String,
        /// Where in the answer.
        pointer: String,
        /// What is there.
        found: Value,
        /// What should be there.
        wanted: Value,
    },
}

/// Runs all recorded events, on the running stack or on one brought up for it.
pub async fn run(checkout: &Checkout) -> Result<(), SampleError> {
    let (stack, reused) = up::ensure(checkout).await.map_err(Box::new)?;
    let outcome = all(checkout, &stack).await;
    if !reused {
        up::down(checkout).map_err(Box::new)?;
    }
    outcome
}

/// Runs all recorded events on a stack.
pub async fn all(checkout: &Checkout, stack: &LocalStack) -> Result<(), SampleError> {
    let expected = expected(checkout)?;
    let emulator = emulator(checkout)?;
    for (event, wanted) in &expected {
        let function = event.split('/').next().unwrap_or_default();
        let answer = invoke(checkout, stack, &emulator, function, event).await?;
        for (pointer, wanted) in wanted {
            let found = answer.pointer(pointer).cloned().unwrap_or_default();
            if found != *wanted {
                let (event, pointer, wanted) = (event.clone(), pointer.clone(), wanted.clone());
                return Err(SampleError::Other {
                    event,
                    pointer,
                    found,
                    wanted,
                });
            }
        }
        line(&format!("  ok event {event}"));
    }
    Ok(())
}

/// What each event is answered with. Every event of the folder must be there, and no other.
fn expected(checkout: &Checkout) -> Result<Expected, SampleError> {
    let path = checkout.path("events/expected.json");
    let text = read(&path)?;
    let expected: Expected =
        serde_json::from_slice(&text).map_err(|source| SampleError::Shape { path, source })?;
    for function in crate::binaries::FUNCTIONS {
        let folder = checkout.path(&format!("events/{function}"));
        let entries = std::fs::read_dir(&folder).map_err(|source| SampleError::File {
            path: folder,
            source,
        })?;
        for entry in entries.flatten() {
            let name = format!("{function}/{}", entry.file_name().to_string_lossy());
            if !expected.contains_key(&name) {
                return Err(SampleError::Unpaired(name));
            }
        }
    }
    let there = |name: &&String| checkout.path(&format!("events/{name}")).is_file();
    match expected.keys().find(|name| !there(name)) {
        Some(name) => Err(SampleError::Unpaired(name.clone())),
        None => Ok(expected),
    }
}

/// The emulator, which ships inside AWS SAM CLI, as an executable file.
fn emulator(checkout: &Checkout) -> Result<PathBuf, SampleError> {
    let machine = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    };
    let lib = Environment::Sam.program(checkout, "../lib");
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| SampleError::File { path, source }
    };
    let python = std::fs::read_dir(&lib)
        .map_err(failed(&lib))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.join("site-packages/samcli").is_dir())
        .unwrap_or_default();
    let shipped = python.join(format!(
        "site-packages/samcli/local/rapid/aws-lambda-rie-{machine}"
    ));
    let target = checkout.local("aws-lambda-rie");
    std::fs::copy(&shipped, &target).map_err(failed(&shipped))?;
    std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o755))
        .map_err(failed(&target))?;
    Ok(target)
}

/// Starts a function behind the emulator, sends one event, and ends it.
async fn invoke(
    checkout: &Checkout,
    stack: &LocalStack,
    emulator: &Path,
    function: &str,
    event: &str,
) -> Result<Value, SampleError> {
    let body = read(&checkout.path(&format!("events/{event}")))?;
    let ports = Ports::free()?;
    let folder = checkout.local(&format!("functions/{function}"));
    let (front, runtime) = (
        ports::loopback(ports.aws),
        ports::loopback(ports.servicenow),
    );
    let mut child = tokio::process::Command::new(emulator)
        .args(["--runtime-interface-emulator-address", &front.to_string()])
        .args(["--runtime-api-address", &runtime.to_string()])
        .arg(folder.join("bootstrap"))
        .current_dir(&folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(environment(checkout, stack, function).await?)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .process_group(0)
        .spawn()
        .map_err(|source| SampleError::File {
            path: emulator.to_owned(),
            source,
        })?;
    let answer = ask(&format!("http://{front}/{INVOKE}"), ports.aws, body).await;
    if let Some(group) = child
        .id()
        .and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()))
    {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.wait().await;
    answer
}

async fn ask(url: &str, port: u16, body: Vec<u8>) -> Result<Value, SampleError> {
    ports::wait(port, PATIENCE).await?;
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .build()?;
    let answer = client.post(url).body(body).send().await?.bytes().await?;
    Ok(serde_json::from_slice(&answer)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&answer).into_owned())))
}

/// The deployed function's own environment.
async fn environment(
    checkout: &Checkout,
    stack: &LocalStack,
    function: &str,
) -> Result<BTreeMap<String, String>, SampleError> {
    let name = stack.functions.get(function).cloned().unwrap_or_default();
    let aws = LocalAws::new(checkout, &stack.aws_endpoint, &stack.region);
    let asked = json!({ "FunctionName": name });
    let call = aws::call("test", "lambda", "get_function_configuration", &asked);
    let configured = aws.run(vec![call]).await?.pop().unwrap_or_default();
    let variables = configured
        .pointer("/Environment/Variables")
        .and_then(Value::as_object);
    let mut all: BTreeMap<String, String> = variables
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    for (name, value) in [
        ("AWS_ENDPOINT_URL", stack.aws_endpoint.as_str()),
        ("AWS_REGION", &stack.region),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_LAMBDA_FUNCTION_NAME", &name),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ] {
        all.insert(name.to_owned(), value.to_owned());
    }
    Ok(all)
}

fn read(path: &Path) -> Result<Vec<u8>, SampleError> {
    std::fs::read(path).map_err(|source| SampleError::File {
        path: path.to_owned(),
        source,
    })
}
