//! The manager of whoever receives the access, where the guardrails want one.

use jiff::Timestamp;
use ports::CallError;
use snowgate_core::finding::Finding;
use snowgate_core::guardrails::{ManagerPart, NoManager};
use snowgate_core::id::SysId;
use snowgate_core::preview::PreviewSlot;
use snowgate_core::record::RequestRecord;
use snowgate_core::slots::{ApproverRole, Excluded, OwnedResource};
use workflow::approvers;

use crate::{Dispatcher, DispatcherPorts};

/// What comes of it.
#[derive(Debug, Default)]
pub(crate) struct Manager {
    /// The approval that is needed of the manager, and who is asked for it.
    pub(crate) slot: Option<PreviewSlot>,
    /// The manager who is only notified.
    pub(crate) notified: Option<SysId>,
}

impl<P: DispatcherPorts> Dispatcher<P> {
    /// Looks for the manager of the person whom the access is for. Where there is none who could
    /// act, the findings say so, and may refuse the request.
    pub(crate) async fn manager(
        &self,
        record: &RequestRecord,
        beneficiary: Option<&SysId>,
        findings: &mut Vec<Finding>,
        (excluded, now): (&Excluded, Timestamp),
    ) -> Result<Manager, CallError> {
        let rule = self.guardrails.manager_rule(record.request());
        let Some(beneficiary) = beneficiary.filter(|_| !rule.is_none()) else {
            return Ok(Manager::default());
        };
        let sys_id = beneficiary.clone();
        let rules = self.rules(record, excluded, now);
        let resource = OwnedResource::Beneficiary { sys_id };
        let slot = approvers::explain(&self.servicenow, resource, &rules).await?;
        // The first is the manager; after them come those who stand in for them.
        let Some(manager) = slot.would_ask.first() else {
            findings.extend(rule.without_one(nobody(&slot, excluded)));
            return Ok(Manager::default());
        };
        let notified = manager.sys_id.clone();
        Ok(match rule.part {
            ManagerPart::None => Manager::default(),
            ManagerPart::Notify => Manager {
                notified: Some(notified),
                slot: None,
            },
            ManagerPart::Approve => Manager {
                slot: Some(slot),
                notified: None,
            },
        })
    }
}

/// Why there is nobody.
fn nobody(slot: &PreviewSlot, excluded: &Excluded) -> NoManager {
    match slot.passed_over.first() {
        _ if !excluded.allows(ApproverRole::LineManager) => NoManager::Indistinguishable,
        Some(passed) => NoManager::Unfit(passed.because),
        None => NoManager::Unnamed,
    }
}
