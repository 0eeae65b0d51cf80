//! Whose task is claimed next, and by whom.

use super::{claim, claimed, claimed_ids, release, tasks};
use crate::{
    databases::{TestDatabase, on_every_database},
    samples::{begin, moment, stored_user},
};
use domain::ids::TaskId;
use futures_util::future::join_all;
use std::{collections::HashSet, time::Duration};

on_every_database![
    a_task_that_comes_behind_fifty_of_another_owner_is_claimed_second,
    owners_are_served_in_turns_also_when_they_come_late,
    six_workers_claim_a_hundred_and_twenty_tasks_each_once,
    a_claim_does_not_wait_for_one_that_is_being_made,
    a_task_handed_back_gives_no_head_start_to_those_who_come_later,
];

async fn a_task_that_comes_behind_fifty_of_another_owner_is_claimed_second(database: TestDatabase) {
    let store = database.store().await;
    let (ada, grace) = (
        stored_user(&store, "ada").await,
        stored_user(&store, "grace").await,
    );
    let many = tasks(&store, &ada, 50).await;
    let one = tasks(&store, &grace, 1).await;
    let mut expected = many;
    expected.insert(1, one[0]);
    assert_eq!(claimed_ids(&store, 51).await, expected);
}

async fn owners_are_served_in_turns_also_when_they_come_late(database: TestDatabase) {
    let store = database.store().await;
    let [ada, grace, mary] = [
        stored_user(&store, "ada").await,
        stored_user(&store, "grace").await,
        stored_user(&store, "mary").await,
    ];
    let of_ada = tasks(&store, &ada, 9).await;
    assert_eq!(claimed_ids(&store, 3).await, of_ada[..3]);
    // Neither behind all of Ada's, nor with a credit of three for those that were served before.
    let of_grace = tasks(&store, &grace, 3).await;
    let of_mary = tasks(&store, &mary, 2).await;
    let expected = [
        of_ada[3],
        of_grace[0],
        of_mary[0],
        of_ada[4],
        of_grace[1],
        of_mary[1],
        of_ada[5],
        of_grace[2],
    ];
    assert_eq!(claimed_ids(&store, 8).await, expected);
    assert_eq!(claimed_ids(&store, 3).await, of_ada[6..]);
}

async fn six_workers_claim_a_hundred_and_twenty_tasks_each_once(database: TestDatabase) {
    let store = database.store().await;
    let (ada, grace) = (
        stored_user(&store, "ada").await,
        stored_user(&store, "grace").await,
    );
    let mut expected: HashSet<TaskId> = tasks(&store, &ada, 100).await.into_iter().collect();
    expected.extend(tasks(&store, &grace, 20).await);
    // Two stores, as of two processes.
    let other = database.connect().await;
    let workers = (0..6).map(async |index| {
        let store = if index % 2 == 0 { &store } else { &other };
        let mut ids = Vec::new();
        while let Some(claim) = claim(store, moment(20)).await {
            assert_eq!(claim.lease.token, 1);
            ids.push(claim.task.id);
        }
        ids
    });
    let ids = join_all(workers).await.concat();
    assert_eq!(ids.len(), 120);
    assert_eq!(ids.into_iter().collect::<HashSet<_>>(), expected);
}

async fn a_claim_does_not_wait_for_one_that_is_being_made(database: TestDatabase) {
    if database.url.starts_with("sqlite") {
        // Units of work go one after the other there.
        return;
    }
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    let ids = tasks(&store, &ada, 2).await;
    let work = begin(&store).await;
    let first = work
        .tasks()
        .claim(moment(20), moment(80))
        .await
        .expect("an answer");
    assert_eq!(first.expect("a task").task.id, ids[0]);
    let second = tokio::time::timeout(Duration::from_secs(5), claimed(&store, moment(20))).await;
    assert_eq!(second.expect("nobody waits").task.id, ids[1]);
    assert_eq!(claim(&store, moment(20)).await, None);
    drop(work);
    // Rolled back, which a server may learn a moment later: the task is there again, and its attempt does not count.
    let again = async {
        loop {
            if let Some(claim) = claim(&store, moment(20)).await {
                return claim;
            }
        }
    };
    let again = tokio::time::timeout(Duration::from_secs(5), again).await;
    assert_eq!(again.expect("the task is ready again").lease.token, 1);
}

async fn a_task_handed_back_gives_no_head_start_to_those_who_come_later(database: TestDatabase) {
    let store = database.store().await;
    let (ada, grace) = (
        stored_user(&store, "ada").await,
        stored_user(&store, "grace").await,
    );
    let of_ada = tasks(&store, &ada, 9).await;
    let early = claimed(&store, moment(20)).await;
    assert_eq!(claimed_ids(&store, 5).await, of_ada[1..6]);
    assert!(release(&store, &early.lease, moment(21)).await);
    let of_grace = tasks(&store, &grace, 3).await;
    let expected = [of_ada[0], of_ada[6], of_grace[0], of_ada[7], of_grace[1]];
    assert_eq!(claimed_ids(&store, 5).await, expected);
}
