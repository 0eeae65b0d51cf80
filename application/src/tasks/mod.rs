//! Tasks: asked for now, done later, never lost.

mod announce_tasks;
mod attempt;
mod cancel_task;
mod claim_next;
mod keep_lease;
mod list_tasks;
mod signals;
mod submit_task;
mod submit_upload;
mod tend_tasks;
mod watch_task;
mod work_on_tasks;

pub use announce_tasks::OutboxRelay;
pub use cancel_task::CancelTask;
pub use list_tasks::ListTasks;
pub use signals::TaskSignals;
pub use submit_task::{SubmitTask, TaskRequest};
pub use submit_upload::SubmitUpload;
pub use tend_tasks::TaskReaper;
pub use watch_task::{TaskFollower, TaskResult, TaskState, WatchTask};
pub use work_on_tasks::TaskWorker;
