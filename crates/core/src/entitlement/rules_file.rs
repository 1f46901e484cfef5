//! The file of rules for entitlements: a usual profile, and one for each action that has its own.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Deserialize;

use super::profile::Profile;
use crate::id::Digest;

/// The name of an action: 1 to 40 of `a-z`, `0-9`, `_`, starting with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct ActionName(String);

/// A text that names no action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an action is 1 to 40 of `a-z`, `0-9`, `_`, starting with a letter")]
pub struct ActionNameError;

impl FromStr for ActionName {
    type Err = ActionNameError;

    fn from_str(text: &str) -> Result<Self, ActionNameError> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for ActionName {
    type Error = ActionNameError;

    fn try_from(text: String) -> Result<Self, ActionNameError> {
        let good = (1..=40).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        good.then_some(Self(text)).ok_or(ActionNameError)
    }
}

impl ActionName {
    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The rules of all actions, read and found to hold together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntitlementRules {
    digest: Digest,
    usual: Profile,
    actions: BTreeMap<ActionName, Profile>,
}

/// What is wrong with a file of rules.
#[derive(Debug, thiserror::Error)]
pub enum EntitlementRulesError {
    /// Not TOML, or not of the shape of such a file.
    #[error("the rules for entitlements cannot be read: {0}")]
    Unreadable(#[from] toml::de::Error),
    /// Readable, but it does not hold together; all contradictions.
    #[error("the rules for entitlements contradict themselves: {}", .0.join("; "))]
    Contradiction(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    usual: Profile,
    #[serde(default)]
    actions: BTreeMap<ActionName, Profile>,
}

impl EntitlementRules {
    /// Reads a file of rules and checks that it holds together.
    ///
    /// # Errors
    /// Where it is not of its shape, or contradicts itself.
    pub fn parse(text: &str) -> Result<Self, EntitlementRulesError> {
        let File { usual, actions } = toml::from_str(text)?;
        let mut found = Vec::new();
        let named = actions
            .iter()
            .map(|(name, profile)| (name.as_str(), profile));
        for (name, profile) in [("usual", &usual)].into_iter().chain(named) {
            let wrong = profile.contradictions().into_iter();
            found.extend(wrong.map(|what| format!("`{name}`: {what}")));
        }
        match found.is_empty() {
            true => Ok(Self {
                digest: Digest::of(text.as_bytes()),
                usual,
                actions,
            }),
            false => Err(EntitlementRulesError::Contradiction(found)),
        }
    }

    /// The digest of the file.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The profile of an action, or the usual one; none where there is no such action.
    #[must_use]
    pub fn profile(&self, action: Option<&ActionName>) -> Option<&Profile> {
        match action {
            None => Some(&self.usual),
            Some(action) => self.actions.get(action),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[usual]
owner_fields = ["owned_by", "u_owner"]
groups = { fields = ["support_group"] }
statuses = { install = ["1"], operational = ["1"] }

[actions.attach_to_vip]
root = "cmdb_ci_computer"
role = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"
delegation = "assignments"
statuses = { install = ["1"], operational = ["1"], life_cycle = ["In Use"] }
[actions.attach_to_vip.applications]
relation_types = ["0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"]
owner_fields = ["owned_by"]
group_fields = ["support_group"]
"#;

    #[test]
    fn an_action_selects_its_profile_and_an_unknown_one_none() {
        let rules = EntitlementRules::parse(GOOD).unwrap();
        let usual = rules.profile(None).unwrap();
        assert_eq!(usual.root.as_str(), "cmdb_ci_server");
        assert_eq!(usual.groups.as_ref().unwrap().nesting, 0);
        assert_eq!((&usual.delegation, &usual.role), (&None, &None));
        let attach = "attach_to_vip".parse().unwrap();
        let attach = rules.profile(Some(&attach)).unwrap();
        let applications = attach.applications.as_ref().unwrap();
        assert_eq!((applications.depth, applications.most), (1, 5));
        assert!(!applications.shared && !applications.service_associations);
        assert_eq!(rules.profile(Some(&"detach".parse().unwrap())), None);
        assert_eq!(rules.digest(), &Digest::of(GOOD.as_bytes()));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for (from, to, what) in [
            ("install = [\"1\"]", "install = []", "statuses"),
            ("\"u_owner\"", "\"owned_by\"", "once"),
            ("\"support_group\"] }", "\"owned_by\"] }", "once"),
            (
                "\"support_group\"] }",
                "\"support_group\"], nesting = 11 }",
                "nesting",
            ),
            ("fields = [\"support_group\"] }", "fields = [] }", "fields"),
            ("group_fields", "depth = 4\ngroup_fields", "depth"),
            ("group_fields", "most = 0\ngroup_fields", "most"),
            (
                "relation_types = [\"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b\"]",
                "",
                "leads to any",
            ),
        ] {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD, "{from}");
            let error = EntitlementRules::parse(&text).unwrap_err();
            let EntitlementRulesError::Contradiction(found) = error else {
                panic!("{to}: {error}");
            };
            assert!(found.iter().any(|one| one.contains(what)), "{found:?}");
        }
        let nothing = "[usual]\nstatuses = { install = [\"1\"], operational = [\"1\"] }\n";
        assert!(EntitlementRules::parse(nothing).is_err());
    }

    #[test]
    fn names_and_members_that_are_not_known_are_refused() {
        for (from, to) in [
            ("\"u_owner\"", "\"u_owner^active=true\""),
            ("\"u_owner\"", "\"manager.email\""),
            ("[actions.attach_to_vip]", "[actions.Attach]"),
            ("\"assignments\"", "\"everything\""),
            ("role = \"0a", "role = \"0A"),
            (
                "owner_fields = [\"owned_by\", ",
                "owners = true\nowner_fields = [",
            ),
        ] {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD, "{from}");
            let error = EntitlementRules::parse(&text).unwrap_err();
            assert!(
                matches!(error, EntitlementRulesError::Unreadable(_)),
                "{to}"
            );
        }
    }
}
