//! The README's first session, run as it is printed.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use tests::{Database, Options, Server, repository_root};

/// Stands in the README before the session, where nobody sees it.
const MARK: &str = "<!-- first session -->";

/// The address that the README's commands talk to.
const PRINTED_PORT: u16 = 8080;

#[test]
fn a_reader_who_pastes_the_first_session_sees_the_text_of_the_image() {
    let readme = std::fs::read_to_string(repository_root().join("README.md")).expect("there is a README");
    let mut session = first_session(&readme);
    assert!(
        session.contains("curl"),
        "a session talks to the service: {session}"
    );

    // The port of the README where nobody else has it, so that not a character is changed.
    let free = TcpListener::bind(("127.0.0.1", PRINTED_PORT)).is_ok();
    let wanted = if free { PRINTED_PORT } else { 0 };
    let options = Options::on(Database::Sqlite).setting("OCELLUS__HTTP__PORT", &wanted.to_string());
    let server = Server::start(options);
    let port = server.address().port();
    if port != PRINTED_PORT {
        session = session.replace(&PRINTED_PORT.to_string(), &port.to_string());
    }

    let done = Command::new("bash")
        .args(["-e", "-o", "pipefail", "-c", &session])
        .current_dir(repository_root())
        .stdin(Stdio::null())
        .output()
        .expect("bash starts");
    let (output, errors) = (
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr),
    );
    assert!(
        done.status.success(),
        "the session failed ({}):\n{output}\n{errors}",
        done.status
    );
    assert!(
        output.contains("Ocellus reads this line."),
        "the text is not in\n{output}\n{errors}"
    );
}

/// The shell blocks that follow the mark, up to the next heading.
fn first_session(readme: &str) -> String {
    let (_, after) = readme
        .split_once(MARK)
        .unwrap_or_else(|| panic!("there is no {MARK} in the README"));
    let mut session = String::new();
    let mut inside = false;
    for line in after.lines() {
        if line.starts_with("```") {
            inside = !inside && ["```sh", "```bash", "```shell", "```console"].contains(&line.trim());
            continue;
        }
        if inside {
            session.push_str(line);
            session.push('\n');
        } else if line.starts_with('#') {
            break;
        }
    }
    session
}
