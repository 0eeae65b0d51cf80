//! Answers that are kept, so that a repeated request is answered and not done again.

use crate::Error;
use domain::{
    operations::{IdempotencyKey, KeptAnswer},
    store::UnitOfWork,
};
use uuid::Uuid;

/// Turns the outcome of a use case into the answer that its client gets.
type Answer<T> = Box<dyn Fn(&T) -> KeptAnswer + Send + Sync>;

/// A request with an idempotency key that is being answered for the first time. The use case writes the answer in the
/// commit that does the work, so that there is never one without the other.
pub struct Receipt<T> {
    key: IdempotencyKey,
    attempt: Uuid,
    answer: Answer<T>,
}

impl<T> Receipt<T> {
    /// A receipt of this attempt at the key; `answer` is asked when the work is done and about to be committed.
    pub fn new(
        key: IdempotencyKey,
        attempt: Uuid,
        answer: impl Fn(&T) -> KeptAnswer + Send + Sync + 'static,
    ) -> Self {
        Self {
            key,
            attempt,
            answer: Box::new(answer),
        }
    }

    /// Keeps the answer; [`Error::IdempotencyConflict`] when it took so long that a repetition took the key over.
    pub(crate) async fn keep(&self, unit: &dyn UnitOfWork, outcome: &T) -> Result<(), Error> {
        let answer = (self.answer)(outcome);
        let kept = unit.answers().keep(&self.key, self.attempt, &answer).await?;
        kept.then_some(()).ok_or(Error::IdempotencyConflict)
    }
}
