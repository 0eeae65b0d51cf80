//! Ports of tasks.

use super::{Claim, Lease, Task, TaskFailure, TaskStatus};
use crate::{
    BoxError,
    clock::Timestamp,
    ids::{ImageId, TaskId, UserId},
    page::{Page, PageRequest},
    store::StoreError,
};
use async_trait::async_trait;

/// The outcome of a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancellation {
    /// The task is cancelled, and its lease is void.
    Cancelled,
    /// The task had ended before.
    Finished,
    /// The owner has no such task.
    Absent,
}

/// The final outcome of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskOutcome {
    /// The result was written in the same transaction.
    Succeeded,
    /// The task failed permanently.
    Failed(TaskFailure),
}

/// Reads tasks.
///
/// A queued task is *ready* for a worker or *waits for its retry*. Ready tasks are claimed in turns: one of each owner,
/// then the next of each. A task that becomes ready is placed behind its owner's last, but never before those that are
/// being claimed now (start-time fair queueing: P. Goyal, H. M. Vin, H. Cheng, SIGCOMM 1996).
#[async_trait]
pub trait TaskReader: Send + Sync {
    /// Returns the owner's task, or `None` if another user owns it or it does not exist.
    async fn find(&self, owner: UserId, id: TaskId) -> Result<Option<Task>, StoreError>;
    /// Returns a page of the owner's tasks, newest first, of one status or of all.
    async fn list(
        &self,
        owner: UserId,
        status: Option<TaskStatus>,
        page: PageRequest,
    ) -> Result<Page<Task>, StoreError>;
    /// Returns whether any task is ready. Costs one index lookup.
    async fn any_ready(&self) -> Result<bool, StoreError>;
    /// Returns whether at `now` any task is due for its retry or any lease has expired. Costs two index lookups.
    async fn any_due(&self, now: Timestamp) -> Result<bool, StoreError>;
    /// Returns at most `limit` ready tasks whose message is not published, in the order in which they became ready.
    async fn unpublished(&self, limit: u64) -> Result<Vec<TaskId>, StoreError>;
}

/// [`TaskReader`] and the changes, which only a [`Transaction`](crate::store::Transaction) can make.
///
/// Methods that take a [`Lease`] return `false`, and change nothing, if the lease is void: the task was claimed again,
/// ended, cancelled or deleted.
#[async_trait]
pub trait TaskRepository: TaskReader {
    /// Inserts a task that is ready at once. Returns `false`, and inserts nothing, if its owner already has
    /// `in_flight_limit` queued and running tasks. Locks the owner until the transaction ends.
    ///
    /// # Errors
    ///
    /// [`StoreError::OwnerDeleted`] if the owner was deleted.
    async fn insert(&self, task: &Task, in_flight_limit: Option<u64>) -> Result<bool, StoreError>;
    /// Cancels the owner's task unless it has ended.
    async fn cancel(&self, owner: UserId, id: TaskId, now: Timestamp) -> Result<Cancellation, StoreError>;
    /// Cancels every task of an image that has not ended, because the image is being deleted.
    async fn cancel_of_image(&self, image: ImageId, now: Timestamp) -> Result<(), StoreError>;
    /// Claims the next ready task until `until`: counts the attempt and resets the progress. Returns `None` if none is
    /// ready. Concurrent workers claim different tasks and do not wait for each other.
    async fn claim(&self, now: Timestamp, until: Timestamp) -> Result<Option<Claim>, StoreError>;
    /// Renews a lease until `until` and stores how many pages are done.
    async fn renew(&self, lease: &Lease, until: Timestamp, pages_done: u32) -> Result<bool, StoreError>;
    /// Ends a claimed task.
    async fn finish(&self, lease: &Lease, outcome: &TaskOutcome, now: Timestamp) -> Result<bool, StoreError>;
    /// Stores the failure of this attempt and schedules the retry for `until`.
    async fn postpone(
        &self,
        lease: &Lease,
        failure: &TaskFailure,
        until: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Makes a claimed task ready again at the head of its owner's tasks and does not count this attempt.
    async fn release(&self, lease: &Lease, now: Timestamp) -> Result<bool, StoreError>;
    /// Makes at most `limit` tasks ready whose retry is due at `now` and returns their number.
    async fn make_due_ready(&self, now: Timestamp, limit: u64) -> Result<u64, StoreError>;
    /// Returns at most `limit` running tasks whose lease has expired at `now` and locks them until the transaction ends.
    /// Skips those that other transactions have locked.
    async fn lock_expired_leases(&self, now: Timestamp, limit: u64) -> Result<Vec<Claim>, StoreError>;
    /// Marks the messages of these tasks as published.
    async fn mark_published(&self, tasks: &[TaskId]) -> Result<(), StoreError>;
}

/// Notifies workers on other machines through the broker. The row of a task is authoritative, so a message may be lost,
/// late or duplicated.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait TaskPublisher: Send + Sync {
    /// Sends a message for each task and waits for the broker's confirmation.
    async fn publish(&self, tasks: &[TaskId]) -> Result<(), BoxError>;
}

/// Notifications to the workers of this process.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait TaskNotifications: Send + Sync {
    /// Waits for the next notification, and reconnects to the broker where needed. It says that some task may be ready,
    /// not which.
    async fn next(&self) -> Box<dyn Delivery>;
}

/// A notification. One that is dropped without [`ack`](Delivery::ack) is delivered again, here or to another process.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait Delivery: Send + Sync {
    /// Acknowledges the notification: a task was claimed, or none was ready.
    async fn ack(self: Box<Self>);
}
