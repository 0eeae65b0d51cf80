//! The mail server of one test.

use domain::accounts::{Email, Mail, MailContent, MailError, MailLanguage, Mailer, Username};
use infrastructure::{
    mail::{MailSettings, MailerError, open},
    system::{SystemClock, UuidV7Generator},
};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};
use tempfile::TempDir;

/// The password of every login here, with characters that a URL writes otherwise.
pub(crate) const PASSWORD: &str = "secret/w@rd";
/// The same as a URL has it.
pub(crate) const PASSWORD_IN_URL: &str = "secret%2Fw%40rd";
/// The code in every mail here.
pub(crate) const CODE: &str = "31415926";

/// A server that runs. Dropping it, or ending the process, ends it.
pub(crate) struct MailServer {
    process: Child,
    teller: JoinHandle<Vec<Value>>,
    folder: TempDir,
    port: u16,
}

/// What a server told.
pub(crate) struct Told(Vec<Value>);

impl MailServer {
    /// Starts a server with the plan that `server.py` describes. `None` where Python or aiosmtpd is missing, which CI
    /// does not forgive.
    pub(crate) fn start(mut plan: Value) -> Option<Self> {
        let Some(python) = python() else {
            eprintln!("not tested: no Python with aiosmtpd, which tools/make_test_python.sh installs");
            return None;
        };
        let folder = TempDir::new().expect("a temporary folder");
        write_certificate(folder.path());
        plan["folder"] = json!(folder.path());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mail/server.py");
        let mut process = Command::new(python)
            .arg(script)
            .arg(plan.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let mut lines = BufReader::new(process.stdout.take().expect("it is piped"))
            .lines()
            .map(|line| serde_json::from_str::<Value>(&line.expect("a line")).expect("JSON"));
        let first = lines.next().expect("the server starts");
        let port = first["port"]
            .as_u64()
            .and_then(|port| port.try_into().ok())
            .expect("a port");
        let teller = std::thread::spawn(move || lines.collect());
        Some(Self {
            process,
            teller,
            folder,
            port,
        })
    }

    /// Its address: `smtp`, `ada:word@`, `127.0.0.1`, with the server's certificate among the trusted.
    pub(crate) fn url(&self, scheme: &str, login: &str, host: &str) -> String {
        let authority = self.folder.path().join("certificate.pem");
        format!(
            "{}?ca={}",
            self.bare_url(scheme, login, host),
            authority.display()
        )
    }

    /// The same, trusting only whom the system trusts.
    pub(crate) fn bare_url(&self, scheme: &str, login: &str, host: &str) -> String {
        format!("{scheme}://{login}{host}:{}", self.port)
    }

    /// Ends the server, and gives what it told from the beginning on.
    pub(crate) fn finish(mut self) -> Told {
        drop(self.process.stdin.take());
        self.process.wait().expect("a child can be waited for");
        Told(self.teller.join().expect("the server told JSON"))
    }
}

impl Told {
    /// What was delivered.
    pub(crate) fn mails(&self) -> Vec<&Value> {
        let mails = self.0.iter().map(|event| &event["mail"]);
        mails.filter(|mail| !mail.is_null()).collect()
    }

    /// Everything that clients said.
    pub(crate) fn heard(&self) -> String {
        self.heard_where(|_| true)
    }

    /// What clients said before there was TLS.
    pub(crate) fn heard_in_the_open(&self) -> String {
        self.heard_where(|secure| !secure)
    }

    fn heard_where(&self, wanted: impl Fn(bool) -> bool) -> String {
        let events = self.0.iter().filter(|event| !event["heard"].is_null());
        let events = events.filter(|event| wanted(event["secure"].as_bool().expect("yes or no")));
        events
            .map(|event| event["heard"].as_str().expect("a text"))
            .collect()
    }
}

/// The interpreter at `OCELLUS_TEST_PYTHON`, or the one that `tools/make_test_python.sh` makes.
fn python() -> Option<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a workspace");
    let usual = workspace.join(target).join("test-python/bin/python");
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

/// A certificate that vouches for itself, as that of `localhost` and of 127.0.0.1.
fn write_certificate(folder: &Path) {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).expect("valid names");
    let certificate = pem::Pem::new("CERTIFICATE", made.cert.der().to_vec());
    let key = pem::Pem::new("PRIVATE KEY", made.signing_key.serialize_der());
    fs::write(folder.join("certificate.pem"), pem::encode(&certificate)).expect("a writable folder");
    fs::write(folder.join("key.pem"), pem::encode(&key)).expect("a writable folder");
}

/// A mailer for an address that waits no longer than so many milliseconds.
pub(crate) fn hurried_mailer(url: &str, milliseconds: u64) -> Result<Arc<dyn Mailer>, MailerError> {
    let mut settings = MailSettings::new(url.into(), "Ocellus <ocellus@eyes.example>".to_owned());
    settings.timeout = Duration::from_millis(milliseconds);
    open(&settings, Arc::new(SystemClock), Arc::new(UuidV7Generator))
}

/// A mailer for an address.
pub(crate) fn mailer(url: &str) -> Arc<dyn Mailer> {
    hurried_mailer(url, 10_000).expect("valid settings")
}

/// A mail with [`CODE`] to somebody.
pub(crate) fn mail(to: &str, language: MailLanguage) -> Mail {
    Mail {
        to: Email::parse(to).expect("a valid address"),
        username: Username::parse("Zoë").expect("a valid name"),
        language,
        content: MailContent::RecoverPassword { code: CODE.into() },
    }
}

/// The text of a failure that may pass, in which nothing is secret.
pub(crate) fn unavailable(outcome: Result<(), MailError>) -> String {
    let error = outcome.expect_err("the mail is not taken");
    assert!(matches!(error, MailError::Unavailable(_)), "{error:?}");
    let shown = format!("{error} {error:?}");
    for secret in [PASSWORD, PASSWORD_IN_URL, CODE] {
        assert!(!shown.contains(secret), "{shown}");
    }
    error.to_string()
}
