use super::*;
use crate::ErrorCode;
use crate::{faces::face_fixtures as faces, fixtures};
use domain::{
    faces::{FaceError, MockFaceEngine},
    images::{BlobError, ImageError, MockBlobStore},
    store::test_support::{MockRepositories, MockStore},
};

async fn receive(engine: MockFaceEngine) -> Result<EnrolledFace, Error> {
    let store = Arc::new(MockStore::default());
    let intake = faces::intake(&store, engine);
    intake.receive(fixtures::owner(), &faces::photos()).await
}

#[tokio::test]
async fn the_mean_of_the_photos_is_sealed_with_its_model_and_the_least_quality() {
    let face = receive(faces::engine_seeing([0.0, 0.1, 0.2]))
        .await
        .expect("a face");
    let opened = faces::cipher().open(fixtures::owner(), &face.embedding);
    assert!(opened.expect("opened").distance(&Embedding::at(0.1)) < 1e-6);
    assert_eq!(
        (face.model.as_str(), face.photos, face.photos_kept),
        ("model 1", 3, false)
    );
    assert!((face.quality.share() - 0.8).abs() < 1e-6);
    assert_eq!(face.user_id, fixtures::owner());
}

#[tokio::test]
async fn photos_of_different_people_are_refused_in_whatever_order() {
    for seen in [[0.0, 0.0, 0.6], [0.6, 0.0, 0.0], [0.0, 0.6, 0.0], [0.0, 0.3, 0.6]] {
        let error = receive(faces::engine_seeing(seen)).await.expect_err("refused");
        assert_eq!(error.code(), ErrorCode::FaceMismatch);
    }
}

#[tokio::test]
async fn the_photo_that_cannot_be_used_is_named() {
    for (error, code) in [
        (FaceError::NoFace, ErrorCode::NoFace),
        (FaceError::SeveralFaces, ErrorCode::SeveralFaces),
        (FaceError::Image(ImageError::Corrupt), ErrorCode::ImageCorrupt),
    ] {
        let fine = DescribedFace {
            embedding: Embedding::at(0.0),
            quality: FaceQuality::new(1.0),
        };
        let engine = faces::engine_answering([Ok(fine), Err(error)]);
        let error = receive(engine).await.expect_err("refused");
        assert_eq!(error.code(), code);
        assert!(error.to_string().starts_with("Photo 2: "), "{error}");
    }
}

#[tokio::test]
async fn a_face_like_anothers_is_refused_only_where_users_log_in_without_names() {
    for (other, code) in [(0.45, Some(ErrorCode::Conflict)), (0.6, None)] {
        let mut reads = MockRepositories::default();
        let rows = vec![faces::enrolled(0.1), faces::enrolled_of(2, 0.1 + other)];
        let found = rows.clone();
        reads.faces.expect_list().returning(move |_, _| Ok(rows.clone()));
        reads
            .faces
            .expect_find()
            .returning(move |user| Ok(found.iter().find(|face| face.user_id == user).cloned()));
        let store = Arc::new(MockStore::reading(reads));
        let intake = FaceIntake {
            gallery: Some(faces::gallery(&store, 9)),
            ..faces::intake(&store, faces::engine_seeing([0.0, 0.1, 0.2]))
        };
        let received = intake.receive(fixtures::owner(), &faces::photos()).await;
        assert_eq!(received.err().map(|error| error.code()), code);
    }
}

fn scheduling(due_at: Timestamp) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.blob_deletions
        .expect_schedule()
        .withf(move |key, at| key.as_str().starts_with("faces/") && *at == due_at)
        .times(3)
        .returning(|_, _| Ok(()));
    work
}

#[tokio::test]
async fn photos_that_are_kept_are_scheduled_for_deletion_until_the_face_is_added() {
    let mut adding = MockRepositories::default();
    adding.faces.expect_find().returning(|_| Ok(None));
    adding.faces.expect_put().times(1).returning(|_| Ok(()));
    adding
        .blob_deletions
        .expect_cancel()
        .withf(|key, _| key.as_str().starts_with("faces/"))
        .times(3)
        .returning(|_, _| Ok(true));
    let window = fixtures::now() + UPLOAD_WINDOW;
    let store = MockStore::default()
        .then_work(scheduling(window))
        .then_work(adding);
    let store = Arc::new(store);
    let intake = FaceIntake {
        keep_photos: true,
        ..faces::intake(&store, faces::engine_seeing([0.0, 0.1, 0.2]))
    };
    let face = intake.receive(fixtures::owner(), &faces::photos()).await;
    let face = face.expect("a face");
    assert!(face.photos_kept);
    let unit = store.begin().await.expect("a unit of work");
    intake.add(&*unit, &face).await.expect("added");
}

#[tokio::test]
async fn photos_go_at_once_where_one_cannot_be_written() {
    let window = fixtures::now() + UPLOAD_WINDOW;
    let store = MockStore::default()
        .then_work(scheduling(window))
        .then_work(scheduling(fixtures::now()));
    let store = Arc::new(store);
    let mut blobs = MockBlobStore::new();
    blobs
        .expect_write()
        .returning(|_, _| Err(BlobError::Unavailable("full".into())));
    let intake = FaceIntake {
        keep_photos: true,
        blobs: Arc::new(blobs),
        ..faces::intake(&store, faces::engine_seeing([0.0, 0.1, 0.2]))
    };
    let received = intake.receive(fixtures::owner(), &faces::photos()).await;
    assert_eq!(received.expect_err("full").code(), ErrorCode::Unavailable);
    assert_eq!((store.commits(), store.left()), (2, 0));
}

#[tokio::test]
async fn the_photos_of_the_face_before_go_when_another_takes_its_place() {
    let before = EnrolledFace {
        photos_kept: true,
        ..faces::enrolled(0.0)
    };
    let mut work = scheduling(fixtures::now());
    work.faces
        .expect_find()
        .returning(move |_| Ok(Some(before.clone())));
    work.faces.expect_put().times(1).returning(|_| Ok(()));
    let store = Arc::new(MockStore::default().then_work(work));
    let intake = faces::intake(&store, faces::engine());
    let unit = store.begin().await.expect("a unit of work");
    let added = intake.add(&*unit, &faces::enrolled_of(1, 0.1)).await;
    added.expect("added");
}
