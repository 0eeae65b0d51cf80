use super::*;
use crate::ErrorCode;
use crate::fixtures;
use chrono::TimeDelta;
use domain::{
    ids::TaskId,
    store::test_support::{MockRepositories, MockStore},
    tasks::{Claim, Lease, Task, TaskOutcome, TaskStatus, retry_delay},
};
use futures_util::FutureExt;
use std::sync::Mutex;
use uuid::Uuid;

/// A store in which successive reads of due tasks return these values.
fn with_due(due: impl IntoIterator<Item = bool, IntoIter: Send + 'static>) -> MockStore {
    let due = Mutex::new(due.into_iter());
    let mut reads = MockRepositories::default();
    reads
        .tasks
        .expect_any_due()
        .withf(|now| *now == fixtures::now())
        .returning(move |_| Ok(due.lock().expect("unpoisoned").next().expect("one more look")));
    MockStore::reading(reads)
}

fn finding(made_ready: u64, expired: Vec<Claim>) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.tasks
        .expect_make_due_ready()
        .withf(|now, limit| *now == fixtures::now() && *limit == BATCH)
        .times(1)
        .returning(move |_, _| Ok(made_ready));
    work.tasks
        .expect_lock_expired_leases()
        .withf(|now, limit| *now == fixtures::now() && *limit == BATCH)
        .times(1)
        .return_once(|_, _| Ok(expired));
    work
}

/// A task whose lease expired in this attempt.
fn expired(number: u128, attempts: u32) -> Claim {
    let id = TaskId(Uuid::from_u128(number));
    Claim {
        task: Task {
            id,
            status: TaskStatus::Running,
            attempts,
            ..fixtures::task()
        },
        lease: Lease {
            task: id,
            token: u64::from(attempts),
        },
    }
}

fn reaper(store: &Arc<MockStore>) -> TaskReaper {
    TaskReaper::new(fixtures::context(store), Arc::default())
}

fn notified(reaper: &TaskReaper) -> bool {
    reaper.signals.ready().now_or_never().is_some()
}

#[tokio::test]
async fn no_transaction_begins_if_nothing_is_due() {
    let store = Arc::new(with_due([false]));
    reaper(&store).run_once().await.expect("looked");
}

#[tokio::test]
async fn due_retries_become_ready_and_each_notifies_a_worker() {
    let store = Arc::new(with_due([true, false]).then_work(finding(2, vec![])));
    let reaper = reaper(&store);
    let (mut first, mut second) = (Box::pin(reaper.signals.ready()), Box::pin(reaper.signals.ready()));
    assert!(first.as_mut().now_or_never().is_none() && second.as_mut().now_or_never().is_none());
    reaper.run_once().await.expect("tended");
    assert!(first.now_or_never().is_some() && second.now_or_never().is_some());
    assert_eq!(store.commits(), 1);
}

#[tokio::test]
async fn no_worker_is_notified_before_the_commit() {
    let store = Arc::new(with_due([true]).then_failing_commit(finding(1, vec![])));
    let reaper = reaper(&store);
    let error = reaper.run_once().await.expect_err("down");
    assert_eq!((error.code(), notified(&reaper)), (ErrorCode::Unavailable, false));
}

#[tokio::test]
async fn an_expired_lease_schedules_a_retry_or_ends_the_task_after_its_last_attempt() {
    let (early, last) = (expired(1, MAX_ATTEMPTS - 1), expired(2, MAX_ATTEMPTS));
    let mut work = finding(0, vec![early.clone(), last.clone()]);
    let delay: TimeDelta = retry_delay(early.task.id, early.task.attempts);
    let lease = early.lease;
    work.tasks
        .expect_postpone()
        .withf(move |given, failure, until| {
            *given == lease && failure.code == "unavailable" && *until == fixtures::now() + delay
        })
        .times(1)
        .returning(|_, _, _| Ok(true));
    let lease = last.lease;
    work.tasks
        .expect_finish()
        .withf(move |given, outcome, now| {
            let failed = TaskOutcome::Failed(TaskFailure {
                code: "unavailable".to_owned(),
                detail: "The worker stopped before the work was done (attempt 3 of 3).".to_owned(),
            });
            *given == lease && *outcome == failed && *now == fixtures::now()
        })
        .times(1)
        .returning(|_, _, _| Ok(true));
    let store = Arc::new(with_due([true, false]).then_work(work));
    let reaper = reaper(&store);
    let mut changes = reaper.signals.changes();
    reaper.run_once().await.expect("tended");
    assert_eq!(
        (changes.try_recv(), changes.try_recv()),
        (Ok(early.task.id), Ok(last.task.id))
    );
    // A task that waits for its retry is not ready.
    assert_eq!((store.commits(), notified(&reaper)), (1, false));
}

#[tokio::test]
async fn all_batches_are_handled() {
    let mut retrying = finding(0, vec![expired(1, 1)]);
    retrying.tasks.expect_postpone().returning(|_, _, _| Ok(true));
    let store = with_due([true, true, true, false])
        .then_work(finding(BATCH, vec![]))
        .then_work(retrying)
        .then_work(finding(1, vec![]));
    let store = Arc::new(store);
    reaper(&store).run_once().await.expect("tended");
    assert_eq!(store.commits(), 3);
}

#[tokio::test]
async fn tasks_that_others_have_locked_are_skipped() {
    let store = Arc::new(with_due(std::iter::repeat(true)).then_work(finding(0, vec![])));
    reaper(&store).run_once().await.expect("tended");
}
