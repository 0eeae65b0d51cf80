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

    /// Sends `GET path` and takes the body of the answer, which must be 200.
    pub async fn get(&mut self, path: &str) -> &[u8] {
        self.exchange("GET", path, "", &[], 200).await
    }

    /// Sends a file as a form to `path` and takes the body of the answer, which must be 202.
    pub async fn post_file(&mut self, path: &str, file: &[u8]) -> &[u8] {
        let mut body =
            b"--bench\r\nContent-Disposition: form-data; name=\"file\"; filename=\"page\"\r\n\r\n".to_vec();
        body.extend(file);
        body.extend(b"\r\n--bench--\r\n");
        let headers = format!(
            "Content-Type: multipart/form-data; boundary=bench\r\nContent-Length: {}\r\n",
            body.len()
        );
        self.exchange("POST", path, &headers, &body, 202).await
    }

    async fn exchange(&mut self, method: &str, path: &str, headers: &str, body: &[u8], status: u16) -> &[u8] {
        let Self {
            stream,
            token,
            answer,
        } = self;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n{headers}\r\n"
        );
        let request = [head.as_bytes(), body].concat();
        stream.write_all(&request).await.expect("sent");
        answer.clear();
        let start = loop {
            assert!(
                stream.read_buf(answer).await.expect("received") > 0,
                "the connection was closed"
            );
            if let Some(start) = body_of(answer) {
                break start;
            }
        };
        assert!(
            answer.starts_with(format!("HTTP/1.1 {status}").as_bytes()),
            "{}",
            String::from_utf8_lossy(answer)
        );
        &answer[start..]
    }
}

/// Where the body begins, once the head and as many bytes as it announces are there.
fn body_of(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    (buffer.len() >= head + 4 + length.unwrap_or(0_usize)).then_some(head + 4)
}
