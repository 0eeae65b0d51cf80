use super::*;
use crate::ErrorCode;
use crate::fixtures::{self, PNG_START, answering, image_classifier};
use domain::{
    images::{ImageError, MockImageInspector, test_support::ChunkSource},
    predictions::{ClassificationError, MockClassifier},
    store::test_support::{MockRepositories, MockStore},
};
use uuid::Uuid;

/// A way in whose blob is scheduled once as a reservation, then meets the given units of work.
fn store(works: impl IntoIterator<Item = MockRepositories>) -> Arc<MockStore> {
    let mut reads = MockRepositories::default();
    reads.images.expect_fits_quota().returning(|_, _, _| Ok(true));
    let store = MockStore::reading(reads).then_work(scheduling());
    Arc::new(works.into_iter().fold(store, MockStore::then_work))
}

fn scheduling() -> MockRepositories {
    let mut work = MockRepositories::default();
    work.blob_deletions
        .expect_schedule()
        .withf(|key, _| *key == fixtures::image().blob_key())
        .times(1)
        .returning(|_, _| Ok(()));
    work
}

fn adding(inserted: Result<(), StoreError>) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.images.expect_insert().times(1).returning(|_, _| Ok(true));
    work.blob_deletions
        .expect_cancel()
        .times(1)
        .returning(|_, _| Ok(true));
    work.predictions
        .expect_insert()
        .withf(|prediction| {
            prediction.image_id == fixtures::image_id() && prediction.label == fixtures::label("cataract")
        })
        .times(1)
        .return_once(|_| inserted);
    work
}

fn predicting(store: &Arc<MockStore>, loaded: Vec<Arc<dyn Classifier>>) -> PredictImage {
    let mut inspector = MockImageInspector::new();
    inspector.expect_inspect().returning(|_, _| Ok(fixtures::FACTS));
    PredictImage {
        uploads: fixtures::uploads(store, inspector),
        classifier: image_classifier(loaded),
        ids: fixtures::ids(),
    }
}

async fn predict(
    use_case: &PredictImage,
    model: Option<&str>,
    receipt: Option<&IdempotencyGuard<Prediction>>,
) -> Result<Prediction, Error> {
    let model = model.map(|text| ModelReference::parse(text).expect("a reference"));
    let upload = fixtures::upload(ChunkSource::new([PNG_START]));
    use_case.execute(upload, model.as_ref(), receipt).await
}

#[tokio::test]
async fn the_image_and_what_is_said_of_it_are_stored_in_one_commit() {
    let store = store([adding(Ok(()))]);
    let prediction = predict(&predicting(&store, vec![answering(&[0.0, 1.0])]), None, None).await;
    let prediction = prediction.expect("predicted");
    assert_eq!(prediction.label, fixtures::label("cataract"));
    assert_eq!(prediction.owner_id, fixtures::owner());
    // The reservation of the blob, and everything else.
    assert_eq!(store.commits(), 2);
}

#[tokio::test]
async fn the_answer_is_kept_in_the_commit_that_stores_the_prediction() {
    let mut work = adding(Ok(()));
    work.idempotency_keys
        .expect_store_response()
        .withf(|_, _, answer| *answer == fixtures::answer("cataract"))
        .times(1)
        .returning(|_, _, _| Ok(true));
    let store = store([work]);
    let receipt = IdempotencyGuard::new(fixtures::key(), Uuid::from_u128(11), |prediction: &Prediction| {
        fixtures::answer(prediction.label.as_str())
    });
    let use_case = predicting(&store, vec![answering(&[0.0, 1.0])]);
    predict(&use_case, Some("eyes"), Some(&receipt))
        .await
        .expect("predicted");
}

#[tokio::test]
async fn without_the_model_no_byte_is_taken() {
    for (loaded, model, code) in [
        (vec![], None, ErrorCode::ModelNotLoaded),
        (
            vec![answering(&[0.0, 1.0])],
            Some("ears"),
            ErrorCode::UnknownModel,
        ),
    ] {
        let store = Arc::new(MockStore::default());
        let error = predict(&predicting(&store, loaded), model, None).await;
        assert_eq!(error.expect_err("refused").code(), code);
    }
}

#[tokio::test]
async fn what_cannot_be_classified_leaves_nothing_behind() {
    type Failure = fn() -> ClassificationError;
    let failures: [(Failure, ErrorCode); 4] = [
        (|| ClassificationError::UnusableOutput, ErrorCode::Unavailable),
        (|| ClassificationError::Timeout, ErrorCode::Timeout),
        (|| ClassificationError::Busy, ErrorCode::Unavailable),
        (
            || ClassificationError::Image(ImageError::Corrupt),
            ErrorCode::ImageCorrupt,
        ),
    ];
    for (failure, code) in failures {
        let mut classifier = MockClassifier::new();
        classifier
            .expect_model()
            .return_const(fixtures::model("eyes", "1"));
        classifier.expect_classify().returning(move |_, _| Err(failure()));
        let store = store([scheduling()]);
        let error = predict(&predicting(&store, vec![Arc::new(classifier)]), None, None).await;
        assert_eq!(error.expect_err("failed").code(), code);
        assert_eq!((store.commits(), store.left()), (2, 0));
    }
}

#[tokio::test]
async fn a_user_who_is_gone_is_not_known_any_more() {
    let store = store([adding(Err(StoreError::OwnerDeleted)), scheduling()]);
    let error = predict(&predicting(&store, vec![answering(&[0.0, 1.0])]), None, None).await;
    assert_eq!(error.expect_err("gone").code(), ErrorCode::Unauthenticated);
    assert_eq!(store.left(), 0);
}
