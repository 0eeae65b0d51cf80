//! Signals between the services of tasks in one process. They only save waiting: missed signals, and changes in other
//! processes, are found in the store a little later.

use async_trait::async_trait;
use domain::{
    ids::TaskId,
    tasks::{Delivery, TaskNotifications},
};
use tokio::sync::{Notify, broadcast, watch};

/// How many signals a slow receiver can fall behind before it misses some.
const CAPACITY: usize = 256;

/// The stages of a shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// The process accepts work.
    Running,
    /// The process finishes the work that it has begun.
    Draining,
    /// Workers release unfinished tasks.
    Releasing,
}

/// Signals of new, changed and cancelled tasks and of the shutdown.
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
            changed: broadcast::Sender::new(CAPACITY),
            cancelled: broadcast::Sender::new(CAPACITY),
            stage: watch::Sender::new(Stage::Running),
        }
    }
}

impl TaskSignals {
    /// Signals that a task may be ready.
    pub(super) fn notify_ready(&self) {
        self.ready.notify_one();
    }

    /// Waits until a task may be ready. Each signal wakes one waiter.
    pub(super) async fn ready(&self) {
        self.ready.notified().await;
    }

    /// Signals a change of a task's status or progress.
    pub(super) fn notify_changed(&self, task: TaskId) {
        // Fails without receivers.
        let _ = self.changed.send(task);
    }

    /// Receives the tasks that change from now on.
    pub(super) fn changes(&self) -> broadcast::Receiver<TaskId> {
        self.changed.subscribe()
    }

    /// Signals a cancellation to the task's worker and watchers.
    pub(super) fn notify_cancelled(&self, task: TaskId) {
        let _ = self.cancelled.send(task);
        self.notify_changed(task);
    }

    /// Receives the tasks that are cancelled from now on.
    pub(super) fn cancellations(&self) -> broadcast::Receiver<TaskId> {
        self.cancelled.subscribe()
    }

    /// Begins the shutdown: workers claim no more tasks, and requests that wait for tasks return.
    pub fn drain(&self) {
        self.reach(Stage::Draining);
    }

    /// Makes workers release the tasks that they have not finished.
    pub fn release(&self) {
        self.reach(Stage::Releasing);
    }

    fn reach(&self, stage: Stage) {
        self.stage.send_modify(|now| *now = stage.max(*now));
    }

    /// Waits until the shutdown has reached this stage.
    pub(super) async fn reached(&self, stage: Stage) {
        // Fails only without a sender, and `self` holds it.
        let _ = self.stage.subscribe().wait_for(|now| *now >= stage).await;
    }

    /// Returns whether the process still accepts work.
    pub(super) fn is_running(&self) -> bool {
        *self.stage.borrow() == Stage::Running
    }
}

/// Notifications without a broker.
#[async_trait]
impl TaskNotifications for TaskSignals {
    async fn next(&self) -> Box<dyn Delivery> {
        self.ready().await;
        Box::new(LocalDelivery)
    }
}

/// A notification that needs no acknowledgement.
struct LocalDelivery;

#[async_trait]
impl Delivery for LocalDelivery {
    async fn ack(self: Box<Self>) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use uuid::Uuid;

    #[test]
    fn a_signal_without_a_waiter_is_kept_for_the_next_one() {
        let signals = TaskSignals::default();
        assert!(signals.next().now_or_never().is_none());
        signals.notify_ready();
        assert!(signals.next().now_or_never().is_some());
        assert!(signals.next().now_or_never().is_none());
    }

    #[test]
    fn the_shutdown_never_returns_to_an_earlier_stage() {
        let signals = TaskSignals::default();
        assert!(signals.is_running());
        assert!(signals.reached(Stage::Draining).now_or_never().is_none());
        signals.release();
        assert!(!signals.is_running());
        assert!(signals.reached(Stage::Draining).now_or_never().is_some());
        signals.drain();
        assert!(signals.reached(Stage::Releasing).now_or_never().is_some());
    }

    #[test]
    fn a_cancellation_reaches_workers_and_watchers() {
        let signals = TaskSignals::default();
        let (mut changes, mut cancellations) = (signals.changes(), signals.cancellations());
        let task = TaskId(Uuid::from_u128(3));
        signals.notify_cancelled(task);
        assert_eq!(
            (changes.try_recv(), cancellations.try_recv()),
            (Ok(task), Ok(task))
        );
    }
}
