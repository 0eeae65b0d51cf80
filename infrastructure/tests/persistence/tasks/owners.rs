//! What owners do with their tasks.

use super::{cancel, claimed, failure, finish, found, insert, postpone, stored_task, task, task_of};
use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{image, moment, stored_image, stored_user, user, write},
};
use domain::{
    accounts::User,
    page::{PageLimit, PageRequest},
    store::{Store, StoreError},
    tasks::{Cancellation, Task, TaskOutcome, TaskStatus},
};
use futures_util::future::join_all;
use infrastructure::persistence::SeaStore;

/// Every page of a list, each of two tasks.
async fn listed(store: &SeaStore, owner: &User, status: Option<TaskStatus>) -> Vec<Task> {
    let mut page = PageRequest {
        limit: PageLimit::new(2).expect("a valid limit"),
        after: None,
    };
    let mut tasks = Vec::new();
    loop {
        let read = store
            .read()
            .tasks()
            .list(owner.id, status, page)
            .await
            .expect("a page");
        tasks.extend(read.items);
        page.after = read.next;
        if page.after.is_none() {
            return tasks;
        }
    }
}

on_every_database![
    a_task_is_found_whole_by_its_owner_alone,
    a_task_of_nobody_is_refused,
    the_limit_counts_what_is_queued_and_running_and_nothing_that_ended,
    concurrent_tasks_do_not_pass_the_limit,
    lists_are_the_owners_alone_newest_first_and_of_one_status_or_all,
    a_cancelled_task_stays_and_is_not_cancelled_twice,
    cancelling_what_ended_or_is_not_there_says_so,
    deleting_an_image_cancels_its_tasks_that_have_not_ended,
    a_task_goes_with_its_owner_and_not_with_its_image,
];

async fn a_task_is_found_whole_by_its_owner_alone(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let grace = stored_user(&store, "grace").await;
    let task = stored_task(&store, &ada).await;
    assert_eq!(found(&store, &task).await, task);
    let other = store.read().tasks().find(grace.id, task.id).await;
    assert_eq!(other.expect("a read"), None);
}

async fn a_task_of_nobody_is_refused(database: TestDatabase) {
    let store = database.store().await;
    for limit in [None, Some(0)] {
        let outcome = insert(&store, &task(&user("nobody")), limit).await;
        assert!(matches!(outcome, Err(StoreError::OwnerDeleted)), "{outcome:?}");
    }
}

async fn the_limit_counts_what_is_queued_and_running_and_nothing_that_ended(database: TestDatabase) {
    let store = database.store().await;
    let (ada, grace) = (
        stored_user(&store, "ada").await,
        stored_user(&store, "grace").await,
    );
    let tasks = [(); 4].map(|()| task(&ada));
    for task in &tasks {
        assert!(insert(&store, task, Some(4)).await.expect("an answer"));
    }
    let running = claimed(&store, moment(20)).await;
    let waiting = claimed(&store, moment(20)).await;
    assert!(postpone(&store, &waiting.lease, moment(90)).await);
    let refused = task(&ada);
    for limit in [0, 1, 4] {
        assert!(!insert(&store, &refused, Some(limit)).await.expect("an answer"));
    }
    assert_eq!(listed(&store, &ada, None).await.len(), 4);
    assert!(insert(&store, &task(&grace), Some(1)).await.expect("an answer"));

    assert!(finish(&store, &running.lease, &TaskOutcome::Succeeded, moment(21)).await);
    assert_eq!(
        cancel(&store, &tasks[3], moment(21)).await,
        Cancellation::Cancelled
    );
    for (limit, added) in [(2, false), (3, true), (3, false), (u64::MAX, true)] {
        let outcome = insert(&store, &task(&ada), Some(limit)).await;
        assert_eq!(outcome.expect("an answer"), added, "{limit}");
    }
}

async fn concurrent_tasks_do_not_pass_the_limit(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let tasks: Vec<Task> = (0..20).map(|_| task(&ada)).collect();
    let outcomes = join_all(tasks.iter().map(|task| insert(&store, task, Some(7)))).await;
    let added = outcomes
        .into_iter()
        .filter(|added| *added.as_ref().expect("an answer"));
    assert_eq!(added.count(), 7);
    assert_eq!(listed(&store, &ada, None).await.len(), 7);
}

async fn lists_are_the_owners_alone_newest_first_and_of_one_status_or_all(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let mut tasks = Vec::new();
    for _ in 0..7 {
        tasks.insert(0, stored_task(&store, &ada).await);
    }
    // The oldest are claimed first. One of each status, and of queued ones two that are ready and one that rests.
    let claims = [(); 4].map(|()| claimed(&store, moment(20)));
    let [mut succeeded, mut failed, mut waiting] = [None, None, None];
    for (index, claim) in claims.into_iter().enumerate() {
        let claim = claim.await;
        match index {
            0 => succeeded = Some(claim.lease),
            1 => failed = Some(claim.lease),
            2 => waiting = Some(claim.lease),
            _ => {}
        }
    }
    let (succeeded, failed) = (succeeded.expect("a lease"), failed.expect("a lease"));
    assert!(finish(&store, &succeeded, &TaskOutcome::Succeeded, moment(21)).await);
    assert!(finish(&store, &failed, &TaskOutcome::Failed(failure()), moment(21)).await);
    assert!(postpone(&store, &waiting.expect("a lease"), moment(90)).await);
    cancel(&store, &tasks[2], moment(22)).await;
    let grace = stored_user(&store, "grace").await;
    stored_task(&store, &grace).await;

    let ids = |tasks: &[Task]| tasks.iter().map(|task| task.id).collect::<Vec<_>>();
    let all = listed(&store, &ada, None).await;
    assert_eq!(ids(&all), ids(&tasks));
    for (status, expected) in [
        (TaskStatus::Queued, vec![0, 1, 4]),
        (TaskStatus::Running, vec![3]),
        (TaskStatus::Succeeded, vec![6]),
        (TaskStatus::Failed, vec![5]),
        (TaskStatus::Cancelled, vec![2]),
    ] {
        let of_status = listed(&store, &ada, Some(status)).await;
        let expected: Vec<Task> = expected.iter().map(|index| all[*index].clone()).collect();
        assert_eq!(of_status, expected);
        assert!(of_status.iter().all(|task| task.status == status));
    }
}

async fn a_cancelled_task_stays_and_is_not_cancelled_twice(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let task = stored_task(&store, &ada).await;
    assert_eq!(cancel(&store, &task, moment(20)).await, Cancellation::Cancelled);
    assert_eq!(cancel(&store, &task, moment(30)).await, Cancellation::Finished);
    let expected = Task {
        status: TaskStatus::Cancelled,
        finished_at: Some(moment(20)),
        ..task.clone()
    };
    assert_eq!(found(&store, &task).await, expected);
    assert!(!store.read().tasks().any_ready().await.expect("a read"));
}

async fn cancelling_what_ended_or_is_not_there_says_so(database: TestDatabase) {
    let store = database.store().await;
    let (ada, grace) = (
        stored_user(&store, "ada").await,
        stored_user(&store, "grace").await,
    );
    let stored = stored_task(&store, &ada).await;
    assert_eq!(
        cancel(&store, &task(&ada), moment(20)).await,
        Cancellation::Absent
    );
    let mut foreign = stored.clone();
    foreign.owner_id = grace.id;
    assert_eq!(cancel(&store, &foreign, moment(20)).await, Cancellation::Absent);
    let claim = claimed(&store, moment(20)).await;
    assert!(finish(&store, &claim.lease, &TaskOutcome::Succeeded, moment(21)).await);
    assert_eq!(cancel(&store, &stored, moment(22)).await, Cancellation::Finished);
    assert_eq!(found(&store, &stored).await.status, TaskStatus::Succeeded);
}

async fn deleting_an_image_cancels_its_tasks_that_have_not_ended(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let (gone, kept) = (image(&ada, 1), image(&ada, 1));
    let tasks = [(); 4].map(|()| task_of(&gone));
    for task in &tasks {
        assert!(insert(&store, task, None).await.expect("an answer"));
    }
    let other = task_of(&kept);
    assert!(insert(&store, &other, None).await.expect("an answer"));
    let leases = [
        claimed(&store, moment(20)).await.lease,
        claimed(&store, moment(20)).await.lease,
        claimed(&store, moment(20)).await.lease,
    ];
    assert!(finish(&store, &leases[0], &TaskOutcome::Succeeded, moment(21)).await);
    assert!(postpone(&store, &leases[1], moment(90)).await);
    let cancelled = write(&store, async |work| {
        work.tasks().cancel_of_image(gone.id, moment(22)).await
    })
    .await;
    cancelled.expect("a cancellation");
    let ended = async |task| {
        let task = found(&store, task).await;
        (task.status, task.finished_at)
    };
    assert_eq!(ended(&tasks[0]).await, (TaskStatus::Succeeded, Some(moment(21))));
    for task in &tasks[1..] {
        assert_eq!(ended(task).await, (TaskStatus::Cancelled, Some(moment(22))));
    }
    assert_eq!(found(&store, &other).await, other);
    super::assert_void(&store, &leases[2]).await;
}

async fn a_task_goes_with_its_owner_and_not_with_its_image(database: TestDatabase) {
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let image = stored_image(&store, &ada, 1).await;
    let task = task_of(&image);
    assert!(insert(&store, &task, None).await.expect("an answer"));
    let deleted = write(&store, async |work| work.images().delete(ada.id, image.id).await).await;
    assert!(deleted.expect("a deletion"));
    assert_eq!(found(&store, &task).await, task);
    let claim = claimed(&store, moment(20)).await;
    let deleted = write(&store, async |work| work.users().delete(ada.id).await).await;
    deleted.expect("a deletion");
    let gone = store.read().tasks().find(ada.id, task.id).await;
    assert_eq!(gone.expect("a read"), None);
    super::assert_void(&store, &claim.lease).await;
}
