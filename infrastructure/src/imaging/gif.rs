//! GIF: the first frame.

use super::{
    DecodeLimits,
    format::{Format, PageHeader, corrupt, size},
    tone::Tone,
};
use bytes::Bytes;
use domain::images::ImageError;
use gif::{ColorOutput, DecodeOptions, Decoder};
use image::metadata::Orientation;
use std::io::Cursor;

/// Tables of decompression and palettes.
const WORKING_BYTES: u64 = 1 << 18;
/// What shows where no frame is.
const PAPER: [u8; 3] = [u8::MAX; 3];

/// An opened GIF.
pub(super) struct Gif {
    decoder: Decoder<Cursor<Bytes>>,
    tone: Tone,
    header: PageHeader,
}

impl Gif {
    pub(super) fn open(bytes: Bytes, tone: Tone, limits: &DecodeLimits) -> Result<Self, ImageError> {
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
            memory: canvas_pixels * tone.bytes() as u64 + frame_pixels + WORKING_BYTES,
        };
        Ok(Self {
            decoder,
            tone,
            header,
        })
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
        let mut colours = [[0; 3]; 256];
        for (place, colour) in colours
            .iter_mut()
            .zip(self.decoder.palette().map_err(corrupt)?.as_chunks().0)
        {
            *place = self.tone.of(*colour);
        }
        if let Some(transparent) = frame.transparent {
            colours[usize::from(transparent)] = PAPER;
        }

        let bytes = self.tone.bytes();
        let width = size(self.header.width.into())? * bytes;
        let mut canvas = vec![u8::MAX; width * size(self.header.height.into())?];
        let rows = canvas.chunks_exact_mut(width).skip(top);
        for (canvas_row, frame_row) in rows.zip(indexes.chunks_exact(frame_width)) {
            for (pixel, index) in canvas_row.chunks_exact_mut(bytes).skip(left).zip(frame_row) {
                pixel.copy_from_slice(&colours[usize::from(*index)][..bytes]);
            }
        }
        Ok(canvas)
    }
}
