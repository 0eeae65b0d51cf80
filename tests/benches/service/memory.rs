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

    let first = peak_of_mixed_requests(&server, &client, REQUESTS / 2).await;
    let second = peak_of_mixed_requests(&server, &client, REQUESTS / 2).await;
    print_bound(
        "peak memory of the first 5,000 mixed requests (MB)",
        first,
        f64::INFINITY,
    );
    print_bound(
        "peak of the second 5,000, share of the first's",
        second / first,
        1.05,
    );
}

/// The peak of resident memory, in megabytes, while so many requests of all kinds are answered, eight at once.
async fn peak_of_mixed_requests(server: &Server, client: &Client, count: usize) -> f64 {
    // Linux forgets the peak so far.
    std::fs::write(format!("/proc/{}/clear_refs", server.process()), "5").expect("one's own process");
    let (line, photo) = (bundled_image("hello.png"), picture(7, 1600, 1200));
    stream::iter(0..count)
        .for_each_concurrent(8, |number| {
            let (line, photo) = (&line, &photo);
            async move {
                match number % 10 {
                    0 => {
                        let id = client.uploaded(line.clone()).await;
                        client.get(&format!("/images/{id}/text")).await.expect(200);
                        client.delete(&format!("/images/{id}")).await.expect(204);
                    }
                    1 => {
                        let id = client.uploaded(photo.clone()).await;
                        client.get(&format!("/images/{id}/content")).await.expect(200);
                        client.delete(&format!("/images/{id}")).await.expect(204);
                    }
                    2 | 3 => drop(client.get("/images").await.expect(200)),
                    4 => drop(client.upload(b"not an image".as_slice()).await.expect(415)),
                    _ => drop(client.get("/user").await.expect(200)),
                }
            }
        })
        .await;
    megabytes(server, "VmHWM:")
}

fn resident_megabytes(server: &Server) -> f64 {
    megabytes(server, "VmRSS:")
}

/// A figure of `/proc/PID/status`, in megabytes of a million bytes.
pub fn megabytes(server: &Server, name: &str) -> f64 {
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
