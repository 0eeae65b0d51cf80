//! Owners, workers and the upkeep at the same time: whoever waits gets his turn, and nobody meets a deadlock.

use super::{cancel, claim, failure, finish, make_due_ready, postpone, renew, stored_task, task_of};
use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{begin, commit, image, moment, stored_user, write},
};
use domain::{accounts::User, store::Store, tasks::TaskOutcome};
use futures_util::future::join_all;
use infrastructure::persistence::SeaStore;

const ROUNDS: usize = 25;

on_every_database![all_who_work_on_tasks_at_once_succeed];

async fn all_who_work_on_tasks_at_once_succeed(database: TestDatabase) {
    let store = database.store().await;
    let users = [
        stored_user(&store, "ada").await,
        stored_user(&store, "grace").await,
    ];
    let other = database.connect().await;
    let (owners, workers, upkeep) = (
        join_all(users.iter().cycle().take(4).map(|user| own(&store, user))),
        join_all([&store, &other, &other, &store].map(work)),
        join_all([&store, &other].map(keep_up)),
    );
    futures_util::join!(owners, workers, upkeep);
}

/// Adds tasks, cancels some, and deletes images that some are of.
async fn own(store: &SeaStore, owner: &User) {
    for round in 0..ROUNDS {
        let mut tasks = Vec::new();
        for _ in 0..3 {
            tasks.push(stored_task(store, owner).await);
        }
        cancel(store, &tasks[0], moment(20)).await;
        if round % 5 == 0 {
            let image = image(owner, 1);
            let work = begin(store).await;
            for _ in 0..5 {
                let added = work.tasks().insert(&task_of(&image), None).await;
                assert!(added.expect("an answer"));
            }
            commit(work).await;
            let cancelled = write(store, async |work| {
                work.tasks().cancel_of_image(image.id, moment(20)).await
            });
            cancelled.await.expect("a cancellation");
        }
    }
}

async fn work(store: &SeaStore) {
    for round in 0..3 * ROUNDS {
        let Some(claim) = claim(store, moment(20)).await else {
            continue;
        };
        renew(store, &claim.lease, moment(80), 1).await;
        match round % 4 {
            0 => drop(postpone(store, &claim.lease, moment(20)).await),
            // Left to the reaper.
            1 => {}
            _ => drop(finish(store, &claim.lease, &TaskOutcome::Succeeded, moment(21)).await),
        }
    }
}

async fn keep_up(store: &SeaStore) {
    for _ in 0..2 * ROUNDS {
        make_due_ready(store, moment(90), 20).await;
        let unpublished = store.read().tasks().unpublished(50).await.expect("a read");
        let marked = write(store, async |work| {
            work.tasks().mark_published(&unpublished).await
        });
        marked.await.expect("the tasks are marked");
        let work = begin(store).await;
        for claim in work
            .tasks()
            .lock_expired_leases(moment(90), 5)
            .await
            .expect("an answer")
        {
            let spent = TaskOutcome::Failed(failure());
            let ended = work.tasks().finish(&claim.lease, &spent, moment(22)).await;
            assert!(ended.expect("an answer"), "a locked row changed");
        }
        commit(work).await;
    }
}
