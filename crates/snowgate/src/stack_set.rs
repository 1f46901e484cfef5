//! The parameters of every account, for a stack set.

use std::path::{Path, PathBuf};

use snowgate_core::guardrails::Guardrails;

use crate::member_parameters::{MemberParameters, MemberParametersError};

/// Why the parameters of all accounts were not written.
#[derive(Debug, thiserror::Error)]
pub enum OverridesError {
    /// An account has none that AWS takes. Nothing was written.
    #[error(transparent)]
    Parameters(#[from] MemberParametersError),
    /// A file could not be written.
    #[error("{path} cannot be written")]
    Write {
        /// The folder or file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// Writes the parameters of each account of the guardrails to `<account>.json` in a folder, which is
/// made if it is not there; the accounts' ids, in their order.
///
/// # Errors
/// Where one account's parameters are none that AWS takes, or a file cannot be written.
pub fn write_overrides(
    guardrails: &Guardrails,
    folder: &Path,
) -> Result<Vec<String>, OverridesError> {
    let of = |account| {
        Ok((
            account,
            MemberParameters::new(guardrails, account)?.overrides(),
        ))
    };
    let all: Result<Vec<_>, MemberParametersError> =
        guardrails.accounts().into_iter().map(of).collect();
    let all = all?;
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| OverridesError::Write { path, source }
    };
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    let mut written = Vec::new();
    for (account, overrides) in all {
        let path = folder.join(format!("{account}.json"));
        std::fs::write(&path, format!("{overrides:#}\n")).map_err(failed(&path))?;
        written.push(account.to_string());
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_stack_set_has_a_file_for_every_account() {
        let folder =
            std::env::temp_dir().join(format!("snowgate-overrides-{}", std::process::id()));
        let shipped = include_str!("../../../guardrails.toml");
        let guardrails = Guardrails::parse(shipped).unwrap();
        let written = write_overrides(&guardrails, &folder).unwrap();
        let accounts = guardrails.accounts();
        assert_eq!(written.len(), accounts.len());
        for account in accounts {
            let text = std::fs::read_to_string(folder.join(format!("{account}.json"))).unwrap();
            let wanted = MemberParameters::new(&guardrails, account)
                .unwrap()
                .overrides();
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), wanted);
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
