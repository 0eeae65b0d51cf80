//! What the documentation shows.

use super::{InputDto, ModelDto, NewFeedbackDto, PredictionDto, ProbabilityDto};
use crate::fields::RawField;
use chrono::DateTime;
use poem_openapi::types::Example;
use uuid::uuid;

impl Example for ModelDto {
    fn example() -> Self {
        let labels = ["cataract", "diabetic retinopathy", "glaucoma", "normal"];
        Self {
            name: "eyes".to_owned(),
            version: "1".to_owned(),
            sha256: "0123456789abcdef".repeat(4),
            labels: labels.map(str::to_owned).to_vec(),
            input: InputDto {
                height: 224,
                width: 224,
            },
        }
    }
}

impl Example for PredictionDto {
    fn example() -> Self {
        let probability = |label: &str, probability| ProbabilityDto {
            label: label.to_owned(),
            probability,
        };
        Self {
            id: uuid!("019aa4d2-1a40-7e05-9c3b-64d1f20e8a97"),
            image_id: uuid!("019aa4d1-7b00-7c3e-9f52-2f6d3a8c1b77"),
            model: "eyes".to_owned(),
            model_version: "1".to_owned(),
            label: "cataract".to_owned(),
            confidence: 0.875,
            probabilities: vec![
                probability("cataract", 0.875),
                probability("diabetic retinopathy", 0.0625),
                probability("glaucoma", 0.0),
                probability("normal", 0.0625),
            ],
            created_at: DateTime::from_timestamp_nanos(1_795_255_200_250_000_000),
            feedback: None,
        }
    }
}

impl Example for NewFeedbackDto {
    fn example() -> Self {
        let text = |text: &str| Some(RawField(Some(text.to_owned())));
        Self {
            correct: RawField(Some(false)),
            label: text("normal"),
            comment: text("A reflection of the lamp."),
        }
    }
}
