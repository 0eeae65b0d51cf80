//! Text recognition.

mod keyed_locks;
mod recognizer;
mod texts;

pub use recognizer::Recognizer;
pub use texts::Texts;
