//! What requests and answers of predictions look like.

mod examples;

use crate::fields::{FieldErrors, RawField};
use application::{Error, predictions::NewFeedback};
use chrono::{DateTime, Utc};
use domain::{
    clock::Timestamp,
    predictions::{
        Attribution, Comment, Feedback, HistoryPage, InputSize, Label, LabelProbability, Model,
        ModelReference, Prediction,
    },
};
use poem_openapi::Object;
use uuid::Uuid;

use super::query::write_position;

/// The size of the picture that a model takes.
#[derive(Object)]
#[oai(rename = "ModelInput")]
pub struct InputDto {
    /// Pixels.
    height: u32,
    /// Pixels.
    width: u32,
}

impl From<InputSize> for InputDto {
    fn from(InputSize { height, width }: InputSize) -> Self {
        Self { height, width }
    }
}

/// A classifier that is loaded.
#[derive(Object)]
#[oai(rename = "Model", example = true)]
pub struct ModelDto {
    /// What it is called.
    name: String,
    /// Which version of it this is.
    version: String,
    /// The digest of its file: 64 hexadecimal digits.
    sha256: String,
    /// What it tells apart.
    labels: Vec<String>,
    /// What it takes: every image is brought to this size.
    input: InputDto,
}

impl From<Model> for ModelDto {
    fn from(model: Model) -> Self {
        let labels = model.labels.as_slice().iter();
        Self {
            name: model.name.to_string(),
            version: model.version.to_string(),
            sha256: model.sha256.to_string(),
            labels: labels.map(|label| label.as_str().to_owned()).collect(),
            input: model.input.into(),
        }
    }
}

/// The classifiers that are loaded.
#[derive(Object)]
#[oai(rename = "ModelList")]
pub struct ModelListDto {
    /// The first is used where a request names none.
    items: Vec<ModelDto>,
}

impl From<Vec<Model>> for ModelListDto {
    fn from(models: Vec<Model>) -> Self {
        Self {
            items: models.into_iter().map(ModelDto::from).collect(),
        }
    }
}

/// How probable one label is.
#[derive(Debug, PartialEq, Object)]
#[oai(rename = "LabelProbability")]
pub struct ProbabilityDto {
    /// The label.
    label: String,
    /// 0 to 1.
    probability: f64,
}

impl From<LabelProbability> for ProbabilityDto {
    fn from(LabelProbability { label, probability }: LabelProbability) -> Self {
        Self {
            label: label.as_str().to_owned(),
            probability,
        }
    }
}

/// What the owner of a prediction said of it last.
#[derive(Debug, PartialEq, Object)]
#[oai(rename = "Feedback")]
pub struct FeedbackDto {
    /// Whether the predicted label is the right one.
    correct: bool,
    /// The right label, where another one is and it is known.
    #[oai(skip_serializing_if_is_none)]
    label: Option<String>,
    /// A remark.
    #[oai(skip_serializing_if_is_none)]
    comment: Option<String>,
    /// When it was said.
    given_at: DateTime<Utc>,
}

impl From<Feedback> for FeedbackDto {
    fn from(feedback: Feedback) -> Self {
        Self {
            correct: feedback.correct,
            label: feedback.label.map(|label| label.as_str().to_owned()),
            comment: feedback.comment.map(|comment| comment.as_str().to_owned()),
            given_at: feedback.given_at.to_utc(),
        }
    }
}

/// What a model said of an image. It is no diagnosis.
#[derive(Debug, PartialEq, Object)]
#[oai(rename = "Prediction", example = true)]
pub struct PredictionDto {
    /// Names the prediction.
    id: Uuid,
    /// What was looked at.
    image_id: Uuid,
    /// The name of the model.
    model: String,
    /// The version of the model.
    model_version: String,
    /// The most probable label.
    label: String,
    /// Its probability, 0 to 1.
    confidence: f64,
    /// Every label of the model with its probability; they sum up to 1.
    probabilities: Vec<ProbabilityDto>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// What its owner said last.
    #[oai(skip_serializing_if_is_none)]
    feedback: Option<FeedbackDto>,
}

impl From<Prediction> for PredictionDto {
    fn from(prediction: Prediction) -> Self {
        Self {
            id: prediction.id.0,
            image_id: prediction.image_id.0,
            model: prediction.model.name.to_string(),
            model_version: prediction.model.version.to_string(),
            label: prediction.label.as_str().to_owned(),
            confidence: prediction.confidence(),
            created_at: Timestamp::to_utc(prediction.created_at),
            probabilities: prediction
                .probabilities
                .into_iter()
                .map(ProbabilityDto::from)
                .collect(),
            feedback: prediction.feedback.map(FeedbackDto::from),
        }
    }
}

/// A page of predictions.
#[derive(Object)]
#[oai(rename = "PredictionPage")]
pub struct PredictionPageDto {
    /// In the order that was asked for.
    items: Vec<PredictionDto>,
    /// The `cursor` of the next page; absent on the last.
    #[oai(skip_serializing_if_is_none)]
    next_cursor: Option<String>,
}

impl From<HistoryPage> for PredictionPageDto {
    fn from(page: HistoryPage) -> Self {
        Self {
            items: page.items.into_iter().map(PredictionDto::from).collect(),
            next_cursor: page.next.map(write_position),
        }
    }
}

/// What is to be said of a prediction.
#[derive(Object)]
#[oai(rename = "NewFeedback", example = true)]
pub struct NewFeedbackDto {
    /// Whether the predicted label is the right one.
    correct: RawField<bool>,
    /// The right label: one of the model's, where another than the predicted one is right.
    #[oai(skip_serializing_if_is_none)]
    label: Option<RawField<String>>,
    /// A remark, at most 2000 characters.
    #[oai(skip_serializing_if_is_none)]
    comment: Option<RawField<String>>,
}

impl NewFeedbackDto {
    /// What is said.
    pub fn parse(self) -> Result<NewFeedback, Error> {
        let mut fields = FieldErrors::default();
        let correct = fields.required("correct", self.correct, Some, "must be true or false");
        let rule = "must be one of the labels of the model";
        let label = fields.optional("label", self.label, |text| Label::parse(&text), rule);
        let rule = "must be text of 1 to 2000 characters";
        let comment = fields.optional("comment", self.comment, |text| Comment::parse(&text), rule);
        let Some(correct) = correct else {
            return Err(fields.into_error());
        };
        fields.finish()?;
        Ok(NewFeedback {
            correct,
            label,
            comment,
        })
    }
}

/// The model that a request names. What cannot be the name of one is the name of none.
pub fn parse_model(name: Option<&str>) -> Result<Option<ModelReference>, Error> {
    let model = name.map(|name| ModelReference::parse(name).ok_or(Error::UnknownModel));
    model.transpose()
}

/// How strongly each part of an image spoke for the predicted label.
#[derive(Debug, Object)]
#[oai(rename = "Attribution")]
pub struct AttributionDto {
    /// The predicted label.
    label: String,
    /// The rows of the grid.
    rows: u32,
    /// The columns of the grid.
    columns: u32,
    /// One value per cell, row by row from the top left, at least 0.
    values: Vec<f32>,
    /// The lowest value.
    minimum: f32,
    /// The highest value.
    maximum: f32,
}

impl AttributionDto {
    /// The attribution of a label.
    pub fn new(label: &Label, attribution: Attribution) -> Self {
        Self {
            label: label.as_str().to_owned(),
            rows: attribution.rows,
            columns: attribution.columns,
            minimum: attribution.minimum(),
            maximum: attribution.maximum(),
            values: attribution.values,
        }
    }
}
