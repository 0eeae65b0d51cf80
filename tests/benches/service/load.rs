//! A load of one request over kept connections, cheap enough not to be what is measured.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// How a load went.
pub struct Outcome {
    /// Requests per second, all answered 200.
    pub rate: f64,
    /// How long each took, sorted.
    pub durations: Vec<Duration>,
}

impl Outcome {
    /// What 99 of 100 requests stayed within.
    pub fn percentile_99(&self) -> Duration {
        self.durations[self.durations.len() * 99 / 100]
    }
}

/// Sends `GET path` over so many connections until the time is over, each with a pause after every answer.
pub async fn get(
    address: SocketAddr,
    path: &str,
    token: &str,
    connections: usize,
    time: Duration,
    pause: Duration,
) -> Outcome {
    let began = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            tokio::spawn(one_connection(
                address,
                path.to_owned(),
                token.to_owned(),
                began + time,
                pause,
            ))
        })
        .collect();
    let mut durations = Vec::new();
    for task in tasks {
        durations.extend(task.await.expect("a connection's task ends"));
    }
    let rate = durations.len() as f64 / began.elapsed().as_secs_f64();
    durations.sort();
    Outcome { rate, durations }
}

async fn one_connection(
    address: SocketAddr,
    path: String,
    token: String,
    end: Instant,
    pause: Duration,
) -> Vec<Duration> {
    let mut connection = Connection::open(address, &token).await;
    let mut durations = Vec::new();
    while Instant::now() < end {
        let began = Instant::now();
        connection.get(&path).await;
        durations.push(began.elapsed());
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    durations
}

/// A kept connection of somebody who is logged in.
pub struct Connection {
    stream: TcpStream,
    token: String,
    answer: Vec<u8>,
}

impl Connection {
    /// Connects; the token goes with every request.
    pub async fn open(address: SocketAddr, token: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("the service listens");
        stream.set_nodelay(true).expect("a TCP option");
        Self {
            stream,
            token: token.to_owned(),
            answer: Vec::with_capacity(8192),
        }
    }

    /// Sends `GET path` and takes the whole answer, which must be 200.
    pub async fn get(&mut self, path: &str) {
        let Self {
            stream,
            token,
            answer,
        } = self;
        let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        answer.clear();
        while !is_complete(answer) {
            assert!(
                stream.read_buf(answer).await.expect("received") > 0,
                "the connection was closed"
            );
        }
        assert!(
            answer.starts_with(b"HTTP/1.1 200"),
            "{}",
            String::from_utf8_lossy(answer)
        );
    }
}

/// Whether the head and as many bytes as it announces are there.
fn is_complete(buffer: &[u8]) -> bool {
    let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
        return false;
    };
    let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    buffer.len() >= head + 4 + length.unwrap_or(0_usize)
}
