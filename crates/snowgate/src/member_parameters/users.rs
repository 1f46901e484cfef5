//! The parameters of the users that Snowgate makes.

use std::collections::BTreeSet;

use snowgate_core::account::OWNER_TAG;
use snowgate_core::id::AccountId;
use snowgate_core::identity::{MADE_TAG, REQUEST_TAG};

use super::{BOUNDARY, MemberParameters, MemberParametersError, PARAMETER, USERS_FRAME, listed};

impl MemberParameters {
    /// The path of the users that Snowgate makes, and the keys of all their tags, joined with commas; none
    /// where it makes none.
    #[must_use]
    pub fn users(&self) -> Option<(&str, &str)> {
        let users = (self.users_path.as_str(), self.user_tag_keys.as_str());
        (!self.users_path.is_empty()).then_some(users)
    }

    /// The same for an account in which Snowgate makes users: on this path, with tags of these keys beside
    /// its own.
    ///
    /// # Errors
    /// Where the path is not one of enrolled principals, a key cannot stand in a parameter, or AWS would
    /// not take what the template makes of them.
    pub fn with_users<'k>(
        self,
        account: &AccountId,
        path: &str,
        tag_keys: impl IntoIterator<Item = &'k str>,
    ) -> Result<Self, MemberParametersError> {
        let pattern = format!(":user{path}*");
        let mut enrolled = self.enrolled_arns.split(',');
        if !enrolled.any(|arn| arn.ends_with(&pattern)) {
            return Err(MemberParametersError::UsersNotEnrolled(account.clone()));
        }
        let own = [MADE_TAG, OWNER_TAG, REQUEST_TAG];
        let keys: BTreeSet<&str> = own.into_iter().chain(tag_keys).collect();
        if !keys.iter().all(|key| is_parameter(key)) {
            return Err(MemberParametersError::TagKey(account.clone()));
        }
        let keys: Vec<&str> = keys.into_iter().collect();
        let keys = keys.join(",");
        // The path stands in five statements, the keys in two.
        let policy = USERS_FRAME + 5 * path.len() + 2 * listed(&keys);
        for (what, needs, limit) in [
            ("UserTagKeys", keys.len(), PARAMETER),
            ("the policy for users", policy, BOUNDARY),
        ] {
            if needs > limit {
                let account = account.clone();
                return Err(MemberParametersError::TooLong {
                    account,
                    what,
                    needs,
                    limit,
                });
            }
        }
        Ok(Self {
            users_path: path.to_owned(),
            user_tag_keys: keys,
            ..self
        })
    }
}

/// Whether a key can stand in a list that is joined with commas, and be a word of a shell. IAM allows more:
/// blanks, and letters of every script.
fn is_parameter(key: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:/=+-@".contains(&byte);
    !key.is_empty() && key.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use snowgate_core::guardrails::Guardrails;

    use super::*;

    fn parameters(
        path: &str,
        tag_keys: &[String],
    ) -> Result<MemberParameters, MemberParametersError> {
        let account = "210987654321".parse().unwrap();
        let shipped = include_str!("../../../../guardrails.toml");
        let paths = r#"paths = ["/enrolled/", "/snowgate/"]"#;
        let guardrails = shipped.replace(r#"paths = ["/enrolled/"]"#, paths);
        let guardrails = Guardrails::parse(&guardrails).unwrap();
        let parameters = MemberParameters::new(&guardrails, &account).unwrap();
        let tag_keys = tag_keys.iter().map(String::as_str);
        parameters.with_users(&account, path, tag_keys)
    }

    #[test]
    fn users_have_a_path_and_snowgates_own_tags_beside_theirs() {
        let words = parameters("/snowgate/", &["team".to_owned()])
            .unwrap()
            .words();
        let own = "snowgate:made,snowgate:owner,snowgate:request";
        for word in [
            format!("UserTagKeys={own},team"),
            "UsersPath=/snowgate/".to_owned(),
        ] {
            assert!(words.contains(&word), "{words:?}");
        }
        let none = parameters("/snowgate/", &[]).unwrap().to_json();
        assert_eq!(none["UserTagKeys"], own);
    }

    #[test]
    fn users_are_made_among_enrolled_ones_alone() {
        let account: AccountId = "210987654321".parse().unwrap();
        for path in ["/other/", "/", "", "/snowgate", "snowgate/", "/snow*/"] {
            let refused = parameters(path, &[]).unwrap_err();
            let wanted = MemberParametersError::UsersNotEnrolled(account.clone());
            assert_eq!(refused, wanted, "{path}");
        }
    }

    #[test]
    fn what_cannot_stand_in_a_parameter_or_a_policy_is_refused() {
        for key in ["cost center", "a,b", "größe", "", "$(id)"] {
            let refused = parameters("/snowgate/", &[key.to_owned()]).unwrap_err();
            assert!(matches!(refused, MemberParametersError::TagKey(_)), "{key}");
        }
        let keys = |many: usize| -> Vec<String> {
            (0..many)
                .map(|n| format!("{n:02}-{}", "x".repeat(60)))
                .collect()
        };
        assert!(parameters("/snowgate/", &keys(25)).is_ok());
        let refused = parameters("/snowgate/", &keys(40)).unwrap_err();
        let MemberParametersError::TooLong { needs, limit, .. } = refused else {
            panic!("{refused}");
        };
        assert!(needs > limit);
    }
}
