//! Keys in files of their own, made at the first start.

use domain::BoxError;
use secrecy::{ExposeSecret, SecretString};
use std::{
    fs::{DirBuilder, File},
    io::{ErrorKind, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// The file can be neither read nor created. Its text holds nothing of the key.
#[derive(Debug, thiserror::Error)]
#[error("the key {} cannot be read or created", path.display())]
pub struct KeyFileError {
    /// Which file.
    path: PathBuf,
    /// What the operating system or the random generator said.
    #[source]
    source: BoxError,
}

/// Reads the key, and creates it first when there is none. Of processes that start at once one creates it, and all
/// read the same.
pub(super) fn load_or_create(
    path: &Path,
    make: impl FnOnce() -> Result<SecretString, BoxError>,
) -> Result<SecretString, KeyFileError> {
    let failed = |source: BoxError| KeyFileError {
        path: path.to_owned(),
        source,
    };
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make().and_then(|key| create(path, &key)).map_err(failed)?;
            std::fs::read_to_string(path)
        }
        outcome => outcome,
    };
    Ok(text.map_err(|error| failed(error.into()))?.into())
}

/// Puts a new key where none is, whole and readable by its owner alone; one that came meanwhile stays.
fn create(path: &Path, key: &SecretString) -> Result<(), BoxError> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(key.expose_secret().as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(failure) if failure.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        outcome => {
            outcome?;
            Ok(File::open(folder)?.sync_all()?)
        }
    }
}
