//! Fax compression of black and white pages: runs of white and black in turn.

use super::format::corrupt;
use domain::images::ImageError;
use fax::{
    BitReader, ByteReader,
    decoder::{DecodeStatus, Group4Decoder},
    maps::{black, white},
};
use std::convert::Infallible;

/// How the rows are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FaxCoding {
    /// Every row by itself, starting at a byte (TIFF compression 2).
    ByteAligned,
    /// Every row by itself, behind an end-of-line mark (TIFF compression 3, Group 3 in one dimension).
    Group3,
    /// Every row by its difference to the one above (TIFF compression 4, Group 4).
    Group4,
}

/// The grays of a run that the fax calls white and of one that it calls black.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inks {
    pub(super) white: u8,
    pub(super) black: u8,
}

/// Decodes as many rows of `width` pixels as `gray` holds. Rows that the end mark leaves out are white.
pub(super) fn decode(
    coding: FaxCoding,
    coded: &[u8],
    width: u16,
    inks: Inks,
    gray: &mut [u8],
) -> Result<(), ImageError> {
    let mut rows = gray.chunks_exact_mut(usize::from(width));
    if coding == FaxCoding::Group4 {
        let mut decoder = Group4Decoder::new(padded(coded), width).map_err(|never| match never {})?;
        for row in rows.by_ref() {
            match decoder.advance().map_err(corrupt)? {
                DecodeStatus::Incomplete => paint(row, decoder.transition(), inks),
                DecodeStatus::End => {
                    row.fill(inks.white);
                    break;
                }
            }
        }
        rows.for_each(|row| row.fill(inks.white));
        return Ok(());
    }
    let mut reader = ByteReader::new(padded(coded)).map_err(|never| match never {})?;
    let mut changes = Vec::new();
    for row in rows {
        match coding {
            FaxCoding::ByteAligned => {
                let padding = reader.bits_to_byte_boundary();
                skip_bits(&mut reader, padding)?;
            }
            _ => skip_end_of_line(&mut reader)?,
        }
        read_runs(&mut reader, width, &mut changes)?;
        paint(row, &changes, inks);
    }
    Ok(())
}

/// The bytes, and as many zeros as the reader looks ahead: no code consists of zeros, so a cut is still noticed.
fn padded(coded: &[u8]) -> impl Iterator<Item = Result<u8, Infallible>> + '_ {
    coded.iter().copied().chain([0; 4]).map(Ok)
}

/// Paints the runs between changes, the first of which is white.
fn paint(row: &mut [u8], changes: &[u16], inks: Inks) {
    let (mut from, mut black) = (0, false);
    for change in changes
        .iter()
        .map(|change| usize::from(*change))
        .chain([row.len()])
    {
        let to = change.clamp(from, row.len());
        row[from..to].fill(if black { inks.black } else { inks.white });
        (from, black) = (to, !black);
    }
}

/// Reads the runs of a row that is coded by itself, as the places where the colour changes.
fn read_runs(reader: &mut impl BitReader, width: u16, changes: &mut Vec<u16>) -> Result<(), ImageError> {
    changes.clear();
    let (mut at, mut is_black) = (0_u16, false);
    while at < width {
        let mut run = 0_u16;
        loop {
            let part = if is_black {
                black::decode(reader)
            } else {
                white::decode(reader)
            };
            let part = part.ok_or_else(|| corrupt("an unknown fax code"))?;
            run = run.saturating_add(part);
            // Longer runs are a sum that ends with a part of less than 64.
            if part < 64 {
                break;
            }
        }
        at = at.saturating_add(run);
        changes.push(at);
        is_black = !is_black;
    }
    Ok(())
}

fn skip_bits(reader: &mut impl BitReader, count: u8) -> Result<(), ImageError> {
    for _ in 0..count {
        reader.consume(1).map_err(|_| corrupt("the fax is cut off"))?;
    }
    Ok(())
}

/// Skips the mark before a row, if there is one: at least eleven zeros and a one.
fn skip_end_of_line(reader: &mut impl BitReader) -> Result<(), ImageError> {
    // No run begins with nine zeros.
    if reader.peek(9) != Some(0) {
        return Ok(());
    }
    while reader.peek(1) == Some(0) {
        skip_bits(reader, 1)?;
    }
    skip_bits(reader, 1)
}
