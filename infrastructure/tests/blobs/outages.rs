//! A server that is gone, or whose bucket is: unavailable, and never taken for an absent blob.

use crate::{
    s3_server::S3Server,
    stores::{LongSource, PNG, content, key, metered, settings, store},
};
use domain::{
    images::{BlobError, BlobStore, test_support::ChunkSource},
    operations::HealthProbe,
};
use infrastructure::blobs::S3BlobStore;
use std::{
    io,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
};

/// Ends so many connections at once, and passes later ones on to a server.
fn shaky_way_to(server: SocketAddr, ended: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for client in listener.incoming().flatten().skip(ended) {
            let server = TcpStream::connect(server).expect("a server");
            for (from, to) in [(&client, &server), (&server, &client)] {
                let mut from = from.try_clone().expect("a socket can be shared");
                let mut to = to.try_clone().expect("a socket can be shared");
                std::thread::spawn(move || {
                    // Either side may close it whenever it likes.
                    let _ = io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Write);
                });
            }
        }
    });
    address
}

#[tokio::test]
async fn what_fails_a_few_times_is_tried_again() {
    let server = S3Server::start();
    let mut settings = settings(&server);
    settings.access.endpoint = Some(format!("http://{}", shaky_way_to(server.address(), 3)));
    let store = S3BlobStore::open(&settings).await.expect("a bucket after all");
    let mut meter = metered(ChunkSource::new([PNG]));
    store.write(&key(), &mut meter).await.expect("written");
    assert_eq!(content(&store, &key()).await.expect("there"), PNG);
}

#[tokio::test]
async fn without_its_server_a_store_is_unavailable() {
    let (server, store) = store().await;
    drop(server);
    let mut meter = metered(ChunkSource::new([PNG]));
    let written = store.write(&key(), &mut meter).await;
    assert!(matches!(written, Err(BlobError::Unavailable(_))), "{written:?}");
    let mut long = metered(LongSource::new(6 * 1024 * 1024));
    let written = store.write(&key(), &mut long).await;
    assert!(matches!(written, Err(BlobError::Unavailable(_))), "{written:?}");
    assert!(matches!(store.read(&key()).await, Err(BlobError::Unavailable(_))));
    let deleted = store.delete(&key()).await;
    assert!(matches!(deleted, Err(BlobError::Unavailable(_))), "{deleted:?}");
    store.probe().await.expect_err("no server");
}

#[tokio::test]
async fn without_its_bucket_nothing_counts_as_deleted() {
    let (server, store) = store().await;
    let mut meter = metered(ChunkSource::new([PNG]));
    store.write(&key(), &mut meter).await.expect("written");
    let (bucket, aside) = (server.bucket(), server.bucket().with_file_name("aside"));
    std::fs::rename(&bucket, &aside).expect("a bucket");
    let deleted = store.delete(&key()).await;
    assert!(matches!(deleted, Err(BlobError::Unavailable(_))), "{deleted:?}");
    std::fs::rename(&aside, &bucket).expect("a bucket");
    assert_eq!(content(&store, &key()).await.expect("there"), PNG);
}
