//! Reads JPEG with `zune-jpeg`, to gray where only gray is wanted.
//!
//! `image` wraps the same decoder, but leniently and always to RGB: it fills a file that is cut off with gray rows, and
//! takes three times the memory for a gray page. [`Markers`] reads the facts that `zune-jpeg` does not report: whether
//! the file is complete (a baseline file that ends within its last rows is accepted), the density, Adobe's inverted
//! CMYK, and the memory of coefficients.

use super::{
    DecodeLimits,
    format::{Format, PageHeader, corrupt, size},
    luma::{ColorMode, SampleLayout, into_pixels},
};
use bytes::Bytes;
use domain::images::ImageError;
use image::metadata::Orientation;
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

/// A row of coded units, in coefficients and in pixels, for every pixel of width.
const ROW_BYTES_PER_COLUMN: u64 = 512;
/// Decoder tables.
const WORKING_BYTES: u64 = 1 << 18;
/// The most scans of a picture; encoders write about ten.
const MAX_SCANS: u64 = 100;
/// The most pixels of all scans together, in pictures of the largest size: each scan costs time, however short it is.
const MAX_PICTURES_OF_SCANS: u64 = 16;
/// Rows and columns of a block of coefficients.
const BLOCK_SIDE: u64 = 8;
/// Bytes of a coefficient.
const COEFFICIENT_BYTES: u64 = 2;

/// An opened JPEG.
pub(super) struct Jpeg {
    bytes: Bytes,
    mode: ColorMode,
    output: ColorSpace,
    layout: SampleLayout,
    /// Whether samples are stored inverted.
    inverted: bool,
    header: PageHeader,
}

impl Jpeg {
    pub(super) fn open(bytes: Bytes, mode: ColorMode, limits: &DecodeLimits) -> Result<Self, ImageError> {
        let markers = Markers::read(&bytes)?;
        let pixels = limits.pixels(markers.width, markers.height)?;
        if markers.scans.saturating_mul(pixels) > limits.max_pixels.saturating_mul(MAX_PICTURES_OF_SCANS) {
            return Err(limits.exceeded());
        }
        let mut decoder = decoder(&bytes, ColorSpace::RGB);
        decoder.decode_headers().map_err(corrupt)?;
        let (output, layout) = match (markers.components, decoder.input_colorspace()) {
            // Three components that Adobe's marker declares untransformed are reported as CMYK, but are RGB.
            (3, Some(ColorSpace::RGB | ColorSpace::CMYK)) | (4, Some(ColorSpace::YCCK)) => {
                (ColorSpace::RGB, SampleLayout::Rgb)
            }
            (3, Some(_)) if mode == ColorMode::Rgb => (ColorSpace::RGB, SampleLayout::Rgb),
            (1 | 3, Some(_)) => (ColorSpace::Luma, SampleLayout::Gray),
            (4, Some(ColorSpace::CMYK)) => (ColorSpace::CMYK, SampleLayout::Cmyk),
            (_, other) => return Err(corrupt(format_args!("JPEG colours {other:?}"))),
        };
        let header = PageHeader {
            width: markers.width,
            height: markers.height,
            orientation: decoder
                .exif()
                .and_then(|exif| Orientation::from_exif_chunk(exif))
                .unwrap_or(Orientation::NoTransforms),
            dpi: markers.dpi,
            memory: pixels * layout.bytes_into(mode)
                + markers.coefficient_bytes()
                + u64::from(markers.width) * ROW_BYTES_PER_COLUMN
                + WORKING_BYTES,
        };
        Ok(Self {
            bytes,
            mode,
            output,
            layout,
            inverted: output == ColorSpace::CMYK && markers.adobe,
            header,
        })
    }
}

/// A strict decoder: damage is an error.
fn decoder(bytes: &Bytes, output: ColorSpace) -> JpegDecoder<ZCursor<&[u8]>> {
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_max_scans(usize::try_from(MAX_SCANS).unwrap_or(usize::MAX))
        .jpeg_set_out_colorspace(output);
    JpegDecoder::new_with_options(ZCursor::new(bytes.as_ref()), options)
}

impl Format for Jpeg {
    fn pages(&self) -> &[PageHeader] {
        std::slice::from_ref(&self.header)
    }

    fn decode(&mut self, _page: usize) -> Result<Vec<u8>, ImageError> {
        let pixels = u64::from(self.header.width) * u64::from(self.header.height);
        let mut samples = vec![0; size(pixels)? * self.layout.samples()];
        decoder(&self.bytes, self.output)
            .decode_into(&mut samples)
            .map_err(corrupt)?;
        if self.inverted {
            for sample in &mut samples {
                *sample = !*sample;
            }
        }
        Ok(into_pixels(self.mode, self.layout, samples))
    }
}

/// The markers of a JPEG from start to end of image.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Markers {
    /// Pixels, zero when the header leaves them open.
    pub(super) width: u32,
    pub(super) height: u32,
    /// Components per pixel.
    pub(super) components: u32,
    /// Pixels per inch, from a JFIF header.
    dpi: Option<u32>,
    /// Whether Adobe's marker is present: its CMYK is stored inverted.
    adobe: bool,
    scans: u64,
    progressive: bool,
    /// Coefficients of all components, padded to whole units.
    coefficients: u64,
}

impl Markers {
    /// Reads up to the end marker; bytes after it are ignored.
    ///
    /// # Errors
    ///
    /// [`ImageError::Corrupt`] when the end marker or a picture is missing, or there are too many scans.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, ImageError> {
        Self::until_end(bytes)
            .filter(|markers| markers.components > 0 && (1..=MAX_SCANS).contains(&markers.scans))
            .ok_or_else(|| corrupt("the JPEG is not complete"))
    }

    fn until_end(bytes: &[u8]) -> Option<Self> {
        let mut markers = Self::default();
        let mut rest = bytes.strip_prefix(&[0xff, 0xd8])?;
        loop {
            // Scan data is skipped: there, 0xff precedes a zero or a restart marker.
            rest = &rest[rest.iter().position(|byte| *byte == 0xff)? + 1..];
            let (marker, after) = rest.split_first()?;
            match marker {
                0xd9 => return Some(markers),
                0x00 | 0x01 | 0xd0..=0xd8 | 0xff => continue,
                _ => {}
            }
            let segment;
            (segment, rest) = after.split_at_checked(u16::from_be_bytes(*after.first_chunk()?).into())?;
            match marker {
                0xc0..=0xc2 if markers.components > 0 => return None,
                0xc0..=0xc2 => markers.read_frame(*marker == 0xc2, segment.get(2..)?)?,
                0xda => markers.scans += 1,
                0xe0 => markers.dpi = markers.dpi.or(density(segment.get(2..)?)),
                0xee => markers.adobe |= segment.get(2..)?.starts_with(b"Adobe"),
                _ => {}
            }
        }
    }

    fn read_frame(&mut self, progressive: bool, frame: &[u8]) -> Option<()> {
        let [_, height, height_low, width, width_low, count, components @ ..] = frame else {
            return None;
        };
        self.width = u16::from_be_bytes([*width, *width_low]).into();
        self.height = u16::from_be_bytes([*height, *height_low]).into();
        self.components = u32::from(*count);
        self.progressive = progressive;
        let factors = components
            .get(..3 * usize::from(*count))?
            .chunks_exact(3)
            .map(|component| (u64::from(component[1] >> 4), u64::from(component[1] & 0x0f)));
        let widest = factors.clone().map(|(across, _)| across).max()?;
        let tallest = factors.clone().map(|(_, down)| down).max()?;
        if factors.clone().any(|(across, down)| across * down == 0) {
            return None;
        }
        let units = u64::from(self.width).div_ceil(widest * BLOCK_SIDE)
            * u64::from(self.height).div_ceil(tallest * BLOCK_SIDE);
        let blocks: u64 = factors.map(|(across, down)| across * down).sum();
        // The decoder rounds up once more where rows are halved but columns are not.
        self.coefficients = units * blocks * BLOCK_SIDE * BLOCK_SIDE * tallest.div_ceil(widest);
        Some(())
    }

    /// Bytes of the coefficients that are kept until the last scan: none for a single baseline scan.
    pub(super) fn coefficient_bytes(&self) -> u64 {
        if self.progressive || self.scans > 1 {
            self.coefficients * COEFFICIENT_BYTES
        } else {
            0
        }
    }
}

/// The density of a JFIF segment.
fn density(segment: &[u8]) -> Option<u32> {
    let fields = segment.strip_prefix(b"JFIF\0")?;
    let across = u32::from(u16::from_be_bytes(*fields.get(3..)?.first_chunk()?));
    let dpi = match fields.get(2)? {
        1 => across,
        2 => (across * 254 + 50) / 100,
        _ => return None,
    };
    (dpi > 0).then_some(dpi)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A JPEG of one gray scan, 16 by 8 pixels, whose picture is noise.
    fn skeleton() -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8];
        bytes.extend([0xff, 0xe0, 0, 16]);
        bytes.extend(b"JFIF\0\x01\x02\x01\x01\x2c\x01\x2c\0\0");
        bytes.extend([0xff, 0xc0, 0, 11, 8, 0, 8, 0, 16, 1, 1, 0x11, 0]);
        bytes.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
        bytes.extend([1, 2, 0xff, 0, 3, 0xff, 0xd0, 4, 0xff, 0xff, 0xd9]);
        bytes
    }

    #[test]
    fn every_cut_is_corrupt_and_bytes_after_the_end_are_ignored() {
        let whole = skeleton();
        for length in 0..whole.len() {
            assert!(Markers::read(&whole[..length]).is_err(), "{length}");
        }
        let markers = Markers::read(&whole).unwrap();
        assert_eq!(
            (markers.width, markers.height, markers.components, markers.dpi),
            (16, 8, 1, Some(300))
        );
        let mut followed = whole;
        followed.extend(b"\xff\xd8 something else");
        assert_eq!(Markers::read(&followed).unwrap(), markers);
    }

    #[test]
    fn only_several_scans_keep_their_coefficients() {
        let mut bytes = skeleton();
        assert_eq!(Markers::read(&bytes).unwrap().coefficient_bytes(), 0);
        bytes[21] = 0xc2;
        assert_eq!(Markers::read(&bytes).unwrap().coefficient_bytes(), 2 * 64 * 2);
    }
}
