//! Decoding of images: under limits of pixels, pages and memory, into gray pages as a person sees them.

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
mod luma;
mod page;
mod png;
mod tiff;
mod tiff_chunks;
mod tiff_directory;
mod tiff_layout;
mod tiff_reading;
mod tiff_samples;
mod webp;
mod webp_structure;

#[cfg(test)]
mod tests;

pub use budget::{DecodeBudget, Reservation};
pub use collect::collect;
pub use decoder::PageDecoder;
pub use inspector::BoundedImageInspector;
pub use limits::DecodeLimits;
pub use page::GrayPage;
