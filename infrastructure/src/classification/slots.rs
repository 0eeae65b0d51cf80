//! The threads that models run on.

use domain::predictions::ClassificationError;
use rten::ThreadPool;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::Semaphore;

/// How much the threads give way to those that answer requests.
const NICENESS: i32 = 10;

/// A bounded number of threads, and of those that wait for one. Each image has one thread: several for one image would
/// cost more in all than they save.
#[derive(Clone)]
pub(super) struct Slots {
    shared: Arc<Shared>,
}

struct Shared {
    free: Arc<Semaphore>,
    pools: Mutex<Vec<Arc<ThreadPool>>>,
    waiting: AtomicUsize,
    most_waiting: usize,
}

/// A thread, until it is dropped.
pub(super) struct Slot {
    pool: Arc<ThreadPool>,
    shared: Arc<Shared>,
    _permit: tokio::sync::OwnedSemaphorePermit,
}

impl Slots {
    pub(super) fn new(threads: usize, most_waiting: usize) -> Self {
        let threads = threads.max(1);
        let pools = (0..threads).map(|_| Arc::new(thread())).collect();
        Self {
            shared: Arc::new(Shared {
                free: Arc::new(Semaphore::new(threads)),
                pools: Mutex::new(pools),
                waiting: AtomicUsize::new(0),
                most_waiting,
            }),
        }
    }

    /// Waits for a thread, first come first served.
    ///
    /// # Errors
    ///
    /// [`ClassificationError::Busy`] when as many wait as may.
    pub(super) async fn take(&self) -> Result<Slot, ClassificationError> {
        let free = Arc::clone(&self.shared.free);
        let permit = if let Ok(permit) = Arc::clone(&free).try_acquire_owned() {
            permit
        } else {
            let place = Place::take(&self.shared).ok_or(ClassificationError::Busy)?;
            let permit = free.acquire_owned().await;
            drop(place);
            permit.map_err(|error| ClassificationError::Unavailable(error.into()))?
        };
        let pool = self.shared.pools().pop();
        Ok(Slot {
            // There are as many as permits.
            pool: pool.unwrap_or_else(|| Arc::new(thread())),
            shared: Arc::clone(&self.shared),
            _permit: permit,
        })
    }
}

impl Shared {
    fn pools(&self) -> std::sync::MutexGuard<'_, Vec<Arc<ThreadPool>>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One thread that gives way.
fn thread() -> ThreadPool {
    let pool = ThreadPool::with_num_threads(1);
    pool.run(|| {
        let thread = Some(rustix::thread::gettid());
        if let Err(error) = rustix::process::setpriority_process(thread, NICENESS) {
            tracing::warn!(%error, "a thread that classifies keeps its usual priority");
        }
    });
    pool
}

impl Slot {
    /// The thread, as the engine takes it.
    pub(super) fn pool(&self) -> &Arc<ThreadPool> {
        &self.pool
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.shared.pools().push(Arc::clone(&self.pool));
    }
}

/// A place in the queue, until it is dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(shared: &'a Shared) -> Option<Self> {
        let place = Self(&shared.waiting);
        let before = place.0.fetch_add(1, Ordering::Relaxed);
        (before < shared.most_waiting).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::poll;
    use std::pin::pin;

    #[tokio::test]
    async fn one_more_than_may_wait_is_refused() {
        let slots = Slots::new(1, 1);
        let held = slots.take().await.unwrap();
        let mut waiting = pin!(slots.take());
        assert!(poll!(&mut waiting).is_pending());
        assert!(matches!(slots.take().await, Err(ClassificationError::Busy)));
        drop(held);
        assert!(waiting.await.is_ok());
    }

    #[tokio::test]
    async fn who_waits_no_longer_leaves_his_place() {
        let slots = Slots::new(1, 1);
        let held = slots.take().await.unwrap();
        {
            let mut given_up = pin!(slots.take());
            assert!(poll!(&mut given_up).is_pending());
        }
        let mut waiting = pin!(slots.take());
        assert!(poll!(&mut waiting).is_pending());
        drop(held);
        assert!(waiting.await.is_ok());
    }
}
