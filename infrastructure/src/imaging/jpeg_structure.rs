//! The segments of a JPEG, walked without decoding: whether it is whole, how large it is, what it will cost.

use super::format::corrupt;
use domain::images::ImageError;

/// Rows and columns of a block of coefficients.
const BLOCK_SIDE: u64 = 8;
/// Coefficients are kept as two bytes each when they cannot be used up at once.
const COEFFICIENT_BYTES: u64 = 2;

/// What the segments of a JPEG say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct JpegStructure {
    /// Pixels from left to right.
    pub(super) width: u32,
    /// Pixels from top to bottom.
    pub(super) height: u32,
    /// Samples per pixel, 1 to 4.
    pub(super) components: u32,
    /// How many passes over the picture there are, at least 1.
    pub(super) scans: u64,
    /// Whether Adobe's marker is there: its CMYK is stored inverted.
    pub(super) adobe: bool,
    /// Pixels per inch, when the JFIF header says so.
    pub(super) dpi: Option<u32>,
    /// The bytes of the coefficients that have to be kept until the last scan; 0 when there is only one.
    pub(super) coefficient_bytes: u64,
}

/// The frame header, as far as it matters.
struct Frame {
    width: u32,
    height: u32,
    components: u32,
    progressive: bool,
    kept_samples: u64,
}

impl JpegStructure {
    /// The most passes over a picture that are decoded; encoders make about ten.
    pub(super) const MOST_SCANS: u64 = 100;

    /// Walks from the start to the end marker; what comes after that is not looked at.
    ///
    /// # Errors
    ///
    /// [`ImageError::Corrupt`] when the end is missing, or there is no picture before it.
    pub(super) fn walk(bytes: &[u8]) -> Result<Self, ImageError> {
        let mut rest = bytes
            .strip_prefix(&[0xff, 0xd8])
            .ok_or_else(|| corrupt("no JPEG"))?;
        let mut frame: Option<Frame> = None;
        let (mut scans, mut adobe, mut dpi) = (0, false, None);
        loop {
            let marker;
            (marker, rest) = next_marker(rest).ok_or_else(|| corrupt("the JPEG has no end"))?;
            match marker {
                0xd9 => break,
                // These stand alone.
                0x01 | 0xd0..=0xd8 => continue,
                _ => {}
            }
            let segment;
            (segment, rest) = split_segment(rest).ok_or_else(|| corrupt("a JPEG segment is cut off"))?;
            match marker {
                0xc0..=0xc2 if frame.is_some() => return Err(corrupt("a JPEG with two frames")),
                0xc0..=0xc2 => frame = Some(read_frame(marker, segment)?),
                0xda => scans += 1,
                0xe0 => dpi = dpi.or_else(|| read_density(segment)),
                0xee => adobe |= segment.starts_with(b"Adobe"),
                _ => {}
            }
        }
        let frame = frame
            .filter(|_| scans > 0)
            .ok_or_else(|| corrupt("a JPEG without a picture"))?;
        Ok(Self {
            width: frame.width,
            height: frame.height,
            components: frame.components,
            scans,
            adobe,
            dpi,
            coefficient_bytes: if frame.progressive || scans > 1 {
                frame.kept_samples * COEFFICIENT_BYTES
            } else {
                0
            },
        })
    }
}

/// The next marker that is one, and what follows it. Bytes in between, which are those of a scan, are skipped; a
/// stuffed zero and the fill bytes before a marker are part of that.
fn next_marker(mut bytes: &[u8]) -> Option<(u8, &[u8])> {
    loop {
        let at = bytes.iter().position(|byte| *byte == 0xff)?;
        bytes = &bytes[at + 1..];
        match bytes.first()? {
            0x00 | 0xff => {}
            marker => return Some((*marker, &bytes[1..])),
        }
    }
}

/// The body of the segment that starts here, without its length, and what follows.
fn split_segment(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::from(u16::from_be_bytes(*bytes.first_chunk()?));
    let (segment, rest) = bytes.split_at_checked(length)?;
    Some((segment.get(2..)?, rest))
}

fn read_frame(marker: u8, segment: &[u8]) -> Result<Frame, ImageError> {
    let read = || {
        let height = u32::from(u16::from_be_bytes(*segment.get(1..)?.first_chunk()?));
        let width = u32::from(u16::from_be_bytes(*segment.get(3..)?.first_chunk()?));
        let count = *segment.get(5)?;
        let factors: Vec<(u64, u64)> = segment
            .get(6..6 + 3 * usize::from(count))?
            .chunks_exact(3)
            .map(|component| (u64::from(component[1] >> 4), u64::from(component[1] & 0x0f)))
            .collect();
        let widest = factors.iter().map(|(across, _)| *across).max()?;
        let tallest = factors.iter().map(|(_, down)| *down).max()?;
        if !(1..=4).contains(&count) || factors.iter().any(|(across, down)| across * down == 0) {
            return None;
        }
        let units =
            u64::from(width).div_ceil(widest * BLOCK_SIDE) * u64::from(height).div_ceil(tallest * BLOCK_SIDE);
        let samples_per_unit: u64 = factors
            .iter()
            .map(|(across, down)| across * down * BLOCK_SIDE * BLOCK_SIDE)
            .sum();
        Some(Frame {
            width,
            height,
            components: u32::from(count),
            progressive: marker == 0xc2,
            // The decoder rounds units up once more where rows are halved but columns are not.
            kept_samples: units * samples_per_unit * tallest.div_ceil(widest),
        })
    };
    read().ok_or_else(|| corrupt("a damaged JPEG frame header"))
}

/// The density of a JFIF header.
fn read_density(segment: &[u8]) -> Option<u32> {
    let fields = segment.strip_prefix(b"JFIF\0")?;
    let across = u32::from(u16::from_be_bytes(*fields.get(3..)?.first_chunk()?));
    let dpi = match fields.get(2)? {
        1 => across,
        2 => (across * 254 + 50) / 100,
        _ => return None,
    };
    (dpi > 0).then_some(dpi)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A JPEG of one gray scan, 16 by 8 pixels, whose picture is noise.
    fn skeleton() -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8];
        bytes.extend([0xff, 0xe0, 0, 16]);
        bytes.extend(b"JFIF\0\x01\x02\x01\x01\x2c\x01\x2c\0\0");
        bytes.extend([0xff, 0xc0, 0, 11, 8, 0, 8, 0, 16, 1, 1, 0x11, 0]);
        bytes.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
        bytes.extend([1, 2, 0xff, 0, 3, 0xff, 0xd0, 4, 0xff, 0xff, 0xd9]);
        bytes
    }

    #[test]
    fn the_segments_tell_size_density_and_scans() {
        let structure = JpegStructure::walk(&skeleton()).unwrap();
        assert_eq!(
            (structure.width, structure.height, structure.components),
            (16, 8, 1)
        );
        assert_eq!(
            (structure.dpi, structure.scans, structure.adobe),
            (Some(300), 1, false)
        );
        assert_eq!(structure.coefficient_bytes, 0);
    }

    #[test]
    fn every_cut_is_noticed_and_what_follows_the_end_is_not() {
        let whole = skeleton();
        for length in 0..whole.len() {
            assert!(JpegStructure::walk(&whole[..length]).is_err(), "{length}");
        }
        let mut followed = whole.clone();
        followed.extend(b"\xff\xd8 something else");
        assert_eq!(
            JpegStructure::walk(&followed).unwrap(),
            JpegStructure::walk(&whole).unwrap()
        );
    }

    #[test]
    fn many_scans_cost_the_memory_of_their_coefficients() {
        let mut bytes = skeleton();
        bytes[21] = 0xc2;
        assert_eq!(JpegStructure::walk(&bytes).unwrap().coefficient_bytes, 2 * 64 * 2);
    }
}
