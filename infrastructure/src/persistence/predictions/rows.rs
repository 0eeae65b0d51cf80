//! What rows of `predictions` and `feedbacks` say.

use crate::persistence::{
    entities::{
        feedbacks,
        predictions::{ActiveModel, Model, Probabilities},
    },
    error::CorruptRow,
};
use chrono::DateTime;
use domain::{
    clock::Timestamp,
    ids::{FeedbackId, ImageId, PredictionId, UserId},
    images::Sha256Digest,
    predictions::{Comment, Feedback, Label, LabelProbability, ModelName, Prediction, UsedModel, Verdict},
};
use sea_orm::ActiveValue::Set;

fn corrupt(column: &'static str) -> CorruptRow {
    CorruptRow {
        table: "predictions",
        column,
    }
}

/// The prediction of a row whose latest feedback, if there is any, is this one.
pub(super) fn read(row: Model, feedback: Option<feedbacks::Model>) -> Result<Prediction, CorruptRow> {
    let probabilities = row.probabilities.0.into_iter().map(|(label, probability)| {
        let label = Label::parse(&label).ok_or(corrupt("probabilities"))?;
        Ok(LabelProbability { label, probability })
    });
    Ok(Prediction {
        id: PredictionId(row.id),
        owner_id: UserId(row.owner_id),
        image_id: ImageId(row.image_id),
        model: UsedModel {
            name: ModelName::parse(&row.model).ok_or(corrupt("model"))?,
            version: ModelName::parse(&row.version).ok_or(corrupt("version"))?,
            sha256: Sha256Digest(row.sha256.try_into().map_err(|_| corrupt("sha256"))?),
        },
        label: Label::parse(&row.label).ok_or(corrupt("label"))?,
        probabilities: probabilities.collect::<Result<_, _>>()?,
        created_at: moment(row.created_at)?,
        feedback: feedback.map(read_feedback).transpose()?,
    })
}

pub(super) fn new_row(prediction: &Prediction) -> ActiveModel {
    let pair = |LabelProbability { label, probability }: &LabelProbability| {
        (label.as_str().to_owned(), *probability)
    };
    ActiveModel {
        id: Set(prediction.id.0),
        owner_id: Set(prediction.owner_id.0),
        image_id: Set(prediction.image_id.0),
        model: Set(prediction.model.name.as_str().to_owned()),
        version: Set(prediction.model.version.as_str().to_owned()),
        sha256: Set(prediction.model.sha256.0.to_vec()),
        label: Set(prediction.label.as_str().to_owned()),
        confidence: Set(prediction.confidence()),
        probabilities: Set(Probabilities(prediction.probabilities.iter().map(pair).collect())),
        created_at: Set(stored_moment(prediction.created_at)),
        verdict: Set(stored_verdict(Verdict::None)),
        feedback_id: Set(None),
    }
}

fn read_feedback(row: feedbacks::Model) -> Result<Feedback, CorruptRow> {
    let corrupt = |column| CorruptRow {
        table: "feedbacks",
        column,
    };
    let label = row
        .label
        .map(|label| Label::parse(&label).ok_or(corrupt("label")));
    let comment = row
        .comment
        .map(|comment| Comment::parse(&comment).ok_or(corrupt("comment")));
    Ok(Feedback {
        id: FeedbackId(row.id),
        correct: row.correct,
        label: label.transpose()?,
        comment: comment.transpose()?,
        given_at: Timestamp::new(row.given_at),
    })
}

pub(super) fn new_feedback_row(prediction: PredictionId, feedback: &Feedback) -> feedbacks::ActiveModel {
    feedbacks::ActiveModel {
        id: Set(feedback.id.0),
        prediction_id: Set(prediction.0),
        correct: Set(feedback.correct),
        label: Set(feedback.label.as_ref().map(|label| label.as_str().to_owned())),
        comment: Set(feedback
            .comment
            .as_ref()
            .map(|comment| comment.as_str().to_owned())),
        given_at: Set(feedback.given_at.to_utc()),
    }
}

/// A verdict as it is stored.
pub(super) fn stored_verdict(verdict: Verdict) -> i16 {
    match verdict {
        Verdict::None => 0,
        Verdict::Correct => 1,
        Verdict::Incorrect => 2,
    }
}

/// A verdict as [`stored_verdict`] wrote it.
pub(super) fn verdict(stored: i16) -> Option<Verdict> {
    Verdict::ALL
        .into_iter()
        .find(|verdict| stored_verdict(*verdict) == stored)
}

/// A moment as it is stored: microseconds since 1970-01-01T00:00Z.
pub(super) fn stored_moment(moment: Timestamp) -> i64 {
    moment.to_utc().timestamp_micros()
}

/// A moment as [`stored_moment`] wrote it.
pub(super) fn moment(stored: i64) -> Result<Timestamp, CorruptRow> {
    let moment = DateTime::from_timestamp_micros(stored);
    moment.map(Timestamp::new).ok_or(corrupt("created_at"))
}
