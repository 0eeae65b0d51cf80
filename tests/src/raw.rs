//! A connection on which a test writes byte by byte what no decent client would.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// How long a server may leave a raw connection without a byte.
const SILENCE: Duration = Duration::from_secs(30);

/// A plain TCP connection to a server.
#[derive(Debug)]
pub struct RawConnection {
    stream: TcpStream,
}

impl RawConnection {
    /// Connects; the error is that of the operating system, as when nobody listens.
    ///
    /// # Errors
    /// When there is no connection to be had.
    pub fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(SILENCE))?;
        stream.set_write_timeout(Some(SILENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream })
    }

    /// Writes text or bytes.
    ///
    /// # Errors
    /// When the server closed the connection.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Reads what comes next, as text; empty when the server closed.
    pub fn read_some(&mut self) -> String {
        let mut answer = [0; 4096];
        let read = self.stream.read(&mut answer).unwrap_or_default();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    }

    /// Reads until the server closes, or until its silence: the whole answer as text.
    pub fn read_to_end(&mut self) -> String {
        let mut answer = Vec::new();
        // A reset after the answer is the server's right: what came before it counts.
        let _ = self.stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Closes both directions in the middle of whatever was going on.
    pub fn abort(self) {
        // The server may have been quicker.
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// The status of a simple GET; `None` when there was no answer.
    pub fn status_of(address: SocketAddr, path: &str) -> Option<u16> {
        let mut connection = Self::open(address).ok()?;
        connection
            .write(format!(
                "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
            ))
            .ok()?;
        connection
            .read_to_end()
            .strip_prefix("HTTP/1.1 ")?
            .get(..3)?
            .parse()
            .ok()
    }
}
