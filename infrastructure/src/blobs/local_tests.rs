//! Blobs in a temporary folder.

use super::*;
use domain::{ids::ImageId, images::test_support::ChunkSource};
use std::{fs::FileTimes, os::unix::fs::PermissionsExt, sync::Arc, time::SystemTime};
use tempfile::TempDir;
use tokio::sync::Notify;
use uuid::Uuid;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n....";

fn store() -> (TempDir, LocalBlobStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalBlobStore::open(folder.path().join("data/blobs")).unwrap();
    (folder, store)
}

fn key() -> BlobKey {
    BlobKey::of_image(ImageId(Uuid::from_u128(0xab)))
}

fn metered(source: impl ByteSource + 'static) -> ContentMeter {
    ContentMeter::new(Box::new(source), 10_000_000)
}

async fn content(store: &LocalBlobStore, key: &BlobKey) -> Option<Vec<Bytes>> {
    let mut source = store.read(key).await.unwrap()?;
    let mut chunks = Vec::new();
    while let Some(chunk) = source.next_chunk().await.unwrap() {
        chunks.push(chunk);
    }
    Some(chunks)
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_in(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// Yields one piece over and over.
struct RepeatedSource {
    piece: Bytes,
    left: usize,
}

#[async_trait]
impl ByteSource for RepeatedSource {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        Ok(Some(self.piece.clone()))
    }
}

/// Yields one piece, then tells that it stalls and yields nothing for ever.
struct StalledSource {
    piece: Option<Bytes>,
    stalls: Arc<Notify>,
}

#[async_trait]
impl ByteSource for StalledSource {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
        if let Some(piece) = self.piece.take() {
            return Ok(Some(piece));
        }
        self.stalls.notify_one();
        std::future::pending().await
    }
}

#[tokio::test]
async fn what_is_written_is_read_back() {
    let (_folder, store) = store();
    let mut meter = metered(ChunkSource::new([PNG, b"one", b"two"]));
    store.write(&key(), &mut meter).await.unwrap();
    let read = content(&store, &key()).await.unwrap().concat();
    assert_eq!(read, [PNG, b"one", b"two"].concat());
}

#[tokio::test]
async fn large_blobs_come_back_in_pieces() {
    let (_folder, store) = store();
    let piece: Bytes = [PNG, &vec![7; 65_524]].concat().into();
    let source = RepeatedSource {
        piece: piece.clone(),
        left: 20,
    };
    store.write(&key(), &mut metered(source)).await.unwrap();
    let read = content(&store, &key()).await.unwrap();
    assert!(read.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= PIECE));
    assert_eq!(read.len(), (20 * piece.len()).div_ceil(PIECE));
    assert_eq!(read.concat(), piece.repeat(20));
}

#[tokio::test]
async fn a_blob_can_be_written_again() {
    let (_folder, store) = store();
    for tail in [&b"one"[..], b"two"] {
        let source = ChunkSource::new([PNG, tail]);
        store.write(&key(), &mut metered(source)).await.unwrap();
    }
    assert_eq!(
        content(&store, &key()).await.unwrap().concat(),
        [PNG, b"two"].concat()
    );
}

#[tokio::test]
async fn a_blob_that_was_never_written_is_absent_and_deleted_already() {
    let (_folder, store) = store();
    assert!(content(&store, &key()).await.is_none());
    store.delete(&key()).await.unwrap();
}

#[tokio::test]
async fn a_deleted_blob_is_absent() {
    let (folder, store) = store();
    store
        .write(&key(), &mut metered(ChunkSource::new([PNG])))
        .await
        .unwrap();
    store.delete(&key()).await.unwrap();
    assert!(content(&store, &key()).await.is_none());
    assert!(files_in(folder.path()).is_empty());
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing_and_says_why() {
    let (folder, store) = store();
    let mut broken = metered(ChunkSource::breaking_off([PNG]));
    let outcome = store.write(&key(), &mut broken).await;
    assert!(matches!(
        outcome,
        Err(BlobError::Source(SourceError::Interrupted))
    ));
    let mut large = ContentMeter::new(Box::new(ChunkSource::new([PNG, PNG])), 13);
    let outcome = store.write(&key(), &mut large).await;
    assert!(matches!(
        outcome,
        Err(BlobError::Source(SourceError::TooLarge { limit: 13 }))
    ));
    let mut text = metered(ChunkSource::new([b"<svg xmlns=''>"]));
    let outcome = store.write(&key(), &mut text).await;
    assert!(matches!(
        outcome,
        Err(BlobError::Source(SourceError::Unsupported))
    ));
    assert!(files_in(folder.path()).is_empty());
}

#[tokio::test]
async fn a_failed_write_keeps_the_blob_that_was_there() {
    let (_folder, store) = store();
    store
        .write(&key(), &mut metered(ChunkSource::new([PNG])))
        .await
        .unwrap();
    let mut broken = metered(ChunkSource::breaking_off([PNG, b"new"]));
    store.write(&key(), &mut broken).await.unwrap_err();
    assert_eq!(content(&store, &key()).await.unwrap().concat(), PNG);
}

#[tokio::test]
async fn a_dropped_write_leaves_nothing() {
    let (folder, store) = store();
    let stalls = Arc::new(Notify::new());
    let mut meter = metered(StalledSource {
        piece: Some(PNG.into()),
        stalls: stalls.clone(),
    });
    let key = key();
    tokio::select! {
        _ = store.write(&key, &mut meter) => panic!("the write ended"),
        files = async {
            stalls.notified().await;
            files_in(folder.path())
        } => assert_eq!(files.len(), 1),
    }
    assert!(files_in(folder.path()).is_empty());
}

#[tokio::test]
async fn files_and_folders_are_for_their_owner_alone() {
    let (folder, store) = store();
    store
        .write(&key(), &mut metered(ChunkSource::new([PNG])))
        .await
        .unwrap();
    let root = folder.path().join("data/blobs");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&root.join(key().as_str())), 0o600);
    for folder in ["", "images", "images/ab", INCOMING] {
        assert_eq!(mode(&root.join(folder)), 0o700, "{folder}");
    }
}

#[tokio::test]
async fn keys_that_lead_elsewhere_are_refused() {
    let (folder, store) = store();
    for text in [
        "",
        "/etc/passwd",
        "../secret",
        "images/../../secret",
        "images//x",
        ".incoming/x",
        "a\0b",
        "A",
    ] {
        let key = BlobKey::from_stored(text.to_owned());
        let mut meter = metered(ChunkSource::new([PNG]));
        assert!(
            matches!(
                store.write(&key, &mut meter).await,
                Err(BlobError::Unavailable(_))
            ),
            "{text:?}"
        );
        assert!(
            matches!(store.read(&key).await, Err(BlobError::Unavailable(_))),
            "{text:?}"
        );
        assert!(
            matches!(store.delete(&key).await, Err(BlobError::Unavailable(_))),
            "{text:?}"
        );
    }
    assert!(files_in(folder.path()).is_empty());
}

#[tokio::test]
async fn leftovers_are_removed_once_they_are_an_hour_old() {
    let (folder, store) = store();
    let age = |name: &str, minutes: u64| {
        let path = store.incoming().join(name);
        let file = File::create(&path).unwrap();
        // Measured from a fresh file, for tests ask no clock either.
        let now: SystemTime = file.metadata().unwrap().modified().unwrap();
        let then = now - Duration::from_secs(minutes * 60);
        file.set_times(FileTimes::new().set_modified(then)).unwrap();
        path
    };
    let (_old, young) = (age("old", 61), age("young", 59));
    LocalBlobStore::open(folder.path().join("data/blobs")).unwrap();
    assert_eq!(files_in(folder.path()), [young]);
}

#[tokio::test]
async fn a_store_whose_folder_is_gone_is_unavailable_and_fails_its_probe() {
    let (folder, store) = store();
    store.probe().await.unwrap();
    assert!(files_in(folder.path()).is_empty());
    std::fs::remove_dir_all(folder.path()).unwrap();
    store.probe().await.unwrap_err();
    let mut meter = metered(ChunkSource::new([PNG]));
    let outcome = store.write(&key(), &mut meter).await;
    assert!(matches!(outcome, Err(BlobError::Unavailable(_))));
}

#[test]
fn a_root_that_is_a_file_is_refused_by_name() {
    let file = NamedTempFile::new().unwrap();
    let error = LocalBlobStore::open(file.path().to_owned()).unwrap_err();
    assert!(error.to_string().contains(&file.path().display().to_string()));
}

#[tokio::test]
async fn an_error_of_the_disk_is_seen_at_the_latest_when_all_is_flushed() {
    // Every write to this device fails as on a full disk.
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut writer = BufWriter::with_capacity(PIECE, tokio::fs::File::from_std(full));
    writer.write_all(PNG).await.unwrap();
    let error = unavailable(writer.flush().await.unwrap_err());
    assert!(matches!(error, BlobError::Unavailable(_)));
}

async fn listed(store: &LocalBlobStore) -> Vec<BlobKey> {
    let mut listing = store.list().await.unwrap();
    let mut keys = Vec::new();
    while let Some(page) = listing.next_page().await.unwrap() {
        assert!((1..=1000).contains(&page.len()), "{}", page.len());
        keys.extend(page);
    }
    keys.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    keys
}

#[tokio::test]
async fn every_blob_is_listed_once_and_what_is_no_blob_is_not() {
    let (folder, store) = store();
    assert_eq!(listed(&store).await, []);
    // More than a page in one folder, and one in another.
    let mut expected: Vec<_> = (0..1500)
        .map(|n| BlobKey::of_image(ImageId(Uuid::from_u128(n * 256))))
        .collect();
    expected.push(key());
    for key in &expected {
        let path = store.path(key).unwrap();
        std::fs::create_dir_all(parent(&path)).unwrap();
        std::fs::write(path, PNG).unwrap();
    }
    let root = folder.path().join("data/blobs");
    std::fs::write(root.join(".incoming/half"), PNG).unwrap();
    std::fs::write(root.join("images/Notes.txt"), PNG).unwrap();
    expected.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    assert_eq!(listed(&store).await, expected);
}
