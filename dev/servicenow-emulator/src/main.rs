//! `servicenow-emulator`: serves the emulator until SIGTERM or Ctrl-C.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use serde_json::json;
use servicenow_emulator::{Config, Emulator};
use tokio::signal::unix::{SignalKind, signal};

/// A ServiceNow for one machine. Credentials come from the environment
/// (SERVICENOW_READ_PASSWORD, SERVICENOW_WRITE_PASSWORD, …; see the README) or from a file.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Where to write {"url": …} once it listens; removed when it stops.
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    /// JSON file with credentials, readable by its owner only.
    #[arg(long, value_name = "PATH")]
    credentials: Option<PathBuf>,
    /// Life of an access token in seconds.
    #[arg(long, default_value_t = 1_800)]
    token_seconds: u64,
    /// Calls served at once before a 429; without it there is no bound.
    #[arg(long, value_name = "N")]
    api_threads: Option<usize>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()),
        )
        .init();
    let arguments = Arguments::parse();
    let mut config = Config::load(arguments.credentials.as_deref(), &|name| {
        std::env::var(name).ok()
    })?;
    config.port = arguments.port;
    config.token_life = Duration::from_secs(arguments.token_seconds);
    config.api_threads = arguments.api_threads;
    // Before the address is known to anyone, so that a signal never finds the default action.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let running = Emulator::start(config).await?;
    tracing::info!(url = running.base_url, "listening");
    if let Some(path) = &arguments.ready_file {
        announce(path, &running.base_url)?;
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    running.stop().await;
    if let Some(path) = &arguments.ready_file {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

/// Writes the address so that a reader never sees half of it.
fn announce(path: &Path, url: &str) -> io::Result<()> {
    let partial = path.with_extension("partial");
    std::fs::write(&partial, format!("{}\n", json!({ "url": url })))?;
    std::fs::rename(partial, path)
}
