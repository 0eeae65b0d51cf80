//! A mail server.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::mails::{DELIVERY, Mail};
use crate::proxy::Proxy;
use crate::repository::repository_root;
use crate::waiting::eventually;

/// A server of Python's aiosmtpd that wants STARTTLS and a login, behind a cable that can be cut. Dropping it ends it.
#[derive(Debug)]
pub struct MailServer {
    process: Child,
    mails: Arc<Mutex<Vec<Value>>>,
    cable: Proxy,
    folder: TempDir,
}

impl MailServer {
    /// Starts a server. `None` where Python or aiosmtpd is missing, which CI does not forgive.
    pub fn start() -> Option<Self> {
        let Some(python) = python() else {
            eprintln!("not tested: no Python with aiosmtpd, which tools/make_test_python.sh installs");
            return None;
        };
        let folder = TempDir::new().expect("a temporary folder");
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).expect("valid names");
        let files = [
            ("certificate.pem", "CERTIFICATE", made.cert.der().to_vec()),
            ("key.pem", "PRIVATE KEY", made.signing_key.serialize_der()),
        ];
        for (name, tag, content) in files {
            let content = pem::encode(&pem::Pem::new(tag, content));
            std::fs::write(folder.path().join(name), content).expect("a writable folder");
        }
        let plan = json!({
            "tls": "starttls",
            "folder": folder.path(),
            "login": {"user": "ocellus", "password": "canary of the mail server"},
        });
        let mut process = Command::new(python)
            .arg(repository_root().join("infrastructure/tests/mail/server.py"))
            .arg(plan.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let mut events = Events(BufReader::new(process.stdout.take().expect("it is piped")));
        let port = &events.next().expect("the server starts")["port"];
        let cable = Proxy::to(&format!("127.0.0.1:{port}"));
        let mails = Arc::new(Mutex::new(Vec::new()));
        let delivered = Arc::clone(&mails);
        std::thread::spawn(move || {
            for mut event in events {
                let mail = event["mail"].take();
                if !mail.is_null() {
                    delivered
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(mail);
                }
            }
        });
        Some(Self {
            process,
            mails,
            cable,
            folder,
        })
    }

    /// What to configure as `mail.url`.
    pub fn url(&self) -> String {
        let authority = self.folder.path().join("certificate.pem");
        format!(
            "smtp://ocellus:canary%20of%20the%20mail%20server@127.0.0.1:{}?ca={}",
            self.cable.port(),
            authority.display()
        )
    }

    /// Is not there any more.
    pub fn cut(&self) {
        self.cable.cut();
    }

    /// Is there again.
    pub fn restore(&self) {
        self.cable.restore();
    }

    /// What was delivered to an address, all of it after STARTTLS and a login.
    pub fn mails_to(&self, address: &str) -> Vec<Mail> {
        let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        let to_it = mails.iter().filter(|mail| mail["to"] == json!([address]));
        to_it
            .map(|mail| {
                assert!(mail["secure"] == true && mail["authenticated"] == true, "{mail}");
                let text = |value: &Value| value.as_str().expect("a text").to_owned();
                Mail {
                    subject: text(&mail["headers"]["Subject"]),
                    text: text(&mail["parts"][0]["content"]),
                }
            })
            .collect()
    }

    /// Waits until something was delivered to an address, and gives the latest.
    pub async fn mail_to(&self, address: &str) -> Mail {
        eventually(&format!("a mail to {address}"), DELIVERY, async || {
            !self.mails_to(address).is_empty()
        })
        .await;
        self.mails_to(address).pop().expect("a mail")
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the server tells, one JSON object in each line.
struct Events(BufReader<ChildStdout>);

impl Iterator for Events {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        match self.0.read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(serde_json::from_str(&line).expect("JSON")),
        }
    }
}

/// The interpreter at `OCELLUS_TEST_PYTHON`, or the one that `tools/make_test_python.sh` makes.
fn python() -> Option<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    let usual = repository_root().join(target).join("test-python/bin/python");
    let python = std::env::var_os("OCELLUS_TEST_PYTHON").map_or(usual, PathBuf::from);
    let usable = Command::new(&python)
        .args(["-c", "import aiosmtpd"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let must = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(usable || !must, "{} has no aiosmtpd", python.display());
    usable.then_some(python)
}
