//! How often and how soon a task is tried again.

use crate::ids::TaskId;
use chrono::TimeDelta;

/// How many attempts a task has.
pub const MAX_ATTEMPTS: u32 = 3;

/// The rest before the second attempt, in milliseconds; it doubles with each further one.
const FIRST_REST_MS: i64 = 1000;
/// The longest rest, in milliseconds.
const LONGEST_REST_MS: i64 = 60_000;

/// How long a task rests after so many attempts: exponential with "equal jitter", that is half of it fixed and half of it
/// spread, so that tasks that failed together do not come back together (M. Brooker, "Exponential Backoff And Jitter",
/// AWS Architecture Blog, 2015). The spread is drawn from the task's id, whose last bits are random.
pub fn rest_before_next(task: TaskId, attempts: u32) -> TimeDelta {
    let doublings = attempts.saturating_sub(1).min(16);
    let whole = (FIRST_REST_MS << doublings).min(LONGEST_REST_MS);
    // Other bits for each attempt.
    let bits = task.0.as_u128() >> (8 * (attempts % 4));
    let share = i64::from((bits & 0xff) as u8);
    TimeDelta::milliseconds(whole / 2 + whole / 2 * share / 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn the_rest_doubles_up_to_its_end_and_keeps_within_half_of_itself() {
        for bits in [0, u128::MAX] {
            let task = TaskId(Uuid::from_u128(bits));
            let rests: Vec<i64> = [1, 2, 3, 40]
                .map(|attempts| rest_before_next(task, attempts).num_milliseconds())
                .to_vec();
            let whole = [1000, 2000, 4000, 60_000];
            let expected = whole.map(|rest| if bits == 0 { rest / 2 } else { rest });
            assert_eq!(rests, expected);
        }
    }

    #[test]
    fn tasks_that_fail_together_do_not_come_back_together() {
        let rest = |bits| rest_before_next(TaskId(Uuid::from_u128(bits)), 1);
        assert_ne!(rest(0x1000), rest(0xff00));
    }
}
