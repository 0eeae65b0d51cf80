//! A prediction.

use super::{Feedback, Label, Model, ModelName, Outcome, Probabilities, Verdict};
use crate::{
    clock::Timestamp,
    ids::{ImageId, PredictionId, UserId},
    images::{Image, Sha256Digest},
};

/// The model that made a prediction; it may not be loaded any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedModel {
    /// What it was called.
    pub name: ModelName,
    /// Which version of it that was.
    pub version: ModelName,
    /// Digest of its file `model.onnx`.
    pub sha256: Sha256Digest,
}

impl From<&Model> for UsedModel {
    fn from(model: &Model) -> Self {
        Self {
            name: model.name.clone(),
            version: model.version.clone(),
            sha256: model.sha256,
        }
    }
}

/// How probable one label is.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelProbability {
    /// The label.
    pub label: Label,
    /// 0 to 1.
    pub probability: f64,
}

/// What a model said of an image, and what its owner says of that.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Names the prediction.
    pub id: PredictionId,
    /// Whose it is.
    pub owner_id: UserId,
    /// What was looked at.
    pub image_id: ImageId,
    /// Who looked.
    pub model: UsedModel,
    /// The most probable label.
    pub label: Label,
    /// Every label of the model, in its order; the probabilities sum up to 1.
    pub probabilities: Vec<LabelProbability>,
    /// When it was made.
    pub created_at: Timestamp,
    /// What its owner said last.
    pub feedback: Option<Feedback>,
}

impl Prediction {
    /// What `model` said of `image`: a probability for each of its labels.
    pub fn new(
        id: PredictionId,
        image: &Image,
        model: &Model,
        probabilities: &Probabilities,
        now: Timestamp,
    ) -> Self {
        let labels = model.labels.as_slice();
        Self {
            id,
            owner_id: image.owner_id,
            image_id: image.id,
            model: model.into(),
            label: labels[probabilities.most_probable()].clone(),
            probabilities: labels
                .iter()
                .zip(probabilities.as_slice())
                .map(|(label, probability)| LabelProbability {
                    label: label.clone(),
                    probability: *probability,
                })
                .collect(),
            created_at: now,
            feedback: None,
        }
    }

    /// The probability of its label, 0 to 1.
    pub fn confidence(&self) -> f64 {
        self.position(&self.label)
            .map_or(0.0, |position| self.probabilities[position].probability)
    }

    /// Where a label stands among those of the model; `None` when it is none of them.
    pub fn position(&self, label: &Label) -> Option<usize> {
        self.probabilities.iter().position(|known| known.label == *label)
    }

    /// What it counts as.
    pub fn outcome(&self) -> Outcome {
        let (verdict, actual) = match &self.feedback {
            None => (Verdict::None, None),
            Some(feedback) if feedback.correct => (Verdict::Correct, Some(self.label.clone())),
            Some(feedback) => (Verdict::Incorrect, feedback.label.clone()),
        };
        Outcome {
            predicted: self.label.clone(),
            verdict,
            actual,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{InputSize, Labels};
    use super::*;
    use crate::{
        ids::FeedbackId,
        images::{Filename, MediaType},
    };
    use uuid::Uuid;

    fn label(text: &str) -> Label {
        Label::parse(text).expect("a label")
    }

    fn prediction() -> Prediction {
        let now = Timestamp::new(chrono::DateTime::UNIX_EPOCH);
        let image = Image {
            id: ImageId(Uuid::from_u128(1)),
            owner_id: UserId(Uuid::from_u128(2)),
            filename: Filename::clean("eye.png"),
            media_type: MediaType::Png,
            size_bytes: 1,
            width: 1,
            height: 1,
            pages: 1,
            sha256: Sha256Digest([0; 32]),
            uploaded_at: now,
        };
        let name = |text| ModelName::parse(text).expect("a name");
        let model = Model {
            name: name("eyes"),
            version: name("1"),
            sha256: Sha256Digest([7; 32]),
            labels: Labels::new(vec![label("normal"), label("cataract")]).expect("labels"),
            input: InputSize { height: 8, width: 8 },
        };
        let probabilities = Probabilities::of_logits(&[0.0, 3.0_f32.ln()]).expect("finite");
        Prediction::new(PredictionId(Uuid::nil()), &image, &model, &probabilities, now)
    }

    fn judged(correct: bool, actual: Option<&str>) -> Outcome {
        let prediction = prediction();
        let feedback = Feedback {
            id: FeedbackId(Uuid::nil()),
            correct,
            label: actual.map(label),
            comment: None,
            given_at: prediction.created_at,
        };
        let feedback = Some(feedback);
        Prediction {
            feedback,
            ..prediction
        }
        .outcome()
    }

    #[test]
    fn the_most_probable_label_is_predicted_with_its_probability() {
        let prediction = prediction();
        assert_eq!(prediction.label, label("cataract"));
        assert!((prediction.confidence() - 0.75).abs() < 1e-6);
        assert_eq!(prediction.position(&label("normal")), Some(0));
        assert_eq!(prediction.position(&label("glaucoma")), None);
    }

    #[test]
    fn feedback_tells_what_is_in_the_image_unless_it_only_says_no() {
        let actual = |outcome: Outcome| (outcome.verdict, outcome.actual);
        assert_eq!(actual(prediction().outcome()), (Verdict::None, None));
        assert_eq!(
            actual(judged(true, None)),
            (Verdict::Correct, Some(label("cataract")))
        );
        assert_eq!(
            actual(judged(false, Some("normal"))),
            (Verdict::Incorrect, Some(label("normal")))
        );
        assert_eq!(actual(judged(false, None)), (Verdict::Incorrect, None));
    }
}
