//! How soon an idle worker begins a task that was submitted: in the same process, and in another one.

use super::{load::Connection, median, print_bound, tasks};
use sea_orm::prelude::DateTimeUtc;
use std::time::Duration;
use tests::{Database, Options, Server, bundled_image};

/// How many tasks are started on each.
const TASKS: u32 = 50;
/// A worker that is not called looks twice a second.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Prints the rows.
pub async fn measure() {
    let server = Server::start(Options::default());
    print("in one process", &starts(&server).await, 50.0);
    drop(server);

    let alone = Options::on(Database::Postgres).setting("OCELLUS__WORKERS__COUNT", "0");
    let server = Server::start(alone);
    let worker = server.worker(&[("OCELLUS__WORKERS__COUNT", "1")]);
    print("in another process", &starts(&server).await, 1000.0);
    drop(worker);
}

fn print(place: &str, starts: &[f64], bound: f64) {
    let worst = starts.iter().copied().fold(0.0, f64::max);
    let name = |which| format!("start of a task {place}, {which} of {TASKS} (ms)");
    print_bound(&name("median"), median(starts.to_vec()), bound);
    print_bound(&name("worst"), worst, bound);
}

/// How many milliseconds after it was submitted each task began, one task after the other.
async fn starts(server: &Server) -> Vec<f64> {
    let client = server.user().await.client;
    let mut connection = Connection::open(server.address(), client.token().expect("logged in")).await;
    let page = bundled_image("hello.png");
    // The first one loads the engine.
    begun(&mut connection, &page).await;
    let mut starts = Vec::new();
    for number in 0..TASKS {
        // So that the tasks fall on every moment between two looks of a worker, in no order; 17 and 50 share no divisor.
        tokio::time::sleep(LOOK_EVERY * (17 * number % TASKS) / TASKS).await;
        starts.push(begun(&mut connection, &page).await);
    }
    starts
}

async fn begun(connection: &mut Connection, page: &[u8]) -> f64 {
    let id = tasks::submit(connection, page).await;
    let task = tasks::finished(connection, &id).await;
    assert_eq!(task["status"], "succeeded", "{task}");
    let moment = |name: &str| {
        let text = task[name].as_str().expect("a moment");
        text.parse::<DateTimeUtc>().expect("a moment")
    };
    let waited = moment("started_at") - moment("created_at");
    waited.as_seconds_f64() * 1000.0
}
