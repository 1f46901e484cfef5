//! Reading the corpora.

use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("no file `{}`", .0.display())]
    Missing(PathBuf),
    #[error("cannot read `{}`: {source}", path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("`{}` is not what is expected: {source}", path.display())]
    Json {
        path: PathBuf,
        source: serde_json::Error,
    },
}

pub(crate) struct Folder(PathBuf);

#[derive(Deserialize)]
struct File<T> {
    cases: Vec<T>,
}

impl Folder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The cases of a file.
    pub(crate) fn cases<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>, Error> {
        let path = self.0.join(name);
        let text = std::fs::read_to_string(&path).map_err(|source| {
            if source.kind() == std::io::ErrorKind::NotFound {
                Error::Missing(path.clone())
            } else {
                Error::File {
                    path: path.clone(),
                    source,
                }
            }
        })?;
        let file: File<T> =
            serde_json::from_str(&text).map_err(|source| Error::Json { path, source })?;
        Ok(file.cases)
    }
}

/// The text of a policy that a corpus holds as an object, or as text when it is no JSON.
pub(crate) fn text_of(policy: &serde_json::Value) -> String {
    match policy {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
