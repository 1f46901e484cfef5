//! Whether a principal is enrolled, and what it lacks.

use crate::account::{OWNER_TAG, PrincipalFacts};
use crate::finding::{Finding, FindingCode};
use crate::guardrails::Guardrails;
use crate::id::AccountId;
use crate::markup::code;
use crate::request::AccessRequest;

/// What a principal lacks to be enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unenrolled {
    /// There is none.
    Missing,
    /// Its path is not one of those that the guardrails name.
    Path,
    /// It does not have the permissions boundary.
    Boundary,
    /// It has no owner tag, or one that is no `sys_id`.
    Owner,
}

impl Guardrails {
    /// What the principal lacks to be enrolled; none where it is. For the operator: whoever asks
    /// is told [`Self::evaluate_enrolment`].
    #[must_use]
    pub fn lacks(
        &self,
        account: &AccountId,
        principal: Option<&PrincipalFacts>,
    ) -> Option<Unenrolled> {
        let Some(principal) = principal else {
            return Some(Unenrolled::Missing);
        };
        let boundary = self.boundary_in(account);
        if !self.principal_paths.contains(&principal.path) {
            Some(Unenrolled::Path)
        } else if principal.boundary.as_deref() != Some(boundary.as_str()) {
            Some(Unenrolled::Boundary)
        } else if principal.owner().is_none() {
            Some(Unenrolled::Owner)
        } else {
            None
        }
    }

    /// The finding where the principal is not enrolled. It says what an enrolled one has, and not
    /// which of it is missing: whoever may ask could find out which users and roles there are.
    #[must_use]
    pub fn evaluate_enrolment(
        &self,
        request: &AccessRequest,
        principal: Option<&PrincipalFacts>,
    ) -> Option<Finding> {
        let target = &request.target;
        self.lacks(&target.account_id, principal)?;
        let paths = self.principal_paths.iter().map(|path| code(path));
        let detail = format!(
            "{} doesn't exist or isn't enrolled; an enrolled one has the path {}, the permissions \
             boundary {}, and a tag {} with the `sys_id` of a person",
            crate::wording::principal(target),
            paths.collect::<Vec<_>>().join(" or "),
            code(&self.boundary_in(&target.account_id)),
            code(OWNER_TAG),
        );
        let place = "/target/principal";
        Some(Finding::new(place, FindingCode::NotEnrolled, detail))
    }
}
