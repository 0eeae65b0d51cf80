//! Retries of tasks.

use crate::ids::TaskId;
use chrono::TimeDelta;

/// The number of attempts after which a task fails.
pub const MAX_ATTEMPTS: u32 = 3;

/// The backoff before the second attempt, in milliseconds. It doubles with each further attempt.
const FIRST_BACKOFF_MS: i64 = 1000;
/// The longest backoff, in milliseconds.
const MAX_BACKOFF_MS: i64 = 60_000;

/// Returns the backoff of a task after this many attempts.
///
/// It is exponential with "equal jitter": half of it is fixed, half is random, so that tasks that failed together are not
/// retried together (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). The random half comes
/// from the task's id, whose last bits are random.
pub fn retry_delay(task: TaskId, attempts: u32) -> TimeDelta {
    let doublings = attempts.saturating_sub(1).min(16);
    let whole = (FIRST_BACKOFF_MS << doublings).min(MAX_BACKOFF_MS);
    // Each attempt uses other bits.
    let bits = task.0.as_u128() >> (8 * (attempts % 4));
    let share = i64::from((bits & 0xff) as u8);
    TimeDelta::milliseconds(whole / 2 + whole / 2 * share / 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn the_backoff_doubles_up_to_its_maximum_with_jitter_of_one_half() {
        for bits in [0, u128::MAX] {
            let task = TaskId(Uuid::from_u128(bits));
            let backoffs: Vec<i64> = [1, 2, 3, 40]
                .map(|attempts| retry_delay(task, attempts).num_milliseconds())
                .to_vec();
            let whole = [1000, 2000, 4000, 60_000];
            let expected = whole.map(|backoff| if bits == 0 { backoff / 2 } else { backoff });
            assert_eq!(backoffs, expected);
        }
    }

    #[test]
    fn tasks_that_fail_together_are_not_retried_together() {
        let backoff = |bits| retry_delay(TaskId(Uuid::from_u128(bits)), 1);
        assert_ne!(backoff(0x1000), backoff(0xff00));
    }
}
