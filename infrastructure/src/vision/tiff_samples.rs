//! The samples of a TIFF in all their widths, as bytes.

use super::{format::corrupt, luma::brightness};
use domain::images::ImageError;
use tiff::decoder::DecodingResult;

/// Every sample as a byte: the high byte of wide numbers, signed ones from the lowest up, fractions from 0 to 1.
pub(super) fn to_bytes(samples: DecodingResult) -> Result<Vec<u8>, ImageError> {
    Ok(match samples {
        DecodingResult::U8(samples) => samples,
        DecodingResult::U16(samples) => samples.iter().map(|sample| sample.to_be_bytes()[0]).collect(),
        DecodingResult::U32(samples) => samples.iter().map(|sample| sample.to_be_bytes()[0]).collect(),
        DecodingResult::I8(samples) => samples
            .iter()
            .map(|sample| sample.to_be_bytes()[0] ^ 0x80)
            .collect(),
        DecodingResult::I16(samples) => samples
            .iter()
            .map(|sample| sample.to_be_bytes()[0] ^ 0x80)
            .collect(),
        DecodingResult::I32(samples) => samples
            .iter()
            .map(|sample| sample.to_be_bytes()[0] ^ 0x80)
            .collect(),
        DecodingResult::F16(samples) => samples.iter().map(|sample| fraction(sample.to_f32())).collect(),
        DecodingResult::F32(samples) => samples.iter().map(|sample| fraction(*sample)).collect(),
        _ => return Err(corrupt("TIFF samples of 64 bits")),
    })
}

/// A fraction of 1; what is outside is cut off, and what is no number is black.
fn fraction(sample: f32) -> u8 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 255, and the cast makes nothing of what is no number"
    )]
    let byte = (sample.clamp(0.0, 1.0) * 255.0).round() as u8;
    byte
}

/// Samples of 1, 2 or 4 bits as bytes, from rows that each start at a byte; spread over all of 0 to 255 when they are
/// brightness and not numbers of colours.
pub(super) fn unpack(packed: &[u8], bits: u8, width: usize, spread: bool) -> Vec<u8> {
    let in_byte = usize::from(8 / bits);
    let most = u8::MAX >> (8 - bits);
    let factor = if spread { u8::MAX / most } else { 1 };
    let mut of_byte = [[0; 8]; 256];
    for (byte, samples) in (0..=u8::MAX).zip(&mut of_byte) {
        for (place, sample) in (1..=8 / bits).zip(samples) {
            *sample = (byte >> (8 - bits * place) & most) * factor;
        }
    }
    let rows = packed.chunks_exact(width.div_ceil(in_byte).max(1));
    let mut samples = vec![0; rows.len() * width];
    for (samples, row) in samples.chunks_exact_mut(width.max(1)).zip(rows) {
        match bits {
            1 => spread_row::<8>(&of_byte, row, samples),
            2 => spread_row::<4>(&of_byte, row, samples),
            _ => spread_row::<2>(&of_byte, row, samples),
        }
    }
    samples
}

/// Writes the samples of a row of bytes, of which each has `IN_BYTE`; the last one may have more than are left.
fn spread_row<const IN_BYTE: usize>(of_byte: &[[u8; 8]; 256], row: &[u8], samples: &mut [u8]) {
    let of = |byte: &u8| &of_byte[usize::from(*byte)][..IN_BYTE];
    let (whole, rest) = samples.as_chunks_mut::<IN_BYTE>();
    for (samples, byte) in whole.iter_mut().zip(row) {
        samples.copy_from_slice(of(byte));
    }
    if let Some(byte) = row.last() {
        rest.copy_from_slice(&of(byte)[..rest.len()]);
    }
}

/// The gray of every colour of a palette: all reds, then all greens, then all blues, 16 bits each.
pub(super) fn palette_grays(palette: &[u16], bits: u8) -> Result<Vec<u8>, ImageError> {
    if bits > 8 {
        return Err(corrupt("a TIFF palette of more than 256 colours"));
    }
    let colours = 1 << bits;
    if palette.len() != 3 * colours {
        return Err(corrupt("a TIFF palette of another size"));
    }
    let high = |sample: u16| sample.to_be_bytes()[0];
    Ok((0..colours)
        .map(|index| {
            brightness(
                high(palette[index]),
                high(palette[colours + index]),
                high(palette[2 * colours + index]),
            )
        })
        .collect())
}
