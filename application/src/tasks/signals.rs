//! What the use cases of tasks tell each other inside one process. Everything here is a hint that saves waiting: what is
//! missed, or happens in another process, is found in the store a little later.

use async_trait::async_trait;
use domain::{
    ids::TaskId,
    tasks::{Delivery, TaskNotifications},
};
use tokio::sync::{Notify, broadcast, watch};

/// How many hints may lie unheard before a listener misses some.
const UNHEARD: usize = 256;

/// How far the process is on its way to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// It takes on work.
    Working,
    /// It finishes what it has begun.
    Finishing,
    /// What is not done now is handed back.
    Over,
}

/// Signals between those who submit, work, cancel and wait.
pub struct TaskSignals {
    ready: Notify,
    changed: broadcast::Sender<TaskId>,
    cancelled: broadcast::Sender<TaskId>,
    stage: watch::Sender<Stage>,
}

impl Default for TaskSignals {
    fn default() -> Self {
        Self {
            ready: Notify::new(),
            changed: broadcast::Sender::new(UNHEARD),
            cancelled: broadcast::Sender::new(UNHEARD),
            stage: watch::Sender::new(Stage::Working),
        }
    }
}

impl TaskSignals {
    /// A task may be ready.
    pub(super) fn ring(&self) {
        self.ready.notify_one();
    }

    /// Waits until a task may be ready: one waiter wakes for each ring.
    pub(super) async fn rung(&self) {
        self.ready.notified().await;
    }

    /// A task has another status or is further on.
    pub(super) fn tell_changed(&self, task: TaskId) {
        // Nobody may be listening.
        let _ = self.changed.send(task);
    }

    /// Hears which tasks change from now on.
    pub(super) fn changes(&self) -> broadcast::Receiver<TaskId> {
        self.changed.subscribe()
    }

    /// A task was cancelled: for the worker that has it, and for those who watch it.
    pub(super) fn tell_cancelled(&self, task: TaskId) {
        let _ = self.cancelled.send(task);
        self.tell_changed(task);
    }

    /// Hears which tasks are cancelled from now on.
    pub(super) fn cancellations(&self) -> broadcast::Receiver<TaskId> {
        self.cancelled.subscribe()
    }

    /// Takes on no more work, and lets those who wait for tasks go.
    pub fn finish(&self) {
        self.reach(Stage::Finishing);
    }

    /// Lets workers hand back what they have not done.
    pub fn hand_back(&self) {
        self.reach(Stage::Over);
    }

    fn reach(&self, stage: Stage) {
        self.stage.send_modify(|now| *now = stage.max(*now));
    }

    /// Waits until the process is at least so far on its way to its end.
    pub(super) async fn reached(&self, stage: Stage) {
        // The sender lives as long as this borrow of it.
        let _ = self.stage.subscribe().wait_for(|now| *now >= stage).await;
    }

    /// Whether the process still takes on work.
    pub(super) fn working(&self) -> bool {
        *self.stage.borrow() == Stage::Working
    }
}

/// Calls from inside the process, where there is no broker.
#[async_trait]
impl TaskNotifications for TaskSignals {
    async fn next(&self) -> Box<dyn Delivery> {
        self.rung().await;
        Box::new(Rung)
    }
}

/// A call that nobody waits to hear of again.
struct Rung;

#[async_trait]
impl Delivery for Rung {
    async fn ack(self: Box<Self>) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use uuid::Uuid;

    #[test]
    fn a_ring_that_nobody_waits_for_is_kept_for_the_next_who_waits() {
        let signals = TaskSignals::default();
        assert!(signals.next().now_or_never().is_none());
        signals.ring();
        assert!(signals.next().now_or_never().is_some());
        assert!(signals.next().now_or_never().is_none());
    }

    #[test]
    fn stages_only_go_on() {
        let signals = TaskSignals::default();
        assert!(signals.working());
        assert!(signals.reached(Stage::Finishing).now_or_never().is_none());
        signals.hand_back();
        assert!(!signals.working());
        assert!(signals.reached(Stage::Finishing).now_or_never().is_some());
        signals.finish();
        assert!(signals.reached(Stage::Over).now_or_never().is_some());
    }

    #[test]
    fn a_cancellation_is_heard_by_workers_and_watchers() {
        let signals = TaskSignals::default();
        let (mut changes, mut cancellations) = (signals.changes(), signals.cancellations());
        let task = TaskId(Uuid::from_u128(3));
        signals.tell_cancelled(task);
        assert_eq!(
            (changes.try_recv(), cancellations.try_recv()),
            (Ok(task), Ok(task))
        );
    }
}
