//! Taking the doctor's word.

use crate::{Error, FieldError};
use domain::{
    clock::Clock,
    ids::{FeedbackId, IdGenerator, PredictionId, UserId},
    predictions::{Comment, Feedback, Label, Prediction},
    store::Store,
};
use std::sync::Arc;

/// What somebody says of a prediction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Whether the predicted label is the right one.
    pub correct: bool,
    /// The right label.
    pub label: Option<Label>,
    /// A remark.
    pub comment: Option<Comment>,
}

/// Keeps what the owner of a prediction says of it. The latest counts; what was said before is kept.
pub struct GiveFeedback {
    /// Where predictions are kept.
    pub store: Arc<dyn Store>,
    /// When it was said.
    pub clock: Arc<dyn Clock>,
    /// Names what was said.
    pub ids: Arc<dyn IdGenerator>,
}

impl GiveFeedback {
    /// The prediction with its feedback. [`Error::NotFound`] when the owner has no such prediction,
    /// [`Error::InvalidRequest`] for a label that the model does not know or that contradicts `correct`.
    pub async fn execute(
        &self,
        owner: UserId,
        id: PredictionId,
        judgement: Judgement,
    ) -> Result<Prediction, Error> {
        let found = self.store.read().predictions().find(owner, id).await?;
        let prediction = found.ok_or(Error::NotFound)?;
        let feedback = Feedback {
            id: FeedbackId(self.ids.next()),
            correct: judgement.correct,
            label: right_label(&prediction, judgement.correct, judgement.label)?,
            comment: judgement.comment,
            given_at: self.clock.now(),
        };
        let unit = self.store.begin().await?;
        if !unit.predictions().add_feedback(owner, id, &feedback).await? {
            return Err(Error::NotFound);
        }
        unit.commit().await?;
        Ok(Prediction {
            feedback: Some(feedback),
            ..prediction
        })
    }
}

/// The label to keep: another one than was predicted, or none.
fn right_label(prediction: &Prediction, correct: bool, label: Option<Label>) -> Result<Option<Label>, Error> {
    let Some(label) = label else { return Ok(None) };
    let must_be = |message: &str| Err(Error::InvalidRequest(vec![FieldError::new("label", message)]));
    if prediction.position(&label).is_none() {
        return must_be("must be one of the labels of the model");
    }
    match (correct, label == prediction.label) {
        (true, true) => Ok(None),
        (true, false) => must_be("must be the predicted one or left out, where that is correct"),
        (false, true) => must_be("must be another than the predicted one, where that is not correct"),
        (false, false) => Ok(Some(label)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures::{self, label};
    use domain::store::test_support::{MockRepositories, MockStore};
    use uuid::Uuid;

    /// A store with [`fixtures::prediction`], which says that the lens is clouded, in which this label is kept.
    fn keeping(correct: bool, right: Option<&'static str>, there: bool) -> Arc<MockStore> {
        let mut work = MockRepositories::default();
        work.predictions
            .expect_add_feedback()
            .withf(move |owner, id, feedback| {
                (*owner, *id) == (fixtures::owner(), fixtures::prediction().id)
                    && (feedback.correct, &feedback.label) == (correct, &right.map(label))
                    && feedback.given_at == fixtures::now()
            })
            .times(1)
            .returning(move |_, _, _| Ok(there));
        Arc::new(MockStore::reading(fixtures::with_prediction()).then_work(work))
    }

    async fn give(
        store: &Arc<MockStore>,
        owner: UserId,
        correct: bool,
        right: Option<&str>,
    ) -> Result<Prediction, Error> {
        let give = GiveFeedback {
            store: store.clone(),
            clock: fixtures::clock(),
            ids: fixtures::ids(),
        };
        let judgement = Judgement {
            correct,
            label: right.map(label),
            comment: Comment::parse("sure"),
        };
        give.execute(owner, fixtures::prediction().id, judgement).await
    }

    #[tokio::test]
    async fn what_is_said_is_kept_and_shown() {
        for (correct, right, kept) in [
            (true, None, None),
            (true, Some("cataract"), None),
            (false, Some("normal"), Some("normal")),
            (false, None, None),
        ] {
            let store = keeping(correct, kept, true);
            let prediction = give(&store, fixtures::owner(), correct, right)
                .await
                .expect("kept");
            let feedback = prediction.feedback.expect("feedback");
            assert_eq!((feedback.correct, feedback.label), (correct, kept.map(label)));
            assert_eq!(feedback.comment, Comment::parse("sure"));
            assert_eq!(store.commits(), 1);
        }
    }

    #[tokio::test]
    async fn a_label_that_the_model_does_not_know_or_that_contradicts_is_refused_by_name() {
        for (correct, right) in [
            (false, "glaucoma"),
            (false, "cataract"),
            (true, "normal"),
            (true, "glaucoma"),
        ] {
            let store = Arc::new(MockStore::reading(fixtures::with_prediction()));
            let error = give(&store, fixtures::owner(), correct, Some(right)).await;
            let Err(Error::InvalidRequest(fields)) = error else {
                panic!("{correct} {right} was taken")
            };
            assert_eq!(fields[0].field, "label");
        }
    }

    #[tokio::test]
    async fn somebody_elses_prediction_is_absent_and_so_is_one_that_is_deleted_meanwhile() {
        let store = Arc::new(MockStore::reading(fixtures::with_prediction()));
        let other = UserId(Uuid::from_u128(2));
        assert_eq!(
            give(&store, other, true, None).await.expect_err("hidden").code(),
            ErrorCode::NotFound
        );
        let store = keeping(true, None, false);
        let error = give(&store, fixtures::owner(), true, None).await;
        assert_eq!(
            (error.expect_err("gone").code(), store.commits()),
            (ErrorCode::NotFound, 0)
        );
    }
}
