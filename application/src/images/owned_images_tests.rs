use super::*;
use crate::{
    ErrorCode,
    fixtures::{self, PNG_START},
};
use domain::{
    images::{MockBlobStore, test_support::ChunkSource},
    store::test_support::{MockRepositories, MockStore},
};
use std::sync::Mutex;

fn images(store: &Arc<MockStore>, blobs: MockBlobStore) -> Images {
    Images::new(fixtures::context(store), Arc::new(blobs))
}

async fn get(owner: UserId) -> Result<Image, Error> {
    let mut reads = MockRepositories::default();
    reads.images.expect_find().returning(|owner, id| {
        let known = (owner, id) == (fixtures::owner(), fixtures::image_id());
        Ok(known.then(fixtures::image))
    });
    let store = Arc::new(MockStore::reading(reads));
    images(&store, MockBlobStore::new())
        .get(owner, fixtures::image_id())
        .await
}

#[tokio::test]
async fn the_owner_gets_the_image() {
    assert_eq!(get(fixtures::owner()).await.expect("found"), fixtures::image());
}

#[tokio::test]
async fn other_users_do_not_find_the_image() {
    let other = UserId(uuid::Uuid::from_u128(2));
    assert_eq!(get(other).await.expect_err("hidden").code(), ErrorCode::NotFound);
}

async fn delete(work: MockRepositories) -> (Result<(), Error>, usize) {
    let store = Arc::new(MockStore::default().then_work(work));
    let outcome = images(&store, MockBlobStore::new())
        .delete(fixtures::owner(), fixtures::image_id())
        .await;
    (outcome, store.commits())
}

fn without_predictions() -> MockRepositories {
    let mut work = MockRepositories::default();
    work.predictions
        .expect_delete_of_image()
        .withf(|owner, image| (*owner, *image) == (fixtures::owner(), fixtures::image_id()))
        .times(1)
        .returning(|_, _| Ok(()));
    work
}

#[tokio::test]
async fn one_commit_deletes_the_rows_and_schedules_the_blob() {
    let mut work = without_predictions();
    work.images.expect_delete().times(1).returning(|_, _| Ok(true));
    work.tasks
        .expect_cancel_of_image()
        .withf(|image, now| *image == fixtures::image_id() && *now == fixtures::now())
        .times(1)
        .returning(|_, _| Ok(()));
    work.blob_deletions
        .expect_schedule()
        .withf(|key, due_at| *key == fixtures::image().blob_key() && *due_at == fixtures::now())
        .times(1)
        .returning(|_, _| Ok(()));
    let (outcome, commits) = delete(work).await;
    outcome.expect("deleted");
    assert_eq!(commits, 1);
}

#[tokio::test]
async fn an_image_that_does_not_exist_is_not_deleted() {
    let mut work = without_predictions();
    work.images.expect_delete().returning(|_, _| Ok(false));
    let (outcome, commits) = delete(work).await;
    assert_eq!(
        (outcome.expect_err("absent").code(), commits),
        (ErrorCode::NotFound, 0)
    );
}

async fn read(found: Vec<Option<Image>>, blob: bool) -> Result<ImageContent, Error> {
    let found = Mutex::new(found.into_iter());
    let mut reads = MockRepositories::default();
    reads
        .images
        .expect_find()
        .returning(move |_, _| Ok(found.lock().expect("unpoisoned").next().expect("one more read")));
    let mut blobs = MockBlobStore::new();
    blobs
        .expect_read()
        .withf(|key| *key == fixtures::image().blob_key())
        .returning(move |_| {
            Ok(if blob {
                Some(Box::new(ChunkSource::new([PNG_START])))
            } else {
                None
            })
        });
    images(&Arc::new(MockStore::reading(reads)), blobs)
        .content(fixtures::owner(), fixtures::image_id(), false)
        .await
}

async fn by_link(found: Option<Image>, link: Option<&'static str>) -> Result<ImageContent, Error> {
    let mut reads = MockRepositories::default();
    reads
        .images
        .expect_find()
        .returning(move |_, _| Ok(found.clone()));
    let mut blobs = MockBlobStore::new();
    blobs
        .expect_link()
        .withf(|key, label, valid_for| {
            let image = fixtures::image();
            *key == image.blob_key()
                && label.media_type == image.media_type
                && label.filename == image.filename
                && *valid_for == LINK_LIFETIME
        })
        .returning(move |_, _, _| Ok(link.map(str::to_owned)));
    blobs
        .expect_read()
        .returning(|_| Ok(Some(Box::new(ChunkSource::new([PNG_START])))));
    images(&Arc::new(MockStore::reading(reads)), blobs)
        .content(fixtures::owner(), fixtures::image_id(), true)
        .await
}

#[tokio::test]
async fn a_preferred_link_replaces_the_bytes() {
    let content = by_link(Some(fixtures::image()), Some("https://there")).await;
    let content = content.expect("found").content;
    assert!(matches!(content, ContentSource::Link(url) if url == "https://there"));
}

#[tokio::test]
async fn a_blob_store_without_links_gives_the_bytes() {
    let content = by_link(Some(fixtures::image()), None).await;
    assert!(matches!(
        content.expect("found").content,
        ContentSource::Stream(_)
    ));
}

#[tokio::test]
async fn other_users_get_no_link() {
    let content = by_link(None, Some("https://there")).await;
    assert_eq!(content.err().expect("absent").code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn the_bytes_are_returned_with_the_image() {
    let content = read(vec![Some(fixtures::image())], true).await.expect("found");
    assert_eq!(content.image, fixtures::image());
    let ContentSource::Stream(mut content) = content.content else {
        panic!("a link that was not requested");
    };
    let chunk = content.next_chunk().await.expect("readable");
    assert_eq!(chunk.as_deref(), Some(PNG_START));
}

#[tokio::test]
async fn an_unknown_image_is_not_found() {
    assert_eq!(
        read(vec![None], true).await.err().expect("absent").code(),
        ErrorCode::NotFound
    );
}

#[tokio::test]
async fn an_image_that_is_deleted_between_the_reads_is_not_found() {
    assert_eq!(
        read(vec![Some(fixtures::image()), None], false)
            .await
            .err()
            .expect("gone")
            .code(),
        ErrorCode::NotFound
    );
}

#[tokio::test]
async fn a_lost_blob_is_an_internal_error() {
    let found = vec![Some(fixtures::image()), Some(fixtures::image())];
    assert_eq!(
        read(found, false).await.err().expect("lost").code(),
        ErrorCode::Internal
    );
}
