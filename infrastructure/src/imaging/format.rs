//! What every format offers to the page decoder.

use domain::images::ImageError;
use image::metadata::Orientation;

/// What the header of a page says, before anything of the page is decoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageHeader {
    /// Pixels from left to right, as stored.
    pub(super) width: u32,
    /// Pixels from top to bottom, as stored.
    pub(super) height: u32,
    /// How the stored page is to be turned.
    pub(super) orientation: Orientation,
    /// Pixels per inch, when the header says so.
    pub(super) dpi: Option<u32>,
    /// The most bytes that decoding takes, the page included.
    pub(super) memory: u64,
}

/// An opened image of some format.
pub(super) trait Format: Send {
    /// Its pages, at least one.
    fn pages(&self) -> &[PageHeader];

    /// The pixels of a page as stored, in the tone that it was opened for: `width * height` times as many bytes as that
    /// has, row by row. Takes no more memory than the header of the page says.
    fn decode(&mut self, page: usize) -> Result<Vec<u8>, ImageError>;
}

/// Whatever a decoder does not like is a damaged image; the words of the decoder are for the log.
pub(super) fn corrupt(error: impl std::fmt::Display) -> ImageError {
    tracing::debug!(%error, "an image could not be decoded");
    ImageError::Corrupt
}

/// Bytes of memory as a size in memory.
pub(super) fn size(bytes: u64) -> Result<usize, ImageError> {
    usize::try_from(bytes).map_err(corrupt)
}

/// Pixels per metre as pixels per inch.
pub(super) fn dots_per_inch(per_metre: u32) -> Option<u32> {
    let hundredths = u64::from(per_metre) * 254;
    u32::try_from((hundredths + 5_000) / 10_000)
        .ok()
        .filter(|dpi| *dpi > 0)
}
