//! The strips or tiles of a TIFF page: where they are and what decoding them will cost.

use super::{
    DecodeLimits,
    fax::{FaxCoding, Inks},
    format::corrupt,
    tiff::Pages,
    tiff_layout::{layout, ranges},
    tone::{Layout, Tone},
};
use bytes::Bytes;
use domain::images::ImageError;
use tiff::tags::{CompressionMethod, PlanarConfiguration, Tag};

/// Tables of decompression.
const WORKING_BYTES: u64 = 1 << 19;
/// A JPEG rounds its sides up to whole units of at most this many pixels.
const JPEG_UNIT: u64 = 32;
/// Strips that are each a JPEG cost their tables anew; there are never many of them.
const MOST_JPEG_CHUNKS: usize = 20_000;

/// How samples are coded where the decoder of the file does not know.
#[derive(Debug, Clone, Copy)]
pub(super) enum Samples {
    /// As the decoder reads them.
    Plain,
    /// Numbers of colours.
    Palette,
    /// Fax.
    Fax {
        coding: FaxCoding,
        inks: Inks,
        low_bit_first: bool,
    },
}

/// The strips or tiles of a page.
pub(super) struct Chunks {
    pub(super) file: Bytes,
    pub(super) samples: Samples,
    pub(super) layout: Layout,
    pub(super) tone: Tone,
    pub(super) bits: u8,
    pub(super) planes: u32,
    pub(super) jpeg: bool,
    /// Where each one is, and how long.
    pub(super) ranges: Vec<(u64, u64)>,
    /// The most pixels of one, across and down.
    pub(super) side: (u32, u32),
    pub(super) across: u32,
    memory: u64,
}

impl Chunks {
    /// Those of the page that the decoder is at.
    pub(super) fn of_page(
        decoder: &mut Pages,
        file: &Bytes,
        samples: Samples,
        tone: Tone,
        limits: &DecodeLimits,
    ) -> Result<Self, ImageError> {
        let (width, height) = decoder.dimensions().map_err(corrupt)?;
        let (layout, bits) = layout(decoder)?;
        let side = decoder.chunk_dimensions();
        let across = width.div_ceil(side.0);
        let stored_width = u64::from(across) * u64::from(side.0);
        // What a tile has beyond the page is read too.
        if stored_width.saturating_mul(height.into()) > limits.max_pixels {
            return Err(limits.exceeded());
        }
        let side = (side.0, side.1.min(height));
        let planar = decoder
            .find_tag_unsigned::<u16>(Tag::PlanarConfiguration)
            .map_err(corrupt)?;
        let planes = if planar == Some(PlanarConfiguration::Planar.to_u16()) {
            layout.samples()
        } else {
            1
        };
        let mut chunks = Self {
            file: file.clone(),
            samples,
            layout,
            tone,
            bits,
            planes: u32::try_from(planes).map_err(corrupt)?,
            jpeg: decoder
                .find_tag_unsigned::<u16>(Tag::Compression)
                .map_err(corrupt)?
                == Some(CompressionMethod::ModernJPEG.to_u16()),
            ranges: ranges(decoder)?,
            side,
            across,
            memory: 0,
        };
        if chunks.jpeg && chunks.ranges.len() > MOST_JPEG_CHUNKS {
            return Err(limits.exceeded());
        }
        chunks.check_ranges()?;
        chunks.memory = chunks.needed(u64::from(width) * u64::from(height));
        Ok(chunks)
    }

    /// The most bytes that decoding the page takes, the page included.
    pub(super) fn memory(&self) -> u64 {
        self.memory
    }

    /// The bytes that a page of so many pixels has when decompressed. A JPEG takes the time of twice as many.
    pub(super) fn decompressed(&self, pixels: u64) -> u64 {
        let depth = u64::from(self.bits.div_ceil(8));
        pixels * self.layout.samples() as u64 * depth * if self.jpeg { 2 } else { 1 }
    }

    fn needed(&self, page: u64) -> u64 {
        let chunk = u64::from(self.side.0) * u64::from(self.side.1);
        let coloured = self.tone.bytes() as u64;
        if matches!(self.samples, Samples::Fax { .. }) {
            // Gray before it is anything else.
            let gray = if coloured > 1 { page } else { 0 };
            return page * coloured + gray + chunk * coloured + WORKING_BYTES;
        }
        let grown = match (self.samples, self.layout.samples() as u64) {
            (Samples::Palette, _) if coloured > 1 => chunk * coloured,
            (_, samples) if samples < coloured => chunk * coloured,
            _ => 0,
        };
        let bytes = chunk * self.layout.samples() as u64;
        let depth = u64::from(self.bits.div_ceil(8));
        let separate = if self.planes > 1 { bytes } else { 0 };
        let jpeg = if self.jpeg {
            self.most_jpeg_samples() * 3
        } else {
            0
        };
        let page = if self.whole_pages() { 0 } else { page * coloured };
        page + grown + bytes * depth + separate + jpeg + WORKING_BYTES
    }

    /// Whether the only chunk of a page becomes the page.
    pub(super) fn whole_pages(&self) -> bool {
        self.ranges.len() == 1 && self.across == 1 && self.bits >= 8 && matches!(self.samples, Samples::Plain)
    }

    /// The most samples that a JPEG in place of a strip may have.
    pub(super) fn most_jpeg_samples(&self) -> u64 {
        let round_up = |side: u32| u64::from(side).div_ceil(JPEG_UNIT) * JPEG_UNIT;
        round_up(self.side.0) * round_up(self.side.1) * self.layout.samples() as u64
    }

    fn check_ranges(&self) -> Result<(), ImageError> {
        let length = self.file.len() as u64;
        let within = |&(at, count): &(u64, u64)| at.checked_add(count).is_some_and(|end| end <= length);
        if !self.ranges.iter().all(within) {
            return Err(corrupt("a TIFF strip is cut off"));
        }
        // Strips that are each read whole must not be the same one over and over.
        let total: u64 = self.ranges.iter().map(|range| range.1).sum();
        if self.jpeg && total > length {
            return Err(corrupt("TIFF strips overlap"));
        }
        Ok(())
    }
}
