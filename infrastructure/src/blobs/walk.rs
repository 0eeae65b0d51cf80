//! Going through a folder of blobs.

use super::{checked, local::blocking};
use async_trait::async_trait;
use domain::images::{BlobError, BlobKey, BlobListing};
use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// How many keys a page has at most.
const PAGE: usize = 1000;

/// The keys of the files below a folder. At most one folder's are in memory.
pub(super) struct Walk {
    root: PathBuf,
    /// Folders that were not looked into yet.
    folders: Vec<PathBuf>,
    /// Keys that were found and not given yet.
    keys: Vec<BlobKey>,
}

impl Walk {
    /// Through everything below the root.
    pub(super) fn new(root: PathBuf) -> Self {
        Self {
            folders: vec![root.clone()],
            root,
            keys: Vec::new(),
        }
    }
}

#[async_trait]
impl BlobListing for Walk {
    async fn next_page(&mut self) -> Result<Option<Vec<BlobKey>>, BlobError> {
        while self.keys.is_empty() {
            let Some(folder) = self.folders.last().cloned() else {
                return Ok(None);
            };
            let root = self.root.clone();
            let (below, keys) = blocking(move || look_into(&root, &folder)).await?;
            // Only now, so that a folder that could not be read is not passed over the next time.
            self.folders.pop();
            self.folders.extend(below);
            self.keys = keys;
        }
        let rest = self.keys.len().saturating_sub(PAGE);
        Ok(Some(self.keys.split_off(rest)))
    }
}

/// The folders in a folder, and the keys of its files. What has a name that no key has, like what is still being written, is
/// not a blob.
fn look_into(root: &Path, folder: &Path) -> io::Result<(Vec<PathBuf>, Vec<BlobKey>)> {
    let (mut folders, mut keys) = (Vec::new(), Vec::new());
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((folders, keys)),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        let Some(key) = path.strip_prefix(root).ok().and_then(Path::to_str) else {
            continue;
        };
        let key = BlobKey::from_stored(key.to_owned());
        if checked(&key).is_err() {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            folders.push(path);
        } else if kind.is_file() {
            keys.push(key);
        }
    }
    Ok((folders, keys))
}
