//! Measures the released program from outside, beside bare libraries in the same run: `make bench`.
//!
//! Each row alternates between the service and its peer, so that what else the machine does falls on both, and is judged
//! by the ratio of the medians.
#![expect(
    clippy::cast_precision_loss,
    reason = "counts of requests and pages, far below 2^52"
)]

mod bare_handler;
mod bare_tesseract;
mod faces;
mod history;
mod load;
mod logins;
mod memory;
mod recognition;
mod requests;
mod task_starts;
mod tasks;

/// How often each side of a row is measured.
const ROUNDS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [bare_handler::ROLE, database] => bare_handler::serve(database),
        [bare_tesseract::ROLE, threads, repetitions, pages @ ..] => {
            bare_tesseract::read(threads, repetitions, pages);
        }
        parts => runtime().block_on(measure(parts)),
    }
}

/// Measures the parts that are named, or all: `cargo bench --workspace --bench service -- tasks task_starts`.
async fn measure(parts: &[&str]) {
    println!(
        "{:<52} {:>12} {:>12} {:>7} {:>7}",
        "row", "service", "peer", "ratio", "bar"
    );
    // `cargo bench` passes flags of its own.
    let all = parts.iter().all(|part| part.starts_with('-'));
    let wanted = |part| all || parts.contains(&part);
    if wanted("recognition") {
        recognition::measure().await;
    }
    if wanted("tasks") {
        tasks::measure().await;
    }
    if wanted("task_starts") {
        task_starts::measure().await;
    }
    if wanted("requests") {
        requests::measure().await;
    }
    if wanted("logins") {
        logins::measure().await;
    }
    if wanted("faces") {
        faces::measure().await;
    }
    if wanted("history") {
        history::measure().await;
    }
    if wanted("memory") {
        memory::measure().await;
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime starts")
}

/// One row of the table: two rates of which more is better.
fn print_row(name: &str, service: f64, peer: f64, bar: f64) {
    println!(
        "{name:<52} {service:>12.2} {peer:>12.2} {:>7.3} {bar:>7.2}",
        service / peer
    );
}

/// One row that has no peer but a bound.
fn print_bound(name: &str, value: f64, bound: f64) {
    println!("{name:<52} {value:>12.2} {:>12} {:>7} {bound:>7.1}", "", "");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
