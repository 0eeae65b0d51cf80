//! Tasks.

mod contention;
mod leases;
mod model;
mod owners;
mod turns;
mod upkeep;
mod workers;

use crate::samples::{image, languages, moment, write};
use domain::{
    accounts::User,
    clock::Timestamp,
    ids::{IdGenerator, TaskId},
    images::Image,
    store::{Store, StoreError},
    tasks::{Cancellation, Claim, Lease, Task, TaskFailure, TaskOutcome, TaskWork},
};
use infrastructure::{persistence::SeaStore, system::UuidV7Generator};

/// A new task for an image that is not stored: a task does without.
fn task(owner: &User) -> Task {
    task_of(&image(owner, 1))
}

fn task_of(image: &Image) -> Task {
    let work = TaskWork::Ocr {
        languages: languages("spa+eng"),
    };
    Task::new(TaskId(UuidV7Generator.next()), image, work, moment(10))
}

async fn insert(store: &SeaStore, task: &Task, limit: Option<u64>) -> Result<bool, StoreError> {
    write(store, async |work| work.tasks().insert(task, limit).await).await
}

async fn stored_task(store: &SeaStore, owner: &User) -> Task {
    let task = task(owner);
    assert!(insert(store, &task, None).await.expect("the task is added"));
    task
}

async fn found(store: &SeaStore, task: &Task) -> Task {
    let found = store.read().tasks().find(task.owner_id, task.id).await;
    found.expect("a read").expect("a task")
}

async fn tasks(store: &SeaStore, owner: &User, count: usize) -> Vec<TaskId> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(stored_task(store, owner).await.id);
    }
    ids
}

async fn claimed_ids(store: &SeaStore, count: usize) -> Vec<TaskId> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(claimed(store, moment(20)).await.task.id);
    }
    ids
}

/// Claims the next task for a minute.
async fn claim(store: &SeaStore, now: Timestamp) -> Option<Claim> {
    let until = now + chrono::TimeDelta::seconds(60);
    let claim = write(store, async |work| work.tasks().claim(now, until).await).await;
    claim.expect("an answer")
}

async fn claimed(store: &SeaStore, now: Timestamp) -> Claim {
    claim(store, now).await.expect("a task is ready")
}

async fn renew(store: &SeaStore, lease: &Lease, until: Timestamp, done: u32) -> bool {
    let outcome = write(store, async |work| work.tasks().renew(lease, until, done).await).await;
    outcome.expect("an answer")
}

async fn finish(store: &SeaStore, lease: &Lease, outcome: &TaskOutcome, now: Timestamp) -> bool {
    let outcome = write(store, async |work| work.tasks().finish(lease, outcome, now).await).await;
    outcome.expect("an answer")
}

async fn postpone(store: &SeaStore, lease: &Lease, until: Timestamp) -> bool {
    let outcome = write(store, async |work| {
        work.tasks().postpone(lease, &failure(), until).await
    })
    .await;
    outcome.expect("an answer")
}

async fn release(store: &SeaStore, lease: &Lease, now: Timestamp) -> bool {
    let outcome = write(store, async |work| work.tasks().release(lease, now).await).await;
    outcome.expect("an answer")
}

async fn cancel(store: &SeaStore, task: &Task, now: Timestamp) -> Cancellation {
    let outcome = write(store, async |work| {
        work.tasks().cancel(task.owner_id, task.id, now).await
    })
    .await;
    outcome.expect("an answer")
}

async fn make_due_ready(store: &SeaStore, now: Timestamp, limit: u64) -> u64 {
    let made_ready = write(store, async |work| work.tasks().make_due_ready(now, limit).await).await;
    made_ready.expect("an answer")
}

fn failure() -> TaskFailure {
    TaskFailure {
        code: "timeout".to_owned(),
        detail: "The page took too long. 眼 ".repeat(5000),
    }
}

/// Nothing that the lease allows is done any more.
async fn assert_void(store: &SeaStore, lease: &Lease) {
    assert!(!renew(store, lease, moment(900), 1).await, "renewed");
    for outcome in [TaskOutcome::Succeeded, TaskOutcome::Failed(failure())] {
        assert!(!finish(store, lease, &outcome, moment(900)).await, "finished");
    }
    assert!(!postpone(store, lease, moment(900)).await, "postponed");
    assert!(!release(store, lease, moment(900)).await, "handed back");
}
