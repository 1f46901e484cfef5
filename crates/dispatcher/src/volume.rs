//! What is counted when approvers are asked.

use jiff::Timestamp;
use ports::CallError;
use ports::ledger::Requests as _;
use snowgate_core::request::AccessRequest;
use snowgate_core::volume::VolumeCount;

use crate::{Dispatcher, DispatcherPorts};

impl<P: DispatcherPorts> Dispatcher<P> {
    /// What asking for these grants adds to what was asked for before: one read for each kind of grant
    /// and one for the requester, where the guardrails have limits.
    pub(crate) async fn volume(
        &self,
        request: &AccessRequest,
        now: Timestamp,
    ) -> Result<Vec<VolumeCount>, CallError> {
        let mut counts = Vec::new();
        let Some(limits) = self.guardrails.volume() else {
            return Ok(counts);
        };
        for share in limits.of(request) {
            let before = self.requests.counted(&share.of).await?;
            counts.push(share.counted(limits, &before, now));
        }
        Ok(counts)
    }
}
