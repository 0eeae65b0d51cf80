//! Reads PNG with the `png` crate, row by row.
//!
//! `image` wraps the same crate, but gives neither the density nor the bytes after the pixels, so that a file cut off there
//! would pass; it decompresses profiles, and holds the page in up to eight bytes per pixel instead of one.

use super::{
    DecodeLimits,
    format::{Format, PageHeader, corrupt, dots_per_inch, size},
    luma::{ColorMode, SampleLayout, write_pixels},
};
use bytes::Bytes;
use domain::images::ImageError;
use image::metadata::Orientation;
use png::{ColorType, Decoder, InterlaceInfo, Limits, Reader, Transformations, Unit};
use std::io::Cursor;

/// Rows that the decoder holds: the current one, the one above, and the output at full depth.
const ROWS_AT_ONCE: u64 = 4;
/// Decompression tables and metadata.
const WORKING_BYTES: u64 = 1 << 20;
/// The most decompressed bytes per pixel of the largest page: enough for colours with opacity, and a bound of time.
const MOST_STORED_PER_PIXEL: u64 = 4;

/// An opened PNG; of an animation, its still image.
pub(super) struct Png {
    reader: Reader<Cursor<Bytes>>,
    mode: ColorMode,
    header: PageHeader,
}

impl Png {
    pub(super) fn open(bytes: Bytes, mode: ColorMode, limits: &DecodeLimits) -> Result<Self, ImageError> {
        let mut decoder = Decoder::new(Cursor::new(bytes));
        // Unused, and either can be a decompression bomb.
        decoder.set_ignore_iccp_chunk(true);
        decoder.set_ignore_text_chunk(true);
        decoder.set_transformations(Transformations::normalize_to_color8());
        let info = decoder.read_header_info().map_err(corrupt)?;
        let (width, height) = (info.width, info.height);
        let pixels = limits.pixels(width, height)?;
        if pixels * info.bytes_per_pixel() as u64 > limits.max_pixels.saturating_mul(MOST_STORED_PER_PIXEL) {
            return Err(limits.exceeded());
        }
        // A palette with opacity expands to four bytes per pixel.
        let row = u64::from(width) * (info.bytes_per_pixel() as u64).max(4);
        let memory = pixels * mode.bytes() as u64 + ROWS_AT_ONCE * row + WORKING_BYTES;
        decoder.set_limits(Limits { bytes: size(memory)? });
        let reader = decoder.read_info().map_err(corrupt)?;
        let info = reader.info();
        let header = PageHeader {
            width,
            height,
            orientation: info
                .exif_metadata
                .as_ref()
                .and_then(|exif| Orientation::from_exif_chunk(exif))
                .unwrap_or(Orientation::NoTransforms),
            dpi: info
                .pixel_dims
                .filter(|dimensions| dimensions.unit == Unit::Meter)
                .and_then(|dimensions| dots_per_inch(dimensions.xppu)),
            memory,
        };
        Ok(Self { reader, mode, header })
    }
}

impl Format for Png {
    fn pages(&self) -> &[PageHeader] {
        std::slice::from_ref(&self.header)
    }

    fn decode(&mut self, _page: usize) -> Result<Vec<u8>, ImageError> {
        let width = size(self.header.width.into())?;
        let height = size(self.header.height.into())?;
        let layout = match self.reader.output_color_type().0 {
            ColorType::Grayscale => SampleLayout::Gray,
            ColorType::GrayscaleAlpha => SampleLayout::GrayAlpha,
            ColorType::Rgb => SampleLayout::Rgb,
            ColorType::Rgba => SampleLayout::Rgba,
            ColorType::Indexed => return Err(corrupt("a palette was not expanded")),
        };
        let size = self.mode.bytes();
        let bits = if self.mode == ColorMode::Gray { 8 } else { 24 };
        let width = width * size;
        let mut page = vec![0; width * height];
        let mut pass_row = vec![0; width];
        let mut line = 0;
        while line < height || self.reader.info().interlaced {
            let Some(row) = self.reader.next_interlaced_row().map_err(corrupt)? else {
                break;
            };
            match row.interlace() {
                InterlaceInfo::Null(_) => {
                    write_pixels(
                        self.mode,
                        layout,
                        row.data(),
                        &mut page[line * width..(line + 1) * width],
                    );
                    line += 1;
                }
                InterlaceInfo::Adam7(pass) => {
                    let pass_row = &mut pass_row[..row.data().len() / layout.samples() * size];
                    write_pixels(self.mode, layout, row.data(), pass_row);
                    png::expand_interlaced_row(&mut page, width, pass_row, pass, bits);
                }
            }
        }
        // Reads the chunks after the pixels, so that a file that is cut off or damaged there is an error.
        self.reader.finish().map_err(corrupt)?;
        Ok(page)
    }
}
