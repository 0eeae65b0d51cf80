//! The strips or tiles of a TIFF page, each decoded by itself and laid in its place.

use super::{
    DecodeLimits,
    fax::{self, FaxCoding, Inks},
    format::{corrupt, size},
    jpeg_structure::JpegStructure,
    luma::{Layout, into_gray},
    tiff::Pages,
    tiff_layout::{layout, ranges},
    tiff_samples::{palette_grays, to_bytes, unpack},
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
    file: Bytes,
    samples: Samples,
    layout: Layout,
    bits: u8,
    planes: u32,
    jpeg: bool,
    /// Where each one is, and how long.
    ranges: Vec<(u64, u64)>,
    /// The most pixels of one, across and down.
    side: (u32, u32),
    across: u32,
    memory: u64,
}

impl Chunks {
    /// Those of the page that the decoder is at.
    pub(super) fn of_page(
        decoder: &mut Pages,
        file: &Bytes,
        samples: Samples,
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

    /// The most bytes that decoding the page takes, the gray page included.
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
        if matches!(self.samples, Samples::Fax { .. }) {
            return page + chunk + WORKING_BYTES;
        }
        let bytes = chunk * self.layout.samples() as u64;
        let depth = u64::from(self.bits.div_ceil(8));
        let narrowed = if depth > 1 { bytes } else { 0 };
        let separate = if self.planes > 1 { bytes } else { 0 };
        let jpeg = if self.jpeg {
            self.most_jpeg_samples() * 3
        } else {
            0
        };
        let page = if self.whole_pages() { 0 } else { page };
        page + bytes * depth + narrowed + separate + jpeg + WORKING_BYTES
    }

    /// Whether the only chunk of a page becomes the page.
    fn whole_pages(&self) -> bool {
        self.ranges.len() == 1 && self.across == 1 && self.bits >= 8 && matches!(self.samples, Samples::Plain)
    }

    fn most_jpeg_samples(&self) -> u64 {
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

    /// The gray page.
    pub(super) fn decode(
        &self,
        decoder: &mut Pages,
        width: usize,
        height: usize,
    ) -> Result<Vec<u8>, ImageError> {
        if self.whole_pages() {
            return Ok(into_gray(self.layout, self.read(decoder, 0)?));
        }
        let grays = match self.samples {
            Samples::Palette => Some(palette_grays(
                &decoder.get_tag_u16_vec(Tag::ColorMap).map_err(corrupt)?,
                self.bits,
            )?),
            _ => None,
        };
        let mut page = vec![0; width * height];
        if let Samples::Fax { .. } = self.samples
            && self.across == 1
            && self.side.0 as usize == width
        {
            // Strips of whole rows follow each other in the page.
            let strips = page.chunks_mut(width * size(self.side.1.into())?);
            for (index, strip) in (0..).zip(strips) {
                self.read_fax(index, width, strip)?;
            }
            return Ok(page);
        }
        let count = u32::try_from(self.ranges.len()).map_err(corrupt)? / self.planes;
        for index in 0..count {
            let top = size(u64::from(index / self.across) * u64::from(self.side.1))?;
            let left = size(u64::from(index % self.across) * u64::from(self.side.0))?;
            let (chunk_width, gray) = self.gray_chunk(decoder, index, grays.as_deref())?;
            let visible = chunk_width.min(width.saturating_sub(left));
            let rows = page.chunks_exact_mut(width).skip(top);
            for (row, from) in rows.zip(gray.chunks_exact(chunk_width)) {
                row[left..left + visible].copy_from_slice(&from[..visible]);
            }
        }
        Ok(page)
    }

    /// The width of a chunk and its grays.
    fn gray_chunk(
        &self,
        decoder: &mut Pages,
        index: u32,
        grays: Option<&[u8]>,
    ) -> Result<(usize, Vec<u8>), ImageError> {
        let (width, height) = decoder.chunk_data_dimensions(index);
        if let Samples::Fax { .. } = self.samples {
            let coded_width = size(self.side.0.into())?;
            let mut gray = vec![0; coded_width * size(height.into())?];
            self.read_fax(index, coded_width, &mut gray)?;
            return Ok((coded_width, gray));
        }
        let width = size(width.into())?;
        let mut samples = self.read(decoder, index)?;
        if self.bits < 8 {
            samples = unpack(&samples, self.bits, width, grays.is_none());
        }
        if let Some(grays) = grays {
            for sample in &mut samples {
                *sample = grays.get(usize::from(*sample)).copied().unwrap_or(0);
            }
            return Ok((width, samples));
        }
        Ok((width, into_gray(self.layout, samples)))
    }

    /// Decodes a chunk of fax into its grays.
    fn read_fax(&self, index: u32, width: usize, gray: &mut [u8]) -> Result<(), ImageError> {
        let Samples::Fax {
            coding,
            inks,
            low_bit_first,
        } = self.samples
        else {
            return Err(corrupt("no fax"));
        };
        let width = u16::try_from(width).map_err(corrupt)?;
        let range = self
            .ranges
            .get(index as usize)
            .ok_or_else(|| corrupt("a missing strip"))?;
        let coded = &self.file[size(range.0)?..size(range.0 + range.1)?];
        if low_bit_first {
            let turned: Vec<u8> = coded.iter().map(|byte| byte.reverse_bits()).collect();
            fax::decode(coding, &turned, width, inks, gray)
        } else {
            fax::decode(coding, coded, width, inks, gray)
        }
    }

    /// The samples of a chunk, a byte each, those of a pixel side by side.
    fn read(&self, decoder: &mut Pages, index: u32) -> Result<Vec<u8>, ImageError> {
        if self.planes == 1 {
            self.check_jpeg(index)?;
            return to_bytes(decoder.read_chunk(index).map_err(corrupt)?);
        }
        let per_plane = u32::try_from(self.ranges.len()).map_err(corrupt)? / self.planes;
        let step = size(self.planes.into())?;
        let mut together = Vec::new();
        for plane in 0..self.planes {
            let chunk = index + plane * per_plane;
            self.check_jpeg(chunk)?;
            let samples = to_bytes(decoder.read_chunk(chunk).map_err(corrupt)?)?;
            together.resize(samples.len() * step, 0);
            let its_places = together.iter_mut().skip(plane as usize).step_by(step);
            its_places
                .zip(samples)
                .for_each(|(place, sample)| *place = sample);
        }
        Ok(together)
    }

    /// A JPEG has dimensions of its own, by which the decoder allocates: they are held against those of the strip.
    fn check_jpeg(&self, index: u32) -> Result<(), ImageError> {
        if !self.jpeg {
            return Ok(());
        }
        let range = self
            .ranges
            .get(index as usize)
            .ok_or_else(|| corrupt("a missing strip"))?;
        let structure = JpegStructure::walk(&self.file[size(range.0)?..size(range.0 + range.1)?])?;
        let samples =
            u64::from(structure.width) * u64::from(structure.height) * u64::from(structure.components);
        if samples > self.most_jpeg_samples()
            || structure.coefficient_bytes > self.most_jpeg_samples() * 2
            || structure.scans > JpegStructure::MOST_SCANS
        {
            return Err(corrupt("a JPEG strip larger than it should be"));
        }
        Ok(())
    }
}
