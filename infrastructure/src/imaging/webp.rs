//! WebP: still, or the first picture of an animation.

use super::{
    DecodeLimits,
    format::{Format, PageHeader, corrupt, size},
    tone::{Layout, Tone, into_pixels},
    webp_structure::WebpStructure,
};
use bytes::Bytes;
use domain::images::ImageError;
use image::metadata::Orientation;
use image_webp::WebPDecoder;
use std::io::Cursor;

/// Tables, and the rows that prediction looks back at.
const WORKING_BYTES: u64 = 1 << 20;

/// An opened WebP.
pub(super) struct Webp {
    decoder: WebPDecoder<Cursor<Bytes>>,
    tone: Tone,
    header: PageHeader,
}

impl Webp {
    pub(super) fn open(bytes: Bytes, tone: Tone, limits: &DecodeLimits) -> Result<Self, ImageError> {
        let structure = WebpStructure::walk(&bytes)?;
        let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(corrupt)?;
        let (width, height) = decoder.dimensions();
        let pixels = limits.pixels(width, height)?;
        if structure.picture != (width, height) && !structure.animated {
            return Err(corrupt("a WebP picture of another size than its canvas"));
        }
        let exif = decoder.exif_metadata().map_err(corrupt)?;
        let header = PageHeader {
            width,
            height,
            orientation: exif
                .as_ref()
                .and_then(|exif| Orientation::from_exif_chunk(without_jpeg_prefix(exif)))
                .unwrap_or(Orientation::NoTransforms),
            dpi: None,
            memory: pixels * bytes_per_pixel(&structure, decoder.has_alpha()) + WORKING_BYTES,
        };
        Ok(Self {
            decoder,
            tone,
            header,
        })
    }
}

/// The most that the decoder holds at once for a pixel.
fn bytes_per_pixel(structure: &WebpStructure, alpha: bool) -> u64 {
    let samples = if alpha { 4 } else { 3 };
    if structure.animated {
        // The frame with its own opacity, the canvas, and what is given out.
        return samples + 16;
    }
    match (structure.lossy, structure.opacity) {
        // Brightness and quartered colours, and the decompressed opacity.
        (true, true) => samples + 2 + 5,
        (true, false) => samples + 2,
        // Decoded to four samples, of which three are copied where there is no opacity.
        (false, _) if alpha => samples + 1,
        (false, _) => samples + 4 + 1,
    }
}

/// Some writers copy the prefix that JPEG has before the same metadata.
fn without_jpeg_prefix(exif: &[u8]) -> &[u8] {
    exif.strip_prefix(b"Exif\0\0").unwrap_or(exif)
}

impl Format for Webp {
    fn pages(&self) -> &[PageHeader] {
        std::slice::from_ref(&self.header)
    }

    fn decode(&mut self, _page: usize) -> Result<Vec<u8>, ImageError> {
        let pixels = u64::from(self.header.width) * u64::from(self.header.height);
        let layout = if self.decoder.has_alpha() {
            Layout::Rgba
        } else {
            Layout::Rgb
        };
        let mut samples = vec![0; size(pixels)? * layout.samples()];
        self.decoder.read_image(&mut samples).map_err(corrupt)?;
        Ok(into_pixels(self.tone, layout, samples))
    }
}
