//! What requests say of a user, beside its own record.
//!
//! Whoever writes the table can put a record of a user with a trail of their own. What takes a user away for
//! good asks the signed requests behind it, and IAM.

use super::IdentityRecord;
use crate::record::RequestRecord;

impl IdentityRecord {
    /// Whether the content of a request, which its approvers signed, is that this very user be created, and
    /// nothing that the request says of it speaks against that.
    #[must_use]
    pub fn is_asked_by(&self, request: &RequestRecord) -> bool {
        let bound = request.binding().map(|binding| &binding.principal);
        let asked = self.user().bound(None);
        let is_bound = bound.is_some_and(|bound| {
            bound.unique_id.is_none()
                && (&bound.path, &bound.boundary, &bound.owner, &bound.tags)
                    == (&asked.path, &asked.boundary, &asked.owner, &asked.tags)
        });
        let is_its_user = request
            .created_user()
            .is_none_or(|created| self.unique_id() == Some(created));
        is_bound
            && is_its_user
            && request.request().creates_user()
            && request.id() == self.created_by()
            && request.request().target == self.user().principal()
    }

    /// Whether the content of a request, which its approvers signed, is that this very user be given more
    /// time.
    #[must_use]
    pub fn is_extended_by(&self, request: &RequestRecord) -> bool {
        let bound = request.binding().and_then(|binding| binding.unique_id());
        bound.is_some()
            && bound == self.unique_id()
            && request.request().user().is_some()
            && request.request().target == self.user().principal()
    }
}
