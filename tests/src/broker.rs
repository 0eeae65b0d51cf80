//! A `RabbitMQ` node of a test's own, which may be killed, frozen and started again without hurting anybody.
//!
//! The file stands for itself, since the tests of the adapter include it, too.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_mins(2);

const PAUSE: Duration = Duration::from_millis(50);

/// Debian's `rabbitmq-server` changes the user and forgets the environment, so what it calls is preferred.
const INSIDE_DEBIAN: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// Waits until nobody holds its standard input open any more, which is when the test process is gone, however it ended.
/// Then it kills the node and removes its folder.
const WATCHDOG: &str = r#"cat >/dev/null; kill -KILL "$(cat "$0/pid")"; rm -rf "$0""#;

/// A running node. Dropping it, or ending the process, kills it and removes its data.
#[derive(Debug)]
pub struct PrivateBroker {
    folder: TempDir,
    name: String,
    port: u16,
    distribution_port: u16,
    script: Child,
    watchdog: Child,
}

impl PrivateBroker {
    /// Starts a node without queues and waits until it answers.
    #[must_use]
    pub fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let [port, distribution_port] = free_ports();
        let path = folder.path();
        fs::write(
            path.join("rabbitmq.conf"),
            format!("listeners.tcp.1 = 127.0.0.1:{port}\n"),
        )
        .expect("a writable folder");
        fs::write(path.join("plugins"), "[].\n").expect("a writable folder");
        fs::write(path.join("environment"), "").expect("a writable folder");
        let name = format!("ocellus_test_{port}@localhost");
        let watchdog = Command::new("sh")
            .args([OsStr::new("-c"), OsStr::new(WATCHDOG), path.as_os_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell starts");
        let script = run(path, &name, distribution_port);
        let mut broker = Self {
            folder,
            name,
            port,
            distribution_port,
            script,
            watchdog,
        };
        broker.wait_until_it_answers();
        broker
    }

    /// The address to configure.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
    }

    /// Ends the node as a power cut would, once it has written down which queues it has. `RabbitMQ` 3.10 does so half a
    /// second after one was declared, and a queue that it forgot comes back without a leader, and so of no use.
    pub fn kill(&mut self) {
        self.wait_for("its queues to be written down", Self::has_written_down_its_queues);
        self.signal("KILL");
        self.script.wait().expect("a child can be waited for");
        // The name is given up when the name server sees the connection to the node break.
        self.wait_for("its port to be closed", |broker| !broker.accepts());
    }

    /// Starts a killed node on the data that it left, under the same address.
    pub fn start_again(&mut self) {
        fs::remove_file(self.pid_file()).expect("a node that ran has a process id");
        self.script = run(self.folder.path(), &self.name, self.distribution_port);
        self.wait_until_it_answers();
    }

    /// Stops the node in its tracks: connections stay, and are even accepted, but nothing is answered.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets a frozen node go on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = fs::read_to_string(self.pid_file()).expect("a running node has a process id");
        // The shell's own `kill`, which is always there.
        let command = format!("kill -{signal} {}", pid.trim());
        let status = Command::new("sh")
            .args(["-c", &command])
            .status()
            .expect("a shell starts");
        assert!(status.success(), "the node cannot be sent {signal}");
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.path().join("pid")
    }

    fn wait_until_it_answers(&mut self) {
        self.wait_for("RabbitMQ to answer", Self::answers);
    }

    fn wait_for(&mut self, what: &str, condition: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + START;
        while !condition(self) {
            assert!(
                Instant::now() < deadline,
                "waited {START:?} in vain for {what}:\n{}",
                fs::read_to_string(self.folder.path().join("output")).unwrap_or_default()
            );
            sleep(PAUSE);
        }
    }

    /// Whether the file with the names of the quorum queues' members is saved. It is a DETS file: the number behind the
    /// first eight bytes is 0 from a change until all of it is on the disk.
    fn has_written_down_its_queues(&self) -> bool {
        let folder = self.folder.path().join("data").join(&self.name);
        let names = folder.join("quorum").join(&self.name).join("names.dets");
        let content = fs::read(names).expect("RabbitMQ 3.10 keeps names there");
        content.get(8..12).is_some_and(|mark| mark != [0; 4])
    }

    fn accepts(&self) -> bool {
        self.connect().is_some()
    }

    /// Whether somebody there speaks AMQP, and has booted so far that its process id is known.
    fn answers(&self) -> bool {
        let greeted = || {
            let mut connection = self.connect()?;
            connection.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
            connection.write_all(b"AMQP\x00\x00\x09\x01").ok()?;
            connection.read_exact(&mut [0; 8]).ok()
        };
        self.pid_file().exists() && greeted().is_some()
    }

    fn connect(&self) -> Option<TcpStream> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()
    }
}

impl Drop for PrivateBroker {
    fn drop(&mut self) {
        // The watchdog does the work, and it is waited for, so that the folder is at peace when it is removed.
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
        let _ = self.script.wait();
    }
}

fn run(folder: &Path, name: &str, distribution_port: u16) -> Child {
    let program = if Path::new(INSIDE_DEBIAN).exists() {
        INSIDE_DEBIAN
    } else {
        "rabbitmq-server"
    };
    let output = fs::File::create(folder.join("output")).expect("a writable folder");
    let errors = output.try_clone().expect("a file handle can be doubled");
    // Only this machine may connect, and idle schedulers must not spin on it.
    let erlang = "+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}";
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        // The folder of the node's secret.
        .env("HOME", folder)
        .env("LANG", "C.UTF-8")
        .env("RABBITMQ_NODENAME", name)
        .env("RABBITMQ_DIST_PORT", distribution_port.to_string())
        .env("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq.conf"))
        .env("RABBITMQ_CONF_ENV_FILE", folder.join("environment"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("plugins"))
        .env("RABBITMQ_MNESIA_BASE", folder.join("data"))
        .env("RABBITMQ_LOG_BASE", folder.join("log"))
        .env("RABBITMQ_PID_FILE", folder.join("pid"))
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", erlang)
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors);
    command
        .spawn()
        .expect("RabbitMQ is installed; tools/install_packages.sh test does it")
}

/// Ports that were free a moment ago.
fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("a bound socket").port())
}
