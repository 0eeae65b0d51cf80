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

/// A store in which looks for something due find this, in order.
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

fn finding(woken: u64, abandoned: Vec<Claim>) -> MockRepositories {
    let mut work = MockRepositories::default();
    work.tasks
        .expect_make_due_ready()
        .withf(|now, limit| *now == fixtures::now() && *limit == BATCH)
        .times(1)
        .returning(move |_, _| Ok(woken));
    work.tasks
        .expect_lock_expired_leases()
        .withf(|now, limit| *now == fixtures::now() && *limit == BATCH)
        .times(1)
        .return_once(|_, _| Ok(abandoned));
    work
}

/// A task whose worker is gone in this attempt.
fn lock_expired_leases(number: u128, attempts: u32) -> Claim {
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

fn tending(store: &Arc<MockStore>) -> TaskReaper {
    TaskReaper {
        store: store.clone(),
        clock: fixtures::clock(),
        signals: Arc::default(),
    }
}

fn rung(use_case: &TaskReaper) -> bool {
    use_case.signals.rung().now_or_never().is_some()
}

#[tokio::test]
async fn nothing_is_locked_where_nothing_is_due() {
    let store = Arc::new(with_due([false]));
    tending(&store).execute().await.expect("looked");
}

#[tokio::test]
async fn tasks_whose_rest_is_over_become_ready_and_each_rings_a_worker() {
    let store = Arc::new(with_due([true, false]).then_work(finding(2, vec![])));
    let use_case = tending(&store);
    let (mut first, mut second) = (
        Box::pin(use_case.signals.rung()),
        Box::pin(use_case.signals.rung()),
    );
    assert!(first.as_mut().now_or_never().is_none() && second.as_mut().now_or_never().is_none());
    use_case.execute().await.expect("tended");
    assert!(first.now_or_never().is_some() && second.now_or_never().is_some());
    assert_eq!(store.commits(), 1);
}

#[tokio::test]
async fn nobody_is_rung_for_what_was_not_committed() {
    let store = Arc::new(with_due([true]).then_failing_commit(finding(1, vec![])));
    let use_case = tending(&store);
    let error = use_case.execute().await.expect_err("down");
    assert_eq!((error.code(), rung(&use_case)), (ErrorCode::Unavailable, false));
}

#[tokio::test]
async fn a_task_without_a_sign_of_life_rests_or_has_failed_at_its_last_attempt_and_is_told_of() {
    let (early, last) = (abandoned(1, MAX_ATTEMPTS - 1), abandoned(2, MAX_ATTEMPTS));
    let mut work = finding(0, vec![early.clone(), last.clone()]);
    let rest: TimeDelta = retry_delay(early.task.id, early.task.attempts);
    let lease = early.lease;
    work.tasks
        .expect_postpone()
        .withf(move |given, failure, until| {
            *given == lease && failure.code == "unavailable" && *until == fixtures::now() + rest
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
    let use_case = tending(&store);
    let mut changes = use_case.signals.changes();
    use_case.execute().await.expect("tended");
    assert_eq!(
        (changes.try_recv(), changes.try_recv()),
        (Ok(early.task.id), Ok(last.task.id))
    );
    // What rests is not ready.
    assert_eq!((store.commits(), rung(&use_case)), (1, false));
}

#[tokio::test]
async fn tasks_are_tended_batch_by_batch_as_long_as_there_are_more() {
    let mut taking_back = finding(0, vec![abandoned(1, 1)]);
    taking_back.tasks.expect_postpone().returning(|_, _, _| Ok(true));
    let store = with_due([true, true, true, false])
        .then_work(finding(BATCH, vec![]))
        .then_work(taking_back)
        .then_work(finding(1, vec![]));
    let store = Arc::new(store);
    tending(&store).execute().await.expect("tended");
    assert_eq!(store.commits(), 3);
}

#[tokio::test]
async fn what_is_due_but_held_by_others_is_left_to_them() {
    let store = Arc::new(with_due(std::iter::repeat(true)).then_work(finding(0, vec![])));
    tending(&store).execute().await.expect("tended");
}
