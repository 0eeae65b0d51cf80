//! Durable tasks: work on images that any worker does after the request.

mod attempts;
mod claim;
mod ports;
mod task;

pub use attempts::{MAX_ATTEMPTS, retry_delay};
pub use claim::{Claim, Lease};
pub use ports::{
    Cancellation, Delivery, TaskNotifications, TaskOutcome, TaskPublisher, TaskReader, TaskRepository,
};
#[cfg(feature = "test-support")]
pub use ports::{MockDelivery, MockTaskNotifications, MockTaskPublisher};
pub use task::{Task, TaskFailure, TaskProgress, TaskStatus, TaskWork};
