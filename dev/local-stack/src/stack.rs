//! `.local/stack.json`: what a running stack is, for people, tests and tools.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::checkout::Checkout;

/// A running stack. The file holds credentials of the local stack and is readable by its owner only.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LocalStack {
    /// Base of the service API, without trailing slash.
    pub service_api: String,
    /// Base of the approval API as owners reach it, without trailing slash; its own origin.
    pub approval_api: String,
    /// The approval API behind that origin.
    pub approval_upstream: String,
    /// The local AWS.
    pub aws_endpoint: String,
    /// The region.
    pub region: String,
    /// The ServiceNow emulator.
    pub servicenow_url: String,
    /// The console.
    pub console_url: String,
    /// Table names by role: `requests`, `tokens`, `cache`.
    pub tables: BTreeMap<String, String>,
    /// Queue URLs: `requests`, `work`, `outcomes` and `…_dead`.
    pub queues: BTreeMap<String, String>,
    /// Function names by binary.
    pub functions: BTreeMap<String, String>,
    /// Secret ARNs: `clients`, `servicenow_read`, `servicenow_write`.
    pub secrets: BTreeMap<String, String>,
    /// The key that signs decisions.
    pub approval_key_id: String,
    /// The address that e-mail comes from.
    pub sender: String,
    /// The account that Snowgate runs in; its access key id is the account's id.
    pub hub_account: String,
    /// The accounts that access is asked for; an access key id of twelve digits is that account's root.
    pub member_accounts: Vec<String>,
    /// The client of the service API.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The API key that it sends beside its credentials.
    pub api_key: String,
    /// The client's id at the token issuer.
    pub token_client_id: String,
    /// A client that may call nothing, and its secret.
    pub powerless_client_id: String,
    /// Its secret.
    pub powerless_client_secret: String,
    /// The client that the guardrails let end any access, and its secret.
    pub security_client_id: String,
    /// Its secret.
    pub security_client_secret: String,
    /// File with the token of the emulator's control API (`/_emulator`).
    pub control_token_file: PathBuf,
}

/// Why there is no stack file.
#[derive(Debug, thiserror::Error)]
pub enum LocalStackError {
    /// Nothing runs here.
    #[error("no local stack runs here; `make up` starts one")]
    None,
    /// The file has another shape, of another version perhaps.
    #[error("`.local/stack.json` does not have the right shape; `make down up` makes a new one")]
    Shape(#[from] serde_json::Error),
    /// A file could not be written.
    #[error("cannot write `{path}`")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

impl LocalStack {
    /// The stack that runs in this checkout.
    pub fn load(checkout: &Checkout) -> Result<Self, LocalStackError> {
        let text =
            std::fs::read(checkout.local("stack.json")).map_err(|_| LocalStackError::None)?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// Writes the file.
    pub fn save(&self, checkout: &Checkout) -> Result<(), LocalStackError> {
        let text = serde_json::to_string_pretty(self)?;
        write_private(&checkout.local("stack.json"), &text)
    }

    /// The token of the emulator's control API.
    pub fn control_token(&self) -> Result<String, LocalStackError> {
        std::fs::read_to_string(&self.control_token_file).map_err(|_| LocalStackError::None)
    }
}

/// Writes a file that only its owner can read.
pub fn write_private(path: &Path, text: &str) -> Result<(), LocalStackError> {
    let unwritable = |source| LocalStackError::Unwritable {
        path: path.to_owned(),
        source,
    };
    // An earlier file may have another mode: make it anew.
    let _ = std::fs::remove_file(path);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(unwritable)?;
    file.write_all(text.as_bytes()).map_err(unwritable)
}
