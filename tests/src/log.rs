//! What a server prints.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

/// The lines that a server printed so far, to standard output and standard error alike.
#[derive(Debug, Clone, Default)]
pub struct Log {
    lines: Arc<Mutex<Vec<String>>>,
}

impl Log {
    /// Collects everything from `source` until its end, on a thread of its own.
    pub(crate) fn follow(&self, source: impl Read + Send + 'static) {
        let log = self.clone();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(source);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                log.push(String::from_utf8_lossy(&line).trim_end().to_owned());
                line.clear();
            }
        });
    }

    fn push(&self, line: String) {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    /// The lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Everything so far, for messages and searches.
    pub fn text(&self) -> String {
        self.lines().join("\n")
    }

    /// The `field` of the last structured line whose message is `message`.
    pub fn field(&self, message: &str, field: &str) -> Option<String> {
        self.lines().iter().rev().find_map(|line| {
            let entry: Value = serde_json::from_str(line).ok()?;
            // tracing puts fields below `fields`, or beside the level when it flattens them.
            let fields = entry.get("fields").unwrap_or(&entry);
            if fields.get("message")? != message {
                return None;
            }
            Some(fields.get(field)?.as_str()?.to_owned())
        })
    }
}
