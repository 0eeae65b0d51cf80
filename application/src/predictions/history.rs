//! The history of a user's predictions, with their feedback.

use crate::{Context, Error, FieldError};
use domain::{
    ids::{FeedbackId, PredictionId, UserId},
    images::Filename,
    predictions::{Comment, Feedback, HistoryPage, HistoryPosition, HistoryQuery, Label, Prediction},
};
use std::collections::HashMap;

/// The feedback that a user gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFeedback {
    /// Whether the predicted label is right.
    pub correct: bool,
    /// The right label.
    pub label: Option<Label>,
    /// A comment.
    pub comment: Option<Comment>,
}

/// A prediction with the file name of its image.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportedPrediction {
    /// The prediction.
    pub prediction: Prediction,
    /// The file name; `None` if the image was deleted in the meantime.
    pub filename: Option<Filename>,
}

/// A page of an export.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportPage {
    /// The predictions, in the order of the query.
    pub items: Vec<ExportedPrediction>,
    /// The position of the next page; `None` after the last.
    pub next: Option<HistoryPosition>,
}

/// Lists, exports and deletes predictions, and takes feedback on them.
pub struct PredictionHistory {
    context: Context,
}

impl PredictionHistory {
    /// Creates the service.
    pub fn new(context: Context) -> Self {
        Self { context }
    }

    /// Returns the owner's prediction. [`Error::NotFound`] if it does not exist or belongs to another user.
    pub async fn get(&self, owner: UserId, id: PredictionId) -> Result<Prediction, Error> {
        let found = self.context.read().predictions().find(owner, id).await?;
        found.ok_or(Error::NotFound)
    }

    /// Returns a page of the owner's predictions.
    pub async fn list(&self, owner: UserId, query: &HistoryQuery) -> Result<HistoryPage, Error> {
        Ok(self.context.read().predictions().history(owner, query).await?)
    }

    /// Returns a page of the owner's predictions with the file names of their images.
    pub async fn export(&self, owner: UserId, query: &HistoryQuery) -> Result<ExportPage, Error> {
        let predictions = self.context.read().predictions();
        let page = predictions.history(owner, query).await?;
        let images: Vec<_> = page.items.iter().map(|prediction| prediction.image_id).collect();
        let names = predictions.filenames(owner, &images).await?;
        let names: HashMap<_, _> = names.into_iter().collect();
        let items = page.items.into_iter().map(|prediction| ExportedPrediction {
            filename: names.get(&prediction.image_id).cloned(),
            prediction,
        });
        Ok(ExportPage {
            items: items.collect(),
            next: page.next,
        })
    }

    /// Deletes the owner's prediction with its feedback; the image stays. [`Error::NotFound`] if it does not exist or
    /// belongs to another user.
    pub async fn delete(&self, owner: UserId, id: PredictionId) -> Result<(), Error> {
        let deleted = self.context.transact(|tx| {
            Box::pin(async move {
                let deleted = tx.predictions().delete(owner, id).await?;
                deleted.then_some(()).ok_or(Error::NotFound)
            })
        });
        deleted.await
    }

    /// Adds feedback to the owner's prediction, and returns the prediction with it. The latest feedback counts.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if the prediction does not exist or belongs to another user; [`Error::InvalidRequest`] for a label
    /// that the model does not have or that contradicts `correct`.
    pub async fn give_feedback(
        &self,
        owner: UserId,
        id: PredictionId,
        given: NewFeedback,
    ) -> Result<Prediction, Error> {
        let prediction = self.get(owner, id).await?;
        let feedback = Feedback {
            id: FeedbackId(self.context.new_id()),
            correct: given.correct,
            label: right_label(&prediction, given.correct, given.label)?,
            comment: given.comment,
            given_at: self.context.now(),
        };
        let added = &feedback;
        let outcome = self.context.transact(|tx| {
            Box::pin(async move {
                let found = tx.predictions().add_feedback(owner, id, added).await?;
                found.then_some(()).ok_or(Error::NotFound)
            })
        });
        outcome.await?;
        Ok(Prediction {
            feedback: Some(feedback),
            ..prediction
        })
    }
}

/// Returns the right label to store: one that differs from the predicted label, or `None`.
fn right_label(prediction: &Prediction, correct: bool, label: Option<Label>) -> Result<Option<Label>, Error> {
    let Some(label) = label else { return Ok(None) };
    let must_be = |message: &str| Err(Error::InvalidRequest(vec![FieldError::new("label", message)]));
    if prediction.position(&label).is_none() {
        return must_be("must be one of the labels of the model");
    }
    match (correct, label == prediction.label) {
        (true, true) => Ok(None),
        (true, false) => must_be("must be the predicted label or left out when `correct` is true"),
        (false, true) => must_be("must differ from the predicted label when `correct` is false"),
        (false, false) => Ok(Some(label)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ErrorCode,
        fixtures::{self, label},
        test_context::TestContext,
    };
    use uuid::Uuid;

    /// A store with [`fixtures::prediction`], whose label is `cataract`.
    async fn predicted() -> TestContext {
        let test = TestContext::with_ada().await.with_image(fixtures::image()).await;
        let prediction = fixtures::prediction();
        test.write(async |tx| tx.predictions().insert(&prediction).await)
            .await;
        test
    }

    async fn give(
        test: &TestContext,
        owner: UserId,
        correct: bool,
        right: Option<&str>,
    ) -> Result<Prediction, Error> {
        let given = NewFeedback {
            correct,
            label: right.map(label),
            comment: Comment::parse("sure"),
        };
        let history = PredictionHistory::new(test.context());
        history
            .give_feedback(owner, fixtures::prediction().id, given)
            .await
    }

    #[tokio::test]
    async fn feedback_is_stored_and_returned() {
        for (correct, right, stored) in [
            (true, None, None),
            (true, Some("cataract"), None),
            (false, Some("normal"), Some("normal")),
            (false, None, None),
        ] {
            let test = predicted().await;
            let prediction = give(&test, fixtures::owner(), correct, right)
                .await
                .expect("stored");
            let feedback = prediction.feedback.clone().expect("feedback");
            assert_eq!((feedback.correct, feedback.label), (correct, stored.map(label)));
            assert_eq!(feedback.comment, Comment::parse("sure"));
            assert_eq!(feedback.given_at, fixtures::now());
            let history = PredictionHistory::new(test.context());
            let found = history.get(fixtures::owner(), prediction.id).await;
            assert_eq!(found.expect("stored"), prediction);
        }
    }

    #[tokio::test]
    async fn a_label_that_the_model_lacks_or_that_contradicts_is_rejected_by_name() {
        let test = predicted().await;
        for (correct, right) in [
            (false, "glaucoma"),
            (false, "cataract"),
            (true, "normal"),
            (true, "glaucoma"),
        ] {
            let error = give(&test, fixtures::owner(), correct, Some(right)).await;
            let Err(Error::InvalidRequest(fields)) = error else {
                panic!("{correct} {right} was accepted")
            };
            assert_eq!(fields[0].field, "label");
        }
    }

    #[tokio::test]
    async fn a_prediction_of_another_user_is_not_found() {
        let (test, other) = (predicted().await, UserId(Uuid::from_u128(2)));
        let (id, history) = (fixtures::prediction().id, PredictionHistory::new(test.context()));
        let errors = [
            give(&test, other, true, None).await.map(drop),
            history.get(other, id).await.map(drop),
            history.delete(other, id).await,
        ];
        for error in errors {
            assert_eq!(error.expect_err("hidden").code(), ErrorCode::NotFound);
        }
        history.delete(fixtures::owner(), id).await.expect("deleted");
        let gone = history.get(fixtures::owner(), id).await;
        assert_eq!(gone.expect_err("deleted").code(), ErrorCode::NotFound);
    }

    #[tokio::test]
    async fn an_export_names_the_files_of_the_images() {
        let test = predicted().await;
        let history = PredictionHistory::new(test.context());
        let page = history.export(fixtures::owner(), &HistoryQuery::default()).await;
        let expected = ExportedPrediction {
            prediction: fixtures::prediction(),
            filename: Some(fixtures::image().filename),
        };
        assert_eq!(page.expect("a page").items, [expected]);
    }
}
