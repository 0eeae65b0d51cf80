//! Decoding the strips or tiles of a TIFF page, each by itself, and laying them in their places.

use super::{
    fax,
    format::{corrupt, size},
    jpeg_structure::JpegStructure,
    tiff::Pages,
    tiff_chunks::{Chunks, Samples},
    tiff_samples::{palette_colours, to_bytes, unpack},
    tone::{Layout, Tone, into_pixels},
};
use domain::images::ImageError;
use tiff::tags::Tag;

impl Chunks {
    /// The page.
    pub(super) fn decode(
        &self,
        decoder: &mut Pages,
        width: usize,
        height: usize,
    ) -> Result<Vec<u8>, ImageError> {
        if self.whole_pages() {
            return Ok(into_pixels(self.tone, self.layout, self.read(decoder, 0)?));
        }
        let colours = match self.samples {
            Samples::Palette => Some(palette_colours(
                &decoder.get_tag_u16_vec(Tag::ColorMap).map_err(corrupt)?,
                self.bits,
                self.tone,
            )?),
            _ => None,
        };
        if let Samples::Fax { .. } = self.samples
            && self.across == 1
            && self.side.0 as usize == width
        {
            // Strips of whole rows follow each other in the page.
            let mut page = vec![0; width * height];
            let strips = page.chunks_mut(width * size(self.side.1.into())?);
            for (index, strip) in (0..).zip(strips) {
                self.read_fax(index, width, strip)?;
            }
            return Ok(into_pixels(self.tone, Layout::Gray, page));
        }
        let bytes = self.tone.bytes();
        let mut page = vec![0; width * height * bytes];
        let count = u32::try_from(self.ranges.len()).map_err(corrupt)? / self.planes;
        for index in 0..count {
            let top = size(u64::from(index / self.across) * u64::from(self.side.1))?;
            let left = size(u64::from(index % self.across) * u64::from(self.side.0))?;
            let (chunk_width, pixels) = self.chunk(decoder, index, colours.as_deref())?;
            let visible = chunk_width.min(width.saturating_sub(left));
            let rows = page.chunks_exact_mut(width * bytes).skip(top);
            for (row, from) in rows.zip(pixels.chunks_exact(chunk_width * bytes)) {
                row[left * bytes..(left + visible) * bytes].copy_from_slice(&from[..visible * bytes]);
            }
        }
        Ok(page)
    }

    /// The width of a chunk and its pixels.
    fn chunk(
        &self,
        decoder: &mut Pages,
        index: u32,
        colours: Option<&[[u8; 3]]>,
    ) -> Result<(usize, Vec<u8>), ImageError> {
        let (width, height) = decoder.chunk_data_dimensions(index);
        if let Samples::Fax { .. } = self.samples {
            let coded_width = size(self.side.0.into())?;
            let mut gray = vec![0; coded_width * size(height.into())?];
            self.read_fax(index, coded_width, &mut gray)?;
            return Ok((coded_width, into_pixels(self.tone, Layout::Gray, gray)));
        }
        let width = size(width.into())?;
        let mut samples = self.read(decoder, index)?;
        if self.bits < 8 {
            samples = unpack(&samples, self.bits, width, colours.is_none());
        }
        if let Some(colours) = colours {
            return Ok((width, self.paint(samples, colours)));
        }
        Ok((width, into_pixels(self.tone, self.layout, samples)))
    }

    /// The pixels that numbers of colours mean; a number of none is black.
    fn paint(&self, mut numbers: Vec<u8>, colours: &[[u8; 3]]) -> Vec<u8> {
        let colour = |number: u8| colours.get(usize::from(number)).copied().unwrap_or([0; 3]);
        match self.tone {
            Tone::Gray => {
                for number in &mut numbers {
                    *number = colour(*number)[0];
                }
                numbers
            }
            Tone::Rgb => {
                let mut pixels = vec![0; numbers.len() * 3];
                for (pixel, number) in pixels.as_chunks_mut().0.iter_mut().zip(numbers) {
                    *pixel = colour(number);
                }
                pixels
            }
        }
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
            return self.read_plane(decoder, index);
        }
        let per_plane = u32::try_from(self.ranges.len()).map_err(corrupt)? / self.planes;
        let step = size(self.planes.into())?;
        let mut together = Vec::new();
        for plane in 0..self.planes {
            let chunk = index + plane * per_plane;
            let samples = self.read_plane(decoder, chunk)?;
            together.resize(samples.len() * step, 0);
            let its_places = together.iter_mut().skip(plane as usize).step_by(step);
            its_places
                .zip(samples)
                .for_each(|(place, sample)| *place = sample);
        }
        Ok(together)
    }

    /// The samples of a chunk as it is stored, a byte each.
    fn read_plane(&self, decoder: &mut Pages, index: u32) -> Result<Vec<u8>, ImageError> {
        self.check_jpeg(index)?;
        let layout = decoder.image_chunk_buffer_layout(index).map_err(corrupt)?;
        let kind = layout
            .sample_type
            .ok_or_else(|| corrupt("TIFF samples of no known type"))?;
        let mut samples = vec![0; layout.len];
        decoder.read_chunk_bytes(index, &mut samples).map_err(corrupt)?;
        to_bytes(samples, kind)
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
