//! Recognition through the service, all cores busy, beside bare libtesseract.

use super::{ROUNDS, bare_tesseract, load::Connection, median, print_row};
use futures_util::future::join_all;
use std::{sync::Mutex, time::Instant};
use tests::{Client, Options, Server, bundled_image, repository_root};

/// The kinds of pages, each a row: single lines, and full pages.
const KINDS: [(&str, &str, usize); 2] = [("lines", "hello.png", 60), ("A4 pages, 150 dpi", "a4.png", 6)];

/// Prints a row for each kind of page.
pub async fn measure() {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let server = Server::start(Options::default());
    let client = server.user().await.client;
    for (kind, file, repetitions) in KINDS {
        let path = repository_root()
            .join("tests/images")
            .join(file)
            .display()
            .to_string();
        let (mut service, mut peer) = (Vec::new(), Vec::new());
        // The first round warms the engines.
        for round in 0..=ROUNDS {
            let images = upload(&client, file, repetitions).await;
            let ours = read_all(&server, &client, &images, threads).await;
            let bare = bare_tesseract::pages_per_second(threads, repetitions, std::slice::from_ref(&path));
            if round > 0 {
                service.push(ours);
                peer.push(bare);
            }
        }
        let name = format!("recognition, {kind} (pages/s)");
        print_row(&name, median(service), median(peer), 0.95);
    }
}

/// A text is read once for each image, so every reading needs an image of its own.
async fn upload(client: &Client, file: &str, count: usize) -> Vec<String> {
    let bytes = bundled_image(file);
    let mut ids = Vec::with_capacity(count);
    for _ in 0..count {
        ids.push(client.uploaded(bytes.clone()).await);
    }
    ids
}

/// Pages per second, with twice as many requests under way as there are threads.
async fn read_all(server: &Server, client: &Client, images: &[String], threads: usize) -> f64 {
    let token = client.token().expect("logged in");
    let waiting = Mutex::new(images.iter());
    let began = Instant::now();
    let readers = (0..2 * threads).map(|_| async {
        let mut connection = Connection::open(server.address(), token).await;
        loop {
            let Some(id) = waiting.lock().expect("no reader panicked").next() else {
                break;
            };
            connection.get(&format!("/images/{id}/text")).await;
        }
    });
    join_all(readers).await;
    images.len() as f64 / began.elapsed().as_secs_f64()
}
