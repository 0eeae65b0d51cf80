//! What the documentation shows.

use super::{BoxDto, PageDto, TextDto, WordDto};
use poem_openapi::types::Example;
use uuid::uuid;

impl Example for TextDto {
    fn example() -> Self {
        Self {
            image_id: uuid!("019aa4d1-7b00-7c3e-9f52-2f6d3a8c1b77"),
            languages: vec!["eng".to_owned()],
            text: "Hello".to_owned(),
            has_text: true,
            mean_confidence: 96.5,
            pages: vec![PageDto {
                number: 1,
                width: 640,
                height: 200,
                rotation: 0.0,
                words: vec![WordDto {
                    text: "Hello".to_owned(),
                    confidence: 96.5,
                    bounds: BoxDto {
                        x: 40,
                        y: 62,
                        width: 180,
                        height: 48,
                    },
                }],
            }],
            engine: "tesseract 5.3.0".to_owned(),
            duration_ms: 85,
        }
    }
}
