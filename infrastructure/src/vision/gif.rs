//! GIF: the first frame.

use super::{
    DecodeLimits,
    format::{Format, PageHeader, corrupt, size},
    luma::brightness,
};
use bytes::Bytes;
use domain::images::ImageError;
use gif::{ColorOutput, DecodeOptions, Decoder};
use image::metadata::Orientation;
use std::io::Cursor;

/// Tables of decompression and palettes.
const WORKING_BYTES: u64 = 1 << 18;
/// What shows where no frame is.
const PAPER: u8 = u8::MAX;

/// An opened GIF.
pub(super) struct Gif {
    decoder: Decoder<Cursor<Bytes>>,
    header: PageHeader,
}

impl Gif {
    pub(super) fn open(bytes: Bytes, limits: &DecodeLimits) -> Result<Self, ImageError> {
        let mut options = DecodeOptions::new();
        options.set_color_output(ColorOutput::Indexed);
        options.allow_unknown_blocks(true);
        let mut decoder = options.read_info(Cursor::new(bytes)).map_err(corrupt)?;
        let (width, height) = (u32::from(decoder.width()), u32::from(decoder.height()));
        let canvas_pixels = limits.pixels(width, height)?;
        let frame = decoder
            .next_frame_info()
            .map_err(corrupt)?
            .ok_or_else(|| corrupt("there is no frame"))?;
        let frame_pixels = limits.pixels(frame.width.into(), frame.height.into())?;
        let header = PageHeader {
            width,
            height,
            orientation: Orientation::NoTransforms,
            dpi: None,
            memory: canvas_pixels + frame_pixels + WORKING_BYTES,
        };
        Ok(Self { decoder, header })
    }
}

impl Format for Gif {
    fn pages(&self) -> &[PageHeader] {
        std::slice::from_ref(&self.header)
    }

    fn decode(&mut self, _page: usize) -> Result<Vec<u8>, ImageError> {
        let mut indexes = vec![0; self.decoder.buffer_size()];
        self.decoder.read_into_buffer(&mut indexes).map_err(corrupt)?;
        let frame = self
            .decoder
            .current_frame_info()
            .ok_or_else(|| corrupt("there is no frame"))?;
        let (left, top) = (usize::from(frame.left), usize::from(frame.top));
        let frame_width = usize::from(frame.width);
        let mut grays = [0; 256];
        for (gray, colour) in grays
            .iter_mut()
            .zip(self.decoder.palette().map_err(corrupt)?.chunks_exact(3))
        {
            *gray = brightness(colour[0], colour[1], colour[2]);
        }
        if let Some(transparent) = frame.transparent {
            grays[usize::from(transparent)] = PAPER;
        }

        let width = size(self.header.width.into())?;
        let mut canvas = vec![PAPER; width * size(self.header.height.into())?];
        let rows = canvas.chunks_exact_mut(width).skip(top);
        for (canvas_row, frame_row) in rows.zip(indexes.chunks_exact(frame_width)) {
            for (pixel, index) in canvas_row.iter_mut().skip(left).zip(frame_row) {
                *pixel = grays[usize::from(*index)];
            }
        }
        Ok(canvas)
    }
}
