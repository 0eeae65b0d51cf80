//! What kind of image some bytes are.

/// A kind of image that the service reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
    /// TIFF, of one page or many.
    Tiff,
    /// Windows bitmap.
    Bmp,
    /// GIF; its first frame counts.
    Gif,
}

impl MediaType {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Png,
        Self::Jpeg,
        Self::Webp,
        Self::Tiff,
        Self::Bmp,
        Self::Gif,
    ];

    /// How many of the first bytes [`MediaType::sniff`] looks at.
    pub const SNIFF_BYTES: usize = 12;

    /// The kind that the first bytes show; `None` when it is none of these. Names and declared types are never asked.
    pub fn sniff(start: &[u8]) -> Option<Self> {
        match start {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Self::Tiff),
            [b'B', b'M', ..] => Some(Self::Bmp),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            _ => None,
        }
    }

    /// The registered media type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Tiff => "image/tiff",
            Self::Bmp => "image/bmp",
            Self::Gif => "image/gif",
        }
    }

    /// The kind of a registered media type, as [`MediaType::as_str`] wrote it.
    pub fn from_media_type(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_kind() {
        assert_eq!(MediaType::sniff(b"\x89PNG\r\n\x1a\n...."), Some(MediaType::Png));
        assert_eq!(MediaType::sniff(b"\xff\xd8\xff\xe0"), Some(MediaType::Jpeg));
        assert_eq!(
            MediaType::sniff(b"RIFF\x01\x02\x03\x04WEBPVP8 "),
            Some(MediaType::Webp)
        );
        assert_eq!(MediaType::sniff(b"II*\0"), Some(MediaType::Tiff));
        assert_eq!(MediaType::sniff(b"MM\0*"), Some(MediaType::Tiff));
        assert_eq!(MediaType::sniff(b"BM1234"), Some(MediaType::Bmp));
        assert_eq!(MediaType::sniff(b"GIF89a"), Some(MediaType::Gif));
    }

    #[test]
    fn text_scripts_programs_and_nothing_are_no_image() {
        for bytes in [
            &b""[..],
            b"<svg",
            b"<html>",
            b"%PDF-1.7",
            b"MZ",
            b"RIFF....WAVE",
            b"\0\0\x01\0",
            b"GIF88a",
        ] {
            assert_eq!(MediaType::sniff(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn every_kind_is_found_again_by_its_media_type() {
        for kind in MediaType::ALL {
            assert_eq!(MediaType::from_media_type(kind.as_str()), Some(kind));
        }
        assert_eq!(MediaType::from_media_type("text/html"), None);
    }
}
