//! Reading text.

mod in_flight;
mod read_text;
mod text_reader;

pub use read_text::ReadText;
pub use text_reader::TextReader;
