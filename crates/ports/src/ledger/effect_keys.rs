//! Which effects are recorded on a principal, by their keys.

use snowgate_core::id::RequestId;

/// The keys of the effects that are recorded on a principal ([`RecordedEffect::key`](snowgate_core::effect::RecordedEffect::key)), of those too that
/// cannot be read. Each has the change and, at its end, the request that made it, which is believed only
/// as far as that request bears it out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EffectKeys(Vec<String>);

impl EffectKeys {
    /// The requests that they name under the keys of these changes, each once.
    #[must_use]
    pub fn requests_under(&self, changes: &[String]) -> Vec<RequestId> {
        let is_under = |key: &&String| {
            let change = key.rsplit_once('#').map(|(change, _)| change);
            changes.iter().any(|one| Some(one.as_str()) == change)
        };
        requests_of(self.0.iter().filter(is_under))
    }

    /// The requests that they name, each once.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestId> {
        requests_of(self.0.iter())
    }

    /// The keys themselves, in order.
    #[must_use]
    pub fn into_keys(self) -> Vec<String> {
        self.0
    }

    /// The keys of the effects that name this request, in order.
    #[must_use]
    pub fn keys_of(&self, request: &RequestId) -> Vec<String> {
        let is_of = |key: &&String| request_of(key).as_ref() == Some(request);
        self.0.iter().filter(is_of).cloned().collect()
    }
}

impl FromIterator<String> for EffectKeys {
    fn from_iter<I: IntoIterator<Item = String>>(keys: I) -> Self {
        let mut keys: Vec<String> = keys.into_iter().collect();
        keys.sort();
        Self(keys)
    }
}

/// The requests that keys of effects name, each once, in order.
fn requests_of<'a>(keys: impl Iterator<Item = &'a String>) -> Vec<RequestId> {
    let mut requests: Vec<RequestId> = keys.filter_map(|key| request_of(key)).collect();
    requests.sort();
    requests.dedup();
    requests
}

fn request_of(key: &str) -> Option<RequestId> {
    key.rsplit('#').next()?.parse().ok()
}
