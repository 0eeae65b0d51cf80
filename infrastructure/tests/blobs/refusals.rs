//! Buckets that cannot be opened: the error says which setting is to blame, and no secret.

use crate::{
    s3_server::S3Server,
    stores::{settings, store},
};
use infrastructure::blobs::{S3BlobStore, S3Error, S3Settings};
use rustls::{
    ServerConfig, ServerConnection, Stream,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{io::Read, net::TcpListener, sync::Arc};

async fn refused(settings: &S3Settings) -> S3Error {
    let error = S3BlobStore::open(settings).await.expect_err("no bucket to open");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("canary"), "{shown}");
    error
}

#[tokio::test]
async fn wrong_keys_are_told_apart() {
    let (server, _) = store().await;
    let mut wrong = settings(&server);
    wrong.access.keys.as_mut().expect("keys").access_key_id = "nobody".to_owned();
    assert!(matches!(refused(&wrong).await, S3Error::AccessKey));
    let mut wrong = settings(&server);
    wrong.access.keys.as_mut().expect("keys").secret_access_key = "another canary".into();
    assert!(matches!(refused(&wrong).await, S3Error::SecretKey));
}

#[tokio::test]
async fn an_absent_bucket_is_named_as_such() {
    let (server, _) = store().await;
    let mut wrong = settings(&server);
    wrong.bucket = "ears".to_owned();
    assert!(matches!(refused(&wrong).await, S3Error::Bucket));
    assert!(!server.files().iter().any(|path| path.ends_with("ears")));
}

#[tokio::test]
async fn where_nobody_listens_the_endpoint_is_wrong() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let mut wrong = settings(&S3Server::start());
    wrong.access.endpoint = Some(format!("http://{address}"));
    assert!(matches!(refused(&wrong).await, S3Error::Endpoint(_)));
}

#[tokio::test]
async fn plain_http_must_be_allowed() {
    let server = S3Server::start();
    let mut wrong = settings(&server);
    wrong.access.allow_http = false;
    assert!(matches!(
        refused(&wrong).await,
        S3Error::Endpoint(_) | S3Error::Settings(_)
    ));
    assert!(server.files().is_empty());
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a valid name");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a certificate");
    let (config, listener) = (
        Arc::new(config),
        TcpListener::bind("127.0.0.1:0").expect("a free port"),
    );
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let mut tls = ServerConnection::new(config.clone()).expect("a connection");
            // The client ends it, which is the point.
            let _ = Stream::new(&mut tls, &mut connection).read(&mut [0; 1]);
        }
    });
    let mut wrong = settings(&S3Server::start());
    wrong.access.endpoint = Some(format!("https://{address}"));
    wrong.access.allow_http = false;
    let error = refused(&wrong).await;
    assert!(matches!(error, S3Error::Endpoint(_)), "{error:?}");
    assert!(error.to_string().contains("certificate"), "{error}");
}
