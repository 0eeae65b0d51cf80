//! Durable tasks: work that was asked for and is done later, by whichever worker is free.

mod attempts;
mod claim;
mod ports;
mod task;

pub use attempts::{MAX_ATTEMPTS, rest_before_next};
pub use claim::{Claim, Lease};
pub use ports::{Cancellation, TaskCall, TaskCalls, TaskMessages, TaskOutcome, TaskRepository};
#[cfg(feature = "test-support")]
pub use ports::{MockTaskCall, MockTaskCalls, MockTaskMessages, MockTaskRepository};
pub use task::{Task, TaskFailure, TaskProgress, TaskStatus, TaskWork};
