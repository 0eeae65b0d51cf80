use super::*;
use crate::{ErrorCode, faces::fixtures as faces, fixtures, test_context::TestContext};
use domain::{
    faces::{FaceError, MockFaceEngine},
    images::{BlobError, ImageError, MockBlobStore},
};

async fn enrol(test: &TestContext, enrolments: &Enrolments) -> Result<EnrolledFace, Error> {
    let enrolled = enrolments.enrol(fixtures::owner(), faces::photos(), fixtures::origin());
    let enrolled = enrolled.await;
    let stored = test.read().faces().find(fixtures::owner()).await.expect("a read");
    assert_eq!(
        stored.as_ref(),
        enrolled.as_ref().ok(),
        "a face is stored exactly if it is returned"
    );
    enrolled
}

async fn enrol_with(engine: MockFaceEngine) -> Result<EnrolledFace, Error> {
    let test = TestContext::with_ada().await;
    enrol(&test, &faces::enrolments(&test, engine)).await
}

/// Enrols faces and keeps their photos in these blobs.
fn keeping_photos(test: &TestContext, blobs: MockBlobStore) -> Enrolments {
    Enrolments::new(
        test.context(),
        Arc::new(blobs),
        Arc::new(faces::engine_seeing([0.0, 0.1, 0.2])),
        faces::cipher(),
        None,
        FaceMatching::default(),
        true,
    )
}

/// The photos that are due for deletion now, and after the upload window.
async fn due_photos(test: &TestContext) -> [usize; 2] {
    let blobs = test.read().blob_deletions();
    let mut due = [0; 2];
    for (due, at) in due
        .iter_mut()
        .zip([fixtures::now(), fixtures::now() + UPLOAD_WINDOW])
    {
        *due = blobs.due(at, 100).await.expect("a read").len();
    }
    due
}

#[tokio::test]
async fn the_mean_of_the_photos_is_stored_encrypted_with_its_model_and_the_lowest_quality() {
    let test = TestContext::with_ada().await;
    let enrolments = faces::enrolments(&test, faces::engine_seeing([0.0, 0.1, 0.2]));
    let face = enrol(&test, &enrolments).await.expect("a face");
    let opened = faces::cipher().open(fixtures::owner(), &face.embedding);
    assert!(opened.expect("opened").distance(&Embedding::at(0.1)) < 1e-6);
    assert_eq!(
        (
            face.model.as_str(),
            face.photos,
            face.photos_kept,
            face.enrolled_at
        ),
        ("model 1", 3, false, fixtures::now())
    );
    assert!((face.quality.share() - 0.8).abs() < 1e-6);
    assert_eq!(enrolments.get(fixtures::owner()).await.expect("enrolled"), face);
    assert!(test.user(fixtures::owner()).await.expect("a user").has_face);
    assert_eq!(test.events(fixtures::owner()).await, [EventKind::FaceEnrolled]);
}

#[tokio::test]
async fn photos_of_different_people_are_rejected_in_any_order() {
    for seen in [[0.0, 0.0, 0.6], [0.6, 0.0, 0.0], [0.0, 0.6, 0.0], [0.0, 0.3, 0.6]] {
        let error = enrol_with(faces::engine_seeing(seen))
            .await
            .expect_err("rejected");
        assert_eq!(error.code(), ErrorCode::FaceMismatch);
    }
}

#[tokio::test]
async fn an_unusable_photo_is_named() {
    for (error, code) in [
        (FaceError::NoFace, ErrorCode::NoFace),
        (FaceError::SeveralFaces, ErrorCode::SeveralFaces),
        (FaceError::Image(ImageError::Corrupt), ErrorCode::ImageCorrupt),
    ] {
        let usable = DescribedFace {
            embedding: Embedding::at(0.0),
            quality: FaceQuality::new(1.0),
        };
        let engine = faces::engine_answering([Ok(usable), Err(error)]);
        let error = enrol_with(engine).await.expect_err("rejected");
        assert_eq!(error.code(), code);
        assert!(error.to_string().starts_with("Photo 2: "), "{error}");
    }
}

#[tokio::test]
async fn a_user_who_was_deleted_meanwhile_is_unauthenticated() {
    let test = TestContext::new();
    let enrolments = faces::enrolments(&test, faces::engine_seeing([0.0, 0.1, 0.2]));
    let error = enrol(&test, &enrolments).await.expect_err("no user");
    assert_eq!(error.code(), ErrorCode::Unauthenticated);
}

#[tokio::test]
async fn a_face_near_another_users_is_rejected_where_logins_need_no_name() {
    for (distance, code) in [(0.45, Some(ErrorCode::Conflict)), (0.6, None)] {
        let test = faces::enrolling(&[faces::enrolled(0.1), faces::enrolled_of(2, 0.1 + distance)]).await;
        let enrolments = Enrolments {
            gallery: Some(faces::gallery(&test, 9)),
            ..faces::enrolments(&test, faces::engine_seeing([0.0, 0.1, 0.2]))
        };
        let enrolled = enrolments.enrol(fixtures::owner(), faces::photos(), fixtures::origin());
        assert_eq!(enrolled.await.err().map(|error| error.code()), code);
    }
}

#[tokio::test]
async fn kept_photos_are_written_before_the_face_and_deleted_with_it() {
    let test = TestContext::with_ada().await;
    let enrolments = keeping_photos(&test, fixtures::draining_blobs());
    let face = enrol(&test, &enrolments).await.expect("a face");
    assert!(face.photos_kept);
    assert_eq!(due_photos(&test).await, [0, 0]);
    enrolments
        .delete(fixtures::owner(), fixtures::origin())
        .await
        .expect("deleted");
    assert_eq!(due_photos(&test).await, [3, 3]);
    assert!(!test.user(fixtures::owner()).await.expect("a user").has_face);
    assert_eq!(
        test.events(fixtures::owner()).await,
        [EventKind::FaceEnrolled, EventKind::FaceDeleted]
    );
}

#[tokio::test]
async fn a_new_enrolment_replaces_the_face_and_its_photos() {
    let before = EnrolledFace {
        photos_kept: true,
        ..faces::enrolled(0.0)
    };
    let test = faces::enrolling(&[before]).await;
    let enrolments = faces::enrolments(&test, faces::engine_seeing([0.0, 0.1, 0.2]));
    enrol(&test, &enrolments).await.expect("a face");
    assert_eq!(due_photos(&test).await, [3, 3]);
}

#[tokio::test]
async fn photos_that_cannot_be_written_are_deleted_at_once() {
    let test = TestContext::with_ada().await;
    let mut blobs = MockBlobStore::new();
    blobs
        .expect_write()
        .returning(|_, _| Err(BlobError::Unavailable("full".into())));
    let error = enrol(&test, &keeping_photos(&test, blobs))
        .await
        .expect_err("full");
    assert_eq!(error.code(), ErrorCode::Unavailable);
    assert_eq!(due_photos(&test).await, [3, 3]);
}

#[tokio::test]
async fn a_face_that_is_not_enrolled_is_not_found() {
    let test = TestContext::with_ada().await;
    let enrolments = faces::enrolments(&test, faces::engine());
    let found = enrolments.get(fixtures::owner()).await;
    assert_eq!(found.expect_err("none").code(), ErrorCode::NotFound);
    let deleted = enrolments.delete(fixtures::owner(), fixtures::origin()).await;
    assert_eq!(deleted.expect_err("none").code(), ErrorCode::NotFound);
}
