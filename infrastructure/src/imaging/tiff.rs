//! Reads TIFF pages with the `tiff` crate; fax coding with `hayro-ccitt`, which also knows Group 3.

use super::{
    DecodeLimits,
    fax::Fax,
    format::{Format, PageHeader, corrupt, size},
    jpeg::Markers,
    luma::{ColorMode, SampleLayout, into_pixels},
    tiff_directory::{BLACK_IS_ZERO, PALETTE, photometric_positions, set_photometric},
    tiff_samples::{interleave, paint, palette_colours, to_bytes, unpack},
};
use bytes::{Bytes, BytesMut};
use domain::images::ImageError;
use hayro_ccitt::EncodingMode;
use image::metadata::Orientation;
use std::io::Cursor;
use tiff::{
    ColorType,
    decoder::{ChunkType, Decoder, ifd::Value},
    tags::{CompressionMethod, PlanarConfiguration, Tag},
};

/// Bits of `NewSubfileType`: a reduced image of another page, a transparency mask.
const NO_PAGE: u32 = 0b101;
/// Bit of `T4Options`: rows are coded in two dimensions.
const TWO_DIMENSIONS: u32 = 1;
const WHITE_IS_ZERO: u16 = 0;
const LOW_BIT_FIRST: u16 = 2;
/// Directories per allowed page: a page may have reduced images and a mask.
const DIRECTORIES_PER_PAGE: usize = 4;
/// Decompression tables.
const WORKING_BYTES: u64 = 1 << 19;
/// A JPEG rounds its sides up to whole units of at most this many pixels.
const JPEG_UNIT: u64 = 32;
/// The most strips that are each a JPEG: every one costs its tables anew.
const MAX_JPEG_CHUNKS: usize = 20_000;

type Pages = Decoder<Cursor<Bytes>>;

/// An opened TIFF.
pub(super) struct Tiff {
    decoder: Pages,
    bytes: Bytes,
    mode: ColorMode,
    headers: Vec<PageHeader>,
    pages: Vec<Page>,
}

/// How a page is stored.
struct Page {
    /// Index of its directory in the file.
    directory: usize,
    coding: Coding,
    layout: SampleLayout,
    bits: u8,
    planes: usize,
    /// Offset and length of each strip or tile.
    chunks: Vec<(u64, u64)>,
    /// Pixels of a strip or tile, across and down.
    chunk_size: (u32, u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Samples,
    Palette,
    Jpeg,
    Fax,
}

impl Tiff {
    pub(super) fn open(bytes: Bytes, mode: ColorMode, limits: &DecodeLimits) -> Result<Self, ImageError> {
        let max_pages = limits.max_pages as usize;
        let positions = photometric_positions(&bytes, (max_pages + 1).saturating_mul(DIRECTORIES_PER_PAGE))?;
        let (bytes, palettes) = without_palettes(bytes, &positions);
        let mut decoder = Decoder::new(Cursor::new(bytes.clone())).map_err(corrupt)?;
        let (mut headers, mut pages, mut decompressed) = (Vec::new(), Vec::new(), 0);
        for (directory, palette) in palettes.into_iter().enumerate() {
            if directory > 0 {
                decoder.next_image().map_err(corrupt)?;
            }
            let kind = decoder.find_tag_unsigned::<u32>(Tag::NewSubfileType);
            if kind.map_err(corrupt)?.is_some_and(|kind| kind & NO_PAGE != 0) {
                continue;
            }
            if pages.len() == max_pages {
                return Err(ImageError::TooManyPages {
                    limit: limits.max_pages,
                });
            }
            let (width, height) = decoder.dimensions().map_err(corrupt)?;
            let pixels = limits.pixels(width, height)?;
            let page = Page::of(&mut decoder, directory, palette)?;
            page.check(&bytes, width, limits)?;
            decompressed += page.decompressed(pixels);
            if !limits.allow_decompressed(decompressed) {
                return Err(limits.exceeded());
            }
            headers.push(PageHeader {
                width,
                height,
                orientation: orientation(&mut decoder)?,
                dpi: density(&mut decoder),
                memory: page.memory(pixels, mode) + WORKING_BYTES,
            });
            pages.push(page);
        }
        if pages.is_empty() {
            return Err(corrupt("a TIFF without a page"));
        }
        Ok(Self {
            decoder,
            bytes,
            mode,
            headers,
            pages,
        })
    }
}

/// Declares pages with a palette gray, so that the decoder reads their indexes. Returns which pages these are.
fn without_palettes(bytes: Bytes, positions: &[Option<usize>]) -> (Bytes, Vec<bool>) {
    let big_endian = bytes.starts_with(b"MM");
    let stored = if big_endian {
        PALETTE.to_be_bytes()
    } else {
        PALETTE.to_le_bytes()
    };
    let palettes: Vec<bool> = positions
        .iter()
        .map(|at| at.is_some_and(|at| bytes.get(at..at + 2) == Some(&stored)))
        .collect();
    if !palettes.contains(&true) {
        return (bytes, palettes);
    }
    let mut changed = bytes
        .try_into_mut()
        .unwrap_or_else(|shared| BytesMut::from(shared.as_ref()));
    for (position, _) in positions.iter().zip(&palettes).filter(|(_, palette)| **palette) {
        set_photometric(&mut changed, position.unwrap_or(usize::MAX - 2), BLACK_IS_ZERO);
    }
    (changed.freeze(), palettes)
}

impl Page {
    /// Reads the directory that the decoder is at.
    fn of(decoder: &mut Pages, directory: usize, palette: bool) -> Result<Self, ImageError> {
        let coding = match compression(decoder)? {
            CompressionMethod::Huffman | CompressionMethod::Fax3 | CompressionMethod::Fax4 => Coding::Fax,
            CompressionMethod::ModernJPEG => Coding::Jpeg,
            _ if palette => Coding::Palette,
            _ => Coding::Samples,
        };
        let (layout, bits) = layout(decoder)?;
        let planar = tag(decoder, Tag::PlanarConfiguration)? == Some(PlanarConfiguration::Planar.to_u16());
        let (_, height) = decoder.dimensions().map_err(corrupt)?;
        let (across, down) = decoder.chunk_dimensions();
        Ok(Self {
            directory,
            coding,
            layout,
            bits,
            planes: if planar { layout.samples() } else { 1 },
            chunks: chunks(decoder)?,
            chunk_size: (across, down.min(height)),
        })
    }

    /// Checks that every strip or tile is in the file and does not cost more than the page.
    fn check(&self, bytes: &[u8], width: u32, limits: &DecodeLimits) -> Result<(), ImageError> {
        let length = bytes.len() as u64;
        let within = |(at, count): &(u64, u64)| at.checked_add(*count).is_some_and(|end| end <= length);
        if !self.chunks.iter().all(within) {
            return Err(corrupt("a TIFF strip is cut off"));
        }
        // Padding of tiles is decoded too.
        let stored = u64::from(width.next_multiple_of(self.chunk_size.0)) * u64::from(self.chunk_size.1);
        if stored > limits.max_pixels {
            return Err(limits.exceeded());
        }
        if self.coding != Coding::Jpeg {
            return Ok(());
        }
        if self.chunks.len() > MAX_JPEG_CHUNKS {
            return Err(limits.exceeded());
        }
        if self.chunks.iter().map(|(_, count)| count).sum::<u64>() > length {
            return Err(corrupt("TIFF strips overlap"));
        }
        Ok(())
    }

    /// The bytes of the decompressed page. A JPEG takes the time of twice as many.
    fn decompressed(&self, pixels: u64) -> u64 {
        let factor = if self.coding == Coding::Jpeg { 2 } else { 1 };
        pixels * self.layout.samples() as u64 * u64::from(self.bits.div_ceil(8)) * factor
    }

    /// The most bytes that decoding takes, the page included.
    fn memory(&self, pixels: u64, mode: ColorMode) -> u64 {
        let chunk = u64::from(self.chunk_size.0) * u64::from(self.chunk_size.1);
        let samples = self.layout.samples() as u64;
        let gray = pixels * SampleLayout::Gray.bytes_into(mode);
        match self.coding {
            Coding::Fax => gray + chunk,
            Coding::Palette => gray + pixels,
            Coding::Samples if self.bits < 8 => gray + pixels,
            Coding::Samples | Coding::Jpeg => {
                let depth = u64::from(self.bits / 8);
                let copy = if self.planes > 1 { samples } else { 0 };
                let page = pixels * (samples * depth + copy).max(self.layout.bytes_into(mode));
                let jpeg = if self.coding == Coding::Jpeg {
                    self.max_jpeg_samples() * 3
                } else {
                    0
                };
                page + jpeg
            }
        }
    }

    /// The most samples that a JPEG in place of a strip may have.
    fn max_jpeg_samples(&self) -> u64 {
        let round_up = |side: u32| u64::from(side).next_multiple_of(JPEG_UNIT);
        round_up(self.chunk_size.0) * round_up(self.chunk_size.1) * self.layout.samples() as u64
    }

    /// Checks JPEG strips: the crate allocates by their own dimensions and fills them up when they are cut off.
    fn check_jpegs(&self, bytes: &Bytes) -> Result<(), ImageError> {
        for chunk in &self.chunks {
            let markers = Markers::read(&bytes[range(*chunk)?])?;
            let samples =
                u64::from(markers.width) * u64::from(markers.height) * u64::from(markers.components);
            if samples > self.max_jpeg_samples() || markers.coefficient_bytes() > self.max_jpeg_samples() * 2
            {
                return Err(corrupt("a JPEG strip larger than it should be"));
            }
        }
        Ok(())
    }

    fn decode_fax(
        &self,
        fax: Fax,
        bytes: &Bytes,
        width: usize,
        height: usize,
    ) -> Result<Vec<u8>, ImageError> {
        let mut page = vec![0; width * height];
        let (chunk_width, chunk_height) = (size(self.chunk_size.0.into())?, size(self.chunk_size.1.into())?);
        let across = width.div_ceil(chunk_width);
        for (index, chunk) in self.chunks.iter().enumerate() {
            let (left, top) = (index % across * chunk_width, index / across * chunk_height);
            let rows = chunk_height.min(height.saturating_sub(top));
            let coded = &bytes[range(*chunk)?];
            if chunk_width == width {
                fax.decode(
                    coded,
                    self.chunk_size.0,
                    &mut page[top * width..(top + rows) * width],
                )?;
                continue;
            }
            let mut tile = vec![0; chunk_width * rows];
            fax.decode(coded, self.chunk_size.0, &mut tile)?;
            let visible = chunk_width.min(width - left);
            let page_rows = page.chunks_exact_mut(width).skip(top);
            for (row, from) in page_rows.zip(tile.chunks_exact(chunk_width)) {
                row[left..left + visible].copy_from_slice(&from[..visible]);
            }
        }
        Ok(page)
    }
}

fn range((at, count): (u64, u64)) -> Result<std::ops::Range<usize>, ImageError> {
    Ok(size(at)?..size(at + count)?)
}

fn tag(decoder: &mut Pages, tag: Tag) -> Result<Option<u16>, ImageError> {
    decoder.find_tag_unsigned(tag).map_err(corrupt)
}

fn compression(decoder: &mut Pages) -> Result<CompressionMethod, ImageError> {
    let method = tag(decoder, Tag::Compression)?;
    Ok(method.map_or(CompressionMethod::None, CompressionMethod::from_u16_exhaustive))
}

/// The meaning of a page's samples, and the bits of each.
fn layout(decoder: &mut Pages) -> Result<(SampleLayout, u8), ImageError> {
    let color = decoder.colortype().map_err(corrupt)?;
    let layout = match color {
        ColorType::Gray(_) => SampleLayout::Gray,
        ColorType::RGB(_) => SampleLayout::Rgb,
        ColorType::RGBA(_) => SampleLayout::Rgba,
        ColorType::CMYK(_) => SampleLayout::Cmyk,
        ColorType::YCbCr(_) => SampleLayout::YCbCr,
        ColorType::Multiband { num_samples, .. } => {
            let extra = decoder
                .find_tag_unsigned_vec::<u16>(Tag::ExtraSamples)
                .map_err(corrupt)?;
            match (num_samples, extra.as_deref()) {
                (2, Some([1 | 2])) => SampleLayout::GrayAlpha,
                _ => SampleLayout::First(num_samples.into()),
            }
        }
        other => return Err(corrupt(format_args!("TIFF colours {other:?}"))),
    };
    let bits = color.bit_depth();
    if bits < 8 && layout != SampleLayout::Gray {
        return Err(corrupt("TIFF colours of a few bits"));
    }
    Ok((layout, bits))
}

fn chunks(decoder: &mut Pages) -> Result<Vec<(u64, u64)>, ImageError> {
    let (offsets, lengths) = match decoder.get_chunk_type() {
        ChunkType::Strip => (Tag::StripOffsets, Tag::StripByteCounts),
        ChunkType::Tile => (Tag::TileOffsets, Tag::TileByteCounts),
    };
    let offsets = decoder.get_tag_u64_vec(offsets).map_err(corrupt)?;
    let lengths = decoder.get_tag_u64_vec(lengths).map_err(corrupt)?;
    Ok(offsets.into_iter().zip(lengths).collect())
}

fn fax(decoder: &mut Pages) -> Result<Fax, ImageError> {
    let method = compression(decoder)?;
    let options = decoder
        .find_tag_unsigned::<u32>(Tag::from_u16_exhaustive(292))
        .map_err(corrupt)?;
    let mode = match method {
        CompressionMethod::Fax4 => EncodingMode::Group4,
        CompressionMethod::Fax3 if options.unwrap_or(0) & TWO_DIMENSIONS != 0 => EncodingMode::Group3_2D,
        _ => EncodingMode::Group3_1D,
    };
    // Black runs are ones, so a page whose ones are white is stored as its negative.
    let (white, black) = match tag(decoder, Tag::PhotometricInterpretation)? {
        Some(BLACK_IS_ZERO) => (0, 255),
        None | Some(WHITE_IS_ZERO) => (255, 0),
        Some(_) => return Err(corrupt("a fax in colours")),
    };
    Ok(Fax {
        mode,
        byte_aligned: method == CompressionMethod::Huffman,
        low_bit_first: tag(decoder, Tag::FillOrder)? == Some(LOW_BIT_FIRST),
        white,
        black,
    })
}

fn orientation(decoder: &mut Pages) -> Result<Orientation, ImageError> {
    let number = tag(decoder, Tag::Orientation)?.and_then(|number| u8::try_from(number).ok());
    Ok(number
        .and_then(Orientation::from_exif)
        .unwrap_or(Orientation::NoTransforms))
}

/// Pixels per inch, when the file has a usable density.
fn density(decoder: &mut Pages) -> Option<u32> {
    let unit = tag(decoder, Tag::ResolutionUnit).ok()?.unwrap_or(2);
    let Value::Rational(dividend, divisor) = decoder.find_tag(Tag::XResolution).ok()?? else {
        return None;
    };
    let (dividend, divisor) = match unit {
        2 => (u64::from(dividend), u64::from(divisor)),
        3 => (u64::from(dividend) * 254, u64::from(divisor) * 100),
        _ => return None,
    };
    let rounded = (dividend + divisor / 2).checked_div(divisor)?;
    u32::try_from(rounded).ok().filter(|dpi| *dpi > 0)
}

impl Format for Tiff {
    fn pages(&self) -> &[PageHeader] {
        &self.headers
    }

    fn decode(&mut self, index: usize) -> Result<Vec<u8>, ImageError> {
        let (page, header) = (&self.pages[index], self.headers[index]);
        let decoder = &mut self.decoder;
        decoder.seek_to_image(page.directory).map_err(corrupt)?;
        let (width, height) = (size(header.width.into())?, size(header.height.into())?);
        if page.coding == Coding::Fax {
            let gray = page.decode_fax(fax(decoder)?, &self.bytes, width, height)?;
            return Ok(into_pixels(self.mode, SampleLayout::Gray, gray));
        }
        if page.coding == Coding::Jpeg {
            page.check_jpegs(&self.bytes)?;
        }
        let buffer = decoder.image_buffer_layout().map_err(corrupt)?;
        let kind = buffer
            .sample_type
            .ok_or_else(|| corrupt("TIFF samples of no known type"))?;
        let mut samples = vec![0; buffer.complete_len];
        decoder.read_image_bytes(&mut samples).map_err(corrupt)?;
        samples = to_bytes(samples, kind)?;
        if page.bits < 8 {
            samples = unpack(&samples, page.bits, width, page.coding != Coding::Palette);
        }
        if page.planes > 1 {
            samples = interleave(&samples, page.planes);
        }
        if page.coding == Coding::Palette {
            let palette = decoder.get_tag_u16_vec(Tag::ColorMap).map_err(corrupt)?;
            return Ok(paint(
                samples,
                &palette_colours(&palette, page.bits, self.mode)?,
                self.mode,
            ));
        }
        Ok(into_pixels(self.mode, page.layout, samples))
    }
}
