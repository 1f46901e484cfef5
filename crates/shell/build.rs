//! Reads the guardrails and fails the build where they cannot be used.

use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../guardrails.toml");
    let path = env::var_os("SNOWGATE_GUARDRAILS").map_or(root, PathBuf::from);
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("cannot read the guardrails at {}: {error}", path.display()))?;
    let checked = snowgate_core::guardrails::Guardrails::check(&text)?;
    let out_folder = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out_folder.join("guardrails.json"), checked)?;
    let mut out = std::io::stdout();
    use std::io::Write as _;
    writeln!(out, "cargo::rerun-if-changed={}", path.display())?;
    writeln!(out, "cargo::rerun-if-env-changed=SNOWGATE_GUARDRAILS")?;
    Ok(())
}
