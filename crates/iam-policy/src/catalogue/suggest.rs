//! "Did you mean": the known name that is nearest to an unknown one.

use std::sync::OnceLock;

use super::name_distance::{Candidate, closest, nearest};
use super::{global_keys, service, services};

/// The action of the service that was probably meant, answered with prefix.
#[must_use]
pub fn suggest_action(prefix: &str, action: &str) -> Option<String> {
    let known = service(prefix)?;
    let near = nearest(action, known.current().iter().copied())?;
    Some(format!("{}:{near}", known.prefix()))
}

/// The service that was probably meant.
#[must_use]
pub fn suggest_service(prefix: &str) -> Option<&'static str> {
    static CURRENT: OnceLock<Vec<Candidate<'static>>> = OnceLock::new();
    let current = CURRENT.get_or_init(|| {
        services()
            .iter()
            .filter(|service| service.retired().is_none())
            .map(|service| Candidate::new(service.prefix()))
            .collect()
    });
    nearest(prefix, current.iter().copied())
}

/// The global condition key that was probably meant.
#[must_use]
pub fn suggest_global_key(key: &str) -> Option<&'static str> {
    closest(key, global_keys().iter().map(|key| key.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        assert_eq!(
            suggest_action("s3", "GetObjcet").as_deref(),
            Some("s3:GetObject")
        );
        assert_eq!(
            suggest_action("iam", "PasRole").as_deref(),
            Some("iam:PassRole")
        );
        assert_eq!(suggest_action("iam", "Xyzzy"), None);
        assert_eq!(suggest_service("dynamdb"), Some("dynamodb"));
        assert_eq!(suggest_global_key("aws:SourceIP4"), Some("aws:SourceIp"));
    }
}
