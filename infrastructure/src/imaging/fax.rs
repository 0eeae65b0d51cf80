//! Decodes CCITT fax strips (Group 3 and Group 4) into gray pixels.

use super::format::corrupt;
use domain::images::ImageError;
use hayro_ccitt::{DecodeSettings, Decoder, DecoderContext, EncodingMode};
use std::slice::ChunksExactMut;

/// Zeros after the coded bytes. No code consists of zeros, so a strip that ends early is an error.
const PADDING: [u8; 4] = [0; 4];

/// The coding and the colours of a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fax {
    pub(super) mode: EncodingMode,
    /// Rows start at a byte (TIFF compression 2).
    pub(super) byte_aligned: bool,
    /// The first pixel of a byte is its lowest bit.
    pub(super) low_bit_first: bool,
    /// Gray values of a white and of a black run.
    pub(super) white: u8,
    pub(super) black: u8,
}

impl Fax {
    /// Decodes as many rows of `width` pixels as `gray` holds. Rows after an end-of-block code are white.
    ///
    /// # Errors
    ///
    /// [`ImageError::Corrupt`] when a code is unknown or the strip ends early.
    pub(super) fn decode(self, coded: &[u8], width: u32, gray: &mut [u8]) -> Result<(), ImageError> {
        gray.fill(self.white);
        let mut rows = Rows {
            rows: gray.chunks_exact_mut(usize::try_from(width).map_err(corrupt)?),
            black: self.black,
        };
        let settings = DecodeSettings {
            columns: width,
            rows: u32::try_from(rows.rows.len()).map_err(corrupt)?,
            end_of_block: !self.byte_aligned,
            end_of_line: false,
            rows_are_byte_aligned: self.byte_aligned,
            encoding: self.mode,
            strict: true,
        };
        let mut padded = Vec::with_capacity(coded.len() + PADDING.len());
        if self.low_bit_first {
            padded.extend(coded.iter().map(|byte| byte.reverse_bits()));
        } else {
            padded.extend_from_slice(coded);
        }
        padded.extend(PADDING);
        hayro_ccitt::decode(&padded, &mut rows, &mut DecoderContext::new(settings)).map_err(corrupt)?;
        Ok(())
    }
}

/// Paints decoded rows from top to bottom.
struct Rows<'page> {
    rows: ChunksExactMut<'page, u8>,
    black: u8,
}

impl Decoder for Rows<'_> {
    fn push_row(&mut self, changes: &[u32]) {
        let Some(row) = self.rows.next() else { return };
        for run in changes.chunks(2) {
            let from = run[0] as usize;
            let to = run.get(1).map_or(row.len(), |end| *end as usize);
            if let Some(black) = row.get_mut(from..to) {
                black.fill(self.black);
            }
        }
    }
}
