//! The chunks of a WebP, walked without decoding: whether it is whole, and what decoding will cost.

use super::format::corrupt;
use domain::images::ImageError;

/// What the chunks of a WebP say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct WebpStructure {
    /// The largest picture in it, width by height in pixels: of what the decoder allocates for.
    pub(super) picture: (u32, u32),
    /// The size that all pictures lie in, when it is stated.
    pub(super) canvas: Option<(u32, u32)>,
    /// Whether pictures move.
    pub(super) animated: bool,
    /// Whether there is lossy coding.
    pub(super) lossy: bool,
    /// Whether there is opacity beside lossy coding.
    pub(super) opacity: bool,
}

impl WebpStructure {
    /// Walks all chunks; what comes after the container is not looked at.
    ///
    /// # Errors
    ///
    /// [`ImageError::Corrupt`] when the container is longer than the bytes, a chunk is longer than what holds it, or a
    /// picture is larger than its canvas.
    pub(super) fn walk(bytes: &[u8]) -> Result<Self, ImageError> {
        let length = bytes.get(4..).and_then(|rest| rest.first_chunk());
        let length = u32::from_le_bytes(*length.ok_or_else(|| corrupt("no WebP"))?);
        let container = usize::try_from(length)
            .ok()
            .and_then(|length| bytes.get(12..length.checked_add(8)?))
            .ok_or_else(|| corrupt("the WebP is shorter than it says"))?;
        let mut structure = Self::default();
        structure.read_chunks(container, 0)?;
        let (width, height) = structure.picture;
        if structure
            .canvas
            .is_some_and(|canvas| width > canvas.0 || height > canvas.1)
        {
            return Err(corrupt("a WebP picture larger than its canvas"));
        }
        Ok(structure)
    }

    fn read_chunks(&mut self, mut bytes: &[u8], depth: u8) -> Result<(), ImageError> {
        // A single byte of padding may be left.
        while bytes.len() > 1 {
            let body;
            let name;
            (name, body, bytes) = split_chunk(bytes).ok_or_else(|| corrupt("a WebP chunk is cut off"))?;
            self.read_chunk(name, body, depth)
                .ok_or_else(|| corrupt("a damaged WebP chunk"))??;
        }
        Ok(())
    }

    /// `None` when the chunk is too short for what it is.
    fn read_chunk(&mut self, name: [u8; 4], body: &[u8], depth: u8) -> Option<Result<(), ImageError>> {
        match &name {
            b"VP8 " => {
                self.lossy = true;
                let side = |at: usize| {
                    Some(u32::from(
                        u16::from_le_bytes(*body.get(at..)?.first_chunk()?) & 0x3fff,
                    ))
                };
                self.see_picture(side(6)?, side(8)?);
            }
            b"VP8L" => {
                let bits = u32::from_le_bytes(*body.get(1..)?.first_chunk()?);
                self.see_picture((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
            }
            b"VP8X" => {
                self.animated |= body.first()? & 0b10 != 0;
                self.canvas = Some((three_bytes(body, 4)? + 1, three_bytes(body, 7)? + 1));
            }
            b"ALPH" => self.opacity = true,
            b"ANMF" if depth == 0 => {
                self.see_picture(three_bytes(body, 6)? + 1, three_bytes(body, 9)? + 1);
                return Some(self.read_chunks(body.get(16..)?, depth + 1));
            }
            _ => {}
        }
        Some(Ok(()))
    }

    fn see_picture(&mut self, width: u32, height: u32) {
        self.picture = (self.picture.0.max(width), self.picture.1.max(height));
    }
}

/// The name and the body of the chunk that starts here, and what follows it and its padding.
fn split_chunk(bytes: &[u8]) -> Option<([u8; 4], &[u8], &[u8])> {
    let (name, rest) = bytes.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (body, rest) = rest.split_at_checked(length)?;
    // The padding of the last chunk is often forgotten.
    Some((*name, body, rest.get(length % 2..).unwrap_or_default()))
}

fn three_bytes(bytes: &[u8], at: usize) -> Option<u32> {
    let [low, middle, high] = *bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes([low, middle, high, 0]))
}
