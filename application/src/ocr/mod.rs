//! Reading text.

mod in_flight;
mod read_text;

pub use read_text::ReadText;
