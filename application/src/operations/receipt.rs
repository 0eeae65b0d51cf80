//! Answers that are kept, so that a repeated request is answered and not done again.

use crate::Error;
use domain::{
    operations::{IdempotencyKey, StoredResponse},
    store::Transaction,
};
use uuid::Uuid;

/// Turns the outcome of a use case into the answer that its client gets.
type Answer<T> = Box<dyn Fn(&T) -> StoredResponse + Send + Sync>;

/// A request with an idempotency key that is being answered for the first time. The use case writes the answer in the
/// commit that does the work, so that there is never one without the other.
pub struct IdempotencyGuard<T> {
    key: IdempotencyKey,
    attempt: Uuid,
    answer: Answer<T>,
}

impl<T> IdempotencyGuard<T> {
    /// A receipt of this attempt at the key; `answer` is asked when the work is done and about to be committed.
    pub fn new(
        key: IdempotencyKey,
        attempt: Uuid,
        answer: impl Fn(&T) -> StoredResponse + Send + Sync + 'static,
    ) -> Self {
        Self {
            key,
            attempt,
            answer: Box::new(answer),
        }
    }

    /// Keeps the answer; [`Error::IdempotencyConflict`] when it took so long that a repetition took the key over.
    pub(crate) async fn keep(&self, unit: &dyn Transaction, outcome: &T) -> Result<(), Error> {
        let answer = (self.answer)(outcome);
        let kept = unit
            .idempotency_keys()
            .keep(&self.key, self.attempt, &answer)
            .await?;
        kept.then_some(()).ok_or(Error::IdempotencyConflict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures;
    use domain::store::{
        Store, StoreError,
        test_support::{MockRepositories, MockStore},
    };

    const ATTEMPT: Uuid = Uuid::from_u128(11);

    async fn keep(kept: Result<bool, StoreError>) -> (Result<(), Error>, usize) {
        let mut work = MockRepositories::default();
        work.idempotency_keys
            .expect_keep()
            .withf(|key, attempt, answer| {
                *key == fixtures::key() && *attempt == ATTEMPT && *answer == fixtures::answer("done: 3")
            })
            .times(1)
            .return_once(|_, _, _| kept);
        let store = MockStore::default().then_work(work);
        let unit = store.begin().await.expect("begun");
        let receipt = IdempotencyGuard::new(fixtures::key(), ATTEMPT, |outcome: &u32| {
            fixtures::answer(&format!("done: {outcome}"))
        });
        let outcome = receipt.keep(&*unit, &3).await;
        (outcome, store.commits())
    }

    #[tokio::test]
    async fn the_answer_is_made_of_the_outcome_and_left_for_the_use_case_to_commit() {
        let (outcome, commits) = keep(Ok(true)).await;
        outcome.expect("kept");
        assert_eq!(commits, 0);
    }

    #[tokio::test]
    async fn an_attempt_that_lost_its_key_and_a_store_that_fails_are_errors() {
        for (kept, code) in [
            (Ok(false), ErrorCode::IdempotencyConflict),
            (
                Err(StoreError::Unavailable("down".into())),
                ErrorCode::Unavailable,
            ),
        ] {
            assert_eq!(keep(kept).await.0.expect_err("not kept").code(), code);
        }
    }
}
