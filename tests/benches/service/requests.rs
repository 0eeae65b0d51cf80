//! `GET /user` beside a bare handler, and while recognition takes every core.

use super::{ROUNDS, bare_handler::BareHandler, load, median, print_bound, print_row};
use futures_util::{StreamExt, stream};
use std::time::Duration;
use tests::{Options, Server, bundled_image};

const CONNECTIONS: usize = 32;
const TIME: Duration = Duration::from_secs(3);

/// Prints the two rows.
pub async fn measure() {
    let server = Server::start(Options::default());
    let user = server.user().await;
    let token = user.client.token().expect("logged in").to_owned();
    let peer = BareHandler::start(server.folder());
    let (mut service_rates, mut peer_rates) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let ours = load::get(
            server.address(),
            "/user",
            &token,
            CONNECTIONS,
            TIME,
            Duration::ZERO,
        )
        .await;
        let bare = load::get(
            peer.address,
            "/user",
            &peer.token,
            CONNECTIONS,
            TIME,
            Duration::ZERO,
        )
        .await;
        service_rates.push(ours.rate);
        peer_rates.push(bare.rate);
    }
    print_row(
        "GET /user (requests/s)",
        median(service_rates),
        median(peer_rates),
        0.5,
    );
    drop(peer);

    let mut images = Vec::new();
    for _ in 0..16 {
        images.push(user.client.uploaded(bundled_image("a4.png")).await);
    }
    let client = &user.client;
    let readings = stream::iter(&images).for_each_concurrent(None, |id| async move {
        client.get(&format!("/images/{id}/text")).await.expect(200);
    });
    let pause = Duration::from_millis(20);
    let light = load::get(server.address(), "/user", &token, 4, TIME, pause);
    let ((), light) = tokio::join!(readings, light);
    let milliseconds = light.percentile_99().as_secs_f64() * 1000.0;
    print_bound(
        "GET /user while all cores recognize, p99 (ms)",
        milliseconds,
        50.0,
    );
}
