//! Text recognition with Tesseract.

mod background;
mod components;
mod coordinates;
mod deskew;
mod engine;
mod histogram;
mod low_contrast_text;
mod orientation;
mod page_analysis;
mod page_image;
mod patience;
mod queue;
mod recognition;
mod settings;
mod tesseract;
mod worker;

#[cfg(test)]
mod tests;

pub use engine::TesseractOcrEngine;
pub use settings::{OcrSettings, OcrStartError};
