//! What workers do with tasks.

use super::{
    assert_void, cancel, claim, claimed, claimed_ids, failure, finish, found, make_due_ready, postpone,
    release, renew, stored_task, tasks,
};
use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{moment, stored_user, write},
};
use domain::{
    store::Store,
    tasks::{Task, TaskOutcome, TaskProgress, TaskStatus},
};

on_every_database![
    a_claimed_task_runs_with_its_attempt_counted_and_the_next_worker_gets_the_next,
    a_renewed_claim_notes_its_pages_and_may_change_nothing,
    a_finished_task_says_how_it_ended_and_its_lease_is_void,
    a_postponed_task_rests_with_its_failure_until_it_wakes,
    an_earlier_lease_is_void_once_the_task_is_claimed_again,
    a_cancelled_task_voids_the_lease,
    a_task_handed_back_is_as_if_the_attempt_had_not_been_and_comes_first,
];

async fn a_claimed_task_runs_with_its_attempt_counted_and_the_next_worker_gets_the_next(
    database: TestDatabase,
) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    assert_eq!(claim(&store, moment(20)).await, None);
    assert!(!store.read().tasks().any_ready().await.expect("a read"));
    let first = stored_task(&store, &ada).await;
    assert!(store.read().tasks().any_ready().await.expect("a read"));
    let second = stored_task(&store, &ada).await;
    let claim_of_first = claimed(&store, moment(20)).await;
    let expected = Task {
        status: TaskStatus::Running,
        attempts: 1,
        started_at: Some(moment(20)),
        ..first.clone()
    };
    assert_eq!(claim_of_first.task, expected);
    assert_eq!(
        (claim_of_first.lease.task, claim_of_first.lease.token),
        (first.id, 1)
    );
    assert_eq!(found(&store, &first).await, expected);
    assert_eq!(claimed(&store, moment(20)).await.task.id, second.id);
    assert_eq!(claim(&store, moment(20)).await, None);
    assert!(!store.read().tasks().any_ready().await.expect("a read"));
}

async fn a_renewed_claim_notes_its_pages_and_may_change_nothing(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let task = stored_task(&store, &ada).await;
    let lease = claimed(&store, moment(20)).await.lease;
    for _ in 0..2 {
        assert!(renew(&store, &lease, moment(99), 2).await);
    }
    let progress = TaskProgress { done: 2, total: 3 };
    assert_eq!(found(&store, &task).await.progress, progress);
    let expired = async |now| {
        let claims = write(&store, async |work| {
            work.tasks().lock_expired_leases(now, 9).await
        })
        .await;
        claims.expect("an answer").len()
    };
    assert_eq!((expired(moment(98)).await, expired(moment(99)).await), (0, 1));
}

async fn a_finished_task_says_how_it_ended_and_its_lease_is_void(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    for (outcome, status, done, shown) in [
        (TaskOutcome::Succeeded, TaskStatus::Succeeded, 3, None),
        (
            TaskOutcome::Failed(failure()),
            TaskStatus::Failed,
            1,
            Some(failure()),
        ),
    ] {
        let task = stored_task(&store, &ada).await;
        let first = claimed(&store, moment(20)).await.lease;
        assert!(postpone(&store, &first, moment(21)).await);
        assert_eq!(make_due_ready(&store, moment(21), 9).await, 1);
        let lease = claimed(&store, moment(22)).await.lease;
        assert!(renew(&store, &lease, moment(99), 1).await);
        assert!(finish(&store, &lease, &outcome, moment(23)).await);
        let expected = Task {
            status,
            attempts: 2,
            progress: TaskProgress { done, total: 3 },
            started_at: Some(moment(22)),
            finished_at: Some(moment(23)),
            failure: shown,
            ..task.clone()
        };
        assert_eq!(found(&store, &task).await, expected);
        for lease in [first, lease] {
            assert_void(&store, &lease).await;
        }
        assert_eq!(found(&store, &task).await, expected);
        assert_eq!(claim(&store, moment(900)).await, None);
    }
}

async fn a_postponed_task_rests_with_its_failure_until_it_wakes(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let task = stored_task(&store, &ada).await;
    let lease = claimed(&store, moment(20)).await.lease;
    assert!(postpone(&store, &lease, moment(50)).await);
    let waiting = found(&store, &task).await;
    assert_eq!((waiting.status, waiting.attempts), (TaskStatus::Queued, 1));
    assert_eq!(waiting.failure, Some(failure()));
    assert_eq!(claim(&store, moment(99)).await, None);
    assert_void(&store, &lease).await;
    assert_eq!(make_due_ready(&store, moment(49), 9).await, 0);
    assert_eq!(make_due_ready(&store, moment(50), 9).await, 1);
    assert_eq!(found(&store, &task).await, waiting);
    let again = claimed(&store, moment(51)).await;
    assert_eq!((again.task.attempts, again.lease.token), (2, 2));
    assert_eq!(again.task.failure, None);
    assert_eq!(found(&store, &task).await, again.task);
}

async fn an_earlier_lease_is_void_once_the_task_is_claimed_again(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let task = stored_task(&store, &ada).await;
    let mut leases = Vec::new();
    for round in 1..=3 {
        let claim = claimed(&store, moment(20)).await;
        assert_eq!(claim.lease.token, round);
        for earlier in &leases {
            assert_void(&store, earlier).await;
        }
        assert_eq!(found(&store, &task).await, claim.task);
        assert!(postpone(&store, &claim.lease, moment(30)).await);
        assert_eq!(make_due_ready(&store, moment(30), 9).await, 1);
        leases.push(claim.lease);
    }
}

async fn a_cancelled_task_voids_the_lease(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let task = stored_task(&store, &ada).await;
    let lease = claimed(&store, moment(20)).await.lease;
    cancel(&store, &task, moment(21)).await;
    assert_void(&store, &lease).await;
    assert_eq!(found(&store, &task).await.finished_at, Some(moment(21)));
    assert_eq!(claim(&store, moment(900)).await, None);
}

async fn a_task_handed_back_is_as_if_the_attempt_had_not_been_and_comes_first(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let task = stored_task(&store, &ada).await;
    tasks(&store, &ada, 3).await;
    let lease = claimed(&store, moment(20)).await.lease;
    assert!(renew(&store, &lease, moment(99), 2).await);
    assert!(release(&store, &lease, moment(21)).await);
    assert_eq!(found(&store, &task).await, task);
    assert_void(&store, &lease).await;

    let second = claimed(&store, moment(22)).await;
    assert_eq!(
        (second.task.id, second.task.attempts, second.lease.token),
        (task.id, 1, 2)
    );
    assert!(postpone(&store, &second.lease, moment(30)).await);
    assert_eq!(make_due_ready(&store, moment(30), 9).await, 1);
    claimed_ids(&store, 3).await;
    let third = claimed(&store, moment(31)).await;
    assert!(release(&store, &third.lease, moment(32)).await);
    let queued = found(&store, &task).await;
    assert_eq!((queued.attempts, queued.failure), (1, Some(failure())));
}
