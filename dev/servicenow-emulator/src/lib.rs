//! A ServiceNow for one machine: the Table API with the bad habits of real
//! instances, OAuth, faults on demand, and the REST message that calls Snowgate.
//!
//! Everything is in memory and listens on 127.0.0.1 only. Tests start it in
//! their own process with [`Emulator::start`]; the binary serves the local stack.
//!
#![doc = include_str!("../seed/organisation.md")]

mod access;
mod answer;
mod call;
mod calls;
mod clock;
mod config;
mod control;
mod control_error;
mod fault;
mod identity;
mod oauth;
mod query;
mod raise;
mod read;
mod render;
mod schema;
mod seed;
mod store;
mod table_api;
mod tickets;
mod world;
mod write;

use std::future::IntoFuture as _;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use config::{Config, ConfigError, Login, Secret, ServiceCredentials};
pub use fault::{FaultKind, FaultRule};
pub use seed::SeedError;

/// How long calls under way may take after the emulator was told to stop.
const GRACE: Duration = Duration::from_secs(3);

/// The emulator before it runs.
#[derive(Debug)]
pub struct Emulator;

/// Why the emulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port could not be taken.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What went wrong.
        source: io::Error,
    },
    /// The seed does not fit the tables.
    #[error("the seeded organisation cannot be loaded")]
    Seed(#[from] SeedError),
    /// The client for raising requests could not be built.
    #[error("the client for raising requests cannot be built")]
    Client(#[from] reqwest::Error),
}

/// An emulator that listens. Dropping it ends the listening at once.
#[derive(Debug)]
pub struct Running {
    /// `http://127.0.0.1:port`, without a slash at the end.
    pub base_url: String,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Emulator {
    /// Loads the seed and starts to listen; answers come from the moment this returns.
    ///
    /// # Errors
    /// The port is taken, or the seed does not fit the tables.
    pub async fn start(config: Config) -> Result<Running, StartError> {
        let port = config.port;
        let listen = |source| StartError::Listen { port, source };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let base_url = format!("http://{}", listener.local_addr().map_err(listen)?);
        let app = Arc::new(world::App::new(config, base_url.clone(), raise::client()?)?);
        let router = Router::new()
            .merge(control::router(&app))
            .route("/oauth_token.do", any(table_api::serve))
            .fallback(table_api::serve)
            .with_state(app);
        let (stop, stopped) = oneshot::channel::<()>();
        let server = axum::serve(listener, router).with_graceful_shutdown(async {
            // An error means that the sender is gone, which also ends the emulator.
            drop(stopped.await);
        });
        let task = tokio::spawn(async move {
            if let Err(error) = server.into_future().await {
                tracing::error!(%error, "the server ended");
            }
        });
        Ok(Running {
            base_url,
            stop: Some(stop),
            task,
        })
    }
}

impl Running {
    /// Stops: no new calls, those under way may end within three seconds.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // The receiver is gone only if the server has ended already.
            let _ = stop.send(());
        }
        if tokio::time::timeout(GRACE, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}
