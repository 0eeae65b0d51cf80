//! Decoding of images: under limits of pixels, pages and memory, into pages as a person sees them, gray or in colour.

mod bmp;
mod budget;
mod collect;
mod decoder;
mod fax;
mod format;
mod gif;
mod inspector;
mod jpeg;
mod jpeg_structure;
mod limits;
mod page;
mod png;
mod tiff;
mod tiff_chunks;
mod tiff_directory;
mod tiff_layout;
mod tiff_reading;
mod tiff_samples;
mod tone;
mod webp;
mod webp_structure;

#[cfg(test)]
mod tests;

pub use budget::{DecodeBudget, Reservation};
pub use collect::collect;
pub use decoder::{PageDecoder, decode_in_colour};
pub use inspector::BoundedImageInspector;
pub use limits::DecodeLimits;
pub use page::{ColourPage, GrayPage};
