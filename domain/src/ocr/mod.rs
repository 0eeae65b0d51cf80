//! Text in images.

mod language;
mod ports;
mod text;

pub use language::{Language, LanguageSet};
#[cfg(feature = "test-support")]
pub use ports::{MockOcrEngine, MockTextRepository};
pub use ports::{OcrEngine, OcrError, PageObserver, Recognition, TextRepository};
pub use text::{Bounds, Text, TextPage, Word};
