//! What is hashed and signed. A preimage is canonical JSON (RFC 8785) after a line that names its
//! purpose, so that a digest made for one thing never stands for another. None of these structs
//! ever changes: what has to change gets a new struct and a new purpose, or a member that is left
//! out where there is none.

use serde::Serialize;

use super::Stored;
use super::request::AccessRequestV1;
use super::round::{BindingV1, OwnedResourceV1};
use crate::approval::Decision;
use crate::binding::Binding;
use crate::canonical::{self, CanonicalError};
use crate::id::Digest;
use crate::identity::NewUser;
use crate::record::ApprovalRound;
use crate::request::AccessRequest;
use crate::slots::Slot;

/// What an approver approves.
#[derive(Serialize)]
struct ContentV1 {
    request: AccessRequestV1,
    binding: BindingV1,
    slots: Vec<(String, OwnedResourceV1)>,
}

/// What a form shows.
#[derive(Serialize)]
struct ShownV1<'a> {
    content: &'a Digest,
    slots: &'a [&'a str],
}

/// The preimage of the digest of a request. The order in which grants are listed means nothing.
pub(super) fn request(request: &AccessRequest) -> Result<Vec<u8>, CanonicalError> {
    let mut request = request.clone();
    request.grants.sort();
    canonical::preimage("request", &request.to_wire())
}

/// The preimage of the digest that decisions are made on.
pub(super) fn content(
    request: &AccessRequest,
    binding: &Binding,
    slots: &[Slot],
) -> Result<Vec<u8>, CanonicalError> {
    let slots = slots.iter();
    let content = ContentV1 {
        request: request.to_wire(),
        binding: binding.to_wire(),
        slots: slots
            .map(|slot| (slot.id.clone(), slot.resource.to_wire()))
            .collect(),
    };
    canonical::preimage("content", &content)
}

/// The preimage of the digest of what a form shows.
pub(super) fn shown(content: &Digest, slots: &[&str]) -> Result<Vec<u8>, CanonicalError> {
    canonical::preimage("shown", &ShownV1 { content, slots })
}

/// The preimage of the digest of a user that is to be created.
pub(super) fn new_user(user: &NewUser) -> Result<Vec<u8>, CanonicalError> {
    canonical::preimage("new-user", &user.to_wire())
}

impl NewUser {
    /// The digest of what it is to be. Its tags are for people, and stand in no trail.
    ///
    /// # Errors
    /// Never for what was parsed; the type is honest about serialisation.
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        Ok(Digest::of(&self::new_user(self)?))
    }
}

impl AccessRequest {
    /// The digest of the normalised request. It binds what was asked, not yet what IAM holds;
    /// see [`crate::binding`] for what approvers sign.
    ///
    /// # Errors
    /// Never for a request that was parsed; the type is honest about serialisation.
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        Ok(Digest::of(&self::request(self)?))
    }
}

impl Binding {
    /// The digest of the content: the whole normalised request, what IAM held, the guardrails, and
    /// the slots by what they stand for. Whoever may fill a slot is not part of it: owners change
    /// while a request waits, what they decide on must not.
    ///
    /// # Errors
    /// Never for values that were parsed; the type is honest about serialisation.
    pub fn content_digest(
        &self,
        request: &AccessRequest,
        slots: &[Slot],
    ) -> Result<Digest, CanonicalError> {
        Ok(Digest::of(&self::content(request, self, slots)?))
    }
}

impl ApprovalRound {
    /// The digest of what a form shows: the content, and the slots that an answer decides.
    ///
    /// # Errors
    /// Never for values that were parsed; the type is honest about serialisation.
    pub(crate) fn shown_digest(&self, slots: &[&str]) -> Result<Digest, CanonicalError> {
        Ok(Digest::of(&self::shown(&self.content, slots)?))
    }
}

impl Decision {
    /// The bytes that are signed: at most 4,096, as KMS takes them (AWS KMS API, GenerateMac).
    ///
    /// # Errors
    /// Never for values that were parsed; the type is honest about serialisation.
    pub fn signed_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::preimage("decision", &self.to_wire())
    }
}
