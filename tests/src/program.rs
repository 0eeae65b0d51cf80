//! The program under test.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::home::Home;
use crate::log::Log;
use crate::waiting::PAUSE;

/// How long a command of the program that is not a server may take on a busy machine.
const COMMAND_DEADLINE: Duration = Duration::from_mins(1);

/// Where the program is: what `OCELLUS_BINARY` says, else beside the folder of this test's own executable, where
/// `cargo build` puts it.
pub fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("OCELLUS_BINARY") {
        return path.into();
    }
    let own = std::env::current_exe().expect("a test knows its own executable");
    let folder = own.ancestors().nth(2).expect("tests lie two folders deep");
    let program = folder.join("ocellus");
    assert!(
        program.is_file(),
        "there is no {}: build it first with `cargo build --workspace --all-features --bin ocellus`",
        program.display()
    );
    program
}

/// A command of the program with a clean environment: no setting of the person who runs the tests gets in.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(program());
    clean(&mut command, folder);
    command
}

/// Clears what could change the program's behaviour and keeps what it needs to find libraries and language data.
pub(crate) fn clean(command: &mut Command, folder: &Path) {
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    for name in ["PATH", "HOME", "LD_LIBRARY_PATH", "TESSDATA_PREFIX"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
}

/// Waits until a process has ended by itself.
pub(crate) fn end_of(child: &mut Child, log: &Log, limit: Duration) -> ExitStatus {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().expect("a child can be asked") {
            return status;
        }
        assert!(
            Instant::now() < deadline,
            "still running after {limit:?}:\n{}",
            log.text()
        );
        std::thread::sleep(PAUSE);
    }
}

/// What a command that ended by itself left behind.
#[derive(Debug)]
pub struct Finished {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it printed to standard output.
    pub output: String,
    /// What it printed to standard error.
    pub errors: String,
}

/// Runs the program in a folder of its own until it ends.
pub fn run_program(arguments: &[&str], settings: &[(&str, &str)]) -> Finished {
    let home = Home::new(None);
    run_program_in(home.folder(), arguments, settings)
}

/// Runs the program in `folder` until it ends. Fails when it does not end.
pub fn run_program_in(folder: &Path, arguments: &[impl AsRef<OsStr>], settings: &[(&str, &str)]) -> Finished {
    // Files rather than pipes: whatever it prints, nobody has to read along for it to go on.
    let output = folder.join("harness.stdout");
    let errors = folder.join("harness.stderr");
    let mut child = command(folder)
        .args(arguments)
        .envs(settings.iter().copied())
        .stdout(std::fs::File::create(&output).expect("a writable folder"))
        .stderr(std::fs::File::create(&errors).expect("a writable folder"))
        .spawn()
        .expect("the program starts");
    let deadline = Instant::now() + COMMAND_DEADLINE;
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child can be asked") {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().expect("a child can be killed");
            child.wait().expect("a child can be waited for");
            panic!("the program did not end: {}", read(&errors));
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    Finished {
        code: status.code(),
        output: read(&output),
        errors: read(&errors),
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).expect("a file just written")).into_owned()
}
