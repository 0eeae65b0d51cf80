//! Decodes images into upright pages, gray or in colour, under limits of pixels, pages and memory.

mod budget;
mod collect;
mod decoder;
mod fax;
mod format;
mod inspector;
mod jpeg;
mod limits;
mod luma;
mod page;
mod png;
mod raster;
mod tiff;
mod tiff_directory;
mod tiff_samples;

#[cfg(test)]
mod tests;

pub use budget::{DecodeBudget, Reservation};
pub use collect::collect;
pub use decoder::{PageDecoder, decode_in_colour};
pub use inspector::BoundedImageInspector;
pub use limits::DecodeLimits;
pub use page::{ColourPage, GrayPage};
