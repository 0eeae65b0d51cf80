//! Recognition of text with Tesseract.

mod components;
mod engine;
mod hidden;
mod histogram;
mod light;
mod patience;
mod placement;
mod queue;
mod reading;
mod settings;
mod sheet;
mod survey;
mod tesseract;
mod tilt;
mod turns;
mod worker;

#[cfg(test)]
mod tests;

pub use engine::TesseractOcrEngine;
pub use settings::{OcrSettings, OcrStartError};
