//! Failed attempts at tasks.

use crate::Error;
use domain::{
    clock::Timestamp,
    store::Transaction,
    tasks::{Claim, MAX_ATTEMPTS, TaskFailure, TaskOutcome, retry_delay},
};

/// Returns whether the same work may succeed on a retry.
pub(super) fn is_retryable(error: &Error) -> bool {
    !matches!(
        error,
        Error::ImageCorrupt
            | Error::ImageDimensions { .. }
            | Error::TooManyPages { .. }
            | Error::UnsupportedLanguage { .. }
            | Error::UnknownModel
            | Error::UnusableOutput
            | Error::NotFound
    )
}

/// Returns the failure to store for an error, without its internal source.
pub(super) fn failure_of(error: &Error) -> TaskFailure {
    TaskFailure {
        code: error.code().to_string(),
        detail: error.to_string(),
    }
}

/// Schedules the retry of a failed attempt, or ends the task if it is not retryable or has no attempts left.
///
/// Returns `false` if the lease is void.
pub(super) async fn end_failed_attempt(
    tx: &dyn Transaction,
    claim: &Claim,
    failure: TaskFailure,
    is_retryable: bool,
    now: Timestamp,
) -> Result<bool, Error> {
    let task = &claim.task;
    let ended = if is_retryable && task.attempts < MAX_ATTEMPTS {
        let until = now + retry_delay(task.id, task.attempts);
        tx.tasks().postpone(&claim.lease, &failure, until).await?
    } else {
        let outcome = TaskOutcome::Failed(failure);
        tx.tasks().finish(&claim.lease, &outcome, now).await?
    };
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ocr::Language;

    #[test]
    fn errors_of_the_request_or_its_image_are_not_retryable_and_all_others_are() {
        let language = Language::parse("zzz").expect("a valid code");
        for error in [
            Error::NotFound,
            Error::UnknownModel,
            Error::UnusableOutput,
            Error::ImageCorrupt,
            Error::ImageDimensions { max_pixels: 1 },
            Error::TooManyPages { limit: 1 },
            Error::UnsupportedLanguage {
                unknown: language,
                available: String::new(),
            },
        ] {
            assert!(!is_retryable(&error), "{error:?}");
        }
        for error in [
            Error::Timeout,
            Error::ModelNotLoaded,
            Error::Unavailable("down".into()),
            Error::Internal("a lost blob".into()),
        ] {
            assert!(is_retryable(&error), "{error:?}");
        }
    }

    #[test]
    fn a_stored_failure_has_the_code_and_no_internal_detail() {
        let failure = failure_of(&Error::Internal("table texts is broken".into()));
        assert_eq!(failure.code, "internal");
        assert_eq!(failure.detail, "The service failed unexpectedly.");
    }
}
