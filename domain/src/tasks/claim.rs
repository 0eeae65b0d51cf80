//! Leases on tasks.

use super::Task;
use crate::ids::TaskId;

/// The right of a worker to write to a task. Each claim gives a higher fencing token, and only the latest is accepted, so a
/// worker whose lease expired can no longer write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The task.
    pub task: TaskId,
    /// The fencing token: 1 for the first claim.
    pub token: u64,
}

/// A claimed task with its lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The running task, with this attempt counted.
    pub task: Task,
    /// The lease.
    pub lease: Lease,
}
