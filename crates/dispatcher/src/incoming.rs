//! What the queues of the dispatcher bring.

use jiff::Timestamp;
use snowgate_core::aggregate::Aggregate;
use snowgate_core::bounce::Bounce;
use snowgate_core::id::RequestId;

use crate::{DispatchError, Dispatcher, DispatcherPorts};

/// A message of the queue `requests` or `bounces`.
#[derive(Debug, Clone)]
pub enum Incoming {
    /// Look at a request.
    WakeUp(RequestId),
    /// An e-mail did not arrive.
    Bounce(Bounce),
}

impl Incoming {
    /// Reads the body of a message, and names the request that it is about. None where it is
    /// neither of both.
    #[must_use]
    pub fn read(body: &str) -> Option<(String, Self)> {
        if let Ok(Aggregate::Request(id)) = Aggregate::from_body(body) {
            return Some((id.to_string(), Self::WakeUp(id)));
        }
        let bounce = Bounce::parse(body).ok()?;
        Some((bounce.tags.request.to_string(), Self::Bounce(bounce)))
    }

    /// The request that it is about.
    #[must_use]
    pub const fn request(&self) -> &RequestId {
        match self {
            Self::WakeUp(id) => id,
            Self::Bounce(bounce) => &bounce.tags.request,
        }
    }
}

impl<P: DispatcherPorts> Dispatcher<P> {
    /// Does what a message is about.
    ///
    /// # Errors
    /// Where it is to be tried again.
    pub async fn take(&self, message: Incoming, now: Timestamp) -> Result<(), DispatchError> {
        match message {
            Incoming::WakeUp(id) => self.handle(&id, now).await,
            Incoming::Bounce(bounce) => self.bounced(&bounce, now).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wake_ups_and_reports_are_told_apart() {
        let id = RequestId::from_random([1; 16]);
        let wake_up = Aggregate::Request(id.clone()).body();
        assert!(
            matches!(Incoming::read(&wake_up), Some((of, Incoming::WakeUp(_))) if of == id.as_str())
        );
        let report = format!(
            r#"{{"email":"complained","message":"m-1","request":["{id}"],"approver":["{}"]}}"#,
            "0a".repeat(16)
        );
        assert!(
            matches!(Incoming::read(&report), Some((of, Incoming::Bounce(_))) if of == id.as_str())
        );
        for bad in ["", "{}", r#"{"kind":"request","id":"me"}"#, "[]"] {
            assert!(Incoming::read(bad).is_none(), "{bad}");
        }
    }
}
