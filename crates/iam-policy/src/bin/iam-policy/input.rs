//! Reading what the command is given.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Outcome};

/// A text with the name to call it by.
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) text: String,
    /// The file; `None` for standard input.
    pub(crate) path: Option<PathBuf>,
}

impl Input {
    /// The name on one line on which everything is seen.
    pub(crate) fn shown(&self) -> String {
        iam_policy::foreign::visible(&self.name)
    }
}

/// What could be read of files and folders, and whether all could.
pub(crate) struct Inputs {
    pub(crate) read: Vec<Input>,
    pub(crate) complete: bool,
}

/// Reads files, folders (all `*.json` below, in order), and `-`; without any, standard input. What cannot be
/// read is reported on standard error and left out.
pub(crate) fn read_each(paths: &[PathBuf]) -> Result<Inputs, Error> {
    let mut inputs = Inputs {
        read: Vec::new(),
        complete: true,
    };
    let standard = [PathBuf::from("-")];
    for path in if paths.is_empty() { &standard } else { paths } {
        let mut files = Vec::new();
        inputs.note(collect(path, &mut files))?;
        for file in files {
            if let Some(input) = inputs.note(read(&file))? {
                inputs.read.push(input);
            }
        }
    }
    Ok(inputs)
}

impl Inputs {
    /// Reports what cannot be read; everything else ends the run.
    pub(crate) fn note<T>(&mut self, result: Result<T, Error>) -> Result<Option<T>, Error> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error @ (Error::Read { .. } | Error::Policy { .. } | Error::Minimise { .. })) => {
                let _ = writeln!(std::io::stderr(), "iam-policy: {error}");
                self.complete = false;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// How the run ends: an input that could not be read weighs most.
    pub(crate) const fn outcome(&self, found: bool) -> Outcome {
        match (self.complete, found) {
            (false, _) => Outcome::Incomplete,
            (true, true) => Outcome::Found,
            (true, false) => Outcome::Clean,
        }
    }
}

/// Reads one file, or standard input for `-`.
pub(crate) fn read(path: &Path) -> Result<Input, Error> {
    let name = if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    };
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .lock()
            .read_to_string(&mut text)
            .map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    match text {
        Ok(text) => Ok(Input {
            name,
            text,
            path: (path != Path::new("-")).then(|| path.to_owned()),
        }),
        Err(source) => Err(Error::Read { path: name, source }),
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let failed = |source| Error::Read {
        path: path.display().to_string(),
        source,
    };
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    entries.sort();
    for entry in entries {
        // A link to a folder above would never end.
        if entry.is_symlink() && entry.is_dir() {
            continue;
        }
        if entry.is_dir()
            || entry
                .extension()
                .is_some_and(|extension| extension == "json")
        {
            collect(&entry, files)?;
        }
    }
    Ok(())
}
