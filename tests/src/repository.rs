//! The files of this repository.

use std::path::{Path, PathBuf};

/// The folder that holds the workspace.
pub fn repository_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests lie inside the workspace")
        .to_owned()
}

/// Every Rust file below `folder` of the repository, sorted; none when there is no such folder.
pub fn rust_sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(&repository_root().join(folder), &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}
