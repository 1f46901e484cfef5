//! The question: is this person entitled to these resources, for this action.

use std::str::FromStr;

use super::resource::{ResourceRef, ResourceRefError};
use super::rules_file::{ActionName, ActionNameError};
use crate::id::SysId;

/// The most resources of one question.
pub const MAX_RESOURCES: usize = 1_000;

/// Who is asked about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UserRef {
    /// The record of the person.
    SysId(SysId),
    /// The field `user_name`, in lowercase.
    UserName(String),
    /// The field `email`, in lowercase.
    Email(String),
}

/// A text that names no person. The text itself is never repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a user is a sys_id, or a user name or address of 1 to 100 of `A-Z`, `a-z`, `0-9`, `.`, `_`, `@`, `+`, `-`"
)]
pub struct UserRefError;

impl UserRef {
    /// A person by sys_id or, where the text is none, by user name.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(text: &str) -> Result<Self, UserRefError> {
        match text.parse() {
            Ok(sys_id) => Ok(Self::SysId(sys_id)),
            Err(_) => plain(text).map(Self::UserName),
        }
    }

    /// A person by mail address. The caller vouches that the address is theirs.
    ///
    /// # Errors
    /// It is none that can be looked up.
    pub fn email(text: &str) -> Result<Self, UserRefError> {
        let email = plain(text)?;
        match email.split_once('@') {
            Some((name, domain)) if !name.is_empty() && domain.contains('.') => {
                Ok(Self::Email(email))
            }
            _ => Err(UserRefError),
        }
    }
}

/// A text that can hold no structure of an encoded query, in lowercase: ServiceNow compares without regard to
/// case.
fn plain(text: &str) -> Result<String, UserRefError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._@+-".contains(&byte);
    let sys_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if (1..=100).contains(&text.len()) && text.bytes().all(plain) && !sys_id {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(UserRefError)
    }
}

impl std::fmt::Debug for UserRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SysId(id) => write!(f, "UserRef({id})"),
            Self::UserName(_) => f.write_str("UserRef(user name, redacted)"),
            Self::Email(_) => f.write_str("UserRef(address, redacted)"),
        }
    }
}

/// A question whose parts are good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Who is asked about.
    pub user: UserRef,
    /// What is asked about, in the order asked: 1 to [`MAX_RESOURCES`], the same thing as often as it was asked.
    pub resources: Vec<ResourceRef>,
    /// Which profile of rules; none for the usual one.
    pub action: Option<ActionName>,
}

/// What is wrong with a question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// The person.
    #[error(transparent)]
    User(#[from] UserRefError),
    /// One resource, counted from zero.
    #[error("resource {index}: {error}")]
    Resource {
        /// Its place among the resources, from zero.
        index: usize,
        /// What is wrong with it.
        error: ResourceRefError,
    },
    /// None, or more than [`MAX_RESOURCES`].
    #[error("a question has 1 to {MAX_RESOURCES} resources")]
    Count,
    /// The action.
    #[error(transparent)]
    Action(#[from] ActionNameError),
}

impl Question {
    /// Reads the parts of a question.
    ///
    /// # Errors
    /// All that is wrong with it, at least one thing.
    pub fn parse<'a>(
        user: &str,
        resources: impl ExactSizeIterator<Item = &'a str>,
        action: Option<&str>,
    ) -> Result<Self, Vec<QuestionError>> {
        let mut errors = Vec::new();
        let user = UserRef::parse(user).map_err(|error| errors.push(error.into()));
        let mut asked = Vec::new();
        if (1..=MAX_RESOURCES).contains(&resources.len()) {
            for (index, text) in resources.enumerate() {
                match text.parse() {
                    Ok(resource) => asked.push(resource),
                    Err(error) => errors.push(QuestionError::Resource { index, error }),
                }
            }
        } else {
            errors.push(QuestionError::Count);
        }
        let action = action.map(ActionName::from_str).transpose();
        let action = action.map_err(|error| errors.push(error.into()));
        match (user, action) {
            (Ok(user), Ok(action)) if errors.is_empty() => Ok(Self {
                user,
                resources: asked,
                action,
            }),
            _ => Err(errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_repetition_are_kept() {
        let asked = ["web-01", "10.0.0.1", "WEB-01"];
        let question = Question::parse("rita.chen", asked.into_iter(), Some("attach")).unwrap();
        assert_eq!(question.resources.len(), 3);
        assert_eq!(question.resources[0], question.resources[2]);
        assert!(!format!("{question:?}").contains("rita"));
    }

    #[test]
    fn everything_that_is_wrong_is_said() {
        let errors = Question::parse("a b", ["x^y", "web", "::1"].into_iter(), Some("At"));
        let errors = errors.unwrap_err();
        assert_eq!(errors.len(), 4, "{errors:?}");
        let none = Question::parse("rita", std::iter::empty(), None);
        assert_eq!(none, Err(vec![QuestionError::Count]));
        let many = vec!["web"; MAX_RESOURCES + 1];
        let many = Question::parse("rita", many.into_iter(), None);
        assert_eq!(many, Err(vec![QuestionError::Count]));
        let most = vec!["web"; MAX_RESOURCES];
        assert!(Question::parse("rita", most.into_iter(), None).is_ok());
    }

    #[test]
    fn people_are_named_without_structure() {
        for text in [
            "",
            "a b",
            "a^active=true",
            "a,b",
            "javascript:x",
            "a%5Eb",
            "a\n",
            "0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A",
            &"a".repeat(101),
        ] {
            assert_eq!(UserRef::parse(text), Err(UserRefError), "{text:?}");
            assert_eq!(UserRef::email(text), Err(UserRefError), "{text:?}");
        }
        assert!(UserRef::email("rita.chen").is_err() && UserRef::email("@x.y").is_err());
        assert_eq!(
            UserRef::email("Rita@Brightwater.example"),
            UserRef::email("rita@brightwater.example")
        );
    }
}
