//! How an attempt at a task ends.

use crate::Error;
use domain::{
    clock::Timestamp,
    store::UnitOfWork,
    tasks::{Claim, MAX_ATTEMPTS, TaskFailure, TaskOutcome, rest_before_next},
};

/// Whether the same work may succeed when it is tried again.
pub(super) fn may_pass(error: &Error) -> bool {
    !matches!(
        error,
        Error::ImageCorrupt
            | Error::ImageDimensions { .. }
            | Error::TooManyPages { .. }
            | Error::UnsupportedLanguage { .. }
            | Error::NotFound
    )
}

/// What the owner of a task is told of an error.
pub(super) fn failure_of(error: &Error) -> TaskFailure {
    TaskFailure {
        code: error.code().to_owned(),
        detail: error.to_string(),
    }
}

/// Ends a failed attempt: the task rests and is tried again, or has failed for good. False when the lease is void.
pub(super) async fn end_failed(
    unit: &dyn UnitOfWork,
    claim: &Claim,
    failure: TaskFailure,
    may_pass: bool,
    now: Timestamp,
) -> Result<bool, Error> {
    let task = &claim.task;
    let ended = if may_pass && task.attempts < MAX_ATTEMPTS {
        let until = now + rest_before_next(task.id, task.attempts);
        unit.tasks().postpone(&claim.lease, &failure, until).await?
    } else {
        let outcome = TaskOutcome::Failed(failure);
        unit.tasks().finish(&claim.lease, &outcome, now).await?
    };
    Ok(ended)
}
