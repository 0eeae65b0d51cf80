//! What tasks need from outside.

use super::{Claim, Lease, Task, TaskFailure, TaskStatus};
use crate::{
    BoxError,
    clock::Timestamp,
    ids::{ImageId, TaskId, UserId},
    page::{Page, PageRequest},
    store::StoreError,
};
use async_trait::async_trait;

/// What became of the wish to cancel a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancellation {
    /// It is cancelled. Whoever works on it finds his lease void.
    Cancelled,
    /// It had come to its end before.
    Finished,
    /// The owner has no such task.
    Absent,
}

/// What ends a task for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskOutcome {
    /// The result was written in the same unit of work.
    Succeeded,
    /// It cannot be done.
    Failed(TaskFailure),
}

/// Stored tasks.
///
/// A queued task is *ready* for a worker or *rests* until its next attempt. Ready tasks are claimed in turns: one of each
/// owner, then the next of each. A task that becomes ready takes the place behind its owner's last, but never one before
/// those that are being claimed now (start-time fair queueing: P. Goyal, H. M. Vin, H. Cheng, SIGCOMM 1996).
///
/// Everything here that changes a row belongs in a unit of work. What takes a [`Lease`] answers false, and changes
/// nothing, when the lease is void: the task was claimed again since, ended, was cancelled or is gone.
#[async_trait]
pub trait TaskReader: Send + Sync {
    /// The owner's task; `None` when there is none.
    async fn find(&self, owner: UserId, id: TaskId) -> Result<Option<Task>, StoreError>;
    /// A page of the owner's tasks, newest first, of one status or of all.
    async fn list(
        &self,
        owner: UserId,
        status: Option<TaskStatus>,
        page: PageRequest,
    ) -> Result<Page<Task>, StoreError>;
    /// Whether any task is ready, by what is stored now. Costs a look into an index.
    async fn any_ready(&self) -> Result<bool, StoreError>;
    /// Whether at `now` the rest of any task is over or the lease of any has run out. Costs a look into an index.
    async fn any_due(&self, now: Timestamp) -> Result<bool, StoreError>;
    /// At most `limit` ready tasks that no message tells of yet, in the order in which they became ready.
    async fn unpublished(&self, limit: u64) -> Result<Vec<TaskId>, StoreError>;
}

/// [`TaskReader`] and the changes, which only a [`Transaction`](crate::store::Transaction) can make.
#[async_trait]
pub trait TaskRepository: TaskReader {
    /// Adds a queued task, ready at once; false, and nothing is added, when its owner has `in_flight_limit` queued and
    /// running tasks already. [`StoreError::OwnerDeleted`] when the owner is gone.
    async fn insert(&self, task: &Task, in_flight_limit: Option<u64>) -> Result<bool, StoreError>;
    /// Cancels the owner's task, unless it has ended.
    async fn cancel(&self, owner: UserId, id: TaskId, now: Timestamp) -> Result<Cancellation, StoreError>;
    /// Cancels every task of an image that has not ended: the image is being deleted.
    async fn cancel_of_image(&self, image: ImageId, now: Timestamp) -> Result<(), StoreError>;
    /// Gives the ready task whose turn it is to a worker, until `until` and longer if it is renewed; its attempt is counted and its
    /// progress starts anew. `None` when none is ready. Workers who claim at the same time get different tasks and do
    /// not wait for each other.
    async fn claim(&self, now: Timestamp, until: Timestamp) -> Result<Option<Claim>, StoreError>;
    /// Keeps a claim until `until` and notes how many pages are done.
    async fn renew(&self, lease: &Lease, until: Timestamp, pages_done: u32) -> Result<bool, StoreError>;
    /// Ends a claimed task.
    async fn finish(&self, lease: &Lease, outcome: &TaskOutcome, now: Timestamp) -> Result<bool, StoreError>;
    /// Lets a claimed task rest until `until` and be tried again, with the failure of this attempt noted.
    async fn postpone(
        &self,
        lease: &Lease,
        failure: &TaskFailure,
        until: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Makes a claimed task ready again as if this attempt had not been, at the head of its owner's tasks.
    async fn hand_back(&self, lease: &Lease, now: Timestamp) -> Result<bool, StoreError>;
    /// Makes tasks ready that rested until `now`, at most `limit`; how many there were.
    async fn wake(&self, now: Timestamp, limit: u64) -> Result<u64, StoreError>;
    /// At most `limit` running tasks whose lease ran out before `now`, with the void-to-be leases, locked for this unit
    /// of work; those that others hold locked are passed over.
    async fn abandoned(&self, now: Timestamp, limit: u64) -> Result<Vec<Claim>, StoreError>;
    /// Notes that messages tell of these tasks.
    async fn mark_published(&self, tasks: &[TaskId]) -> Result<(), StoreError>;
}

/// Messages to workers on other machines. They only call: the row of a task stays the truth, so a message that is lost,
/// late or repeated does no harm.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait TaskPublisher: Send + Sync {
    /// Sends a message for each task and waits until the broker holds them safely.
    async fn publish(&self, tasks: &[TaskId]) -> Result<(), BoxError>;
}

/// Calls that come to the workers of this process.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait TaskNotifications: Send + Sync {
    /// Waits for the next call, however long that takes and however often the connection has to be made anew. It means
    /// that some task may be ready, not which.
    async fn next(&self) -> Box<dyn Delivery>;
}

/// A call that a worker follows. One that is dropped unanswered comes again, here or elsewhere.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait Delivery: Send + Sync {
    /// Says that the call was followed: its task was worked on, or there was none.
    async fn ack(self: Box<Self>);
}
