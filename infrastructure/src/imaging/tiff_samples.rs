//! Converts TIFF samples of any width to bytes.

use super::{format::corrupt, luma::ColorMode};
use domain::images::ImageError;
use tiff::decoder::DecodingSampleType;

/// Converts samples of native byte order to bytes in place: the high byte of integers, signed ones shifted to unsigned,
/// floats from 0 to 1.
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

/// Converts every `WIDTH` bytes to one and frees the rest.
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

/// A float from 0 to 1 as a byte, clamped; not-a-number is black.
fn fraction(sample: f32) -> u8 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 255, and not-a-number casts to 0"
    )]
    let byte = (sample.clamp(0.0, 1.0) * 255.0).round() as u8;
    byte
}

/// Unpacks samples of 1, 2 or 4 bits from rows that each start at a byte, scaled to 0 to 255 with `spread`.
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

/// Unpacks a row with `IN_BYTE` samples per byte.
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

/// The colours of a palette, which holds all reds, then all greens, then all blues, 16 bits each.
pub(super) fn palette_colours(
    palette: &[u16],
    bits: u8,
    mode: ColorMode,
) -> Result<Vec<[u8; 3]>, ImageError> {
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
            mode.of([
                high(palette[index]),
                high(palette[colours + index]),
                high(palette[2 * colours + index]),
            ])
        })
        .collect())
}

/// The pixels that palette indexes stand for; an index outside of the palette is black.
pub(super) fn paint(mut indexes: Vec<u8>, colours: &[[u8; 3]], mode: ColorMode) -> Vec<u8> {
    let colour = |index: u8| colours.get(usize::from(index)).copied().unwrap_or_default();
    match mode {
        ColorMode::Gray => {
            for index in &mut indexes {
                *index = colour(*index)[0];
            }
            indexes
        }
        ColorMode::Rgb => indexes.into_iter().flat_map(colour).collect(),
    }
}

/// Places the samples of each pixel side by side, from planes that follow each other.
pub(super) fn interleave(samples: &[u8], planes: usize) -> Vec<u8> {
    let mut together = vec![0; samples.len()];
    let plane_length = (samples.len() / planes).max(1);
    for (number, plane) in samples.chunks_exact(plane_length).take(planes).enumerate() {
        let of_plane = together.iter_mut().skip(number).step_by(planes);
        of_plane.zip(plane).for_each(|(to, sample)| *to = *sample);
    }
    together
}
