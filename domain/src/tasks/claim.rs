//! The right to work on a task.

use super::Task;
use crate::ids::TaskId;

/// What a worker shows with everything that it writes about a task. Each claim of a task gives a higher token, and only the
/// latest counts: whoever was given up for dead cannot write any more, however late he comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The task.
    pub task: TaskId,
    /// The fencing token: 1 for the first claim.
    pub token: u64,
}

/// A task in a worker's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The task, running, this attempt counted.
    pub task: Task,
    /// The right to write about it.
    pub lease: Lease,
}
