//! How an attempt at a task ends.

use crate::Error;
use domain::{
    clock::Timestamp,
    store::Transaction,
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
            | Error::UnknownModel
            | Error::UnusableOutput
            | Error::NotFound
    )
}

/// What a task stores of an error, for its owner to read.
pub(super) fn failure_of(error: &Error) -> TaskFailure {
    TaskFailure {
        code: error.code().to_string(),
        detail: error.to_string(),
    }
}

/// Ends a failed attempt: the task rests and is tried again, or has failed for good. False when the lease is void.
pub(super) async fn end_failed(
    unit: &dyn Transaction,
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

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ocr::Language;

    #[test]
    fn what_lies_in_the_request_or_its_image_does_not_pass_and_everything_else_may() {
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
            assert!(!may_pass(&error), "{error:?}");
        }
        for error in [
            Error::Timeout,
            Error::ModelNotLoaded,
            Error::Unavailable("down".into()),
            Error::Internal("a lost blob".into()),
        ] {
            assert!(may_pass(&error), "{error:?}");
        }
    }

    #[test]
    fn an_owner_is_told_the_code_and_no_internal_detail() {
        let failure = failure_of(&Error::Internal("table texts is broken".into()));
        assert_eq!(failure.code, "internal");
        assert_eq!(failure.detail, "The service failed unexpectedly.");
    }
}
