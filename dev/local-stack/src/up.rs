//! Bringing the local stack up, and ending it.

mod credentials;
mod description;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::aws::{LocalAws, LocalAwsError};
use crate::binaries::{self, LocalBinaries, LocalBuildError};
use crate::checkout::Checkout;
use crate::clients::CredentialError;
use crate::environments::{Environment, PythonEnvironmentError};
use crate::hub::{self, HubError, REGION};
use crate::members::{self, MemberError};
use crate::organisation::OrganisationError;
use crate::ports::{self, PortError, Ports};
use crate::processes::{LocalProcessError, Processes};
use crate::stack::{LocalStack, LocalStackError, write_private};
use crate::terminal::{self, TimedStep};
use credentials::StackCredentials;
use description::{assemble, describe};

/// How long a server may take to listen.
const LISTENS: Duration = Duration::from_secs(30);

/// Why the stack did not come up.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// It was interrupted.
    #[error("interrupted; everything that was started has ended")]
    Interrupted,
    /// A folder could not be made.
    #[error("`.local` cannot be used")]
    Folder(#[source] std::io::Error),
    /// Signals cannot be waited for.
    #[error("signals cannot be waited for")]
    Signals(#[source] std::io::Error),
    /// A Python environment is missing or could not be made.
    #[error(transparent)]
    Environment(#[from] PythonEnvironmentError),
    /// The functions could not be built.
    #[error(transparent)]
    Build(#[from] LocalBuildError),
    /// No port is free, or a chosen one is taken.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A program could not be started, or ended early.
    #[error(transparent)]
    Process(#[from] LocalProcessError),
    /// Credentials of the clients could not be made.
    #[error(transparent)]
    Client(#[from] CredentialError),
    /// The hub could not be deployed.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// A target account could not be prepared.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// The organisation of the local AWS could not be made.
    #[error(transparent)]
    Organisation(#[from] OrganisationError),
    /// The local AWS could not be asked.
    #[error(transparent)]
    Aws(#[from] LocalAwsError),
    /// What runs could not be noted or read.
    #[error(transparent)]
    Stack(#[from] LocalStackError),
}

/// Brings the stack up, unless it runs.
pub async fn up(checkout: &Checkout) -> Result<(), UpError> {
    let (stack, reused) = ensure(checkout).await?;
    if reused {
        terminal::line("The local stack runs already.");
    }
    show(&stack);
    Ok(())
}

/// The running stack, or a new one; true if it was running before. On failure and on Ctrl-C,
/// whatever was started has ended when this returns.
pub async fn ensure(checkout: &Checkout) -> Result<(LocalStack, bool), UpError> {
    std::fs::create_dir_all(checkout.local("")).map_err(UpError::Folder)?;
    // A second run here waits for the first, and then finds its stack.
    let lock = std::fs::File::create(checkout.local("lock")).map_err(UpError::Folder)?;
    lock.lock().map_err(UpError::Folder)?;
    if let Ok(stack) = running(checkout) {
        return Ok((stack, true));
    }
    down(checkout)?;
    std::fs::create_dir_all(checkout.local("tmp")).map_err(UpError::Folder)?;
    std::fs::create_dir_all(checkout.local("logs")).map_err(UpError::Folder)?;
    let mut processes = Processes::load(checkout);
    let outcome = tokio::select! {
        outcome = start(checkout, &mut processes) => outcome,
        interrupted = interruption() => interrupted.and(Err(UpError::Interrupted)),
    };
    match outcome {
        Ok(stack) => Ok((stack, false)),
        Err(error) => {
            processes.stop()?;
            let _ = std::fs::remove_file(checkout.local("stack.json"));
            Err(error)
        }
    }
}

/// Waits for Ctrl-C, SIGTERM or the end of the terminal.
pub async fn interruption() -> Result<(), UpError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(UpError::Signals)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(UpError::Signals)?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.map_err(UpError::Signals),
        _ = terminate.recv() => Ok(()),
        _ = hang_up.recv() => Ok(()),
    }
}

/// Ends everything that was started here.
pub fn down(checkout: &Checkout) -> Result<(), UpError> {
    if !checkout.local("").is_dir() {
        return Ok(());
    }
    Processes::load(checkout).stop()?;
    for file in [
        "stack.json",
        "control-token",
        "servicenow.json",
        "iam-before.json",
    ] {
        let _ = std::fs::remove_file(checkout.local(file));
    }
    let _ = std::fs::remove_dir_all(checkout.local("tmp"));
    Ok(())
}

/// Says what runs.
pub fn status(checkout: &Checkout) -> Result<(), UpError> {
    let stack = LocalStack::load(checkout)?;
    for record in Processes::load(checkout).records() {
        terminal::line(&format!("{:<12} process {}", record.name, record.pid));
    }
    show(&stack);
    Ok(())
}

/// Builds again and deploys to the running stack.
pub async fn deploy_local(checkout: &Checkout) -> Result<(), UpError> {
    let stack = running(checkout)?;
    let port = |url: &str| {
        url.rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok())
            .unwrap_or_default()
    };
    let ports = Ports {
        aws: port(&stack.aws_endpoint),
        servicenow: port(&stack.servicenow_url),
        approval: port(&stack.approval_api),
        console: port(&stack.console_url),
    };
    binaries::build(checkout).await?;
    let aws = LocalAws::new(checkout, &stack.aws_endpoint, REGION);
    let step = TimedStep::begin("sam deploy");
    let outputs = hub::deploy(checkout, &aws, ports, &stack.api_key).await?;
    step.done();
    describe(&stack, &outputs)?.save(checkout)?;
    Ok(())
}

/// The stack, if all its processes are alive.
fn running(checkout: &Checkout) -> Result<LocalStack, LocalStackError> {
    let stack = LocalStack::load(checkout)?;
    if Processes::load(checkout).records().len() < 3 {
        return Err(LocalStackError::None);
    }
    Ok(stack)
}

fn show(stack: &LocalStack) {
    terminal::line(&format!("service API   {}", stack.service_api));
    terminal::line(&format!("approval page {}", stack.approval_api));
    terminal::line(&format!("console       {}", stack.console_url));
    terminal::line(&format!("ServiceNow    {}", stack.servicenow_url));
    terminal::line(&format!("local AWS     {}", stack.aws_endpoint));
}

/// Everything, in order; what does not depend on each other runs side by side.
async fn start(checkout: &Checkout, processes: &mut Processes) -> Result<LocalStack, UpError> {
    let (environments, built) = tokio::join!(environments(checkout), binaries::build(checkout));
    environments?;
    let built = built?;
    let ports = Ports::choose()?;
    let credentials = StackCredentials::new()?;
    let step = TimedStep::begin("local AWS and ServiceNow emulator");
    processes.start("aws", &mut ministack(checkout, ports.aws))?;
    processes.start(
        "servicenow",
        &mut emulator(&built, &credentials, ports.servicenow),
    )?;
    listening(processes, ports.aws).await?;
    listening(processes, ports.servicenow).await?;
    step.done();

    let aws = LocalAws::new(checkout, &format!("http://127.0.0.1:{}", ports.aws), REGION);
    let step = TimedStep::begin("sam deploy, member accounts");
    let (outputs, members) = tokio::join!(
        hub::deploy(checkout, &aws, ports, &credentials.api_key),
        members::deploy(checkout, &aws)
    );
    let (outputs, ()) = (outputs?, members?);
    step.done();

    let step = TimedStep::begin("secrets, sender, approval page, console");
    let stack = assemble(checkout, ports, &credentials, &outputs)?;
    aws.run(credentials.steps(&stack)?).await?;
    write_private(&stack.control_token_file, &credentials.control_token)?;
    stack.save(checkout)?;
    processes.start("serve", &mut serve(checkout)?)?;
    listening(processes, ports.approval).await?;
    listening(processes, ports.console).await?;
    step.done();
    Ok(stack)
}

async fn environments(checkout: &Checkout) -> Result<(), PythonEnvironmentError> {
    Environment::MiniStack.ensure(checkout).await?;
    Environment::Sam.ensure(checkout).await
}

async fn listening(processes: &mut Processes, port: u16) -> Result<(), UpError> {
    let waited = ports::wait(port, LISTENS).await;
    processes.check()?;
    Ok(waited?)
}

/// MiniStack through the launcher. The functions inherit this environment: nothing secret in it.
fn ministack(checkout: &Checkout, port: u16) -> Command {
    let mut command = Command::new(Environment::MiniStack.program(checkout, "python"));
    command
        .arg(checkout.path("local/ministack_launcher.py"))
        .current_dir(checkout.local(""))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", checkout.local("tmp"))
        .env("TMPDIR", checkout.local("tmp"))
        .env("GATEWAY_PORT", port.to_string())
        .env("AUTH", "true")
        .env("BIND_HOST", "127.0.0.1")
        .env("MINISTACK_HOST", "127.0.0.1")
        .env("MINISTACK_REGION", REGION)
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
        .env("IOT_MTLS_ENABLED", "0");
    command
}

fn emulator(built: &LocalBinaries, credentials: &StackCredentials, port: u16) -> Command {
    let mut command = Command::new(&built.emulator);
    command
        .args(["--port", &port.to_string()])
        .env("SERVICENOW_READ_CLIENT_ID", &credentials.read.id)
        .env("SERVICENOW_READ_CLIENT_SECRET", &credentials.read.secret)
        .env("SERVICENOW_READ_PASSWORD", &credentials.read.secret)
        .env("SERVICENOW_WRITE_USER", &credentials.write.id)
        .env("SERVICENOW_WRITE_PASSWORD", &credentials.write.secret)
        .env("SERVICENOW_CONTROL_TOKEN", &credentials.control_token)
        .env("SNOWGATE_CLIENT_ID", &credentials.servicenow.id)
        .env("SNOWGATE_CLIENT_SECRET", &credentials.servicenow.secret)
        .env("SNOWGATE_API_KEY", &credentials.api_key);
    command
}

fn serve(checkout: &Checkout) -> Result<Command, UpError> {
    // The build just now may have written this program anew; what runs is still there.
    let own = std::env::current_exe().map_err(UpError::Folder)?;
    let running = PathBuf::from("/proc/self/exe");
    let mut command = Command::new(if own.exists() { own } else { running });
    command.arg("serve").current_dir(checkout.root());
    Ok(command)
}
