//! Durable tasks: submission, execution, cancellation and retries.

mod failures;
mod outbox_relay;
mod reaper;
mod signals;
mod submissions;
mod tasks;
mod worker;

pub use outbox_relay::OutboxRelay;
pub use reaper::TaskReaper;
pub use signals::TaskSignals;
pub use submissions::{Submissions, TaskRequest};
pub use tasks::{TaskResult, TaskState, TaskWatcher, Tasks};
pub use worker::TaskWorker;
