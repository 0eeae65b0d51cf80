//! A running worker.

use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::home::Home;
use crate::log::Log;
use crate::program::{command, end_of};
use crate::waiting::eventually_blocking;

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_mins(1);

/// A process that only works on tasks. Dropping it ends it.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    log: Log,
    _home: Arc<Home>,
}

impl Worker {
    pub(crate) fn start<'a>(home: Arc<Home>, settings: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let log = Log::default();
        let mut child = command(home.folder())
            .arg("worker")
            .envs(settings)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        log.follow(child.stdout.take().expect("standard output is piped"));
        log.follow(child.stderr.take().expect("standard error is piped"));
        eventually_blocking("the worker to begin", START, || {
            if let Some(status) = child.try_wait().expect("a child can be asked") {
                panic!("the worker ended at its start ({status}):\n{}", log.text());
            }
            log.text().contains("\"working\"").then_some(())
        });
        Self {
            child,
            log,
            _home: home,
        }
    }

    /// The process id.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// What it printed.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().expect("a running child can be killed");
        self.child.wait().expect("a child can be waited for");
    }

    /// Asks it to end, and waits until it has: its exit code.
    pub fn end(&mut self, limit: Duration) -> Option<i32> {
        let process = Pid::from_child(&self.child);
        kill_process(process, Signal::TERM).expect("a running child can be signalled");
        end_of(&mut self.child, &self.log, limit).code()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
