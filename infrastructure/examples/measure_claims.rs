//! Measures what taking a task costs among a thousand that are queued and among a million: `make bench` does it last.
//!
//! ```text
//! cargo run --release -p infrastructure --example measure_claims
//! ```
//!
//! On `SQLite`, and on the `PostgreSQL` and `MariaDB` servers of the tests, each in a database of its own that is dropped
//! afterwards. Prints the median milliseconds of a claim (a unit of work that is committed), of the look before it whether
//! any task is ready, and of adding a task; then how many times the thousand's the million's is.

use chrono::DateTime;
use domain::{
    accounts::{Email, Role, User, Username},
    clock::Timestamp,
    ids::{IdGenerator, ImageId, TaskId, UserId},
    images::{Filename, Image, MediaType, Sha256Digest},
    ocr::LanguageSet,
    store::Store,
    tasks::{Task, TaskWork},
};
use futures_util::FutureExt;
use infrastructure::{
    persistence::{DatabaseSettings, SeaStore},
    system::UuidV7Generator,
};
use sea_orm::{ConnectOptions, ConnectionTrait, Database};
use std::{
    env,
    error::Error,
    panic::{AssertUnwindSafe, resume_unwind},
    time::{Duration, Instant},
};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Who has queued tasks, all as many.
const OWNERS: u32 = 100;
const FEW: u32 = 1000;
const MANY: u32 = 1_000_000;
/// How many of each are measured, one by one.
const CLAIMS: usize = 300;
/// How many times the cost of a claim among few that among many may be.
const BAR: f64 = 1.5;

#[tokio::main]
async fn main() -> Outcome<()> {
    println!(
        "{:<52} {:>12} {:>12} {:>7} {:>7}",
        "row", "of 1,000,000", "of 1,000", "ratio", "bar"
    );
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("ocellus.db").display());
    measure("SQLite", &url).await?;
    let server = address(
        "POSTGRES",
        "postgres://ocellus_test:ocellus_test@127.0.0.1:5432/postgres",
    );
    measure_on("PostgreSQL", &server, " WITH (FORCE)").await?;
    let server = address(
        "MARIADB",
        "mysql://ocellus_test:ocellus_test@127.0.0.1:3306/information_schema",
    );
    measure_on("MariaDB", &server, "").await
}

fn address(server: &str, default: &str) -> String {
    env::var(format!("OCELLUS_TEST_{server}_URL")).unwrap_or_else(|_| default.to_owned())
}

/// Measures on a server, in a database that is dropped however that ends.
async fn measure_on(name: &str, server: &str, how_to_drop: &str) -> Outcome<()> {
    let database = format!("ocellus_bench_{}", UuidV7Generator.next().simple());
    let (address, _) = server.rsplit_once('/').ok_or("the address names no database")?;
    execute(server, &format!("CREATE DATABASE {database}")).await?;
    let url = format!("{address}/{database}");
    let outcome = AssertUnwindSafe(measure(name, &url)).catch_unwind().await;
    execute(server, &format!("DROP DATABASE {database}{how_to_drop}")).await?;
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}

async fn measure(name: &str, url: &str) -> Outcome<()> {
    let store = SeaStore::connect(&DatabaseSettings::new(url.into())).await?;
    store.migrate().await?;
    let mut owners = Vec::new();
    for number in 0..OWNERS {
        owners.push(owner(&store, number).await?);
    }
    fill(name, url, 0..FEW).await?;
    let few = medians(&store, &owners).await?;
    fill(name, url, FEW..MANY).await?;
    let many = medians(&store, &owners).await?;
    store.close().await?;
    let what = ["claim of a task", "look for a task", "addition of a task"];
    let bars = [format!("{BAR:.2}"), String::new(), String::new()];
    for (((what, few), many), bar) in what.into_iter().zip(few).zip(many).zip(bars) {
        let ratio = many / few;
        let row = format!("{what} on {name} (ms)");
        println!("{row:<52} {many:>12.3} {few:>12.3} {ratio:>7.3} {bar:>7}");
    }
    Ok(())
}

async fn owner(store: &SeaStore, number: u32) -> Outcome<UserId> {
    let id = UserId(UuidV7Generator.next());
    let owner = User {
        id,
        username: Username::parse(&format!("owner{number}")).ok_or("no name")?,
        email: Email::parse(&format!("owner{number}@example.org")).ok_or("no address")?,
        email_verified: false,
        password_hash: None,
        has_face: false,
        role: Role::User,
        disabled_at: None,
        created_at: moment(0)?,
        updated_at: moment(0)?,
    };
    let work = store.begin().await?;
    work.users().insert(&owner).await?;
    work.commit().await?;
    Ok(id)
}

/// Adds ready tasks whose numbers are these: every owner in turn has one. Their ids grow, as those of real ones do.
async fn fill(name: &str, url: &str, numbers: std::ops::Range<u32>) -> Outcome<()> {
    eprintln!("{name}: {} tasks are queued.", numbers.end);
    let scheme = url.split(':').next().unwrap_or_default();
    let (before, id) = match scheme {
        // Room for the indexes, so that filling does not read them again and again.
        "sqlite" => ("PRAGMA cache_size = -500000; ", "unhex(printf('%032x', number))"),
        // A connection for the filling alone: it need not wait for the disk, nor fear for its data.
        "postgres" | "postgresql" => (
            "SET synchronous_commit = off; SET work_mem = '256MB'; ",
            "lpad(to_hex(number), 32, '0')::uuid",
        ),
        _ => (
            "SET max_recursive_iterations = 10000000; ",
            "unhex(lpad(hex(number), 32, '0'))",
        ),
    };
    let (first, end) = (numbers.start / OWNERS, numbers.end / OWNERS);
    let statement = format!(
        "{before}INSERT INTO tasks (id, owner_id, image_id, kind, languages, state, turn, attempts, token, due_at, \
         pages_done, pages_total, created_at) \
         WITH RECURSIVE turns(turn) AS (SELECT {first} UNION ALL SELECT turn + 1 FROM turns WHERE turn + 1 < {end}), \
         places(owner, place) AS (SELECT id, ROW_NUMBER() OVER (ORDER BY id) - 1 FROM users), \
         tasks_to_be(owner, turn, number) AS (SELECT owner, turn, turn * {OWNERS} + place FROM turns CROSS JOIN places) \
         SELECT {id}, owner, {id}, 'ocr', 'eng', 'ready', turn, 0, 0, '2026-01-01 00:00:00', 0, 1, \
         '2026-01-01 00:00:00' FROM tasks_to_be ORDER BY number"
    );
    execute(url, &statement).await
}

async fn execute(url: &str, statements: &str) -> Outcome<()> {
    // One connection, so that all statements meet the same settings.
    let options = ConnectOptions::new(url).max_connections(1).to_owned();
    let connection = Database::connect(options).await?;
    let outcome = connection.execute_unprepared(statements).await;
    connection.close().await?;
    outcome?;
    Ok(())
}

/// The median milliseconds of a claim, of a look whether any task is ready, and of an addition, which keeps their number.
async fn medians(store: &SeaStore, owners: &[UserId]) -> Outcome<[f64; 3]> {
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for owner in owners.iter().cycle().take(CLAIMS) {
        let task = task(*owner)?;
        let start = Instant::now();
        let work = store.begin().await?;
        let claim = work.tasks().claim(moment(20)?, moment(80)?).await?;
        work.commit().await?;
        times[0].push(start.elapsed());
        claim.ok_or("no task was ready")?;
        let start = Instant::now();
        let ready = store.read().tasks().any_ready().await?;
        times[1].push(start.elapsed());
        assert!(ready, "a task is ready");
        let start = Instant::now();
        let work = store.begin().await?;
        let added = work.tasks().insert(&task, None).await?;
        work.commit().await?;
        times[2].push(start.elapsed());
        assert!(added, "a task is added");
    }
    Ok(times.map(median))
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

/// A task of an image that is not stored: that is not looked at.
fn task(owner: UserId) -> Outcome<Task> {
    let image = Image {
        id: ImageId(UuidV7Generator.next()),
        owner_id: owner,
        filename: Filename::clean("page.png"),
        media_type: MediaType::Png,
        size_bytes: 1,
        width: 1,
        height: 1,
        pages: 1,
        sha256: Sha256Digest([0; 32]),
        uploaded_at: moment(0)?,
    };
    let languages = LanguageSet::from_joined("eng").ok_or("no languages")?;
    let id = TaskId(UuidV7Generator.next());
    Ok(Task::new(id, &image, TaskWork::Ocr { languages }, moment(10)?))
}

fn moment(seconds: i64) -> Outcome<Timestamp> {
    let moment = DateTime::from_timestamp(1_800_000_000 + seconds, 0);
    Ok(Timestamp::new(moment.ok_or("no such moment")?))
}
