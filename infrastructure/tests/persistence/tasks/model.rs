//! What a task should be after each of the things that can happen to it.

use domain::{
    clock::Timestamp,
    tasks::{Lease, Task, TaskStatus},
};
use proptest::{prelude::*, sample::Index};

/// How many tasks there are.
pub(super) const TASKS: usize = 2;

/// What happens next. A lease is any that was ever given, the older ones of lost workers included.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Claim,
    Renew(Index),
    Succeed(Index),
    Fail(Index),
    Postpone(Index, i64),
    HandBack(Index),
    Cancel(usize),
    /// The clock jumps by so many seconds.
    Jump(i64),
    Reap,
    Wake,
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Claim),
        2 => any::<Index>().prop_map(Step::Renew),
        1 => any::<Index>().prop_map(Step::Succeed),
        1 => any::<Index>().prop_map(Step::Fail),
        2 => (any::<Index>(), 0..100_i64).prop_map(|(lease, rest)| Step::Postpone(lease, rest)),
        2 => any::<Index>().prop_map(Step::HandBack),
        1 => (0..TASKS).prop_map(Step::Cancel),
        4 => (-80..160_i64).prop_map(Step::Jump),
        3 => Just(Step::Reap),
        3 => Just(Step::Wake),
    ]
}

/// What a task should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    WaitingForRetry(Timestamp),
    Running(Timestamp),
    Ended(TaskStatus),
}

#[derive(Debug)]
pub(super) struct Expected {
    pub(super) task: Task,
    pub(super) state: State,
    pub(super) token: u64,
    pub(super) attempts: u32,
}

impl Expected {
    pub(super) fn accepts(&self, lease: &Lease) -> bool {
        matches!(self.state, State::Running(_)) && lease.task == self.task.id && lease.token == self.token
    }

    pub(super) fn status(&self) -> TaskStatus {
        match self.state {
            State::Ready | State::WaitingForRetry(_) => TaskStatus::Queued,
            State::Running(_) => TaskStatus::Running,
            State::Ended(status) => status,
        }
    }
}
