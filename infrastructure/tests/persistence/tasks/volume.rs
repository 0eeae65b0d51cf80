//! What a claim costs with few and with many ready tasks. Filling a database takes minutes, so these run when asked for:
//! `cargo test -p infrastructure --test persistence volume -- --ignored --nocapture`.

use super::{claimed, stored_task};
use crate::{
    databases::{TestDatabase, mariadb, postgres, sqlite},
    samples::{moment, stored_user},
};
use domain::{accounts::User, store::Repositories};
use infrastructure::persistence::SeaStore;
use std::time::{Duration, Instant};

const FEW: u32 = 1000;
const MANY: u32 = 1_000_000;
/// How many claims are measured, one by one.
const CLAIMS: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "fills a database with a million rows"]
async fn a_claim_costs_the_same_among_many_on_sqlite() {
    sqlite(a_claim_costs_the_same_among_many).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "fills a database with a million rows"]
async fn a_claim_costs_the_same_among_many_on_postgres() {
    postgres(a_claim_costs_the_same_among_many).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "fills a database with a million rows"]
async fn a_claim_costs_the_same_among_many_on_mariadb() {
    mariadb(a_claim_costs_the_same_among_many).await;
}

async fn a_claim_costs_the_same_among_many(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    fill(&database, &ada, 0..FEW).await;
    let few = measure(&store, &ada).await;
    fill(&database, &ada, FEW..MANY).await;
    let many = measure(&store, &ada).await;
    println!("[claim, look, addition] among {FEW}: {few:?}, among {MANY}: {many:?}");
    for (few, many) in few.into_iter().zip(many) {
        // Below a part of a millisecond other things than the index decide.
        assert!(
            many < few.mul_f64(1.5) + Duration::from_micros(300),
            "{few:?} {many:?}"
        );
    }
}

/// The median times of a claim, of a look whether any task is ready, and of an addition.
async fn measure(store: &SeaStore, owner: &User) -> [Duration; 3] {
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..CLAIMS {
        let start = Instant::now();
        claimed(store, moment(20)).await;
        times[0].push(start.elapsed());
        let start = Instant::now();
        assert!(store.tasks().any_ready().await.expect("a read"));
        times[1].push(start.elapsed());
        let start = Instant::now();
        stored_task(store, owner).await;
        times[2].push(start.elapsed());
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[CLAIMS / 2]
    })
}

/// Adds ready tasks of one owner with these turns.
async fn fill(database: &TestDatabase, owner: &User, turns: std::ops::Range<u32>) {
    let owner = owner.id.0.simple();
    let scheme = database.url.split(':').next();
    let (before, id, owner) = match scheme.expect("an address") {
        "sqlite" => ("", "randomblob(16)", format!("x'{owner}'")),
        "postgres" => ("", "gen_random_uuid()", format!("'{owner}'")),
        _ => (
            "SET max_recursive_iterations = 10000000; ",
            "random_bytes(16)",
            format!("x'{owner}'"),
        ),
    };
    let (first, end) = (turns.start, turns.end);
    let fill = format!(
        "{before}INSERT INTO tasks (id, owner_id, image_id, kind, languages, state, turn, attempts, token, due_at, \
         pages_done, pages_total, created_at) \
         WITH RECURSIVE turns(turn) AS (SELECT {first} UNION ALL SELECT turn + 1 FROM turns WHERE turn + 1 < {end}) \
         SELECT {id}, {owner}, {id}, 'ocr', 'eng', 'ready', turn, 0, 0, '2026-01-01 00:00:00', 0, 1, \
         '2026-01-01 00:00:00' FROM turns"
    );
    database.execute(&fill).await;
}
