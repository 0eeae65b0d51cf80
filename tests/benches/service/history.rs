//! What looking back costs among a million predictions beside what it costs among a thousand.

use super::{load::Connection, median, print_bound, print_row};
use sea_orm::{ConnectionTrait, Database, Statement};
use std::time::Instant;
use tests::{Options, Server, picture};

/// How many predictions there are on the two sides.
const FEW: u32 = 1_000;
const MANY: u32 = 1_000_000;

/// How often each request is sent.
const REPETITIONS: usize = 101;

/// Filters and orders, each with at least a page among the few. One prediction in ten is of the model `rare`, and none of
/// the label `absent`: without an index it would be looked for in all of them.
const LISTS: [(&str, &str); 8] = [
    ("newest", "?sort=newest"),
    ("oldest", "?sort=oldest"),
    ("surest", "?sort=confidence"),
    (
        "of a label, said to be wrong",
        "?label=glaucoma&feedback=incorrect",
    ),
    (
        "of a label, said to be wrong, surest",
        "?label=glaucoma&feedback=incorrect&sort=confidence",
    ),
    ("of a rare model and a label", "?model=rare&label=normal"),
    ("of a rare model, surest", "?model=rare&sort=confidence"),
    ("of a label that is nowhere", "?label=absent&sort=confidence"),
];

/// The most that a dashboard may take, in milliseconds.
const DASHBOARD: f64 = 100.0;

/// Prints a row for each list, and for each dashboard.
pub async fn measure() {
    let (few, many) = (Filled::with(FEW).await, Filled::with(MANY).await);
    for (name, query) in LISTS {
        let path = format!("/history{query}");
        let row = format!("history page of 1e6 beside 1e3, {name} (/s)");
        print_row(&row, many.rate(&path).await, few.rate(&path).await, 0.67);
    }
    // In the middle of the list: half of a year ago.
    let path = format!(
        "/history?to={}",
        (now() - chrono::TimeDelta::days(182)).format("%Y-%m-%d")
    );
    let row = "history page of 1e6 beside 1e3, half a year ago (/s)";
    print_row(row, many.rate(&path).await, few.rate(&path).await, 0.67);
    for path in [
        "/dashboard?range=today",
        "/dashboard?range=year&tz=Europe/Madrid",
        "/dashboard?range=all&tz=Asia/Kathmandu",
        "/dashboard?range=year&scope=all",
    ] {
        let row = format!("{path} of 1e6 (ms)");
        print_bound(&row, 1000.0 / many.rate(path).await, DASHBOARD);
    }
}

/// A server with so many predictions of one user, an admin, over the last year.
struct Filled {
    server: Server,
    token: String,
}

impl Filled {
    async fn with(count: u32) -> Self {
        let mut server = Server::start(Options::default());
        let user = server.admin().await;
        user.client.uploaded(picture(1, 9, 9)).await;
        server.kill();
        fill(&server, count).await;
        server.start_again();
        let token = user.client.token().expect("logged in").to_owned();
        Self { server, token }
    }

    /// How many of these requests are answered in a second, one after the other: the median.
    async fn rate(&self, path: &str) -> f64 {
        let mut connection = Connection::open(self.server.address(), &self.token).await;
        connection.get(path).await;
        let mut rates = Vec::new();
        for _ in 0..REPETITIONS {
            let began = Instant::now();
            connection.get(path).await;
            rates.push(1.0 / began.elapsed().as_secs_f64());
        }
        median(rates)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is measured has a clock of its own"
)]
fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

/// Writes predictions as the service would have written them: one in three is judged, half of these wrong. All are of the
/// one image of the one user that there is.
async fn fill(server: &Server, count: u32) {
    let path = server.folder().join("data/ocellus.db");
    let database = Database::connect(format!("sqlite://{}", path.display())).await;
    let database = database.expect("the database is there");
    let now = now().timestamp_micros();
    for statement in [PREDICTIONS, TALLIES, OUTCOMES] {
        let values = [i64::from(count).into(), now.into()];
        let statement = Statement::from_sql_and_values(database.get_database_backend(), statement, values);
        database
            .execute_raw(statement)
            .await
            .expect("the statement is valid");
    }
    let analyze = Statement::from_string(database.get_database_backend(), "ANALYZE");
    database
        .execute_raw(analyze)
        .await
        .expect("the statement is valid");
    database.close().await.expect("the connection closes");
}

const PREDICTIONS: &str = "
    WITH RECURSIVE made(number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM made WHERE number + 1 < ?1)
    INSERT INTO predictions
        (id, owner_id, image_id, model, version, sha256, label, confidence, probabilities, created_at, verdict)
    SELECT randomblob(16), owner_id, images.id, CASE number % 10 WHEN 7 THEN 'rare' ELSE 'eyes' END, '1',
        zeroblob(32),
        CASE number % 4 WHEN 0 THEN 'cataract' WHEN 1 THEN 'diabetic retinopathy' WHEN 2 THEN 'glaucoma' ELSE 'normal' END,
        (number * 7919 % 1000003) / 1000003.0,
        '[[\"cataract\",0.25],[\"diabetic retinopathy\",0.25],[\"glaucoma\",0.25],[\"normal\",0.25]]',
        ?2 - (number * 104729 % ?1) * (31536000000000 / ?1),
        CASE number / 20 % 6 WHEN 0 THEN 1 WHEN 1 THEN 2 ELSE 0 END
    FROM made, images";

/// The parameters stand in a condition that always holds, so that every statement takes the same ones.
const TALLIES: &str = "
    INSERT INTO prediction_tallies (owner_id, quarter, predictions, given, correct, images)
    SELECT owner, created_at / 900000000, COUNT(*), SUM(verdict > 0), SUM(verdict = 1), 0
    FROM predictions, (SELECT owner_id AS owner FROM images UNION SELECT zeroblob(16))
    WHERE ?1 IS NOT ?2
    GROUP BY 1, 2";

const OUTCOMES: &str = "
    INSERT INTO prediction_outcomes (owner_id, span, start, label, verdict, actual, count)
    SELECT owner, span, created_at / 900000000 / span * span, label, verdict,
        CASE verdict WHEN 1 THEN label WHEN 2 THEN 'none of these' ELSE '' END, COUNT(*)
    FROM predictions, (SELECT owner_id AS owner FROM images UNION SELECT zeroblob(16)),
        (SELECT 1 AS span UNION SELECT 96)
    WHERE ?1 IS NOT ?2
    GROUP BY 1, 2, 3, 4, 5, 6";
