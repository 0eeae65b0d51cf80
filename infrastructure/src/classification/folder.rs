//! A model where it lies: a folder or an archive.

use super::{archive, manifest::Manifest};
use domain::images::Sha256Digest;
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};
use url::Url;

/// The names of the two files.
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const MODEL: &str = "model.onnx";
/// The most bytes of each.
pub(super) const MOST_OF_MANIFEST: u64 = 1 << 20;
pub(super) const MOST_OF_MODEL: u64 = 1 << 30;

/// The content of a model folder. That the two belong together was not checked yet.
pub(super) struct ModelFiles {
    pub(super) manifest: Vec<u8>,
    pub(super) onnx: Vec<u8>,
}

impl ModelFiles {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// What is missing, as a sentence.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        if path.is_file() {
            let file = File::open(path).map_err(|error| format!("the archive cannot be read: {error}"))?;
            return archive::read(file);
        }
        if !path.is_dir() {
            return Err("there is no such folder or archive".to_owned());
        }
        Ok(Self {
            manifest: whole(&path.join(MANIFEST), MOST_OF_MANIFEST)?,
            onnx: whole(&path.join(MODEL), MOST_OF_MODEL)?,
        })
    }

    /// The manifest, when the model is the one that it speaks of.
    ///
    /// # Errors
    ///
    /// What is wrong, as a sentence.
    pub(super) fn check(&self) -> Result<Manifest, String> {
        let manifest = Manifest::parse(&self.manifest)?;
        let found = Sha256Digest(Sha256::digest(&self.onnx).into());
        if found == manifest.model.sha256 {
            Ok(manifest)
        } else {
            Err(format!(
                "model.onnx has the sha256 {found}, and manifest.json says {}",
                manifest.model.sha256
            ))
        }
    }
}

/// The content of a file, when it is not too long.
fn whole(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let file = File::open(path).map_err(|error| format!("{name} cannot be read: {error}"))?;
    bounded(file, &name, most)
}

/// Everything that comes, when it is not too much.
pub(super) fn bounded(from: impl Read, name: &str, most: u64) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    from.take(most + 1)
        .read_to_end(&mut content)
        .map_err(|error| format!("{name} cannot be read: {error}"))?;
    if content.len() as u64 > most {
        return Err(format!("{name} has more than {most} bytes"));
    }
    Ok(content)
}

/// The path of a `file://` URL.
pub(super) fn path_of(url: &Url) -> Result<PathBuf, String> {
    url.to_file_path()
        .map_err(|()| "the URL is no path of this machine".to_owned())
}
