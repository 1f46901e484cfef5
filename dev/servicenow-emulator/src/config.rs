//! Settings and credentials. Credentials come from the environment or from a
//! file that only its owner can read; never from the command line.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

/// A secret that never shows itself in `Debug`.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// 256 random bits in URL-safe base64.
    ///
    /// # Errors
    /// The operating system gave no randomness.
    pub fn random() -> Result<Self, ConfigError> {
        random_token().map(Self)
    }

    /// The secret itself, for whoever must send it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the text is this secret; takes the same time either way.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.0.as_bytes().ct_eq(text.as_bytes()).into()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// 256 random bits as text.
pub(crate) fn random_token() -> Result<String, ConfigError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| ConfigError::Randomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// How one integration signs in: HTTP Basic with user and password, or OAuth with the client.
#[derive(Debug, Clone)]
pub struct Login {
    /// `user_name` of the integration user.
    pub user: String,
    /// Its password.
    pub password: Secret,
    /// OAuth client that acts as this user.
    pub client_id: String,
    /// That client's secret.
    pub client_secret: Secret,
}

impl Login {
    /// A login with random secrets.
    ///
    /// # Errors
    /// The operating system gave no randomness.
    pub fn random(user: &str) -> Result<Self, ConfigError> {
        Ok(Self {
            user: user.to_owned(),
            password: Secret::random()?,
            client_id: format!("{user}.client"),
            client_secret: Secret::random()?,
        })
    }
}

/// What the REST message uses to sign in to Snowgate's service API.
#[derive(Debug, Clone, Deserialize)]
pub struct ServiceCredentials {
    /// User part of HTTP Basic.
    pub client_id: String,
    /// Password part of HTTP Basic.
    pub client_secret: Secret,
    /// What it sends in `x-api-key` beside them.
    #[serde(default)]
    pub api_key: Option<Secret>,
}

impl ServiceCredentials {
    /// Reads `{"client_id": …, "client_secret": …, "api_key": …}`, the last if it is there; further
    /// members are ignored.
    ///
    /// # Errors
    /// The file cannot be read, others than its owner can read it, or it is not of that shape.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        Ok(serde_json::from_str(&read_private(path)?)?)
    }
}

/// All settings of an emulator.
#[derive(Debug, Clone)]
pub struct Config {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The user that looks things up (role `snowgate_read`).
    pub read: Login,
    /// The user that writes outcomes (role `snowgate_write`).
    pub write: Login,
    /// A user that may do anything, for seeding through the Table API and for tests.
    pub admin: Option<Login>,
    /// What guards `/_emulator`; without it the control API does not exist.
    pub control_token: Option<Secret>,
    /// What `raise` signs in with unless told otherwise.
    pub service_api: Option<ServiceCredentials>,
    /// How long an access token lives; an instance's default is 1,800 s.
    pub token_life: Duration,
    /// Calls served at once before a 429 without any header; `None`: no bound.
    pub api_threads: Option<usize>,
}

/// Why there is no usable configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A credential is neither in the environment nor in the file.
    #[error("`{0}` is set neither in the environment nor in the credentials file")]
    Missing(&'static str),
    /// A file could not be read.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A file with secrets is open to others.
    #[error("`{0}` can be read by others than its owner; set its mode to 0600")]
    TooOpen(PathBuf),
    /// A file is not JSON of the right shape.
    #[error("the credentials file does not have the right shape")]
    Shape(#[from] serde_json::Error),
    /// No random numbers.
    #[error("the operating system gave no random numbers")]
    Randomness,
}

/// One login as the credentials file writes it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LoginFile {
    user: Option<String>,
    password: Option<Secret>,
    client_id: Option<String>,
    client_secret: Option<Secret>,
}

/// The credentials file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CredentialsFile {
    read: LoginFile,
    write: LoginFile,
    admin: LoginFile,
    control_token: Option<Secret>,
    service_api: Option<ServiceCredentials>,
}

/// The environment variables of one login.
struct Names {
    user: &'static str,
    password: &'static str,
    client_id: &'static str,
    client_secret: &'static str,
}

const READ: Names = Names {
    user: "SERVICENOW_READ_USER",
    password: "SERVICENOW_READ_PASSWORD",
    client_id: "SERVICENOW_READ_CLIENT_ID",
    client_secret: "SERVICENOW_READ_CLIENT_SECRET",
};
const WRITE: Names = Names {
    user: "SERVICENOW_WRITE_USER",
    password: "SERVICENOW_WRITE_PASSWORD",
    client_id: "SERVICENOW_WRITE_CLIENT_ID",
    client_secret: "SERVICENOW_WRITE_CLIENT_SECRET",
};
const ADMIN: Names = Names {
    user: "SERVICENOW_ADMIN_USER",
    password: "SERVICENOW_ADMIN_PASSWORD",
    client_id: "SERVICENOW_ADMIN_CLIENT_ID",
    client_secret: "SERVICENOW_ADMIN_CLIENT_SECRET",
};

impl Config {
    /// Settings with random credentials and a free port, for tests in the same process.
    ///
    /// # Errors
    /// The operating system gave no randomness.
    pub fn generated() -> Result<Self, ConfigError> {
        Ok(Self {
            port: 0,
            read: Login::random("snowgate.read")?,
            write: Login::random("snowgate.write")?,
            admin: Some(Login::random("emulator.admin")?),
            control_token: Some(Secret::random()?),
            service_api: None,
            token_life: Duration::from_secs(1_800),
            api_threads: None,
        })
    }

    /// Settings from the environment (which wins) and from a credentials file.
    ///
    /// # Errors
    /// A password or client secret is missing, or the file is unreadable, too open or malformed.
    pub fn load(
        file: Option<&Path>,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let from_file = match file {
            Some(path) => serde_json::from_str(&read_private(path)?)?,
            None => CredentialsFile::default(),
        };
        let lookup = |name: &str| environment(name).filter(|value| !value.is_empty());
        let admin_wanted = lookup(ADMIN.password).is_some() || from_file.admin.password.is_some();
        let service_api = match (
            lookup("SNOWGATE_CLIENT_ID"),
            lookup("SNOWGATE_CLIENT_SECRET"),
        ) {
            (Some(client_id), Some(secret)) => Some(ServiceCredentials {
                client_id,
                client_secret: Secret(secret),
                api_key: lookup("SNOWGATE_API_KEY").map(Secret),
            }),
            _ => from_file.service_api,
        };
        Ok(Self {
            port: 0,
            read: login(&READ, "snowgate.read", from_file.read, &lookup)?,
            write: login(&WRITE, "snowgate.write", from_file.write, &lookup)?,
            admin: admin_wanted
                .then(|| login(&ADMIN, "emulator.admin", from_file.admin, &lookup))
                .transpose()?,
            control_token: lookup("SERVICENOW_CONTROL_TOKEN")
                .map(Secret)
                .or(from_file.control_token),
            service_api,
            token_life: Duration::from_secs(1_800),
            api_threads: None,
        })
    }
}

fn login(
    names: &Names,
    default_user: &str,
    file: LoginFile,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Login, ConfigError> {
    let user = lookup(names.user)
        .or(file.user)
        .unwrap_or_else(|| default_user.to_owned());
    let client_id = lookup(names.client_id).or(file.client_id);
    Ok(Login {
        password: lookup(names.password)
            .map(Secret)
            .or(file.password)
            .ok_or(ConfigError::Missing(names.password))?,
        client_secret: match lookup(names.client_secret)
            .map(Secret)
            .or(file.client_secret)
        {
            Some(secret) => secret,
            // A client that nobody named cannot sign in.
            None if client_id.is_none() => Secret::random()?,
            None => return Err(ConfigError::Missing(names.client_secret)),
        },
        client_id: client_id.unwrap_or_else(|| format!("{user}.client")),
        user,
    })
}

/// Reads a file that must not be open to group or others.
fn read_private(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path)
            .map_err(unreadable)?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(ConfigError::TooOpen(path.to_owned()));
        }
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn file(name: &str, mode: u32, text: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let text = r#"{"read":{"password":"a","client_id":"c","client_secret":"s"},
                       "write":{"password":"b"},"control_token":"t"}"#;
        let path = file("emulator-credentials", 0o600, text);
        let environment =
            |name: &str| (name == "SERVICENOW_READ_PASSWORD").then(|| "other".to_owned());
        let config = Config::load(Some(&path), &environment).unwrap();
        std::fs::remove_file(path).unwrap();
        assert!(config.read.password.is("other") && config.write.password.is("b"));
        assert_eq!(
            (config.read.user.as_str(), config.read.client_id.as_str()),
            ("snowgate.read", "c")
        );
        assert!(config.admin.is_none() && config.control_token.unwrap().is("t"));
    }

    #[test]
    fn missing_credentials_and_open_files_are_refused() {
        let nothing = |_: &str| None;
        let missing = Config::load(None, &nothing);
        assert!(matches!(
            missing,
            Err(ConfigError::Missing("SERVICENOW_READ_PASSWORD"))
        ));
        let path = file("emulator-open", 0o640, "{}");
        let open = Config::load(Some(&path), &nothing);
        std::fs::remove_file(path).unwrap();
        assert!(matches!(open, Err(ConfigError::TooOpen(_))));
    }

    #[test]
    fn secrets_do_not_show_in_debug_and_differ() {
        let config = Config::generated().unwrap();
        assert!(!format!("{config:?}").contains(config.read.password.expose()));
        assert_ne!(
            config.read.password.expose(),
            config.write.password.expose()
        );
    }
}
