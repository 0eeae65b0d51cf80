//! The commands of the program.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use serde_json::Value;
use tests::{Database, Server, program, run_program, run_program_in};

use crate::MISCONFIGURED;

#[tokio::test]
async fn the_program_prints_the_specification_that_it_serves() {
    let done = run_program(&["openapi"], &[]);
    assert_eq!(done.code, Some(0), "{}", done.errors);
    let printed: Value = serde_json::from_str(&done.output).expect("JSON");
    let client = Server::shared(Database::Sqlite).client().await;
    assert_eq!(printed, client.specification().document);
}

#[test]
fn health_tells_by_its_exit_whether_a_server_is_ready() {
    let server = Server::shared(Database::Sqlite);
    let port = server.address().port().to_string();
    let done = run_program(&["health"], &[("OCELLUS__HTTP__PORT", &port)]);
    assert_eq!(done.code, Some(0), "{}", done.errors);
    // Port 1 is nobody's.
    let done = run_program(&["health"], &[("OCELLUS__HTTP__PORT", "1")]);
    assert_eq!(done.code, Some(1), "{}", done.errors);
}

#[test]
fn a_foreign_variable_of_odd_bytes_is_nobodys_business() {
    let folder = tempfile::tempdir().expect("a folder");
    let done = Command::new(program())
        .arg("health")
        .current_dir(folder.path())
        .env("OCELLUS__HTTP__PORT", "1")
        .env("SOMEBODY_ELSES", OsStr::from_bytes(b"\xff\xfe"))
        .output()
        .expect("the program starts");
    let errors = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "nobody listens there: {errors}");
    assert!(!errors.contains("panicked"), "{errors}");
}

#[test]
fn migrating_alone_ends_and_may_be_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    for _ in 0..2 {
        let done = run_program_in(folder.path(), &["migrate"], &[]);
        assert_eq!(done.code, Some(0), "{}", done.errors);
    }
    assert!(folder.path().join("data/ocellus.db").is_file());
}

#[test]
fn help_and_version_are_told_and_nonsense_is_not_taken() {
    let help = run_program(&["--help"], &[]);
    assert_eq!(help.code, Some(0));
    for command in ["serve", "migrate", "openapi", "health", "user"] {
        assert!(help.output.contains(command), "{}", help.output);
    }
    assert_eq!(run_program(&["--version"], &[]).code, Some(0));
    assert_eq!(run_program(&["juggle"], &[]).code, MISCONFIGURED);
}
