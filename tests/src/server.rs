//! A running server.

use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::OnceCell;

use crate::client::Client;
use crate::database::{Database, OwnDatabase};
use crate::home::Home;
use crate::log::Log;
use crate::program::{Finished, clean, end_of, program, run_program};
use crate::raw::RawConnection;
use crate::repository::repository_root;
use crate::s3_server::S3Server;
use crate::specification::Specification;
use crate::waiting::eventually_blocking;
use crate::worker::Worker;

/// How long a start may take on a busy machine; what it must take is the benchmarks' affair.
const START: Duration = Duration::from_mins(1);

/// How to start a server.
#[derive(Debug, Clone, Default)]
pub struct Options {
    database: Option<OwnDatabase>,
    settings: Vec<(String, String)>,
    arguments: Vec<String>,
    wrapper: Vec<String>,
}

impl Options {
    /// A server on an empty database of this kind, and otherwise without configuration.
    #[must_use]
    pub fn on(database: Database) -> Self {
        match database {
            Database::Sqlite => Self::default(),
            Database::Postgres | Database::Mariadb => {
                let database = OwnDatabase::create(database);
                let url = database.url.clone();
                Self::default()
                    .keeping(database)
                    .setting("OCELLUS__DATABASE__URL", &url)
            }
        }
    }

    /// Takes charge of a database, so that it goes with the server.
    #[must_use]
    pub fn keeping(mut self, database: OwnDatabase) -> Self {
        self.database = Some(database);
        self
    }

    /// An environment variable, such as `OCELLUS__HTTP__MAX_UPLOAD_BYTES`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With these models of `tests/models`, the first of which is the default one.
    #[must_use]
    pub fn with_models(self, names: &[&str]) -> Self {
        let folder = repository_root().join("tests/models");
        let urls = names
            .iter()
            .map(|name| format!("file://{}", folder.join(name).display()));
        let urls = urls.collect::<Vec<_>>().join(",");
        self.setting("OCELLUS__PREDICTIONS__MODELS", &urls)
    }

    /// May use the buckets of the [`S3Server`] that is behind this address.
    #[must_use]
    pub fn reaching_buckets(self, address: &str) -> Self {
        self.setting("OCELLUS__STORAGE__S3__ENDPOINT", &format!("http://{address}"))
            .setting("OCELLUS__STORAGE__S3__ALLOW_HTTP", "true")
            .setting("OCELLUS__STORAGE__S3__ACCESS_KEY_ID", S3Server::ACCESS_KEY_ID)
            .setting(
                "OCELLUS__STORAGE__S3__SECRET_ACCESS_KEY",
                S3Server::SECRET_ACCESS_KEY,
            )
    }

    /// One more word on the command line after `serve`.
    #[must_use]
    pub fn argument(mut self, word: &str) -> Self {
        self.arguments.push(word.to_owned());
        self
    }

    /// A command that ends by starting its arguments in its own place: the server becomes that.
    #[must_use]
    pub fn wrapped_in(mut self, command: &[&str]) -> Self {
        self.wrapper = command.iter().map(|&word| word.to_owned()).collect();
        self
    }
}

/// A server with a folder and a database of its own. Dropping it ends it and removes both.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: SocketAddr,
    log: Log,
    options: Options,
    specification: OnceCell<Arc<Specification>>,
    // The last field: the folder goes after the process.
    home: Arc<Home>,
}

impl Server {
    /// The server that all tests of this executable share, for what no other test can disturb.
    pub fn shared(database: Database) -> &'static Self {
        // All tests come from the same address.
        fn start(database: Database) -> Server {
            let options = Options::on(database)
                .with_models(&["colours", "no_number_for_black"])
                .setting("OCELLUS__RATE_LIMITS__REGISTRATION__PER_NETWORK", "0")
                .setting("OCELLUS__RATE_LIMITS__LOGIN__PER_NETWORK", "0");
            Server::start(options)
        }
        static ON_SQLITE: LazyLock<Server> = LazyLock::new(|| start(Database::Sqlite));
        static ON_POSTGRES: LazyLock<Server> = LazyLock::new(|| start(Database::Postgres));
        static ON_MARIADB: LazyLock<Server> = LazyLock::new(|| start(Database::Mariadb));
        match database {
            Database::Sqlite => &ON_SQLITE,
            Database::Postgres => &ON_POSTGRES,
            Database::Mariadb => &ON_MARIADB,
        }
    }

    /// Starts a server and waits until it is ready.
    #[must_use]
    pub fn start(options: Options) -> Self {
        let server = Self::start_unready(options);
        server.wait_until_ready();
        server
    }

    /// Starts a server and waits only until it listens.
    #[must_use]
    pub fn start_unready(options: Options) -> Self {
        let home = Arc::new(Home::new(options.database.as_ref()));
        Self::start_in(home, options)
    }

    /// Starts two servers at the same moment in one folder on one database.
    pub fn start_two_at_once(options: &Options) -> (Self, Self) {
        let home = Arc::new(Home::new(options.database.as_ref()));
        let start = || {
            let (home, options) = (Arc::clone(&home), options.clone());
            std::thread::spawn(move || Self::start_in(home, options))
        };
        let (first, second) = (start(), start());
        let joined = |handle: std::thread::JoinHandle<Self>| handle.join().expect("both servers start");
        let servers = (joined(first), joined(second));
        servers.0.wait_until_ready();
        servers.1.wait_until_ready();
        servers
    }

    fn start_in(home: Arc<Home>, options: Options) -> Self {
        let log = Log::default();
        let (child, address) = spawn(&home, &options, &log);
        Self {
            child,
            address,
            log,
            options,
            specification: OnceCell::new(),
            home,
        }
    }

    /// Waits until the server says that it is ready.
    pub fn wait_until_ready(&self) {
        eventually_blocking("the server to be ready", START, || {
            (RawConnection::status_of(self.address, "/health/ready") == Some(200)).then_some(())
        });
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The process id.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Bytes of memory that the process holds now, and the most that it ever held.
    pub fn memory(&self) -> (u64, u64) {
        let path = format!("/proc/{}/status", self.process());
        let status = std::fs::read_to_string(path).expect("a running process");
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            kibibytes.expect("memory is counted in kibibytes") * 1024
        };
        (bytes("VmRSS:"), bytes("VmHWM:"))
    }

    /// What the server printed, over all its starts.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The folder that the server works in.
    pub fn folder(&self) -> &Path {
        self.home.folder()
    }

    /// A client without a login.
    pub async fn client(&self) -> Client {
        let specification = self
            .specification
            .get_or_init(|| async { Arc::new(Specification::fetch(self.address).await) })
            .await;
        Client::new(self.address, Arc::clone(specification))
    }

    /// The files below the data folder whose whole content fulfils `condition`.
    pub fn stored_files(&self, condition: impl Fn(&[u8]) -> bool) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder().join("data")];
        while let Some(folder) = folders.pop() {
            // Folders and files may go away while they are looked at.
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if std::fs::read(&path).is_ok_and(|content| condition(&content)) {
                    found.push(path);
                }
            }
        }
        found
    }

    /// Every row of every table of a database server, for searches; `None` where the database is a file.
    pub fn database_text(&self) -> Option<String> {
        Some(self.options.database.as_ref()?.text())
    }

    /// What the server was started with under this name.
    pub fn setting(&self, name: &str) -> Option<&str> {
        let mut settings = self.options.settings.iter().rev();
        settings.find_map(|(known, value)| (known == name).then_some(value.as_str()))
    }

    /// Starts a worker in the server's folder with the server's settings and these.
    #[must_use]
    pub fn worker(&self, settings: &[(&str, &str)]) -> Worker {
        let configured = self.options.settings.iter();
        let configured = configured.map(|(name, value)| (name.as_str(), value.as_str()));
        Worker::start(Arc::clone(&self.home), configured.chain(settings.iter().copied()))
    }

    /// Runs another command of the program on the server's data with the server's settings, until it ends.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        let data = self.folder().join("data");
        let data = data.to_str().expect("a path of text");
        let configured = self.options.settings.iter();
        let configured = configured.map(|(name, value)| (name.as_str(), value.as_str()));
        let settings: Vec<_> = [("OCELLUS__DATA_DIR", data)]
            .into_iter()
            .chain(configured)
            .collect();
        run_program(arguments, &settings)
    }

    /// Ends the server as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().expect("a running child can be killed");
        self.child.wait().expect("a child can be waited for");
    }

    /// Asks the server to end, as a container's engine does.
    pub fn ask_to_end(&self) {
        let process = Pid::from_child(&self.child);
        kill_process(process, Signal::TERM).expect("a running child can be signalled");
    }

    /// Asks the server to load its models anew, as a person does who changed them.
    pub fn ask_to_reload(&self) {
        let process = Pid::from_child(&self.child);
        kill_process(process, Signal::HUP).expect("a running child can be signalled");
    }

    /// Waits until the server has ended by itself: its exit code, or the negative number of the signal that ended it.
    pub fn wait_for_end(&mut self, limit: Duration) -> i32 {
        let status = end_of(&mut self.child, &self.log, limit);
        status
            .code()
            .unwrap_or_else(|| -status.signal().expect("a code or a signal"))
    }

    /// Changes an environment variable for the next start.
    pub fn set(&mut self, name: &str, value: &str) {
        self.options.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Starts an ended server again where it was. Its address may be another; clients have to be made anew.
    pub fn start_again(&mut self) {
        // A new log line tells the new address, so the old ones must not be mistaken for it.
        let log = Log::default();
        let (child, address) = spawn(&self.home, &self.options, &log);
        self.child = child;
        self.address = address;
        self.log = log;
        self.specification = OnceCell::new();
        self.wait_until_ready();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(home: &Home, options: &Options, log: &Log) -> (Child, SocketAddr) {
    let mut command = if let [first, rest @ ..] = &options.wrapper[..] {
        let mut command = Command::new(first);
        command.args(rest).arg(program());
        command
    } else {
        Command::new(program())
    };
    clean(&mut command, home.folder());
    let mut child = command
        .arg("serve")
        .args(&options.arguments)
        .env("OCELLUS__HTTP__PORT", "0")
        .envs(options.settings.iter().map(|(name, value)| (name, value)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    log.follow(child.stdout.take().expect("standard output is piped"));
    log.follow(child.stderr.take().expect("standard error is piped"));
    let address = eventually_blocking("the server to listen", START, || {
        if let Some(status) = child.try_wait().expect("a child can be asked") {
            panic!("the server ended at its start ({status}):\n{}", log.text());
        }
        log.field("listening", "address")
    });
    let address = address.trim_start_matches("socket://").parse();
    let address = address.expect("an address with a port is logged");
    (child, address)
}
