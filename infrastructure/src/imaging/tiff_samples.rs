//! The samples of a TIFF in all their widths, as bytes.

use super::{format::corrupt, tone::Tone};
use domain::images::ImageError;
use tiff::decoder::DecodingSampleType;

/// Every sample as a byte, where they lie: the high byte of wide numbers, signed ones from the lowest up, fractions from
/// 0 to 1. The samples come in the order of bytes of the machine.
pub(super) fn to_bytes(mut samples: Vec<u8>, kind: DecodingSampleType) -> Result<Vec<u8>, ImageError> {
    let signed = |high: u8| high ^ 0x80;
    Ok(match kind {
        DecodingSampleType::U8 => samples,
        DecodingSampleType::I8 => {
            for sample in &mut samples {
                *sample = signed(*sample);
            }
            samples
        }
        DecodingSampleType::U16 => narrow(samples, |sample| u16::from_ne_bytes(sample).to_be_bytes()[0]),
        DecodingSampleType::I16 => narrow(samples, |sample| {
            signed(i16::from_ne_bytes(sample).to_be_bytes()[0])
        }),
        DecodingSampleType::U32 => narrow(samples, |sample| u32::from_ne_bytes(sample).to_be_bytes()[0]),
        DecodingSampleType::I32 => narrow(samples, |sample| {
            signed(i32::from_ne_bytes(sample).to_be_bytes()[0])
        }),
        DecodingSampleType::F32 => narrow(samples, |sample| fraction(f32::from_ne_bytes(sample))),
        other => return Err(corrupt(format_args!("TIFF samples of {other:?}"))),
    })
}

/// Makes a byte of every `WIDTH` bytes and gives the rest of the memory back.
fn narrow<const WIDTH: usize>(mut samples: Vec<u8>, byte_of: impl Fn([u8; WIDTH]) -> u8) -> Vec<u8> {
    let count = samples.len() / WIDTH;
    for index in 0..count {
        if let Some(sample) = samples[index * WIDTH..].first_chunk() {
            samples[index] = byte_of(*sample);
        }
    }
    samples.truncate(count);
    samples.shrink_to_fit();
    samples
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

/// Every colour of a palette in a tone, as many bytes as that has: all reds, then all greens, then all blues, 16 bits
/// each.
pub(super) fn palette_colours(palette: &[u16], bits: u8, tone: Tone) -> Result<Vec<[u8; 3]>, ImageError> {
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
            tone.of([
                high(palette[index]),
                high(palette[colours + index]),
                high(palette[2 * colours + index]),
            ])
        })
        .collect())
}
