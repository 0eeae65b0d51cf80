//! Predictions that were asked for as tasks.

use super::*;
use domain::{
    predictions::{ClassificationError, Classifier, MockClassifier},
    tasks::{TaskFailure, retry_delay},
};

/// A claim to have the image classified by `eyes`.
fn prediction_claim() -> Claim {
    let model = ModelReference::parse("eyes").expect("a reference");
    Claim {
        task: Task {
            work: TaskWork::Prediction { model },
            ..claim(1).task
        },
        lease: lease(),
    }
}

fn with_prediction_claimed() -> MockStore {
    let mut work = MockRepositories::default();
    work.tasks
        .expect_claim()
        .times(1)
        .return_once(|_, _| Ok(Some(prediction_claim())));
    MockStore::reading(with_ready(1)).then_work(work)
}

fn adding(mut work: MockRepositories, added: Result<(), StoreError>) -> MockRepositories {
    work.predictions
        .expect_insert()
        .withf(|prediction| {
            // The prediction is found by the id of its task.
            prediction.id.0 == fixtures::task().id.0 && prediction.label == fixtures::label("cataract")
        })
        .times(1)
        .return_once(|_| added);
    work
}

/// How many units of work were committed beside that of the claim.
async fn work(store: MockStore, loaded: Vec<Arc<dyn Classifier>>) -> usize {
    let store = Arc::new(store);
    let worker = TaskWorker {
        classifier: fixtures::image_classifier(loaded),
        ..worker(&store, fixtures::engine())
    };
    let count = soon(worker.execute_all()).await.expect("worked");
    assert_eq!((count, store.left()), (1, 0));
    store.commits() - 1
}

#[tokio::test(start_paused = true)]
async fn a_prediction_is_stored_and_its_task_ended_in_one_commit() {
    let finished = adding(finishing(TaskOutcome::Succeeded, true), Ok(()));
    let store = with_prediction_claimed().then_work(finished);
    assert_eq!(work(store, vec![fixtures::answering(&[0.0, 1.0])]).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_prediction_of_an_image_that_is_gone_is_dropped() {
    let gone = adding(MockRepositories::default(), Err(StoreError::OwnerDeleted));
    let store = with_prediction_claimed().then_work(gone);
    assert_eq!(work(store, vec![fixtures::answering(&[0.0, 1.0])]).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_not_there_any_more_and_an_answer_of_no_use_end_the_task() {
    let mut mute = MockClassifier::new();
    mute.expect_model().return_const(fixtures::model("eyes", "1"));
    mute.expect_classify()
        .returning(|_, _| Err(ClassificationError::UnusableOutput));
    for (loaded, code) in [
        (fixtures::classifier("ears", "1"), "unknown_model"),
        (Arc::new(mute) as Arc<dyn Classifier>, "unavailable"),
    ] {
        let mut failed = MockRepositories::default();
        failed
            .tasks
            .expect_finish()
            .withf(move |given, outcome, _| {
                let is_expected = |failure: &TaskFailure| failure.code == code;
                *given == lease() && matches!(outcome, TaskOutcome::Failed(failure) if is_expected(failure))
            })
            .times(1)
            .returning(|_, _, _| Ok(true));
        let store = with_prediction_claimed().then_work(failed);
        assert_eq!(work(store, vec![loaded]).await, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_prediction_that_took_too_long_is_tried_again() {
    let mut slow = MockClassifier::new();
    slow.expect_model().return_const(fixtures::model("eyes", "1"));
    slow.expect_classify()
        .returning(|_, _| Err(ClassificationError::Timeout));
    let until = fixtures::now() + retry_delay(fixtures::task().id, 1);
    let mut postponed = MockRepositories::default();
    postponed
        .tasks
        .expect_postpone()
        .withf(move |given, failure, given_until| {
            *given == lease() && failure.code == "timeout" && *given_until == until
        })
        .times(1)
        .returning(|_, _, _| Ok(true));
    let store = with_prediction_claimed().then_work(postponed);
    assert_eq!(work(store, vec![Arc::new(slow)]).await, 1);
}
