//! Durable tasks: work that was asked for and is done later, by whichever worker is free.

mod attempts;
mod claim;
mod ports;
mod task;

pub use attempts::{MAX_ATTEMPTS, rest_before_next};
pub use claim::{Claim, Lease};
pub use ports::{
    Cancellation, Delivery, TaskNotifications, TaskOutcome, TaskPublisher, TaskReader, TaskRepository,
};
#[cfg(feature = "test-support")]
pub use ports::{MockDelivery, MockTaskNotifications, MockTaskPublisher};
pub use task::{Task, TaskFailure, TaskProgress, TaskStatus, TaskWork};
