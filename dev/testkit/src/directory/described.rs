//! Users as IAM describes them, in memory.

use jiff::Timestamp;
use ports::described_users::DescribedUsers;
use ports::directory::{Directory as _, DirectoryError};
use ports::users::Users as _;
use snowgate_core::identity::{DescribedKey, DescribedUser, KeyUse};
use snowgate_core::principal::Principal;

use super::FakeDirectory;

impl FakeDirectory {
    /// Uses an access key of a user, as nobody did before.
    ///
    /// # Panics
    /// Where there is no such user.
    pub fn use_key(&self, user: &Principal, id: &str, used: KeyUse) {
        let mut world = self.0.lock().unwrap();
        let (_, there) = world.user(user).unwrap();
        there.key_uses.insert(id.to_owned(), used);
    }

    /// Lets a user sign in to the console.
    ///
    /// # Panics
    /// Where there is no such user.
    pub fn sign_in(&self, user: &Principal, at: Timestamp) {
        let mut world = self.0.lock().unwrap();
        let (_, there) = world.user(user).unwrap();
        there.signed_in_at = Some(at);
    }
}

impl DescribedUsers for FakeDirectory {
    async fn described(&self, user: &Principal) -> Result<Option<DescribedUser>, DirectoryError> {
        let made = self.made(user).await?;
        let Some(made) = made.filter(|made| made.name == user.name) else {
            return Ok(None);
        };
        let Some(facts) = self.principal(user).await? else {
            return Ok(None);
        };
        let mut world = self.0.lock().unwrap();
        let found = world.called("fake:ListAccessKeys", user)?;
        Ok(found.map(|(_, there)| {
            let key = |key: &snowgate_core::identity::UserKey| DescribedKey {
                id: key.id.clone(),
                is_active: key.is_active,
                created_at: there.created_at,
                last_use: there.key_uses.get(&key.id).cloned(),
            };
            DescribedUser {
                made,
                facts,
                signed_in_at: there.signed_in_at,
                keys: Some(there.credentials.keys.iter().map(key).collect()),
            }
        }))
    }
}
