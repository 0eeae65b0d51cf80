//! Text in images.

mod language;
mod ports;
mod text;

pub use language::{Language, LanguageSet};
#[cfg(feature = "test-support")]
pub use ports::MockOcrEngine;
pub use ports::{OcrEngine, OcrError, PageObserver, Recognition, TextReader, TextRepository};
pub use text::{Bounds, Text, TextPage, Word};
