//! Reads WebP, GIF and BMP with the decoders of `image`; of an animation, its first frame.
//!
//! Two checks of WebP are made here, because its decoder omits them: it decodes a file that is cut off to gray rows
//! (`webp_riff_len_lie.webp`), and it allocates by the size in a picture's header before it compares that with the canvas.

use super::{
    DecodeLimits,
    format::{Format, PageHeader, corrupt, dots_per_inch, size},
    luma::{ColorMode, SampleLayout, into_pixels},
};
use bytes::Bytes;
use domain::images::{ImageError, MediaType};
use image::{
    ColorType, ImageDecoder, ImageResult, Limits,
    codecs::{bmp::BmpDecoder, gif::GifDecoder, webp::WebPDecoder},
    metadata::Orientation,
};
use std::io::Cursor;

/// Decompression tables, palettes and the rows that prediction looks back at.
const WORKING_BYTES: u64 = 1 << 20;
/// Bytes per pixel that the GIF decoder holds besides its output: a frame of another size than the canvas.
const GIF_BYTES: u64 = 4;
/// Offset of the horizontal pixels per metre in a BMP header.
const BMP_PIXELS_PER_METRE: usize = 38;

/// An opened image.
pub(super) struct Raster {
    media_type: MediaType,
    bytes: Bytes,
    mode: ColorMode,
    layout: SampleLayout,
    header: PageHeader,
}

impl Raster {
    pub(super) fn open(
        media_type: MediaType,
        bytes: Bytes,
        mode: ColorMode,
        limits: &DecodeLimits,
    ) -> Result<Self, ImageError> {
        let mut decoder = decoder(media_type, &bytes).map_err(corrupt)?;
        let (width, height) = decoder.dimensions();
        let pixels = limits.pixels(width, height)?;
        let layout = match decoder.color_type() {
            ColorType::L8 => SampleLayout::Gray,
            ColorType::Rgb8 => SampleLayout::Rgb,
            ColorType::Rgba8 => SampleLayout::Rgba,
            other => return Err(corrupt(format_args!("unexpected samples {other:?}"))),
        };
        let held = match media_type {
            MediaType::Gif => GIF_BYTES,
            MediaType::Webp => {
                check_webp(&bytes, (width, height))?;
                webp_bytes(&bytes, layout)
            }
            _ => 0,
        };
        let header = PageHeader {
            width,
            height,
            orientation: orientation(&mut *decoder)?,
            dpi: (media_type == MediaType::Bmp)
                .then(|| bmp_pixels_per_metre(&bytes))
                .flatten()
                .and_then(dots_per_inch),
            memory: pixels * (layout.bytes_into(mode) + held) + WORKING_BYTES,
        };
        drop(decoder);
        Ok(Self {
            media_type,
            bytes,
            mode,
            layout,
            header,
        })
    }
}

fn decoder(media_type: MediaType, bytes: &Bytes) -> ImageResult<Box<dyn ImageDecoder + '_>> {
    let bytes = Cursor::new(bytes);
    Ok(match media_type {
        MediaType::Gif => Box::new(GifDecoder::new(bytes)?),
        MediaType::Webp => Box::new(WebPDecoder::new(bytes)?),
        _ => Box::new(BmpDecoder::new(bytes)?),
    })
}

fn orientation(decoder: &mut dyn ImageDecoder) -> Result<Orientation, ImageError> {
    let exif = decoder.exif_metadata().map_err(corrupt)?;
    Ok(exif
        // Some writers copy the prefix that JPEG has before the same metadata.
        .and_then(|exif| Orientation::from_exif_chunk(exif.strip_prefix(b"Exif\0\0").unwrap_or(&exif)))
        .unwrap_or(Orientation::NoTransforms))
}

/// `None` when the header is of a version without that field.
fn bmp_pixels_per_metre(bytes: &[u8]) -> Option<u32> {
    let header_length = u32::from_le_bytes(*bytes.get(14..)?.first_chunk()?);
    let field = bytes.get(BMP_PIXELS_PER_METRE..)?.first_chunk()?;
    (header_length >= 40).then(|| u32::from_le_bytes(*field))
}

/// Bytes per pixel that the WebP decoder holds besides its output.
fn webp_bytes(bytes: &[u8], layout: SampleLayout) -> u64 {
    if find(bytes, b"ANMF").is_some() {
        // The frame with its alpha, the canvas, and their conversions.
        16
    } else if layout == SampleLayout::Rgba {
        // Luma and subsampled chroma, and the decompressed alpha.
        7
    } else if find(bytes, b"VP8L").is_some() {
        // Lossless pictures are decoded to four samples.
        5
    } else {
        2
    }
}

/// Checks that the file is complete and that no lossy picture in it is larger than the canvas.
fn check_webp(bytes: &[u8], canvas: (u32, u32)) -> Result<(), ImageError> {
    let length = bytes.get(4..).and_then(|rest| rest.first_chunk()).copied();
    if length.is_none_or(|length| u64::from(u32::from_le_bytes(length)) + 8 > bytes.len() as u64) {
        return Err(corrupt("the WebP is shorter than its header says"));
    }
    let mut rest = bytes;
    while let Some(at) = find(rest, b"\x9d\x01\x2a") {
        rest = &rest[at + 3..];
        let side = |at: usize| {
            let side = rest.get(at..).and_then(|rest| rest.first_chunk()).copied();
            side.map_or(0, |side| u32::from(u16::from_le_bytes(side) & 0x3fff))
        };
        let starts_frame = bytes[..bytes.len() - rest.len()]
            .windows(4)
            .nth_back(10)
            .is_some_and(|name| name == b"VP8 ");
        if starts_frame && (side(0) > canvas.0 || side(2) > canvas.1) {
            return Err(corrupt("a WebP picture larger than its canvas"));
        }
    }
    Ok(())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

impl Format for Raster {
    fn pages(&self) -> &[PageHeader] {
        std::slice::from_ref(&self.header)
    }

    fn decode(&mut self, _page: usize) -> Result<Vec<u8>, ImageError> {
        let mut decoder = decoder(self.media_type, &self.bytes).map_err(corrupt)?;
        let mut limits = Limits::no_limits();
        limits.max_alloc = Some(self.header.memory);
        decoder.set_limits(limits).map_err(corrupt)?;
        let mut samples = vec![0; size(decoder.total_bytes())?];
        decoder.read_image_boxed(&mut samples).map_err(corrupt)?;
        Ok(into_pixels(self.mode, self.layout, samples))
    }
}
