//! The directories of a TIFF, read before its decoder sees them: how many there are, and what has to be changed in them
//! so that the decoder understands the pages.

use super::format::corrupt;
use domain::images::ImageError;

/// Tags that matter here.
pub(super) mod tags {
    pub(in super::super) const IMAGE_LENGTH: u16 = 257;
    pub(in super::super) const COMPRESSION: u16 = 259;
    pub(in super::super) const PHOTOMETRIC: u16 = 262;
    pub(in super::super) const FILL_ORDER: u16 = 266;
    pub(in super::super) const ROWS_PER_STRIP: u16 = 278;
    pub(in super::super) const GROUP3_OPTIONS: u16 = 292;
}

/// The types of values that are whole numbers.
const SHORT: u16 = 3;
const LONG: u16 = 4;

/// The tags with lists that the decoder reads: each value takes it 32 bytes, however little room it has in the file.
const LISTS: [u16; 10] = [258, 273, 279, 320, 324, 325, 338, 339, 347, 530];
/// The most values of such a list: one row to a strip, in a page as high as can be, of four planes.
const MOST_VALUES: usize = 4 * 65_536;

/// A directory: what describes a page.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    entries: Vec<Entry>,
    big_endian: bool,
}

/// A value that lies in the directory itself.
#[derive(Debug, Clone, Copy)]
struct Entry {
    tag: u16,
    kind: u16,
    /// Where in the file the value is.
    at: usize,
    value: u32,
}

impl Directory {
    /// The value of a tag that has a single whole number.
    pub(super) fn value(&self, tag: u16) -> Option<u32> {
        self.entry(tag).map(|entry| entry.value)
    }

    /// Writes another value over that of a tag which is there.
    pub(super) fn overwrite(&self, bytes: &mut [u8], tag: u16, value: u32) {
        let Some(entry) = self.entry(tag) else { return };
        let length = if entry.kind == SHORT { 2 } else { 4 };
        let Some(place) = bytes.get_mut(entry.at..entry.at + length) else {
            return;
        };
        if self.big_endian {
            place.copy_from_slice(&value.to_be_bytes()[4 - length..]);
        } else {
            place.copy_from_slice(&value.to_le_bytes()[..length]);
        }
    }

    fn entry(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag == tag)
    }
}

/// Follows the chain of directories, at most `most` of them and one more.
///
/// # Errors
///
/// [`ImageError::Corrupt`] when a directory is cut off, or leads back to one before it.
pub(super) fn directories(bytes: &[u8], most: u32) -> Result<Vec<Directory>, ImageError> {
    let reader = Reader::of(bytes).ok_or_else(|| corrupt("no TIFF"))?;
    let mut found = Vec::new();
    let mut seen = Vec::new();
    let mut next = reader.first().ok_or_else(|| corrupt("a TIFF without a page"))?;
    while next != 0 && found.len() <= most as usize {
        if seen.contains(&next) {
            return Err(corrupt("the pages of a TIFF go round in circles"));
        }
        seen.push(next);
        let directory;
        (directory, next) = reader
            .directory(next)
            .ok_or_else(|| corrupt("a TIFF directory is cut off"))?;
        found.push(directory);
    }
    if found.is_empty() {
        return Err(corrupt("a TIFF without a page"));
    }
    Ok(found)
}

/// Reads numbers in the order of bytes and the width of offsets that the file has.
struct Reader<'bytes> {
    bytes: &'bytes [u8],
    big_endian: bool,
    wide: bool,
}

impl<'bytes> Reader<'bytes> {
    fn of(bytes: &'bytes [u8]) -> Option<Self> {
        let big_endian = bytes.starts_with(b"MM");
        let mut reader = Self {
            bytes,
            big_endian,
            wide: false,
        };
        reader.wide = reader.short(2)? == 43;
        Some(reader)
    }

    fn first(&self) -> Option<usize> {
        self.offset(if self.wide { 8 } else { 4 })
    }

    /// The directory at an offset, and the offset of the next one.
    fn directory(&self, at: usize) -> Option<(Directory, usize)> {
        let (count, mut at) = if self.wide {
            (self.offset(at)?, at.checked_add(8)?)
        } else {
            (usize::from(self.short(at)?), at.checked_add(2)?)
        };
        let length = if self.wide { 20 } else { 12 };
        let end = count.checked_mul(length)?.checked_add(at)?;
        self.bytes.get(at..end)?;
        let mut entries = Vec::new();
        while at < end {
            if LISTS.contains(&self.short(at)?) && self.count(at)? > MOST_VALUES {
                return None;
            }
            entries.extend(self.entry(at));
            at += length;
        }
        let directory = Directory {
            entries,
            big_endian: self.big_endian,
        };
        Some((directory, self.offset(end)?))
    }

    /// The entry at an offset, when it is a single whole number.
    fn entry(&self, at: usize) -> Option<Entry> {
        let kind = self.short(at + 2)?;
        let value_at = at + if self.wide { 12 } else { 8 };
        let value = match kind {
            SHORT => u32::from(self.short(value_at)?),
            LONG => self.long(value_at)?,
            _ => return None,
        };
        (self.count(at)? == 1).then_some(Entry {
            tag: self.short(at)?,
            kind,
            at: value_at,
            value,
        })
    }

    /// How many values the entry at an offset has.
    fn count(&self, at: usize) -> Option<usize> {
        self.offset(at + 4)
    }

    fn offset(&self, at: usize) -> Option<usize> {
        if !self.wide {
            return usize::try_from(self.long(at)?).ok();
        }
        let field = *self.bytes.get(at..)?.first_chunk()?;
        let value = if self.big_endian {
            u64::from_be_bytes(field)
        } else {
            u64::from_le_bytes(field)
        };
        usize::try_from(value).ok()
    }

    fn long(&self, at: usize) -> Option<u32> {
        let field = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.big_endian {
            u32::from_be_bytes(field)
        } else {
            u32::from_le_bytes(field)
        })
    }

    fn short(&self, at: usize) -> Option<u16> {
        let field = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.big_endian {
            u16::from_be_bytes(field)
        } else {
            u16::from_le_bytes(field)
        })
    }
}
