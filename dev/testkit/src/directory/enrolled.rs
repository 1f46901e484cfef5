//! Who is enrolled.

use ports::directory::DirectoryError;
use ports::enrolled::{Enrolled, EnrolledPrincipal};
use snowgate_core::id::AccountId;
use snowgate_core::principal::{Principal, PrincipalKey};

use super::FakeDirectory;

impl Enrolled for FakeDirectory {
    async fn enrolled(
        &self,
        account: &AccountId,
        path: &str,
    ) -> Result<Vec<EnrolledPrincipal>, DirectoryError> {
        let mut world = self.0.lock().unwrap();
        let there = world.account("fake:ListEnrolled", account)?;
        let enrolled = there.principals.iter().filter_map(|(key, facts)| {
            let PrincipalKey::Name { kind, name, .. } = key else {
                return None;
            };
            let name = name.parse().ok()?;
            let principal = Principal {
                account_id: account.clone(),
                kind: *kind,
                name,
            };
            let inline = facts.inline.iter().map(|inline| inline.name.clone());
            (facts.path == path).then(|| EnrolledPrincipal {
                principal,
                unique_id: facts.unique_id.clone(),
                inline: inline.collect(),
            })
        });
        Ok(enrolled.collect())
    }
}
