//! Who is enrolled.

use ports::directory::DirectoryError;
use ports::enrolled::{Enrolled, EnrolledPrincipal};
use snowgate_core::account::PrincipalFacts;
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
            (facts.path == path).then(|| EnrolledPrincipal {
                principal,
                unique_id: facts.unique_id.clone(),
            })
        });
        Ok(enrolled.collect())
    }

    async fn inline_policies(
        &self,
        principal: &Principal,
    ) -> Result<Option<Vec<String>>, DirectoryError> {
        let mut world = self.0.lock().unwrap();
        world.account("fake:ListInline", &principal.account_id)?;
        let facts = world.facts(principal);
        let names = |facts: &mut PrincipalFacts| {
            let inline = facts.inline.iter();
            inline.map(|inline| inline.name.clone()).collect()
        };
        Ok(facts.map(names))
    }
}
