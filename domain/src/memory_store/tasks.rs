use super::{Repositories, State, page_of};
use crate::{
    clock::Timestamp,
    ids::{ImageId, TaskId, UserId},
    page::{Page, PageRequest},
    store::StoreError,
    tasks::{
        Cancellation, Claim, Lease, Task, TaskFailure, TaskOutcome, TaskProgress, TaskReader, TaskRepository,
        TaskStatus,
    },
};
use async_trait::async_trait;
use uuid::Uuid;

/// A task with what decides when and by which worker it runs.
#[derive(Clone)]
pub(super) struct TaskRow {
    pub(super) task: Task,
    /// Whether a queued task is ready, and does not wait for its next attempt.
    ready: bool,
    turn: u64,
    token: u64,
    /// When a retry is due or a lease expires.
    due_at: Timestamp,
    /// Whether a ready task has no notification yet.
    unpublished: bool,
}

impl TaskRow {
    fn is_ready(&self) -> bool {
        self.task.status == TaskStatus::Queued && self.ready
    }

    fn is_due(&self, status: TaskStatus, now: Timestamp) -> bool {
        self.task.status == status && !self.is_ready() && self.due_at <= now
    }

    fn claim(&self) -> Claim {
        Claim {
            task: self.task.clone(),
            lease: Lease {
                task: self.task.id,
                token: self.token,
            },
        }
    }

    fn make_ready(&mut self, turn: u64, now: Timestamp) {
        self.task.status = TaskStatus::Queued;
        self.ready = true;
        self.turn = turn;
        self.due_at = now;
        self.unpublished = true;
    }

    fn end(&mut self, status: TaskStatus, now: Timestamp) {
        self.task.status = status;
        self.task.finished_at = Some(now);
        self.ready = false;
    }
}

impl State {
    fn ready(&self) -> impl Iterator<Item = &TaskRow> {
        self.tasks.values().filter(|row| row.is_ready())
    }

    fn lowest_turn(&self) -> u64 {
        self.ready().map(|row| row.turn).min().unwrap_or(0)
    }

    /// The turn behind the last ready task of the owner, but none before those that are claimed now.
    fn next_turn(&self, owner: UserId) -> u64 {
        let own = self
            .ready()
            .filter(|row| row.task.owner_id == owner)
            .map(|row| row.turn + 1);
        own.max().unwrap_or(0).max(self.lowest_turn())
    }

    /// The running task of a lease that is not void.
    fn leased(&mut self, lease: &Lease) -> Option<&mut TaskRow> {
        let row = self.tasks.get_mut(&lease.task.0);
        row.filter(|row| row.token == lease.token && row.task.status == TaskStatus::Running)
    }

    fn cancel_tasks(&mut self, now: Timestamp, matches: impl Fn(&Task) -> bool) -> bool {
        let mut cancelled = false;
        for row in self.tasks.values_mut() {
            if matches(&row.task) && !row.task.status.is_final() {
                row.end(TaskStatus::Cancelled, now);
                cancelled = true;
            }
        }
        cancelled
    }

    /// At most `limit` due tasks of a status, longest due first.
    fn due(&self, status: TaskStatus, now: Timestamp, limit: u64) -> Vec<TaskRow> {
        let mut due: Vec<TaskRow> = self
            .tasks
            .values()
            .filter(|row| row.is_due(status, now))
            .cloned()
            .collect();
        due.sort_by_key(|row| row.due_at);
        due.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        due
    }
}

#[async_trait]
impl TaskReader for Repositories {
    async fn find(&self, owner: UserId, id: TaskId) -> Result<Option<Task>, StoreError> {
        let state = self.state();
        let found = state.tasks.get(&id.0).map(|row| &row.task);
        Ok(found.filter(|task| task.owner_id == owner).cloned())
    }

    async fn list(
        &self,
        owner: UserId,
        status: Option<TaskStatus>,
        page: PageRequest,
    ) -> Result<Page<Task>, StoreError> {
        let state = self.state();
        let tasks: std::collections::BTreeMap<Uuid, Task> = state
            .tasks
            .iter()
            .map(|(id, row)| (*id, row.task.clone()))
            .collect();
        let matches =
            |task: &Task| task.owner_id == owner && status.is_none_or(|status| task.status == status);
        Ok(page_of(tasks.iter(), page, matches, |task| task.id.0))
    }

    async fn any_ready(&self) -> Result<bool, StoreError> {
        Ok(self.state().ready().next().is_some())
    }

    async fn any_due(&self, now: Timestamp) -> Result<bool, StoreError> {
        let state = self.state();
        let due = |row: &TaskRow| row.is_due(TaskStatus::Queued, now) || row.is_due(TaskStatus::Running, now);
        Ok(state.tasks.values().any(due))
    }

    async fn unpublished(&self, limit: u64) -> Result<Vec<TaskId>, StoreError> {
        let state = self.state();
        let mut rows: Vec<_> = state.ready().filter(|row| row.unpublished).collect();
        rows.sort_by_key(|row| (row.due_at, row.task.id));
        let ids = rows.into_iter().map(|row| row.task.id);
        Ok(ids.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
    }
}

#[async_trait]
impl TaskRepository for Repositories {
    async fn insert(&self, task: &Task, in_flight_limit: Option<u64>) -> Result<bool, StoreError> {
        let mut state = self.state();
        state.require_user(task.owner_id)?;
        let own = state
            .tasks
            .values()
            .filter(|row| row.task.owner_id == task.owner_id);
        let in_flight = own.filter(|row| !row.task.status.is_final()).count() as u64;
        if in_flight_limit.is_some_and(|limit| in_flight >= limit) {
            return Ok(false);
        }
        let row = TaskRow {
            task: task.clone(),
            ready: true,
            turn: state.next_turn(task.owner_id),
            token: 0,
            due_at: task.created_at,
            unpublished: true,
        };
        state.tasks.insert(task.id.0, row);
        Ok(true)
    }

    async fn cancel(&self, owner: UserId, id: TaskId, now: Timestamp) -> Result<Cancellation, StoreError> {
        let mut state = self.state();
        let own = |task: &Task| task.owner_id == owner && task.id == id;
        if state.cancel_tasks(now, own) {
            return Ok(Cancellation::Cancelled);
        }
        let exists = state.tasks.values().any(|row| own(&row.task));
        Ok(if exists {
            Cancellation::Finished
        } else {
            Cancellation::Absent
        })
    }

    async fn cancel_of_image(&self, image: ImageId, now: Timestamp) -> Result<(), StoreError> {
        self.state().cancel_tasks(now, |task| task.image_id == image);
        Ok(())
    }

    async fn claim(&self, now: Timestamp, until: Timestamp) -> Result<Option<Claim>, StoreError> {
        let mut state = self.state();
        let ready = state.tasks.values_mut().filter(|row| row.is_ready());
        let first = ready.min_by_key(|row| (row.turn, row.task.id));
        Ok(first.map(|row| {
            row.ready = false;
            row.token += 1;
            row.due_at = until;
            row.task.status = TaskStatus::Running;
            row.task.attempts += 1;
            row.task.progress.done = 0;
            row.task.started_at = Some(now);
            row.claim()
        }))
    }

    async fn renew(&self, lease: &Lease, until: Timestamp, pages_done: u32) -> Result<bool, StoreError> {
        let mut state = self.state();
        let renewed = state.leased(lease).map(|row| {
            row.due_at = until;
            row.task.progress.done = pages_done;
        });
        Ok(renewed.is_some())
    }

    async fn finish(&self, lease: &Lease, outcome: &TaskOutcome, now: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.state();
        let finished = state.leased(lease).map(|row| match outcome {
            TaskOutcome::Succeeded => {
                let TaskProgress { total, .. } = row.task.progress;
                row.task.progress.done = total;
                row.task.failure = None;
                row.end(TaskStatus::Succeeded, now);
            }
            TaskOutcome::Failed(failure) => {
                row.task.failure = Some(failure.clone());
                row.end(TaskStatus::Failed, now);
            }
        });
        Ok(finished.is_some())
    }

    async fn postpone(
        &self,
        lease: &Lease,
        failure: &TaskFailure,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let postponed = state.leased(lease).map(|row| {
            row.task.status = TaskStatus::Queued;
            row.ready = false;
            row.due_at = until;
            row.task.failure = Some(failure.clone());
        });
        Ok(postponed.is_some())
    }

    async fn release(&self, lease: &Lease, now: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.state();
        let lowest = state.lowest_turn();
        let released = state.leased(lease).map(|row| {
            row.task.attempts -= 1;
            row.task.progress.done = 0;
            row.task.started_at = row.task.started_at.filter(|_| row.task.attempts > 0);
            row.make_ready(lowest, now);
        });
        Ok(released.is_some())
    }

    async fn make_due_ready(&self, now: Timestamp, limit: u64) -> Result<u64, StoreError> {
        let mut state = self.state();
        let due = state.due(TaskStatus::Queued, now, limit);
        for row in &due {
            let turn = state.next_turn(row.task.owner_id);
            if let Some(row) = state.tasks.get_mut(&row.task.id.0) {
                row.make_ready(turn, now);
            }
        }
        Ok(due.len() as u64)
    }

    async fn lock_expired_leases(&self, now: Timestamp, limit: u64) -> Result<Vec<Claim>, StoreError> {
        let due = self.state().due(TaskStatus::Running, now, limit);
        Ok(due.iter().map(TaskRow::claim).collect())
    }

    async fn mark_published(&self, tasks: &[TaskId]) -> Result<(), StoreError> {
        let mut state = self.state();
        for id in tasks {
            if let Some(row) = state.tasks.get_mut(&id.0).filter(|row| row.is_ready()) {
                row.unpublished = false;
            }
        }
        Ok(())
    }
}
