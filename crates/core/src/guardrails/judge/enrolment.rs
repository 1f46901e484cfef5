//! Whether a principal is enrolled, and what it lacks.

use crate::account::{OWNER_TAG, PrincipalFacts};
use crate::facts::IamFacts;
use crate::finding::{Finding, FindingCode};
use crate::guardrails::Guardrails;
use crate::markup::code;
use crate::principal::Principal;
use crate::request::AccessRequest;

impl Guardrails {
    /// Whether the principal is enrolled.
    pub(super) fn judge_principal(
        &self,
        request: &AccessRequest,
        survey: &IamFacts,
        findings: &mut Vec<Finding>,
    ) {
        let principal = &survey.principal;
        let boundary = self.boundary_in(&request.target.account_id);
        let enrolled = self.principal_paths.contains(&principal.path)
            && principal.boundary.as_deref() == Some(boundary.as_str())
            && principal.owner().is_some();
        if !enrolled {
            let detail = self.why_not_enrolled(&request.target, principal);
            let place = "/target/principal";
            findings.push(Finding::new(place, FindingCode::NotEnrolled, detail));
        }
    }

    /// What an enrolled principal must have and this one has not.
    fn why_not_enrolled(&self, target: &Principal, principal: &PrincipalFacts) -> String {
        let mut missing = Vec::new();
        if !self.principal_paths.contains(&principal.path) {
            let paths = self.principal_paths.iter().map(|path| code(path));
            missing.push(format!(
                "its path is {} and not {}",
                code(&principal.path),
                paths.collect::<Vec<_>>().join(" or ")
            ));
        }
        let boundary = self.boundary_in(&target.account_id);
        match principal.boundary.as_deref() {
            Some(known) if known == boundary => {}
            Some(other) => missing.push(format!(
                "its permissions boundary is {} and not {}",
                code(other),
                code(&boundary)
            )),
            None => missing.push("it has no permissions boundary".to_owned()),
        }
        if principal.owner().is_none() {
            let tag = code(OWNER_TAG);
            missing.push(match principal.owner_tag {
                None => format!("it has no tag {tag}"),
                Some(_) => format!("its tag {tag} is not the `sys_id` of a person"),
            });
        }
        let who = crate::wording::principal(target);
        format!("{who} isn't enrolled: {}", missing.join(", "))
    }
}
