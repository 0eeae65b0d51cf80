//! Logins: how many at once, in how much memory, and whether their time tells which names there are.

use super::{ROUNDS, median, memory::megabytes, print_bound, print_row};
use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use futures_util::future::join_all;
use serde_json::json;
use std::time::Instant;
use tests::{Client, Options, Server};

/// How many log in at once.
const AT_ONCE: usize = 200;
/// How often the time of a login is taken with a known name, and as often with an unknown one.
const TRIES: usize = 200;
/// What a hash takes, in megabytes of a million bytes: 19 MiB.
const HASH: f64 = 19.0 * 1.048_576;
/// What a request takes at most while it waits for its turn to be hashed, its connection included.
const WAITING: f64 = 0.1;
/// Beyond so many standard deviations a difference is there by chance once in a thousand times.
const DEVIATIONS: f64 = 3.29;

/// Prints the rows.
pub async fn measure() {
    let options = Options::default()
        .setting("OCELLUS__RATE_LIMITS__LOGIN__PER_ACCOUNT", "0")
        .setting("OCELLUS__RATE_LIMITS__LOGIN__PER_NETWORK", "0");
    let server = Server::start(options);
    let user = server.user().await;
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let clients = join_all((0..AT_ONCE).map(|_| server.client())).await;
    let idle = megabytes(&server, "VmRSS:");
    let (mut service, mut peer) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        service.push(logins_per_second(&clients, &user.name, &user.password).await);
        peer.push(hashes_per_second(threads));
    }
    print_row(
        &format!("{AT_ONCE} logins at once, beside bare Argon2 (logins/s)"),
        median(service),
        median(peer),
        0.9,
    );
    print_bound(
        "memory that they add at their peak (MB)",
        megabytes(&server, "VmHWM:") - idle,
        HASH * threads as f64 + WAITING * AT_ONCE as f64,
    );

    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for number in 0..TRIES {
        known.push(refusal(&clients[0], &user.name).await);
        unknown.push(refusal(&clients[0], &format!("nobody{number}")).await);
    }
    print_row(
        "refused logins, unknown beside known names (1/s)",
        1.0 / median(unknown.clone()),
        1.0 / median(known.clone()),
        1.0,
    );
    print_bound(
        "their difference (standard deviations)",
        deviations(&known, &unknown),
        DEVIATIONS,
    );
}

async fn logins_per_second(clients: &[Client], name: &str, password: &str) -> f64 {
    let began = Instant::now();
    let body = json!({"username": name, "password": password});
    let logins = clients
        .iter()
        .map(|client| async { client.post("/login").json(&body).await.expect(200) });
    join_all(logins).await;
    clients.len() as f64 / began.elapsed().as_secs_f64()
}

/// As many comparisons of a password with its hash, on as many threads as the service hashes on.
fn hashes_per_second(threads: usize) -> f64 {
    let argon2 = Argon2::default();
    let hash: PasswordHash = argon2.hash_password(b"a long walk of a reader").expect("hashed");
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for _ in 0..AT_ONCE / threads {
                    let verified = argon2.verify_password(b"a long walk of a reader", &hash);
                    verified.expect("the right password");
                }
            });
        }
    });
    (AT_ONCE / threads * threads) as f64 / began.elapsed().as_secs_f64()
}

/// How many seconds a login takes that is refused.
async fn refusal(client: &Client, name: &str) -> f64 {
    let began = Instant::now();
    let body = json!({"username": name, "password": "not the password of anybody"});
    client.post("/login").json(&body).await.expect(401);
    began.elapsed().as_secs_f64()
}

/// How far the sum of ranks of one sample is from what chance would make it: Mann and Whitney's U in standard deviations
/// (H. B. Mann, D. R. Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger than the Other",
/// 1947), which takes no notice of outliers. Times are too fine for ties to matter.
fn deviations(one: &[f64], other: &[f64]) -> f64 {
    let (n, m) = (one.len() as f64, other.len() as f64);
    let smaller = |value: &f64| other.iter().filter(|than| value > than).count() as f64;
    let u: f64 = one.iter().map(smaller).sum();
    ((u - n * m / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt()).abs()
}
