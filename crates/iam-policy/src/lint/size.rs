//! Quotas. White space outside of strings does not count, as AWS counts.

use super::{Checker, Code};
use crate::document::{Path, PolicyType};

/// Characters that count against a quota: all but white space.
pub(super) fn counted(text: &str) -> usize {
    // In pieces whose count fits a byte: the compiler then counts many at a time.
    let count = |piece: &[u8]| {
        piece.iter().fold(0_u8, |count, byte| {
            count.wrapping_add(u8::from(
                !byte.is_ascii_whitespace() & (byte & 0xC0 != 0x80),
            ))
        })
    };
    let pieces = text.as_bytes().chunks(u8::MAX.into());
    pieces.map(|piece| usize::from(count(piece))).sum()
}

/// The largest managed policy.
pub(super) const MANAGED: usize = 6_144;
/// All inline policies of a role together: the largest an identity policy can be.
const INLINE_ROLE: usize = 10_240;
const RESOURCE: usize = 20_480;
const TRUST: usize = 2_048;
const ORGANIZATION: usize = 5_120;

impl Checker<'_, '_> {
    pub(super) fn size(&mut self) {
        let (code, quota) = match self.policy_type {
            PolicyType::Identity | PolicyType::Boundary | PolicyType::Session => {
                (Code::PolicySizeExceedsIdentityQuota, INLINE_ROLE)
            }
            PolicyType::Resource => (Code::PolicySizeExceedsResourceQuota, RESOURCE),
            PolicyType::Trust => (Code::PolicySizeExceedsTrustQuota, TRUST),
            PolicyType::ServiceControl => (Code::PolicySizeExceedsScpQuota, ORGANIZATION),
            PolicyType::ResourceControl => (Code::PolicySizeExceedsRcpQuota, ORGANIZATION),
        };
        if self.draft.text.len() <= quota {
            return;
        }
        let size = counted(self.draft.text);
        if size > quota {
            let message = format!(
                "{size} characters without white space exceed the quota of {quota}; split the policy"
            );
            self.add(code, Path::root(), self.draft.span, message);
        }
    }
}
