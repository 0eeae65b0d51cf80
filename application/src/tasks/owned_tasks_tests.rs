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

const TIMEOUT: Duration = Duration::from_secs(30);
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

/// Reads that return the task in these statuses, in order. A further read fails the test.
fn statuses(statuses: impl IntoIterator<Item = TaskStatus, IntoIter: Send + 'static>) -> MockRepositories {
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

/// Reads of a task that keeps running.
fn running() -> MockRepositories {
    statuses(std::iter::repeat(TaskStatus::Running))
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

fn tasks(reads: MockRepositories) -> Tasks {
    tasks_in(&Arc::new(MockStore::reading(reads)))
}

fn tasks_in(store: &Arc<MockStore>) -> Tasks {
    Tasks::new(fixtures::context(store), Arc::default())
}

async fn wait(tasks: &Tasks, timeout: Duration) -> (Result<TaskState, Error>, Duration) {
    let start = Instant::now();
    let outcome = tasks.wait(fixtures::owner(), fixtures::task().id, timeout).await;
    (outcome, start.elapsed())
}

async fn next(watcher: &mut TaskWatcher) -> Option<Task> {
    let next = timeout_at(Instant::now() + TIMEOUT, watcher.next()).await;
    next.expect("not so long").expect("looked")
}

fn watch(tasks: &Tasks) -> TaskWatcher {
    tasks.watch(fixtures::owner(), fixtures::task().id)
}

#[tokio::test(start_paused = true)]
async fn a_succeeded_task_is_returned_at_once_with_its_text() {
    let reads = with_text(statuses([TaskStatus::Succeeded]), Some(fixtures::text()));
    let (outcome, waited) = wait(&tasks(reads), TIMEOUT).await;
    let expected = TaskState {
        task: in_status(TaskStatus::Succeeded),
        result: Some(TaskResult::Text(fixtures::text())),
    };
    assert_eq!((outcome.expect("found"), waited), (expected, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_succeeded_prediction_task_has_its_result_until_that_is_deleted() {
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
        let (outcome, _) = wait(&tasks(reads), TIMEOUT).await;
        let result = there.then(|| TaskResult::Prediction(fixtures::prediction()));
        assert_eq!(outcome.expect("found"), TaskState { task, result });
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_or_cancelled_task_is_returned_at_once_without_a_result() {
    for status in [TaskStatus::Failed, TaskStatus::Cancelled] {
        let (outcome, waited) = wait(&tasks(statuses([status])), TIMEOUT).await;
        let state = outcome.expect("found");
        assert_eq!((state.task.status, state.result), (status, None));
        assert_eq!(waited, Duration::ZERO);
    }
}

#[tokio::test]
async fn a_succeeded_task_has_no_text_after_its_image_was_deleted() {
    let reads = with_text(statuses([TaskStatus::Succeeded]), None);
    let (outcome, _) = wait(&tasks(reads), TIMEOUT).await;
    assert_eq!(outcome.expect("found").result, None);
}

#[tokio::test(start_paused = true)]
async fn a_change_in_this_process_is_seen_at_once() {
    let sequence = [TaskStatus::Running, TaskStatus::Running, TaskStatus::Failed];
    let tasks = tasks(statuses(sequence));
    let ((outcome, waited), ()) = join(wait(&tasks, TIMEOUT), async {
        sleep(SOON).await;
        tasks.signals.notify_changed(fixtures::task().id);
    })
    .await;
    assert_eq!(outcome.expect("found").task.status, TaskStatus::Failed);
    assert_eq!(waited, SOON);
}

#[tokio::test(start_paused = true)]
async fn a_change_in_another_process_is_seen_at_the_next_read() {
    let sequence = [TaskStatus::Running, TaskStatus::Running, TaskStatus::Failed];
    let (outcome, waited) = wait(&tasks(statuses(sequence)), TIMEOUT).await;
    assert_eq!(outcome.expect("found").task.status, TaskStatus::Failed);
    assert_eq!(waited, POLL_INTERVAL);
}

#[tokio::test(start_paused = true)]
async fn changes_of_other_tasks_cause_no_read() {
    let sequence = [TaskStatus::Running, TaskStatus::Running, TaskStatus::Failed];
    let tasks = tasks(statuses(sequence));
    let ((outcome, waited), ()) = join(wait(&tasks, TIMEOUT), async {
        sleep(SOON).await;
        tasks.signals.notify_changed(TaskId(Uuid::from_u128(1)));
    })
    .await;
    outcome.expect("found");
    assert_eq!(waited, POLL_INTERVAL);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_does_not_end_is_returned_after_the_timeout() {
    let sequence = std::iter::once(TaskStatus::Queued).chain(std::iter::repeat(TaskStatus::Running));
    let (outcome, waited) = wait(&tasks(statuses(sequence)), TIMEOUT).await;
    let state = outcome.expect("found");
    assert_eq!((state.task.status, state.result), (TaskStatus::Running, None));
    assert_eq!(waited, TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_zero_reads_once() {
    let (outcome, waited) = wait(&tasks(statuses([TaskStatus::Queued])), Duration::ZERO).await;
    assert_eq!(outcome.expect("found").task.status, TaskStatus::Queued);
    assert_eq!(waited, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_when_the_process_shuts_down() {
    let tasks = tasks(running());
    let ((outcome, waited), ()) = join(wait(&tasks, TIMEOUT), async {
        sleep(SOON).await;
        tasks.signals.drain();
    })
    .await;
    assert_eq!(outcome.expect("found").task.status, TaskStatus::Running);
    assert_eq!(waited, SOON);
}

#[tokio::test]
async fn an_unknown_task_is_not_found() {
    let mut reads = MockRepositories::default();
    reads.tasks.expect_find().times(2).returning(|_, _| Ok(None));
    let tasks = tasks(reads);
    let (outcome, _) = wait(&tasks, TIMEOUT).await;
    assert_eq!(outcome.expect_err("absent").code(), ErrorCode::NotFound);
    assert_eq!(next(&mut watch(&tasks)).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_the_store_ends_a_wait() {
    let mut looked = false;
    let mut reads = MockRepositories::default();
    reads.tasks.expect_find().returning(move |_, _| {
        if std::mem::replace(&mut looked, true) {
            Err(StoreError::Unavailable("down".into()))
        } else {
            Ok(Some(in_status(TaskStatus::Running)))
        }
    });
    let (outcome, _) = wait(&tasks(reads), TIMEOUT).await;
    assert_eq!(outcome.expect_err("down").code(), ErrorCode::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_watcher_returns_the_first_state_each_change_and_the_end() {
    use TaskStatus::{Queued, Running, Succeeded};
    let tasks = tasks(statuses([Queued, Queued, Running, Running, Running, Succeeded]));
    let mut watcher = watch(&tasks);
    let mut seen = Vec::new();
    while let Some(task) = next(&mut watcher).await {
        seen.push(task.status);
    }
    assert_eq!(seen, [Queued, Running, Succeeded]);
    assert_eq!(next(&mut watcher).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_watcher_returns_progress() {
    let mut done = 0;
    let mut reads = MockRepositories::default();
    reads.tasks.expect_find().returning(move |_, _| {
        let mut task = in_status(TaskStatus::Running);
        task.progress.done = done;
        done += 1;
        Ok(Some(task))
    });
    let mut watcher = watch(&tasks(reads));
    for expected in 0..3 {
        let task = next(&mut watcher).await.expect("running");
        assert_eq!(task.progress.done, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_before_the_watcher_waits_is_not_missed() {
    let tasks = tasks(statuses([
        TaskStatus::Queued,
        TaskStatus::Queued,
        TaskStatus::Failed,
    ]));
    let mut watcher = watch(&tasks);
    next(&mut watcher).await.expect("queued");
    tasks.signals.notify_changed(fixtures::task().id);
    let told = watcher.next().now_or_never().expect("without a wait");
    assert_eq!(told.expect("looked"), Some(in_status(TaskStatus::Failed)));
}

#[tokio::test(start_paused = true)]
async fn a_watcher_ends_when_the_process_shuts_down() {
    let tasks = tasks(running());
    let mut watcher = watch(&tasks);
    next(&mut watcher).await.expect("running");
    tasks.signals.drain();
    let next = watcher.next().now_or_never().expect("without a wait");
    assert_eq!(next.expect("looked"), None);
}

async fn cancel(found: Cancellation) -> (Result<(), Error>, bool) {
    let mut work = MockRepositories::default();
    work.tasks
        .expect_cancel()
        .withf(|owner, id, now| {
            *owner == fixtures::owner() && *id == fixtures::task().id && *now == fixtures::now()
        })
        .times(1)
        .returning(move |_, _, _| Ok(found));
    let store = Arc::new(MockStore::default().then_work(work));
    let tasks = tasks_in(&store);
    let mut cancellations = tasks.signals.cancellations();
    let outcome = tasks.cancel(fixtures::owner(), fixtures::task().id).await;
    (outcome, cancellations.try_recv().is_ok())
}

#[tokio::test]
async fn a_task_is_cancelled_and_its_worker_notified() {
    let (outcome, notified) = cancel(Cancellation::Cancelled).await;
    outcome.expect("cancelled");
    assert!(notified);
}

#[tokio::test]
async fn a_task_that_has_ended_or_does_not_exist_is_not_cancelled() {
    for (found, code) in [
        (Cancellation::Finished, ErrorCode::Conflict),
        (Cancellation::Absent, ErrorCode::NotFound),
    ] {
        let (outcome, notified) = cancel(found).await;
        assert_eq!((outcome.expect_err("rejected").code(), notified), (code, false));
    }
}

#[tokio::test]
async fn the_owners_tasks_of_a_status_are_listed() {
    let mut reads = MockRepositories::default();
    reads
        .tasks
        .expect_list()
        .withf(|owner, status, page| {
            *owner == fixtures::owner()
                && *status == Some(TaskStatus::Failed)
                && *page == PageRequest::default()
        })
        .returning(|_, _, _| {
            Ok(Page {
                items: vec![fixtures::task()],
                next: None,
            })
        });
    let page = tasks(reads)
        .list(
            fixtures::owner(),
            Some(TaskStatus::Failed),
            PageRequest::default(),
        )
        .await;
    assert_eq!(page.expect("a page").items, [fixtures::task()]);
}
