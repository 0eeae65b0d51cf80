//! Pages that are uploaded to be read later, from the first upload to the last result, beside bare libtesseract.

use super::{ROUNDS, bare_tesseract, load::Connection, median, print_row};
use futures_util::future::join_all;
use serde_json::Value;
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};
use tests::{Options, Server, bundled_image, repository_root};

/// The kinds of pages, each a row: its files, and how often each is read in a round.
const KINDS: [(&str, &[&str], usize); 2] =
    [("mixed pages", &MIXED, 8), ("A4 pages, 150 dpi", &["a4.png"], 8)];

/// Single lines, paragraphs and a page, upright; both sides read them in English. None that the service prepares first, as
/// it does with uneven light, white letters and transparency: bare libtesseract would be given other work with them.
const MIXED: [&str; 6] = [
    "a4.png",
    "hello.png",
    "spanish.png",
    "german.png",
    "french.png",
    "two_languages.png",
];

/// Prints a row for each kind of page.
pub async fn measure() {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let server = Server::start(Options::default());
    let client = server.user().await.client;
    let token = client.token().expect("logged in");
    for (kind, files, repetitions) in KINDS {
        let pages: Vec<Vec<u8>> = files.iter().map(|file| bundled_image(file)).collect();
        let folder = repository_root().join("tests/images");
        let paths: Vec<String> = files
            .iter()
            .map(|file| folder.join(file).display().to_string())
            .collect();
        let (mut service, mut peer) = (Vec::new(), Vec::new());
        // The first round warms the engines.
        for round in 0..=ROUNDS {
            let ours = pages_per_second(&server, token, threads, &pages, repetitions).await;
            let bare = bare_tesseract::pages_per_second(threads, repetitions, &paths);
            if round > 0 {
                service.push(ours);
                peer.push(bare);
            }
        }
        let name = format!("tasks, {kind} (pages/s)");
        print_row(&name, median(service), median(peer), 0.95);
    }
}

/// Uploads every page so many times, one after the other over a connection for each thread, and waits for the last result.
async fn pages_per_second(
    server: &Server,
    token: &str,
    threads: usize,
    pages: &[Vec<u8>],
    repetitions: usize,
) -> f64 {
    let (next, total) = (AtomicUsize::new(0), pages.len() * repetitions);
    let next = &next;
    let mut connection = Connection::open(server.address(), token).await;
    let began = Instant::now();
    let uploads = (0..threads).map(|_| async move {
        let mut connection = Connection::open(server.address(), token).await;
        let mut last = None;
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= total {
                return last;
            }
            last = Some(submit(&mut connection, &pages[index % pages.len()]).await);
        }
    });
    for last in join_all(uploads).await.into_iter().flatten() {
        finished(&mut connection, &last).await;
    }
    // One user's tasks are begun in the order of their uploads, so few are left now.
    for status in ["queued", "running"] {
        for id in listed(&mut connection, status).await {
            finished(&mut connection, &id).await;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    for status in ["queued", "running", "failed"] {
        assert!(
            listed(&mut connection, status).await.is_empty(),
            "a task has not succeeded: {status}"
        );
    }
    total as f64 / seconds
}

/// Uploads a page to be read: its task.
pub async fn submit(connection: &mut Connection, page: &[u8]) -> String {
    let submitted = parsed(connection.post_file("/upload", page).await);
    id_of(&submitted)
}

/// A task once it has come to its end. The service holds the answer meanwhile, so that nobody has to ask again and again.
pub async fn finished(connection: &mut Connection, id: &str) -> Value {
    loop {
        let task = parsed(connection.get(&format!("/tasks/{id}?wait=60")).await);
        if task["finished_at"].is_string() {
            return task;
        }
    }
}

/// Those of the last hundred tasks that stand so.
async fn listed(connection: &mut Connection, status: &str) -> Vec<String> {
    let page = parsed(connection.get(&format!("/tasks?limit=100&status={status}")).await);
    let items = page["items"].as_array().expect("a page has items");
    items.iter().map(id_of).collect()
}

fn id_of(task: &Value) -> String {
    task["task_id"].as_str().expect("a task has an id").to_owned()
}

fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("JSON")
}
