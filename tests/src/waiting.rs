//! Waiting for conditions, never for time.

use std::time::{Duration, Instant};

/// Between two looks.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

/// Asks again and again until `condition` holds; fails after `limit`, saying what did not come.
pub async fn eventually(what: &str, limit: Duration, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !condition().await {
        assert!(Instant::now() < deadline, "waited {limit:?} in vain for {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// The same outside of asynchronous code: waits until `attempt` has an answer.
pub fn eventually_blocking<T>(what: &str, limit: Duration, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = attempt() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {limit:?} in vain for {what}");
        std::thread::sleep(PAUSE);
    }
}
