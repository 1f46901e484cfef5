//! Dry runs: what would be changed, and who would be asked.

use jiff::Timestamp;
use ports::CallError;
use snowgate_core::effect::RecordedEffect;
use snowgate_core::finding::Finding;
use snowgate_core::preview::{PlannedChange, Preview};
use snowgate_core::record::RequestRecord;
use snowgate_core::slots::{Excluded, OwnedResource};
use workflow::approvers;

use crate::{Dispatcher, DispatcherPorts};

impl<P: DispatcherPorts> Dispatcher<P> {
    /// What a request would do. The effects of other requests are the provisioner's to read, so
    /// what one of them gives counts here as there already.
    pub(crate) async fn preview(
        &self,
        record: &RequestRecord,
        (resource, effects): (Vec<OwnedResource>, &[RecordedEffect]),
        findings: Vec<Finding>,
        (excluded, now): (&Excluded, Timestamp),
    ) -> Result<Preview, CallError> {
        let mut slots = Vec::new();
        let rules = self.rules(record, excluded, now);
        for resource in resource {
            slots.push(approvers::explain(&self.servicenow, resource, &rules).await?);
        }
        Ok(Preview {
            changes: effects.iter().map(PlannedChange::from).collect(),
            slots,
            findings,
        })
    }
}
