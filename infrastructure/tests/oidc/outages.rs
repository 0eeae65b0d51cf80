//! Issuers that are out, slow, or say what they should not.

use crate::{
    keys::{EDWARDS, SigningKey},
    provider::{AUDIENCE, DISCOVERY, KEYS, Provider, Reply, key_set, verifier, verify},
};
use domain::accounts::IdTokenError;
use infrastructure::security::OpenIdTokenVerifier;
use rustls::{
    ServerConfig, ServerConnection,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use serde_json::json;
use std::{
    net::TcpListener,
    sync::Arc,
    time::{Duration, Instant},
};

const HOUR: i64 = 3600;
/// Two documents at five seconds each, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

async fn is_unavailable(verifier: &OpenIdTokenVerifier, token: &str, seconds: i64) {
    let outcome = verify(verifier, token, seconds).await;
    assert!(
        matches!(outcome, Err(IdTokenError::Unavailable(_))),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn an_issuer_that_is_back_is_believed_again() {
    let provider = Provider::start(&[&EDWARDS]);
    provider.reply(KEYS, Reply::status("503 Service Unavailable"));
    let (verifier, token) = (provider.verifier(), provider.token(&EDWARDS));
    is_unavailable(&verifier, &token, 0).await;
    provider.publish(&[&EDWARDS]);
    // It was asked just now.
    is_unavailable(&verifier, &token, 4).await;
    verify(&verifier, &token, 5).await.expect("a good token");
    assert_eq!(provider.asked(KEYS), 2);
}

#[tokio::test]
async fn keys_that_cannot_be_renewed_count_for_a_day() {
    let provider = Provider::start(&[&EDWARDS]);
    let verifier = provider.verifier();
    let claims = provider.claims(json!({"exp": 4_000_000_000_u64}));
    let token = EDWARDS.token(&EDWARDS.header(), &claims);
    verify(&verifier, &token, 0).await.expect("a good token");
    provider.reply(DISCOVERY, Reply::status("500 Internal Server Error"));
    for seconds in [300, 301, HOUR, 24 * HOUR - 1] {
        verify(&verifier, &token, seconds).await.expect("a good token");
    }
    assert_eq!(provider.asked(DISCOVERY), 4, "once for each of the half minutes");
    is_unavailable(&verifier, &token, 24 * HOUR + 30).await;
    provider.reply(DISCOVERY, Reply::document(&provider.description()));
    verify(&verifier, &token, 24 * HOUR + 60)
        .await
        .expect("a good token");
}

#[tokio::test]
async fn nobody_listening_is_an_outage() {
    let provider = Provider::start(&[&EDWARDS]);
    let (verifier, token) = (provider.verifier(), provider.token(&EDWARDS));
    drop(provider);
    is_unavailable(&verifier, &token, 0).await;
}

#[tokio::test]
async fn a_slow_issuer_is_not_waited_for_long() {
    let slow = [
        (DISCOVERY, Reply::Silence),
        (DISCOVERY, Reply::Stalled),
        (KEYS, Reply::Silence),
        (KEYS, Reply::Stalled),
    ];
    let attempts = slow.map(async |(path, reply)| {
        let provider = Provider::start(&[&EDWARDS]);
        provider.reply(path, reply);
        let begun = Instant::now();
        is_unavailable(&provider.verifier(), &provider.token(&EDWARDS), 0).await;
        assert!(begun.elapsed() < PATIENCE, "{path}");
    });
    futures_util::future::join_all(attempts).await;
}

#[tokio::test]
async fn while_an_unknown_key_is_looked_for_the_known_ones_do_not_wait() {
    let stranger = SigningKey::edwards("unknown");
    let provider = Provider::start(&[&EDWARDS]);
    let verifier = provider.verifier();
    verify(&verifier, &provider.token(&EDWARDS), 0)
        .await
        .expect("a good token");
    provider.reply(DISCOVERY, Reply::Silence);
    let (foreign, known) = (provider.token(&stranger), provider.token(&EDWARDS));
    let looking = verify(&verifier, &foreign, 60);
    tokio::pin!(looking);
    tokio::select! {
        biased;
        outcome = &mut looking => panic!("the issuer is silent: {outcome:?}"),
        outcome = verify(&verifier, &known, 60) => outcome.expect("a good token"),
    };
    assert!(matches!(looking.await, Err(IdTokenError::Invalid)));
}

#[tokio::test]
async fn what_an_issuer_should_not_say_is_not_believed() {
    let thief = Provider::start(&[&EDWARDS]);
    let spaces = " ".repeat(256 * 1024 + 1);
    let described = |issuer: &str, keys: &str| Reply::document(&json!({"issuer": issuer, "jwks_uri": keys}));
    let whole = |body: String| Reply::Whole("200 OK\r\n".to_owned(), body.into_bytes());
    let provider = Provider::start(&[&EDWARDS]);
    let (issuer, token) = (provider.issuer(), provider.token(&EDWARDS));
    let good = provider.url(KEYS);
    for (path, reply) in [
        (DISCOVERY, described(&thief.issuer(), &good)),
        (DISCOVERY, described(&format!("{issuer}/"), &good)),
        (DISCOVERY, described(&issuer, "http://issuer.example/keys")),
        (DISCOVERY, described(&issuer, "file:///etc/passwd")),
        (DISCOVERY, described(&issuer, "keys")),
        (DISCOVERY, Reply::document(&json!({"issuer": issuer}))),
        (DISCOVERY, Reply::document(&json!({"jwks_uri": good}))),
        (DISCOVERY, whole(format!("{}{spaces}", provider.description()))),
        (DISCOVERY, Reply::status("404 Not Found")),
        (
            DISCOVERY,
            Reply::status(&format!("302 Found\r\nLocation: {}", thief.url(DISCOVERY))),
        ),
        (
            KEYS,
            Reply::status(&format!("302 Found\r\nLocation: {}", thief.url(KEYS))),
        ),
        (KEYS, Reply::status("204 No Content")),
        (KEYS, whole(format!("{}{spaces}", key_set(&[&EDWARDS])))),
        (KEYS, whole(String::new())),
        (KEYS, whole("<html></html>".to_owned())),
        (KEYS, Reply::document(&json!({"keys": []}))),
    ] {
        provider.reply(DISCOVERY, Reply::document(&provider.description()));
        provider.publish(&[&EDWARDS]);
        provider.reply(path, reply);
        is_unavailable(&provider.verifier(), &token, 0).await;
    }
    assert_eq!((thief.asked(DISCOVERY), thief.asked(KEYS)), (0, 0));
}

#[tokio::test]
async fn an_issuer_with_a_certificate_that_nobody_vouches_for_is_not_asked() {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        // Of the alert that a client of TLS 1.3 sends, only what goes before it is sure to come.
        .with_protocol_versions(&[&rustls::version::TLS12])
        .expect("a version of TLS")
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .expect("a certificate with its key");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut connection = ServerConnection::new(Arc::new(config)).expect("a connection");
        connection.complete_io(&mut stream)
    });
    let issuer = format!("https://localhost:{port}");
    let anybody = Provider::start(&[&EDWARDS]);
    let token = EDWARDS.token(&EDWARDS.header(), &anybody.claims(json!({"iss": issuer})));
    is_unavailable(&verifier(&[(&issuer, AUDIENCE)]), &token, 0).await;
    let refused = server.join().expect("no panic").expect_err("the client refuses");
    assert!(refused.to_string().contains("alert"), "{refused}");
}
