//! BMP.

use super::{
    DecodeLimits,
    format::{Format, PageHeader, corrupt, dots_per_inch, size},
    tone::{Layout, Tone, into_pixels},
};
use bytes::Bytes;
use domain::images::ImageError;
use image::{ColorType, ImageDecoder, codecs::bmp::BmpDecoder, metadata::Orientation};
use std::io::Cursor;

/// Where the header keeps the horizontal pixels per metre.
const PIXELS_PER_METRE_AT: usize = 38;

/// An opened BMP.
pub(super) struct Bmp {
    bytes: Bytes,
    tone: Tone,
    layout: Layout,
    header: PageHeader,
}

impl Bmp {
    pub(super) fn open(bytes: Bytes, tone: Tone, limits: &DecodeLimits) -> Result<Self, ImageError> {
        let decoder = BmpDecoder::new(Cursor::new(&bytes)).map_err(corrupt)?;
        let (width, height) = decoder.dimensions();
        let pixels = limits.pixels(width, height)?;
        let layout = match decoder.color_type() {
            ColorType::L8 => Layout::Gray,
            ColorType::Rgb8 => Layout::Rgb,
            ColorType::Rgba8 => Layout::Rgba,
            _ => return Err(corrupt("an unexpected layout of pixels")),
        };
        let header = PageHeader {
            width,
            height,
            orientation: Orientation::NoTransforms,
            dpi: pixels_per_metre(&bytes).and_then(dots_per_inch),
            memory: pixels * layout.bytes_into(tone),
        };
        Ok(Self {
            bytes,
            tone,
            layout,
            header,
        })
    }
}

/// What the header says, when it is of the kind that says it.
fn pixels_per_metre(bytes: &[u8]) -> Option<u32> {
    let header_length = u32::from_le_bytes(*bytes.get(14..)?.first_chunk()?);
    let field = bytes.get(PIXELS_PER_METRE_AT..)?.first_chunk()?;
    (header_length >= 40).then(|| u32::from_le_bytes(*field))
}

impl Format for Bmp {
    fn pages(&self) -> &[PageHeader] {
        std::slice::from_ref(&self.header)
    }

    fn decode(&mut self, _page: usize) -> Result<Vec<u8>, ImageError> {
        let decoder = BmpDecoder::new(Cursor::new(&self.bytes)).map_err(corrupt)?;
        let mut samples = vec![0; size(decoder.total_bytes())?];
        decoder.read_image(&mut samples).map_err(corrupt)?;
        Ok(into_pixels(self.tone, self.layout, samples))
    }
}
