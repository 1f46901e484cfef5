//! The ports of a local stack: free ones, unless the environment names them.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// The four ports, all on 127.0.0.1.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Ports {
    /// The local AWS.
    pub aws: u16,
    /// The ServiceNow emulator.
    pub servicenow: u16,
    /// The approval page's own origin.
    pub approval: u16,
    /// The console.
    pub console: u16,
}

/// Why there are no ports.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// The environment names something that is no port.
    #[error("`{0}` is not a port number")]
    NotAPort(&'static str),
    /// Somebody else listens there.
    #[error("port {port} (`{variable}`) is taken")]
    Taken {
        /// What named the port.
        variable: &'static str,
        /// The port.
        port: u16,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Nothing answered in time.
    #[error("nothing listens on port {0}")]
    Silent(u16),
}

impl Ports {
    /// Takes the ports that the environment names and free ones for the others.
    pub(crate) fn choose() -> Result<Self, PortError> {
        Self::take(|variable| match std::env::var(variable) {
            Ok(text) if !text.is_empty() => text.parse().map_err(|_| PortError::NotAPort(variable)),
            _ => Ok(0),
        })
    }

    /// Takes free ports, whatever the environment says.
    pub(crate) fn free() -> Result<Self, PortError> {
        Self::take(|_| Ok(0))
    }

    fn take(wanted: impl Fn(&'static str) -> Result<u16, PortError>) -> Result<Self, PortError> {
        let listener = |variable| listener(variable, wanted(variable)?);
        // All four listeners live until the choice is complete: no port is handed out twice.
        let aws = listener("SNOWGATE_PORT_AWS")?;
        let servicenow = listener("SNOWGATE_PORT_SERVICENOW")?;
        let approval = listener("SNOWGATE_PORT_APPROVAL")?;
        let console = listener("SNOWGATE_PORT_CONSOLE")?;
        Ok(Self {
            aws: number(&aws)?,
            servicenow: number(&servicenow)?,
            approval: number(&approval)?,
            console: number(&console)?,
        })
    }
}

fn listener(variable: &'static str, port: u16) -> Result<TcpListener, PortError> {
    TcpListener::bind(loopback(port)).map_err(|source| PortError::Taken {
        variable,
        port,
        source,
    })
}

fn number(listener: &TcpListener) -> Result<u16, PortError> {
    listener
        .local_addr()
        .map(|address| address.port())
        .map_err(|source| PortError::Taken {
            variable: "any",
            port: 0,
            source,
        })
}

/// An address on 127.0.0.1.
pub(crate) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Waits until something listens on a port.
pub(crate) async fn wait(port: u16, limit: Duration) -> Result<(), PortError> {
    let begun = Instant::now();
    while begun.elapsed() < limit {
        if tokio::net::TcpStream::connect(loopback(port)).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(PortError::Silent(port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_ports_differ() {
        let ports = Ports::free().unwrap();
        let mut all = [ports.aws, ports.servicenow, ports.approval, ports.console];
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]) && all[0] > 0);
    }
}
