//! JPEG, decoded straight to what is wanted where its colours allow that.

use super::{
    DecodeLimits,
    format::{Format, PageHeader, corrupt, size},
    jpeg_structure::JpegStructure,
    tone::{Layout, Tone, into_pixels},
};
use bytes::Bytes;
use domain::images::ImageError;
use image::metadata::Orientation;
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

/// A row of coded units, in coefficients and in pixels, for every pixel of width.
const ROW_BYTES_PER_COLUMN: u64 = 512;
/// Tables, and what the metadata may copy of the file is counted apart.
const WORKING_BYTES: u64 = 1 << 18;
/// The pixels of all passes together, in pictures of the most pixels: every pass costs time, however little it says.
const MOST_PICTURES_OF_SCANS: u64 = 16;

/// An opened JPEG.
pub(super) struct Jpeg {
    bytes: Bytes,
    tone: Tone,
    colours: Colours,
    header: PageHeader,
}

/// How the decoder is asked for the pixels.
#[derive(Debug, Clone, Copy)]
struct Colours {
    asked: ColorSpace,
    layout: Layout,
    /// Whether the ink is stored as its opposite.
    inverted: bool,
}

impl Jpeg {
    pub(super) fn open(bytes: Bytes, tone: Tone, limits: &DecodeLimits) -> Result<Self, ImageError> {
        let structure = JpegStructure::walk(&bytes)?;
        let pixels = limits.pixels(structure.width, structure.height)?;
        if structure.scans > JpegStructure::MOST_SCANS {
            return Err(corrupt("a JPEG of too many scans"));
        }
        if structure.scans.saturating_mul(pixels) > limits.max_pixels.saturating_mul(MOST_PICTURES_OF_SCANS) {
            return Err(limits.exceeded());
        }
        let mut decoder = decoder(&bytes, ColorSpace::RGB);
        decoder.decode_headers().map_err(corrupt)?;
        let colours = Colours::of(decoder.input_colorspace(), &structure, tone)?;
        let header = PageHeader {
            width: structure.width,
            height: structure.height,
            orientation: decoder
                .exif()
                .and_then(|exif| Orientation::from_exif_chunk(exif))
                .unwrap_or(Orientation::NoTransforms),
            dpi: structure.dpi,
            memory: pixels * colours.layout.bytes_into(tone)
                + structure.coefficient_bytes
                + u64::from(structure.width) * ROW_BYTES_PER_COLUMN
                + WORKING_BYTES,
        };
        Ok(Self {
            bytes,
            tone,
            colours,
            header,
        })
    }
}

impl Colours {
    fn of(stored: Option<ColorSpace>, structure: &JpegStructure, tone: Tone) -> Result<Self, ImageError> {
        let (asked, layout) = match (structure.components, stored) {
            // Adobe's marker calls three colours without a transformation what it calls four: they are plain.
            (3, Some(ColorSpace::RGB | ColorSpace::CMYK)) | (4, Some(ColorSpace::YCCK)) => {
                (ColorSpace::RGB, Layout::Rgb)
            }
            (3, Some(_)) if tone == Tone::Rgb => (ColorSpace::RGB, Layout::Rgb),
            (1 | 3, Some(_)) => (ColorSpace::Luma, Layout::Gray),
            (4, Some(ColorSpace::CMYK)) => (ColorSpace::CMYK, Layout::Cmyk),
            (_, other) => return Err(corrupt(format_args!("JPEG colours {other:?}"))),
        };
        Ok(Self {
            asked,
            layout,
            inverted: asked == ColorSpace::CMYK && structure.adobe,
        })
    }
}

/// A decoder that refuses what is damaged instead of guessing.
fn decoder(bytes: &Bytes, asked: ColorSpace) -> JpegDecoder<ZCursor<&[u8]>> {
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_max_scans(usize::try_from(JpegStructure::MOST_SCANS).unwrap_or(usize::MAX))
        .jpeg_set_out_colorspace(asked);
    JpegDecoder::new_with_options(ZCursor::new(bytes.as_ref()), options)
}

impl Format for Jpeg {
    fn pages(&self) -> &[PageHeader] {
        std::slice::from_ref(&self.header)
    }

    fn decode(&mut self, _page: usize) -> Result<Vec<u8>, ImageError> {
        let pixels = u64::from(self.header.width) * u64::from(self.header.height);
        let mut samples = vec![0; size(pixels)? * self.colours.layout.samples()];
        decoder(&self.bytes, self.colours.asked)
            .decode_into(&mut samples)
            .map_err(corrupt)?;
        if self.colours.inverted {
            for sample in &mut samples {
                *sample = !*sample;
            }
        }
        Ok(into_pixels(self.tone, self.colours.layout, samples))
    }
}
