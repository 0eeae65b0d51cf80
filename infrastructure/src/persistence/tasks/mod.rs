//! Tasks: what their owners, their workers and the upkeep do with them.

mod owners;
mod rows;
mod turns;
mod upkeep;
mod workers;

use super::{Connection, SqlRepositories};
use async_trait::async_trait;
use domain::{
    clock::Timestamp,
    ids::{ImageId, TaskId, UserId},
    page::{Page, PageRequest},
    store::StoreError,
    tasks::{
        Cancellation, Claim, Lease, Task, TaskFailure, TaskOutcome, TaskReader, TaskRepository, TaskStatus,
    },
};
use sea_orm::DatabaseTransaction;

#[async_trait]
impl<C: Connection> TaskReader for SqlRepositories<C> {
    async fn find(&self, owner: UserId, id: TaskId) -> Result<Option<Task>, StoreError> {
        owners::find(&self.connection, owner, id).await
    }

    async fn list(
        &self,
        owner: UserId,
        status: Option<TaskStatus>,
        page: PageRequest,
    ) -> Result<Page<Task>, StoreError> {
        owners::list(&self.connection, owner, status, page).await
    }

    async fn any_ready(&self) -> Result<bool, StoreError> {
        turns::any_ready(&self.connection).await
    }

    async fn any_due(&self, now: Timestamp) -> Result<bool, StoreError> {
        upkeep::any_due(&self.connection, now).await
    }

    async fn unpublished(&self, limit: u64) -> Result<Vec<TaskId>, StoreError> {
        upkeep::unpublished(&self.connection, limit).await
    }
}

#[async_trait]
impl TaskRepository for SqlRepositories<DatabaseTransaction> {
    async fn insert(&self, task: &Task, in_flight_limit: Option<u64>) -> Result<bool, StoreError> {
        owners::insert(&self.connection, task, in_flight_limit).await
    }

    async fn cancel(&self, owner: UserId, id: TaskId, now: Timestamp) -> Result<Cancellation, StoreError> {
        owners::cancel(&self.connection, owner, id, now).await
    }

    async fn cancel_of_image(&self, image: ImageId, now: Timestamp) -> Result<(), StoreError> {
        owners::cancel_of_image(&self.connection, image, now).await
    }

    async fn claim(&self, now: Timestamp, until: Timestamp) -> Result<Option<Claim>, StoreError> {
        workers::claim(&self.connection, now, until).await
    }

    async fn renew(&self, lease: &Lease, until: Timestamp, pages_done: u32) -> Result<bool, StoreError> {
        workers::renew(&self.connection, lease, until, pages_done).await
    }

    async fn finish(&self, lease: &Lease, outcome: &TaskOutcome, now: Timestamp) -> Result<bool, StoreError> {
        workers::finish(&self.connection, lease, outcome, now).await
    }

    async fn postpone(
        &self,
        lease: &Lease,
        failure: &TaskFailure,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        workers::postpone(&self.connection, lease, failure, until).await
    }

    async fn release(&self, lease: &Lease, now: Timestamp) -> Result<bool, StoreError> {
        workers::release(&self.connection, lease, now).await
    }

    async fn make_due_ready(&self, now: Timestamp, limit: u64) -> Result<u64, StoreError> {
        upkeep::make_due_ready(&self.connection, now, limit).await
    }

    async fn lock_expired_leases(&self, now: Timestamp, limit: u64) -> Result<Vec<Claim>, StoreError> {
        upkeep::lock_expired_leases(&self.connection, now, limit).await
    }

    async fn mark_published(&self, tasks: &[TaskId]) -> Result<(), StoreError> {
        upkeep::mark_published(&self.connection, tasks).await
    }
}
