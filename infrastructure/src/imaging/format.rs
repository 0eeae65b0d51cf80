//! The interface of all image formats.

use domain::images::ImageError;
use image::metadata::Orientation;

/// The header of a page, read before decoding.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageHeader {
    /// Pixels from left to right, as stored.
    pub(super) width: u32,
    /// Pixels from top to bottom, as stored.
    pub(super) height: u32,
    /// How the stored page is turned upright.
    pub(super) orientation: Orientation,
    /// Pixels per inch, when the header has them.
    pub(super) dpi: Option<u32>,
    /// The most bytes that decoding takes, the page included.
    pub(super) memory: u64,
}

/// An opened image of some format.
pub(super) trait Format: Send {
    /// The headers of its pages, at least one.
    fn pages(&self) -> &[PageHeader];

    /// Decodes a page as stored, row by row, in the color mode that the image was opened with. Takes at most the memory
    /// in the header of the page.
    fn decode(&mut self, page: usize) -> Result<Vec<u8>, ImageError>;
}

/// Logs the message of a decoder and returns [`ImageError::Corrupt`].
pub(super) fn corrupt(error: impl std::fmt::Display) -> ImageError {
    tracing::debug!(%error, "an image could not be decoded");
    ImageError::Corrupt
}

/// Converts a number of bytes to a size in memory.
pub(super) fn size(bytes: u64) -> Result<usize, ImageError> {
    usize::try_from(bytes).map_err(corrupt)
}

/// Converts pixels per metre to pixels per inch.
pub(super) fn dots_per_inch(per_metre: u32) -> Option<u32> {
    let hundredths = u64::from(per_metre) * 254;
    u32::try_from((hundredths + 5_000) / 10_000)
        .ok()
        .filter(|dpi| *dpi > 0)
}
