//! The folder and the database of one server, which go away with it however the test ends.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::database::OwnDatabase;

/// What the reaper does once nobody holds its standard input any more: it ends what still works in the folder, removes the
/// folder and drops the database. Servers that tests share are never dropped, so their end is the end of the test's process.
const REAPER: &str = r#"
folder=$1
shift
read -r _
for process in /proc/[0-9]*; do
    if [ "$(readlink "$process/cwd")" = "$folder" ] && [ "${process#/proc/}" != "$$" ]; then
        kill -9 "${process#/proc/}"
    fi
done
rm -rf "$folder"
# What is left of the arguments is the command that drops the database.
exec "$@"
"#;

/// A folder, and perhaps a database, of a server's own.
#[derive(Debug)]
pub(crate) struct Home {
    folder: PathBuf,
    reaper: Child,
}

impl Home {
    /// Makes the folder, and takes charge of the database.
    pub(crate) fn new(database: Option<&OwnDatabase>) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("ocellus-test-")
            .tempdir()
            .expect("a temporary folder can be made")
            .keep();
        let folder = folder.canonicalize().expect("a folder just made");
        let reaper = Command::new("sh")
            .args(["-c", REAPER, "reaper"])
            .arg(&folder)
            .args(database.map_or_else(|| vec!["true".to_owned()], OwnDatabase::removal))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell starts");
        Self { folder, reaper }
    }

    /// Where the server works; its `data` folder is inside.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        drop(self.reaper.stdin.take());
        // A reaper that fails leaves a folder in the temporary folder, which is no reason to fail a test.
        let _ = self.reaper.wait();
    }
}
