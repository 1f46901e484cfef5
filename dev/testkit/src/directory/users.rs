//! Users that are created and deleted, and what they sign in with.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ports::CallError;
use ports::directory::DirectoryError;
use ports::users::{Creation, Deletion, Users};
use snowgate_core::account::{InlineFacts, Membership, OWNER_TAG, PrincipalFacts};
use snowgate_core::id::RequestId;
use snowgate_core::identity::{
    KeyUse, LIFE_POLICY_NAME, LifePolicy, MadeUser, NewUser, UserCredentials, UserKey, UserPart,
    parts_in_order,
};
use snowgate_core::principal::{Principal, PrincipalType};

use super::{FakeDirectory, World};
use crate::contract::users::{Administrator, Given};
use crate::samples;

/// What a user has besides what is read of every principal.
#[derive(Debug, Clone)]
pub(super) struct FakeUser {
    tags: BTreeMap<String, String>,
    pub(super) created_at: Timestamp,
    pub(super) credentials: UserCredentials,
    /// The last use of its access keys, by their ids.
    pub(super) key_uses: BTreeMap<String, KeyUse>,
    pub(super) signed_in_at: Option<Timestamp>,
}

impl FakeUser {
    /// One that an administrator made long ago.
    fn of(facts: &PrincipalFacts) -> Self {
        let owner = facts.owner_tag.clone();
        let tags = owner.map(|owner| (OWNER_TAG.to_owned(), owner));
        Self {
            tags: tags.into_iter().collect(),
            created_at: Timestamp::UNIX_EPOCH,
            credentials: UserCredentials::default(),
            key_uses: BTreeMap::new(),
            signed_in_at: None,
        }
    }
}

impl FakeDirectory {
    /// Sets the clock by which users are created.
    pub fn set_now(&self, now: Timestamp) {
        self.0.lock().unwrap().now = Some(now);
    }

    /// Denies putting life policies from now on, or no longer.
    pub fn keep_life(&self, is_kept: bool) {
        self.0.lock().unwrap().life_is_kept = is_kept;
    }

    /// Denies making access keys inactive from now on, or no longer.
    pub fn keep_keys(&self, are_kept: bool) {
        self.0.lock().unwrap().keys_are_kept = are_kept;
    }

    /// Refuses to create any user from now on, with this code, which says that it stays so.
    pub fn create_none(&self, code: &'static str) {
        self.0.lock().unwrap().creation_fails = Some(code);
    }

    /// Sets or removes a tag of a user.
    ///
    /// # Panics
    /// Where there is no such user.
    pub fn tag(&self, user: &Principal, key: &str, value: Option<&str>) {
        let mut world = self.0.lock().unwrap();
        let (_, there) = world.user(user).unwrap();
        match value {
            Some(value) => there.tags.insert(key.to_owned(), value.to_owned()),
            None => there.tags.remove(key),
        };
    }

    /// What a user signs in with now, whatever fault is set; none if there is no such user.
    #[must_use]
    pub fn credentials_of(&self, user: &Principal) -> Option<UserCredentials> {
        let mut world = self.0.lock().unwrap();
        world.user(user).map(|(_, there)| there.credentials.clone())
    }
}

impl World {
    /// A user, and what it has besides.
    pub(super) fn user(
        &mut self,
        user: &Principal,
    ) -> Option<(&mut PrincipalFacts, &mut FakeUser)> {
        let account = self.accounts.get_mut(&user.account_id)?;
        let facts = account.principals.get_mut(&user.key_by_name())?;
        let there = account.users.entry(facts.unique_id.clone());
        let there = there.or_insert_with(|| FakeUser::of(facts));
        Some((facts, there))
    }

    /// A number that was not given before.
    fn next_number(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers
    }

    /// The user that a call is about; none where there is none.
    pub(super) fn called(
        &mut self,
        operation: &'static str,
        user: &Principal,
    ) -> Result<Option<(&mut PrincipalFacts, &mut FakeUser)>, DirectoryError> {
        if user.kind == PrincipalType::Role {
            return Err(CallError::permanent(operation, "RolesAreNoUsers").into());
        }
        self.account(operation, &user.account_id)?;
        Ok(self.user(user))
    }

    /// The same for a change: denied of whoever is out of reach.
    fn changed(
        &mut self,
        operation: &'static str,
        user: &Principal,
    ) -> Result<Option<(&mut PrincipalFacts, &mut FakeUser)>, DirectoryError> {
        let out_of_reach = self.out_of_reach.clone();
        let found = self.called(operation, user)?;
        match found {
            Some((facts, _)) if out_of_reach.contains(&facts.unique_id) => {
                Err(CallError::permanent(operation, "AccessDenied").into())
            }
            found => Ok(found),
        }
    }

    fn note(&mut self, what: &str, user: &Principal) {
        self.changes.push(format!("{what} {}", user.key_by_name()));
    }
}

impl Users for FakeDirectory {
    async fn create(
        &self,
        user: &NewUser,
        request: &RequestId,
    ) -> Result<Creation, DirectoryError> {
        const CREATE: &str = "fake:CreateUser";
        self.interrupted();
        let mut world = self.0.lock().unwrap();
        let principal = user.principal();
        if let Some(code) = world.creation_fails {
            return Err(CallError::permanent(CREATE, code).into());
        }
        match world.called(CREATE, &principal) {
            Ok(None) => {}
            Ok(Some(_)) => return Ok(Creation::NameTaken),
            Err(DirectoryError::Call(error)) if error.code == "AccessDenied" => {
                return Ok(Creation::Denied);
            }
            Err(error) => return Err(error),
        }
        let unique_id = format!("AIDAMADE{:013}", world.next_number());
        let created_at = world.now.unwrap_or(samples::at(0));
        let (account_id, path, name) = (&user.account_id, &user.path, &user.name);
        let facts = PrincipalFacts {
            arn: format!("arn:aws:iam::{account_id}:user{path}{name}"),
            unique_id: unique_id.clone(),
            path: path.clone(),
            boundary: Some(user.boundary.as_str().to_owned()),
            owner_tag: Some(user.owner.as_str().to_owned()),
            attached: Vec::new(),
            inline: Vec::new(),
            groups: Vec::new(),
        };
        let there = FakeUser {
            tags: user.tags_for(request),
            created_at,
            credentials: UserCredentials::default(),
            key_uses: BTreeMap::new(),
            signed_in_at: None,
        };
        let account = world.account(CREATE, account_id)?;
        account.principals.insert(principal.key_by_name(), facts);
        account.users.insert(unique_id.clone(), there);
        world.note("create", &principal);
        Ok(Creation::Made { unique_id })
    }

    async fn made(&self, principal: &Principal) -> Result<Option<MadeUser>, DirectoryError> {
        let mut world = self.0.lock().unwrap();
        let place = (principal.account_id.clone(), principal.key_by_name());
        if let Some(looks) = world.unseen.get_mut(&place).filter(|looks| **looks > 0) {
            *looks -= 1;
            return Ok(None);
        }
        let found = world.called("fake:GetUser", principal)?;
        Ok(found.map(|(facts, there)| MadeUser {
            name: facts.arn.rsplit('/').next().unwrap().parse().unwrap(),
            unique_id: facts.unique_id.clone(),
            path: facts.path.clone(),
            boundary: facts.boundary.clone(),
            tags: there.tags.clone(),
            created_at: there.created_at,
        }))
    }

    async fn put_life(
        &self,
        principal: &Principal,
        life: LifePolicy,
    ) -> Result<(), DirectoryError> {
        const PUT: &str = "fake:PutLife";
        self.interrupted();
        let mut world = self.0.lock().unwrap();
        if world.life_is_kept {
            return Err(CallError::permanent(PUT, "AccessDenied").into());
        }
        let found = world.changed(PUT, principal)?;
        let (facts, _) = found.ok_or_else(|| CallError::permanent(PUT, "NoSuchEntity"))?;
        let policy = InlineFacts {
            name: LIFE_POLICY_NAME.to_owned(),
            document: life.document(),
        };
        if facts.inline.contains(&policy) {
            return Ok(());
        }
        facts.inline.retain(|inline| inline.name != policy.name);
        facts.inline.push(policy);
        facts.inline.sort_by(|a, b| a.name.cmp(&b.name));
        world.note("put-life", principal);
        Ok(())
    }

    async fn credentials(
        &self,
        principal: &Principal,
    ) -> Result<Option<UserCredentials>, DirectoryError> {
        let mut world = self.0.lock().unwrap();
        let found = world.called("fake:ListCredentials", principal)?;
        Ok(found.map(|(_, there)| there.credentials.clone()))
    }

    async fn deactivate_keys(&self, principal: &Principal) -> Result<(), DirectoryError> {
        self.interrupted();
        let mut world = self.0.lock().unwrap();
        let are_kept = world.keys_are_kept;
        let Some((_, there)) = world.changed("fake:UpdateAccessKey", principal)? else {
            return Ok(());
        };
        if are_kept && there.credentials.keys.iter().any(|key| key.is_active) {
            return Err(CallError::permanent("fake:UpdateAccessKey", "AccessDenied").into());
        }
        let keys = there.credentials.keys.iter_mut();
        let active: Vec<&mut UserKey> = keys.filter(|key| key.is_active).collect();
        let any = !active.is_empty();
        active.into_iter().for_each(|key| key.is_active = false);
        if any {
            world.note("deactivate-keys", principal);
        }
        Ok(())
    }

    async fn remove(&self, principal: &Principal, part: &UserPart) -> Result<(), DirectoryError> {
        self.interrupted();
        let mut world = self.0.lock().unwrap();
        let Some((facts, there)) = world.changed("fake:RemovePart", principal)? else {
            return Ok(());
        };
        if parts_in_order(facts, &there.credentials).contains(part) {
            take(facts, &mut there.credentials, part);
            world.note(&format!("remove {}", part.kind()), principal);
        }
        Ok(())
    }

    async fn delete(&self, principal: &Principal) -> Result<Deletion, DirectoryError> {
        self.interrupted();
        let mut world = self.0.lock().unwrap();
        let Some((facts, there)) = world.changed("fake:DeleteUser", principal)? else {
            return Ok(Deletion::Done);
        };
        if !parts_in_order(facts, &there.credentials).is_empty() {
            return Ok(Deletion::InTheWay);
        }
        let unique_id = facts.unique_id.clone();
        let account = world.account("fake:DeleteUser", &principal.account_id)?;
        account.principals.remove(&principal.key_by_name());
        account.users.remove(&unique_id);
        world.note("delete-user", principal);
        Ok(Deletion::Done)
    }
}

/// Takes something from a user.
fn take(facts: &mut PrincipalFacts, credentials: &mut UserCredentials, part: &UserPart) {
    match part {
        UserPart::AccessKey(id) => credentials.keys.retain(|key| key.id != *id),
        UserPart::LoginProfile => credentials.has_login = false,
        UserPart::MfaDevice(serial) => credentials.mfa_devices.retain(|one| one != serial),
        UserPart::SshKey(id) => credentials.ssh_keys.retain(|one| one != id),
        UserPart::SigningCertificate(id) => credentials.certificates.retain(|one| one != id),
        UserPart::ServiceCredential(id) => {
            credentials.service_credentials.retain(|one| one != id);
        }
        UserPart::Group(name) => facts.groups.retain(|one| one.name != *name),
        UserPart::AttachedPolicy(arn) => facts.attached.retain(|one| one != arn),
        UserPart::InlinePolicy(name) => facts.inline.retain(|one| one.name != *name),
    }
}

impl FakeDirectory {
    /// Gives a user one of these, another one each time.
    ///
    /// # Panics
    /// Where there is no such user.
    pub fn give_to(&self, user: &Principal, given: Given) {
        let mut world = self.0.lock().unwrap();
        let number = world.next_number();
        let (facts, there) = world.user(user).unwrap();
        let credentials = &mut there.credentials;
        match given {
            Given::AccessKey => credentials.keys.push(UserKey {
                id: format!("AKIAGIVEN{number:011}"),
                is_active: true,
            }),
            Given::LoginProfile => credentials.has_login = true,
            Given::MfaDevice => credentials.mfa_devices.push(format!("GAHT{number}")),
            Given::SshKey => credentials.ssh_keys.push(format!("APKA{number}")),
            Given::SigningCertificate => credentials.certificates.push(format!("CERT{number}")),
            Given::ServiceCredential => {
                credentials
                    .service_credentials
                    .push(format!("ACCA{number}"));
            }
            Given::Group => facts.groups.push(Membership {
                name: format!("group-{number}"),
                unique_id: format!("AGPA{number}"),
            }),
            Given::AttachedPolicy => {
                let account = &user.account_id;
                let arn = format!("arn:aws:iam::{account}:policy/policy-{number}");
                facts.attached.push(arn);
            }
            Given::InlinePolicy => facts.inline.push(InlineFacts {
                name: format!("policy-{number}"),
                document: "{}".to_owned(),
            }),
        }
    }
}

impl Administrator for FakeDirectory {
    async fn give(&self, user: &Principal, given: Given) {
        self.give_to(user, given);
    }
}
