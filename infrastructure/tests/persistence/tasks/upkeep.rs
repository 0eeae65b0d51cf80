//! What keeps tasks going.

use super::{cancel, claimed, finish, insert, make_due_ready, postpone, release, renew, stored_task, task};
use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{begin, commit, moment, stored_user, write},
};
use domain::{
    clock::Timestamp,
    ids::TaskId,
    store::Store,
    tasks::{Claim, Task, TaskOutcome},
};
use infrastructure::persistence::SeaStore;

async fn lock_expired_leases(store: &SeaStore, now: Timestamp, limit: u64) -> Vec<Claim> {
    let claims = write(store, async |work| {
        work.tasks().lock_expired_leases(now, limit).await
    })
    .await;
    claims.expect("an answer")
}

async fn unpublished(store: &SeaStore) -> Vec<TaskId> {
    store.read().tasks().unpublished(100).await.expect("a read")
}

async fn mark_published(store: &SeaStore, tasks: &[TaskId]) {
    let outcome = write(store, async |work| work.tasks().mark_published(tasks).await).await;
    outcome.expect("the tasks are marked");
}

on_every_database![
    tasks_wake_longest_rested_first_and_bounded,
    tasks_that_wake_together_are_claimed_in_turns_with_those_of_others,
    abandoned_tasks_come_with_the_lease_that_still_holds,
    abandoned_tasks_that_somebody_else_looks_after_are_passed_over,
    what_is_ready_is_announced_once_each_time_that_it_becomes_ready,
    tasks_that_are_not_ready_any_more_are_neither_announced_nor_marked,
    what_is_due_is_seen_without_being_touched,
];

async fn tasks_wake_longest_rested_first_and_bounded(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let mut waiting = Vec::new();
    for seconds in [70, 50, 60, 90] {
        stored_task(&store, &ada).await;
        let claim = claimed(&store, moment(20)).await;
        assert!(postpone(&store, &claim.lease, moment(seconds)).await);
        waiting.push(claim.task.id);
    }
    assert_eq!(make_due_ready(&store, moment(49), 9).await, 0);
    assert_eq!(make_due_ready(&store, moment(80), 2).await, 2);
    assert_eq!(make_due_ready(&store, moment(80), 2).await, 1);
    assert_eq!(make_due_ready(&store, moment(80), 2).await, 0);
    let mut order = Vec::new();
    for _ in 0..3 {
        order.push(claimed(&store, moment(81)).await.task.id);
    }
    assert_eq!(order, [waiting[1], waiting[2], waiting[0]]);
}

async fn tasks_that_wake_together_are_claimed_in_turns_with_those_of_others(database: TestDatabase) {
    let store = database.store().await;
    let (ada, grace) = (
        stored_user(&store, "ada").await,
        stored_user(&store, "grace").await,
    );
    let mut of_ada = Vec::new();
    for seconds in 50..53 {
        of_ada.push(stored_task(&store, &ada).await.id);
        let claim = claimed(&store, moment(20)).await;
        assert!(postpone(&store, &claim.lease, moment(seconds)).await);
    }
    of_ada.insert(0, stored_task(&store, &ada).await.id);
    assert_eq!(make_due_ready(&store, moment(60), 9).await, 3);
    of_ada.push(stored_task(&store, &ada).await.id);
    let mut expected = Vec::new();
    for id in of_ada {
        expected.push(id);
        expected.push(stored_task(&store, &grace).await.id);
    }
    let mut order = Vec::new();
    for _ in 0..10 {
        order.push(claimed(&store, moment(61)).await.task.id);
    }
    assert_eq!(order, expected);
}

async fn abandoned_tasks_come_with_the_lease_that_still_holds(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    for _ in 0..5 {
        stored_task(&store, &ada).await;
    }
    // Each for a minute.
    let mut claims = Vec::new();
    for seconds in [30, 10, 20, 25, 15] {
        claims.push(claimed(&store, moment(seconds)).await);
    }
    assert!(renew(&store, &claims[3].lease, moment(200), 0).await);
    assert!(finish(&store, &claims[4].lease, &TaskOutcome::Succeeded, moment(40)).await);
    assert_eq!(lock_expired_leases(&store, moment(69), 9).await, []);
    assert_eq!(
        lock_expired_leases(&store, moment(90), 2).await,
        [claims[1].clone(), claims[2].clone()]
    );

    let work = begin(&store).await;
    let found = work
        .tasks()
        .lock_expired_leases(moment(90), 9)
        .await
        .expect("an answer");
    assert_eq!(found.len(), 3);
    let late = &found[0];
    let failure = super::failure();
    let postponed = work.tasks().postpone(&late.lease, &failure, moment(99)).await;
    assert!(postponed.expect("an answer"));
    let spent = TaskOutcome::Failed(failure);
    let failed = work.tasks().finish(&found[1].lease, &spent, moment(90)).await;
    assert!(failed.expect("an answer"));
    commit(work).await;
    super::assert_void(&store, &claims[1].lease).await;
    super::assert_void(&store, &claims[2].lease).await;
    // The third was left as it is, and its worker may still come.
    assert!(renew(&store, &claims[0].lease, moment(200), 0).await);
}

async fn abandoned_tasks_that_somebody_else_looks_after_are_passed_over(database: TestDatabase) {
    if database.url.starts_with("sqlite") {
        // Units of work go one after the other there.
        return;
    }
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    for _ in 0..2 {
        stored_task(&store, &ada).await;
        claimed(&store, moment(20)).await;
    }
    let work = begin(&store).await;
    let first = work
        .tasks()
        .lock_expired_leases(moment(90), 1)
        .await
        .expect("an answer");
    let others = lock_expired_leases(&store, moment(90), 9).await;
    assert_eq!((first.len(), others.len()), (1, 1));
    assert_ne!(first, others);
}

async fn what_is_ready_is_announced_once_each_time_that_it_becomes_ready(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let mut ids = Vec::new();
    for seconds in [12, 11, 13] {
        let task = Task {
            created_at: moment(seconds),
            ..task(&ada)
        };
        assert!(insert(&store, &task, None).await.expect("an answer"));
        ids.push(task.id);
    }
    assert_eq!(unpublished(&store).await, [ids[1], ids[0], ids[2]]);
    assert_eq!(
        store.read().tasks().unpublished(1).await.expect("a read"),
        [ids[1]]
    );
    mark_published(&store, &[]).await;
    mark_published(&store, &ids[..2]).await;
    assert_eq!(unpublished(&store).await, [ids[2]]);

    let (first, second) = (
        claimed(&store, moment(20)).await,
        claimed(&store, moment(20)).await,
    );
    assert!(postpone(&store, &first.lease, moment(30)).await);
    assert!(release(&store, &second.lease, moment(25)).await);
    assert_eq!(unpublished(&store).await, [ids[2], second.task.id]);
    assert_eq!(make_due_ready(&store, moment(31), 9).await, 1);
    assert_eq!(unpublished(&store).await, [ids[2], second.task.id, first.task.id]);
}

async fn tasks_that_are_not_ready_any_more_are_neither_announced_nor_marked(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let tasks = [
        stored_task(&store, &ada).await,
        stored_task(&store, &ada).await,
        stored_task(&store, &ada).await,
    ];
    let running = claimed(&store, moment(20)).await;
    let waiting = claimed(&store, moment(20)).await;
    assert!(postpone(&store, &waiting.lease, moment(30)).await);
    cancel(&store, &tasks[2], moment(21)).await;
    assert_eq!(unpublished(&store).await, []);
    // What they are looked at for next is not forgotten.
    mark_published(&store, &tasks.map(|task| task.id)).await;
    assert_eq!(lock_expired_leases(&store, moment(90), 9).await.len(), 1);
    assert_eq!(
        lock_expired_leases(&store, moment(90), 9).await[0].lease,
        running.lease
    );
    assert_eq!(make_due_ready(&store, moment(30), 9).await, 1);
}

async fn what_is_due_is_seen_without_being_touched(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    stored_task(&store, &ada).await;
    let any_due = async |now| store.read().tasks().any_due(moment(now)).await.expect("a read");
    assert!(!any_due(1000).await, "a ready task is not due");
    let claim = claimed(&store, moment(20)).await;
    assert!(
        !any_due(20).await && any_due(1000).await,
        "its lease runs out some time"
    );
    assert!(postpone(&store, &claim.lease, moment(2000)).await);
    assert!(
        !any_due(1000).await && any_due(2000).await,
        "its rest is over then"
    );
    assert_eq!(make_due_ready(&store, moment(2000), 9).await, 1);
    assert!(!any_due(3000).await);
}
