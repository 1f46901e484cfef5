//! The issuer's keys (RFC 7517), as far as tokens may be signed with them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::Value;
use snowgate_core::strict_json;

/// More keys than any issuer publishes.
const MAX_KEYS: usize = 32;
/// The length of an RSA modulus in bytes: 2,048 bits at least (RFC 7518, 3.3), 4,096 at most.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// An algorithm that tokens may be signed with. There is no `none` and no shared secret here, so
/// that no configuration can allow them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with PKCS #1 v1.5 and SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

/// A list of algorithms that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the algorithms are `RS256`, `ES256` or both with a comma between")]
pub struct AlgorithmsError;

impl Algorithm {
    /// The algorithm of this name (RFC 7518, 3.1), in exactly this case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            _ => None,
        }
    }

    /// Reads a list such as `RS256,ES256`.
    ///
    /// # Errors
    /// Where it is empty or names anything else.
    pub fn list(text: &str) -> Result<Vec<Self>, AlgorithmsError> {
        let known = |name: &str| Self::from_name(name).ok_or(AlgorithmsError);
        text.split(',').map(known).collect()
    }
}

/// A public key of the issuer, good for one algorithm.
#[derive(Clone)]
pub struct VerifyingKey(Material);

#[derive(Clone)]
enum Material {
    /// Modulus and exponent.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// A point on P-256 (SEC 1, 2.3.3, uncompressed).
    Ec(Vec<u8>),
}

impl VerifyingKey {
    /// The one algorithm that it is good for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.0 {
            Material::Rsa { .. } => Algorithm::Rs256,
            Material::Ec(_) => Algorithm::Es256,
        }
    }

    /// Whether this base64url is the key's signature of that text.
    #[must_use]
    pub fn verifies(&self, text: &str, signature: &str) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
            return false;
        };
        let verified = match &self.0 {
            Material::Rsa { n, e } => RsaPublicKeyComponents { n, e }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                text.as_bytes(),
                &signature,
            ),
            Material::Ec(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(text.as_bytes(), &signature),
        };
        verified.is_ok()
    }

    fn parse(key: &Value) -> Option<Self> {
        let text = |name: &str| key.get(name).and_then(Value::as_str);
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        let (name, material) = match text("kty")? {
            "RSA" => {
                let (n, e) = (bytes("n")?, bytes("e")?);
                let fits = MODULUS_BYTES.contains(&n.len());
                ("RS256", fits.then_some(Material::Rsa { n, e })?)
            }
            "EC" if text("crv")? == "P-256" => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                let fits = x.len() == 32 && y.len() == 32;
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                ("ES256", fits.then_some(Material::Ec(point))?)
            }
            _ => return None,
        };
        let fits = text("alg").is_none_or(|alg| alg == name)
            && text("use").is_none_or(|purpose| purpose == "sig");
        fits.then_some(Self(material))
    }
}

/// The issuer's keys by their ids.
#[derive(Clone, Default)]
pub struct KeySet(BTreeMap<String, VerifyingKey>);

/// A document that is no key set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer is no key set")]
pub struct KeySetError;

impl KeySet {
    /// Reads a key set. Keys that we cannot use are left out, and so are all that share an id.
    ///
    /// # Errors
    /// Where it is not a JSON object with up to 32 `keys`.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeySetError> {
        let document = strict_json::parse(bytes).map_err(|_| KeySetError)?;
        let keys = document.get("keys").and_then(Value::as_array);
        let keys = keys
            .filter(|keys| keys.len() <= MAX_KEYS)
            .ok_or(KeySetError)?;
        let ids = || keys.iter().filter_map(|key| key.get("kid")?.as_str());
        let mut set = BTreeMap::new();
        for key in keys {
            let id = key.get("kid").and_then(Value::as_str);
            let alone = id.filter(|id| ids().filter(|other| other == id).count() == 1);
            if let (Some(id), Some(key)) = (alone, VerifyingKey::parse(key)) {
                set.insert(id.to_owned(), key);
            }
        }
        Ok(Self(set))
    }

    /// The key with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&VerifyingKey> {
        self.0.get(id)
    }
}
