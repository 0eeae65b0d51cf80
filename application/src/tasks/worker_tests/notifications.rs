//! What makes a worker look for tasks, and whom it tells.

use super::*;
use crate::ErrorCode;
use domain::tasks::{Delivery, MockDelivery, MockTaskNotifications};
use futures_util::FutureExt;

/// A call that ends the process once it is answered, when so much is committed and so much left to be.
fn answered_after(
    (commits, left): (usize, usize),
    store: &Arc<MockStore>,
    signals: &Arc<TaskSignals>,
) -> MockDelivery {
    let (store, signals) = (store.clone(), signals.clone());
    let mut call = MockDelivery::new();
    call.expect_ack().times(1).return_once(move || {
        assert_eq!((store.commits(), store.left()), (commits, left));
        signals.drain();
    });
    call
}

/// A worker to whom these calls come.
fn called(worker: TaskWorker, calls: Vec<MockDelivery>) -> TaskWorker {
    let waiting = Mutex::new(calls.into_iter());
    let mut calls = MockTaskNotifications::new();
    calls.expect_next().returning(move || {
        let call = waiting.lock().expect("unpoisoned").next();
        let call: Box<dyn Delivery> = Box::new(call.expect("one more call"));
        call
    });
    TaskWorker {
        notifications: Arc::new(calls),
        ..worker
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_answered_once_its_task_is_claimed_and_the_work_is_done_all_the_same() {
    let store = Arc::new(with_claimed(1).then_work(succeeding()));
    let worker = worker(&store, SlowEngine::taking(milliseconds(100)));
    let call = answered_after((1, 1), &store, &worker.signals);
    soon(called(worker, vec![call]).run()).await;
    assert_eq!((store.commits(), store.left()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_task_is_gone_is_answered() {
    let store = Arc::new(MockStore::reading(with_ready(0)));
    let worker = worker(&store, fixtures::engine());
    let call = answered_after((0, 0), &store, &worker.signals);
    soon(called(worker, vec![call]).run()).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_could_not_be_followed_is_not_answered_and_the_worker_rests() {
    let mut reads = MockRepositories::default();
    let mut asked = 0;
    reads.tasks.expect_any_ready().times(3).returning(move || {
        asked += 1;
        match asked {
            1 => Err(StoreError::Unavailable("down".into())),
            2 => Ok(true),
            _ => Ok(false),
        }
    });
    let mut failing = MockRepositories::default();
    failing
        .tasks
        .expect_claim()
        .times(1)
        .returning(|_, _| Err(StoreError::Unavailable("down".into())));
    let store = Arc::new(MockStore::reading(reads).then_work(failing));
    let worker = worker(&store, fixtures::engine());
    let answered = answered_after((0, 0), &store, &worker.signals);
    // To answer the first two fails the test.
    let calls = vec![MockDelivery::new(), MockDelivery::new(), answered];
    let start = Instant::now();
    soon(called(worker, calls).run()).await;
    assert_eq!(start.elapsed(), RETRY_DELAY * 2);
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_claim_was_not_committed_is_not_begun() {
    let store = Arc::new(MockStore::reading(with_looks([true])).then_failing_commit(claiming(1)));
    let worker = worker(&store, fixtures::engine());
    let error = soon(worker.execute_all()).await.expect_err("down");
    assert_eq!(error.code(), ErrorCode::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_nobody_calls_looks_every_now_and_then() {
    let signals = Arc::new(TaskSignals::default());
    let mut looks = 0;
    let mut reads = MockRepositories::default();
    let ending = signals.clone();
    reads.tasks.expect_any_ready().times(2).returning(move || {
        looks += 1;
        if looks == 2 {
            ending.drain();
        }
        Ok(false)
    });
    let store = Arc::new(MockStore::reading(reads));
    let worker = TaskWorker {
        notifications: signals.clone(),
        signals,
        ..worker(&store, fixtures::engine())
    };
    let start = Instant::now();
    soon(worker.run()).await;
    assert_eq!(start.elapsed(), POLL_INTERVAL * 2);
}

#[tokio::test(start_paused = true)]
async fn a_worker_works_until_no_task_is_ready_and_counts_them() {
    let store = MockStore::reading(with_ready(2))
        .then_work(claiming(1))
        .then_work(succeeding())
        .then_work(claiming(1))
        .then_work(succeeding());
    let store = Arc::new(store);
    let worker = worker(&store, SlowEngine::taking(milliseconds(100)));
    assert_eq!(soon(worker.execute_all()).await.expect("worked"), 2);
    assert_eq!(store.commits(), 4);
}

#[tokio::test(start_paused = true)]
async fn who_claims_a_task_rings_for_whoever_is_idle_before_he_begins() {
    let store = Arc::new(with_claimed(1));
    let worker = worker(&store, SlowEngine::endless());
    let mut changes = worker.signals.changes();
    assert!(worker.execute_all().now_or_never().is_none(), "it works");
    assert!(worker.signals.ready().now_or_never().is_some());
    assert_eq!(changes.try_recv(), Ok(fixtures::task().id));
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_claims_nothing_notifies_no_other_worker() {
    let mut work = MockRepositories::default();
    work.tasks.expect_claim().times(1).returning(|_, _| Ok(None));
    let store = Arc::new(MockStore::reading(with_looks([true, false])).then_work(work));
    let worker = worker(&store, fixtures::engine());
    assert_eq!(soon(worker.execute_all()).await.expect("looked"), 0);
    assert!(worker.signals.ready().now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_somebody_writes_about_just_now_is_claimed_a_moment_later() {
    let mut passed_over = MockRepositories::default();
    passed_over.tasks.expect_claim().returning(|_, _| Ok(None));
    let reads = with_looks([true, true]);
    let store = Arc::new(
        MockStore::reading(reads)
            .then_work(passed_over)
            .then_work(claiming(1)),
    );
    let worker = worker(&store, fixtures::engine());
    let claim = soon(worker.claim()).await.expect("looked");
    assert_eq!(claim.map(|claim| claim.lease), Some(lease()));
}
