//! TIFF: every page, strip by strip or tile by tile.

use super::{
    DecodeLimits,
    fax::{FaxCoding, Inks},
    format::{Format, PageHeader, corrupt, size},
    tiff_chunks::{Chunks, Samples},
    tiff_directory::{Directory, directories, tags},
    tone::Tone,
};
use bytes::{Bytes, BytesMut};
use domain::images::ImageError;
use image::metadata::Orientation;
use std::io::Cursor;
use tiff::{decoder::Decoder, tags::Tag};

/// Compressions by their number in the file.
mod compression {
    pub(super) const BYTE_ALIGNED_FAX: u32 = 2;
    pub(super) const GROUP_3_FAX: u32 = 3;
    pub(super) const GROUP_4_FAX: u32 = 4;
}

const WHITE_IS_ZERO: u32 = 0;
const BLACK_IS_ZERO: u32 = 1;
const PALETTE: u32 = 3;
const LOW_BIT_FIRST: u32 = 2;

/// The decoder of a file in memory.
pub(super) type Pages = Decoder<Cursor<Bytes>>;

/// An opened TIFF.
pub(super) struct Tiff {
    decoder: Pages,
    headers: Vec<PageHeader>,
    chunks: Vec<Chunks>,
}

impl Tiff {
    pub(super) fn open(bytes: Bytes, tone: Tone, limits: &DecodeLimits) -> Result<Self, ImageError> {
        let directories = directories(&bytes, limits.max_pages)?;
        if directories.len() > limits.max_pages as usize {
            return Err(ImageError::TooManyPages {
                limit: limits.max_pages,
            });
        }
        let bytes = understandable(bytes, &directories);
        let mut decoder = Decoder::new(Cursor::new(bytes.clone())).map_err(corrupt)?;
        let (mut headers, mut chunks, mut decompressed) = (Vec::new(), Vec::new(), 0);
        for (page, directory) in directories.iter().enumerate() {
            if page > 0 {
                decoder.next_image().map_err(corrupt)?;
            }
            let (width, height) = decoder.dimensions().map_err(corrupt)?;
            let pixels = limits.pixels(width, height)?;
            let of_page = Chunks::of_page(&mut decoder, &bytes, samples(directory)?, tone, limits)?;
            decompressed += of_page.decompressed(pixels);
            if !limits.allow_decompressed(decompressed) {
                return Err(limits.exceeded());
            }
            headers.push(PageHeader {
                width,
                height,
                orientation: orientation(&mut decoder)?,
                dpi: density(&mut decoder),
                memory: of_page.memory(),
            });
            chunks.push(of_page);
        }
        Ok(Self {
            decoder,
            headers,
            chunks,
        })
    }
}

/// How the samples of a page are to be read, as far as the decoder is not to decide that.
fn samples(directory: &Directory) -> Result<Samples, ImageError> {
    let coding = match directory.value(tags::COMPRESSION) {
        Some(compression::BYTE_ALIGNED_FAX) => FaxCoding::ByteAligned,
        // Every second row or so may be coded by its difference: the second dimension.
        Some(compression::GROUP_3_FAX) if directory.value(tags::GROUP3_OPTIONS).unwrap_or(0) & 1 == 1 => {
            return Err(corrupt("Group 3 fax in two dimensions"));
        }
        Some(compression::GROUP_3_FAX) => FaxCoding::Group3,
        Some(compression::GROUP_4_FAX) => FaxCoding::Group4,
        _ if directory.value(tags::PHOTOMETRIC) == Some(PALETTE) => return Ok(Samples::Palette),
        _ => return Ok(Samples::Plain),
    };
    // A fax writes black as ones; where one means white, it was turned into its negative.
    let inks = match directory.value(tags::PHOTOMETRIC) {
        Some(BLACK_IS_ZERO) => Inks { white: 0, black: 255 },
        None | Some(WHITE_IS_ZERO) => Inks { white: 255, black: 0 },
        Some(_) => return Err(corrupt("a fax in colours")),
    };
    Ok(Samples::Fax {
        coding,
        inks,
        low_bit_first: directory.value(tags::FILL_ORDER) == Some(LOW_BIT_FIRST),
    })
}

/// The same file, with palettes as plain numbers and strips no longer than their page: what the decoder refuses,
/// although it could read the rest.
fn understandable(bytes: Bytes, directories: &[Directory]) -> Bytes {
    let mut corrections = Vec::new();
    for directory in directories {
        if directory.value(tags::PHOTOMETRIC) == Some(PALETTE) {
            corrections.push((directory, tags::PHOTOMETRIC, BLACK_IS_ZERO));
        }
        let rows = directory.value(tags::IMAGE_LENGTH);
        if let (Some(rows), Some(per_strip)) = (rows, directory.value(tags::ROWS_PER_STRIP))
            && per_strip > rows
        {
            corrections.push((directory, tags::ROWS_PER_STRIP, rows));
        }
    }
    if corrections.is_empty() {
        return bytes;
    }
    let mut changed = bytes
        .try_into_mut()
        .unwrap_or_else(|shared| BytesMut::from(shared.as_ref()));
    for (directory, tag, value) in corrections {
        directory.overwrite(&mut changed, tag, value);
    }
    changed.freeze()
}

fn orientation(decoder: &mut Pages) -> Result<Orientation, ImageError> {
    let number = decoder
        .find_tag_unsigned::<u8>(Tag::Orientation)
        .map_err(corrupt)?;
    Ok(number
        .and_then(Orientation::from_exif)
        .unwrap_or(Orientation::NoTransforms))
}

/// Pixels per inch; a density without sense is as good as none.
fn density(decoder: &mut Pages) -> Option<u32> {
    let unit = decoder
        .find_tag_unsigned::<u16>(Tag::ResolutionUnit)
        .ok()?
        .unwrap_or(2);
    let across = decoder.find_tag(Tag::XResolution).ok()??;
    let (dividend, divisor) = match across {
        tiff::decoder::ifd::Value::Rational(dividend, divisor) => (u64::from(dividend), u64::from(divisor)),
        _ => return None,
    };
    let (dividend, divisor) = match unit {
        2 => (dividend, divisor),
        3 => (dividend * 254, divisor * 100),
        _ => return None,
    };
    let rounded = (dividend + divisor / 2).checked_div(divisor)?;
    u32::try_from(rounded).ok().filter(|dpi| *dpi > 0)
}

impl Format for Tiff {
    fn pages(&self) -> &[PageHeader] {
        &self.headers
    }

    fn decode(&mut self, page: usize) -> Result<Vec<u8>, ImageError> {
        self.decoder.seek_to_image(page).map_err(corrupt)?;
        let header = self.headers[page];
        self.chunks[page].decode(
            &mut self.decoder,
            size(header.width.into())?,
            size(header.height.into())?,
        )
    }
}
