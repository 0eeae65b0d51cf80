use super::*;
use crate::ErrorCode;
use crate::fixtures;
use domain::store::{
    StoreError,
    test_support::{MockRepositories, MockStore},
};
use futures_util::{FutureExt, future::join};
use std::sync::Mutex;
use tokio::time::sleep;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(30);
const SOON: Duration = Duration::from_millis(100);

fn in_status(status: TaskStatus) -> Task {
    Task {
        status,
        ..fixtures::task()
    }
}

fn is_mine(owner: UserId, id: TaskId) -> bool {
    (owner, id) == (fixtures::owner(), fixtures::task().id)
}

/// Reads in which each look finds the next of these statuses; there is no look after the last.
fn looks(statuses: impl IntoIterator<Item = TaskStatus, IntoIter: Send + 'static>) -> MockRepositories {
    let statuses = Mutex::new(statuses.into_iter());
    let mut reads = MockRepositories::default();
    reads
        .tasks
        .expect_find()
        .withf(|owner, id| is_mine(*owner, *id))
        .returning(move |_, _| {
            let next = statuses.lock().expect("unpoisoned").next();
            Ok(Some(in_status(next.expect("one more look"))))
        });
    reads
}

/// Reads in which the task runs for as long as anybody looks.
fn running_on() -> MockRepositories {
    looks(std::iter::repeat(TaskStatus::Running))
}

fn with_text(mut reads: MockRepositories, text: Option<Text>) -> MockRepositories {
    reads
        .texts
        .expect_find()
        .withf(|image, languages| *image == fixtures::image_id() && *languages == fixtures::languages("eng"))
        .times(1)
        .return_once(|_, _| Ok(text));
    reads
}

fn watching(reads: MockRepositories) -> WatchTask {
    WatchTask {
        store: Arc::new(MockStore::reading(reads)),
        signals: Arc::default(),
    }
}

async fn wait(watch: &WatchTask, patience: Duration) -> (Result<TaskState, Error>, Duration) {
    let start = Instant::now();
    let outcome = watch.wait(fixtures::owner(), fixtures::task().id, patience).await;
    (outcome, start.elapsed())
}

async fn next(follower: &mut TaskFollower) -> Option<Task> {
    let next = timeout_at(Instant::now() + PATIENCE, follower.next()).await;
    next.expect("not so long").expect("looked")
}

fn follow(watch: &WatchTask) -> TaskFollower {
    watch.follow(fixtures::owner(), fixtures::task().id)
}

#[tokio::test(start_paused = true)]
async fn a_task_that_has_succeeded_is_shown_at_once_with_its_text() {
    let reads = with_text(looks([TaskStatus::Succeeded]), Some(fixtures::text()));
    let (outcome, waited) = wait(&watching(reads), PATIENCE).await;
    let expected = TaskState {
        task: in_status(TaskStatus::Succeeded),
        result: Some(TaskResult::Text(fixtures::text())),
    };
    assert_eq!((outcome.expect("found"), waited), (expected, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_prediction_that_has_succeeded_is_shown_with_what_was_said_as_long_as_that_is_there() {
    for there in [true, false] {
        let model = domain::predictions::ModelReference::parse("eyes").expect("a reference");
        let task = Task {
            work: TaskWork::Prediction { model },
            ..in_status(TaskStatus::Succeeded)
        };
        let found = task.clone();
        let mut reads = fixtures::with_prediction();
        if !there {
            reads.predictions.checkpoint();
            reads.predictions.expect_find().returning(|_, _| Ok(None));
        }
        reads
            .tasks
            .expect_find()
            .returning(move |_, _| Ok(Some(found.clone())));
        let (outcome, _) = wait(&watching(reads), PATIENCE).await;
        let result = there.then(|| TaskResult::Prediction(fixtures::prediction()));
        assert_eq!(outcome.expect("found"), TaskState { task, result });
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_failed_or_was_cancelled_is_shown_at_once_without_a_text() {
    for status in [TaskStatus::Failed, TaskStatus::Cancelled] {
        let (outcome, waited) = wait(&watching(looks([status])), PATIENCE).await;
        let state = outcome.expect("found");
        assert_eq!((state.task.status, state.result), (status, None));
        assert_eq!(waited, Duration::ZERO);
    }
}

#[tokio::test]
async fn a_task_whose_image_was_deleted_after_it_succeeded_has_no_text() {
    let reads = with_text(looks([TaskStatus::Succeeded]), None);
    let (outcome, _) = wait(&watching(reads), PATIENCE).await;
    assert_eq!(outcome.expect("found").result, None);
}

#[tokio::test(start_paused = true)]
async fn a_change_in_this_process_is_seen_at_once() {
    let statuses = [TaskStatus::Running, TaskStatus::Running, TaskStatus::Failed];
    let watch = watching(looks(statuses));
    let ((outcome, waited), ()) = join(wait(&watch, PATIENCE), async {
        sleep(SOON).await;
        watch.signals.tell_changed(fixtures::task().id);
    })
    .await;
    assert_eq!(outcome.expect("found").task.status, TaskStatus::Failed);
    assert_eq!(waited, SOON);
}

#[tokio::test(start_paused = true)]
async fn a_change_in_another_process_is_seen_a_little_later() {
    let statuses = [TaskStatus::Running, TaskStatus::Running, TaskStatus::Failed];
    let (outcome, waited) = wait(&watching(looks(statuses)), PATIENCE).await;
    assert_eq!(outcome.expect("found").task.status, TaskStatus::Failed);
    assert_eq!(waited, LOOK_EVERY);
}

#[tokio::test(start_paused = true)]
async fn nobody_looks_because_another_task_changed() {
    let statuses = [TaskStatus::Running, TaskStatus::Running, TaskStatus::Failed];
    let watch = watching(looks(statuses));
    let ((outcome, waited), ()) = join(wait(&watch, PATIENCE), async {
        sleep(SOON).await;
        watch.signals.tell_changed(TaskId(Uuid::from_u128(1)));
    })
    .await;
    outcome.expect("found");
    assert_eq!(waited, LOOK_EVERY);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_changes_without_ending_is_waited_for_until_patience_ends() {
    let statuses = std::iter::once(TaskStatus::Queued).chain(std::iter::repeat(TaskStatus::Running));
    let (outcome, waited) = wait(&watching(looks(statuses)), PATIENCE).await;
    let state = outcome.expect("found");
    assert_eq!((state.task.status, state.result), (TaskStatus::Running, None));
    assert_eq!(waited, PATIENCE);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_wait_looks_once() {
    let (outcome, waited) = wait(&watching(looks([TaskStatus::Queued])), Duration::ZERO).await;
    assert_eq!(outcome.expect("found").task.status, TaskStatus::Queued);
    assert_eq!(waited, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_let_go_when_the_process_ends() {
    let watch = watching(running_on());
    let ((outcome, waited), ()) = join(wait(&watch, PATIENCE), async {
        sleep(SOON).await;
        watch.signals.finish();
    })
    .await;
    assert_eq!(outcome.expect("found").task.status, TaskStatus::Running);
    assert_eq!(waited, SOON);
}

#[tokio::test]
async fn an_unknown_task_is_absent() {
    let mut reads = MockRepositories::default();
    reads.tasks.expect_find().times(2).returning(|_, _| Ok(None));
    let watch = watching(reads);
    let (outcome, _) = wait(&watch, PATIENCE).await;
    assert_eq!(outcome.expect_err("absent").code(), ErrorCode::NotFound);
    assert_eq!(next(&mut follow(&watch)).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_while_somebody_waits_is_an_error() {
    let mut looked = false;
    let mut reads = MockRepositories::default();
    reads.tasks.expect_find().returning(move |_, _| {
        if std::mem::replace(&mut looked, true) {
            Err(StoreError::Unavailable("down".into()))
        } else {
            Ok(Some(in_status(TaskStatus::Running)))
        }
    });
    let (outcome, _) = wait(&watching(reads), PATIENCE).await;
    assert_eq!(outcome.expect_err("down").code(), ErrorCode::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_follower_sees_the_first_state_each_change_and_the_end() {
    use TaskStatus::{Queued, Running, Succeeded};
    let watch = watching(looks([Queued, Queued, Running, Running, Running, Succeeded]));
    let mut follower = follow(&watch);
    let mut seen = Vec::new();
    while let Some(task) = next(&mut follower).await {
        seen.push(task.status);
    }
    assert_eq!(seen, [Queued, Running, Succeeded]);
    assert_eq!(next(&mut follower).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_follower_sees_progress() {
    let mut done = 0;
    let mut reads = MockRepositories::default();
    reads.tasks.expect_find().returning(move |_, _| {
        let mut task = in_status(TaskStatus::Running);
        task.progress.done = done;
        done += 1;
        Ok(Some(task))
    });
    let mut follower = follow(&watching(reads));
    for expected in 0..3 {
        let task = next(&mut follower).await.expect("running");
        assert_eq!(task.progress.done, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_was_told_before_the_follower_waits_is_not_missed() {
    let watch = watching(looks([
        TaskStatus::Queued,
        TaskStatus::Queued,
        TaskStatus::Failed,
    ]));
    let mut follower = follow(&watch);
    next(&mut follower).await.expect("queued");
    watch.signals.tell_changed(fixtures::task().id);
    let told = follower.next().now_or_never().expect("without a wait");
    assert_eq!(told.expect("looked"), Some(in_status(TaskStatus::Failed)));
}

#[tokio::test(start_paused = true)]
async fn a_follower_is_let_go_when_the_process_ends() {
    let watch = watching(running_on());
    let mut follower = follow(&watch);
    next(&mut follower).await.expect("running");
    watch.signals.finish();
    let next = follower.next().now_or_never().expect("without a wait");
    assert_eq!(next.expect("looked"), None);
}
