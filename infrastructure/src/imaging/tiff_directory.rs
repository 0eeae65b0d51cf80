//! Reads the entries of TIFF directories before the `tiff` crate does.
//!
//! The crate allocates 32 bytes per value of a list before it checks the list, up to 256 MiB. It also refuses
//! palettes, although it reads the indexes when the page is declared gray.

use super::format::corrupt;
use domain::images::ImageError;

/// Photometric interpretations.
pub(super) const BLACK_IS_ZERO: u16 = 1;
pub(super) const PALETTE: u16 = 3;

const PHOTOMETRIC: u16 = 262;
/// The lists that the crate reads: bits, offsets and lengths of strips and tiles, extra samples, formats, JPEG tables,
/// subsampling.
const LISTS: [u16; 10] = [258, 273, 279, 320, 324, 325, 338, 339, 347, 530];
/// The most values of such a list: strips of one row, in the tallest page, of four planes.
const MAX_VALUES: u64 = 4 * 65_536;

/// Returns the position of each page's photometric interpretation, for at most `most` directories.
///
/// # Errors
///
/// [`ImageError::Corrupt`] when a directory is cut off, a list is too long, or the chain of directories has a cycle.
pub(super) fn photometric_positions(bytes: &[u8], most: usize) -> Result<Vec<Option<usize>>, ImageError> {
    let reader = Reader {
        bytes,
        big_endian: bytes.starts_with(b"MM"),
        big_tiff: bytes.get(2..4).is_some_and(|version| version.contains(&43)),
    };
    let (mut positions, mut seen) = (Vec::new(), Vec::new());
    let mut next = reader.offset(if reader.big_tiff { 8 } else { 4 });
    while next != Some(0) && positions.len() < most {
        let at = next.ok_or_else(|| corrupt("a TIFF directory is cut off"))?;
        if seen.contains(&at) {
            return Err(corrupt("the directories of a TIFF form a cycle"));
        }
        seen.push(at);
        let position;
        (position, next) = reader
            .directory(at)
            .ok_or_else(|| corrupt("a damaged TIFF directory"))?;
        positions.push(position);
    }
    Ok(positions)
}

/// Writes a photometric interpretation at its position.
pub(super) fn set_photometric(bytes: &mut [u8], position: usize, value: u16) {
    let big_endian = bytes.starts_with(b"MM");
    if let Some(place) = bytes.get_mut(position..position + 2) {
        place.copy_from_slice(&if big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        });
    }
}

/// Reads numbers in the byte order and offset width of the file.
struct Reader<'bytes> {
    bytes: &'bytes [u8],
    big_endian: bool,
    big_tiff: bool,
}

impl Reader<'_> {
    /// The position of the photometric interpretation in the directory at an offset, and the offset of the next
    /// directory.
    fn directory(&self, at: u64) -> Option<(Option<usize>, Option<u64>)> {
        let at = usize::try_from(at).ok()?;
        let (count, mut at, length) = if self.big_tiff {
            (self.offset(at)?, at.checked_add(8)?, 20)
        } else {
            (self.number(at, 2)?, at.checked_add(2)?, 12)
        };
        let end = usize::try_from(count)
            .ok()?
            .checked_mul(length)?
            .checked_add(at)?;
        self.bytes.get(at..end)?;
        let mut photometric = None;
        while at < end {
            let tag = u16::try_from(self.number(at, 2)?).ok()?;
            if LISTS.contains(&tag) && self.offset(at + 4)? > MAX_VALUES {
                return None;
            }
            if tag == PHOTOMETRIC {
                photometric = Some(at + length - if self.big_tiff { 8 } else { 4 });
            }
            at += length;
        }
        Some((photometric, self.offset(end)))
    }

    fn offset(&self, at: usize) -> Option<u64> {
        self.number(at, if self.big_tiff { 8 } else { 4 })
    }

    fn number(&self, at: usize, length: usize) -> Option<u64> {
        let digits = self.bytes.get(at..at.checked_add(length)?)?;
        let append = |number: u64, digit: &u8| number << 8 | u64::from(*digit);
        Some(if self.big_endian {
            digits.iter().fold(0, append)
        } else {
            digits.iter().rev().fold(0, append)
        })
    }
}
