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
