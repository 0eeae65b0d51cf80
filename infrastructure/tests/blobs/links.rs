//! Links that give the bytes to whoever has them, for a while.

use crate::{
    s3_server::S3Server,
    stores::{PNG, key, metered, store},
};
use domain::images::{BlobStore, Filename, MediaType, ObjectMetadata, test_support::ChunkSource};
use infrastructure::blobs::{LocalBlobStore, S3BlobStore};
use std::time::{Duration, Instant};

fn label() -> ObjectMetadata {
    ObjectMetadata {
        media_type: MediaType::Png,
        filename: Filename::clean("año 1.png"),
    }
}

async fn written() -> (S3Server, S3BlobStore) {
    let (server, store) = store().await;
    let mut meter = metered(ChunkSource::new([PNG]));
    store.write(&key(), &mut meter).await.expect("written");
    (server, store)
}

async fn link(store: &S3BlobStore, valid_for: Duration) -> String {
    let link = store.link(&key(), &label(), valid_for).await;
    link.expect("a signature").expect("a link")
}

/// The status of an answer.
fn status(url: &str) -> u16 {
    match ureq::get(url).call() {
        Ok(answer) => answer.status().as_u16(),
        Err(ureq::Error::StatusCode(status)) => status,
        Err(error) => panic!("no answer: {error}"),
    }
}

#[tokio::test]
async fn a_link_gives_the_bytes_with_their_type_and_name_to_anybody() {
    let (_server, store) = written().await;
    let link = link(&store, Duration::from_mins(5)).await;
    assert!(
        !link.contains(S3Server::SECRET_ACCESS_KEY) && !link.contains("canary"),
        "{link}"
    );
    let mut answer = ureq::get(&link).call().expect("an answer");
    let header = |name: &str| {
        let value = answer.headers().get(name).expect("a header");
        value.to_str().expect("text").to_owned()
    };
    assert_eq!(header("content-type"), "image/png");
    assert_eq!(
        header("content-disposition"),
        label().filename.content_disposition()
    );
    assert_eq!(answer.body_mut().read_to_vec().expect("a body"), PNG);
}

#[tokio::test]
async fn an_expired_link_is_refused() {
    let (_server, store) = written().await;
    let link = link(&store, Duration::from_secs(2)).await;
    assert_eq!(status(&link), 200);
    let deadline = Instant::now() + Duration::from_secs(15);
    while status(&link) == 200 {
        assert!(Instant::now() < deadline, "the link counts for ever");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(status(&link), 403);
}

#[tokio::test]
async fn a_tampered_link_is_refused() {
    let (server, store) = written().await;
    let link = link(&store, Duration::from_mins(5)).await;
    let other = key().as_str().replace("ab", "cd");
    let object = |key: &str| server.bucket().join("ocellus/blobs").join(key);
    std::fs::create_dir_all(object(&other).parent().expect("a folder")).expect("a folder");
    std::fs::copy(object(key().as_str()), object(&other)).expect("another object");
    for tampered in [
        link.replace(key().as_str(), &other),
        link.replace("X-Amz-Expires=300", "X-Amz-Expires=3000"),
        link.replace("image%2Fpng", "text%2Fhtml"),
        link.replace("X-Amz-Signature=", "X-Amz-Signature=0"),
        format!("{link}&response-cache-control=public"),
        link.split('?').next().expect("an address").to_owned(),
    ] {
        assert_ne!(tampered, link, "nothing to tamper with");
        let status = status(&tampered);
        assert!([400, 403].contains(&status), "{status} for {tampered}");
    }
    assert_eq!(status(&link), 200);
}

#[tokio::test]
async fn a_link_only_reads() {
    let (_server, store) = written().await;
    let link = link(&store, Duration::from_mins(5)).await;
    let refused =
        |outcome: Result<_, ureq::Error>| matches!(outcome.map(|_| ()), Err(ureq::Error::StatusCode(403)));
    assert!(refused(ureq::delete(&link).call()));
    assert!(refused(ureq::put(&link).send(&b"other"[..])));
    assert_eq!(status(&link), 200);
}

#[tokio::test]
async fn files_have_no_links() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = LocalBlobStore::open(folder.path().to_owned()).expect("a store");
    let mut meter = metered(ChunkSource::new([PNG]));
    store.write(&key(), &mut meter).await.expect("written");
    let link = store.link(&key(), &label(), Duration::from_mins(5)).await;
    assert_eq!(link.expect("no failure"), None);
}
