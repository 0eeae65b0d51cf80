//! Durable tasks: submission, execution, cancellation and retries.

mod failures;
mod outbox_relay;
mod owned_tasks;
mod reaper;
mod signals;
mod submissions;
mod worker;

pub use outbox_relay::OutboxRelay;
pub use owned_tasks::{TaskResult, TaskState, TaskWatcher, Tasks};
pub use reaper::TaskReaper;
pub use signals::TaskSignals;
pub use submissions::{Submissions, TaskRequest};
pub use worker::TaskWorker;
