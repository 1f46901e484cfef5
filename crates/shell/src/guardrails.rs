//! The guardrails that this build carries.

use snowgate_core::guardrails::{Guardrails, GuardrailsError};

/// The guardrails file as the build checked it.
const CHECKED: &str = include_str!(concat!(env!("OUT_DIR"), "/guardrails.json"));

/// Reads the guardrails that the build checked.
///
/// # Errors
/// Never for a build that finished: it reads the same text.
pub fn load() -> Result<Guardrails, GuardrailsError> {
    Guardrails::parse_checked(CHECKED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_build_checked_is_read_as_it_was_checked() {
        let file = std::env::var("SNOWGATE_GUARDRAILS");
        let file = file
            .unwrap_or(concat!(env!("CARGO_MANIFEST_DIR"), "/../../guardrails.toml").to_owned());
        let text = std::fs::read_to_string(file).unwrap();
        let (checked, again) = (load().unwrap(), Guardrails::parse(&text).unwrap());
        assert_eq!(format!("{checked:?}"), format!("{again:?}"));
    }
}
