//! `xtask serve`: the approval page's own origin and the console, in one process.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::checkout::Checkout;
use crate::console::{self, ConsoleError};
use crate::proxy;
use crate::stack::{LocalStack, LocalStackError};

/// Why the servers stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// There is no stack.
    #[error(transparent)]
    Stack(#[from] LocalStackError),
    /// An address of the stack file is none.
    #[error("`{0}` is not an address on 127.0.0.1")]
    Address(String),
    /// A port could not be used.
    #[error("a port could not be used")]
    Port(#[from] std::io::Error),
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be made")]
    Client(#[from] reqwest::Error),
    /// The console could not start.
    #[error("the console could not start")]
    Console(#[from] ConsoleError),
}

/// Serves both until the process is ended.
pub async fn serve(checkout: &Checkout) -> Result<(), ServeError> {
    let stack = LocalStack::load(checkout)?;
    let approval = TcpListener::bind(address(&stack.approval_api)?).await?;
    let console_port = TcpListener::bind(address(&stack.console_url)?).await?;
    let proxy = proxy::router(&stack.approval_upstream, client()?);
    let console = console::router(checkout, &stack, client()?).await?;
    tokio::select! {
        ended = axum::serve(approval, proxy) => ended?,
        ended = axum::serve(console_port, console) => ended?,
    }
    Ok(())
}

/// A client that keeps no cookies, follows no redirects and uses no proxy.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(std::time::Duration::from_secs(30))
        .build()
}

fn address(url: &str) -> Result<SocketAddr, ServeError> {
    url.strip_prefix("http://")
        .and_then(|rest| rest.parse().ok())
        .filter(|address: &SocketAddr| address.ip().is_loopback())
        .ok_or_else(|| ServeError::Address(url.to_owned()))
}
