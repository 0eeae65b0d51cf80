//! How soon the service is ready, how much memory it takes, and that it takes no more the longer it runs.

use super::{ROUNDS, median, print_bound};
use futures_util::{StreamExt, stream};
use std::time::Instant;
use tests::{Client, Options, Server, bundled_image, picture};

/// How many requests the steady memory is judged by.
const REQUESTS: usize = 10_000;

/// Prints the rows of the start and of memory.
pub async fn measure() {
    let starts = (0..ROUNDS).map(|_| {
        let began = Instant::now();
        let server = tokio::task::block_in_place(|| Server::start(Options::default()));
        let seconds = began.elapsed().as_secs_f64();
        drop(server);
        seconds
    });
    print_bound(
        "start to ready, nothing configured (s)",
        median(starts.collect()),
        0.5,
    );

    let server = Server::start(Options::default());
    print_bound(
        "idle memory before the first image (MB)",
        resident_megabytes(&server),
        60.0,
    );
    let client = server.user().await.client;
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    for _ in 0..2 * threads {
        let id = client.uploaded(bundled_image("hello.png")).await;
        client.get(&format!("/images/{id}/text")).await.expect(200);
    }
    let bound = 60.0 + 40.0 * threads as f64;
    print_bound(
        "memory with every engine warm (MB)",
        resident_megabytes(&server),
        bound,
    );
}

fn resident_megabytes(server: &Server) -> f64 {
    megabytes(server, "VmRSS:")
}

/// A figure of `/proc/PID/status`, in megabytes of a million bytes.
fn megabytes(server: &Server, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process())).expect("Linux tells");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .expect("the figure");
    let kibibytes: f64 = line
        .trim()
        .trim_end_matches("kB")
        .trim()
        .parse()
        .expect("a number");
    kibibytes * 1024.0 / 1e6
}
