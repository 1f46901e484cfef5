//! The guardrails that this build carries.

use snowgate_core::guardrails::{Guardrails, GuardrailsError};

/// The text of the guardrails file, checked by the build.
pub const TEXT: &str = include_str!(concat!(env!("OUT_DIR"), "/guardrails.toml"));

/// Reads the guardrails that the build checked.
///
/// # Errors
/// Never for a build that finished: it reads the same text.
pub fn load() -> Result<Guardrails, GuardrailsError> {
    Guardrails::parse_checked(TEXT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_build_checked_is_read_as_it_was_checked() {
        let (checked, again) = (load().unwrap(), Guardrails::parse(TEXT).unwrap());
        assert_eq!(format!("{checked:?}"), format!("{again:?}"));
    }
}
