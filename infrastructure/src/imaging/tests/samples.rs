//! Images made by code.

use crate::imaging::{DecodeBudget, DecodeLimits, GrayPage, PageDecoder};
use bytes::Bytes;
use domain::images::{ImageError, ImageFacts, MediaType};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, RgbImage};
use std::io::Cursor;

/// Limits that small tests can reach.
pub(super) const LIMITS: DecodeLimits = DecodeLimits {
    max_pixels: 1_000_000,
    max_pages: 5,
};

/// Everything that opening and decoding says.
pub(super) fn decode(bytes: impl Into<Bytes>) -> Result<(ImageFacts, Vec<GrayPage>), ImageError> {
    let bytes = bytes.into();
    let media_type = MediaType::sniff(&bytes).expect("the test made an image of a known kind");
    let mut decoder = PageDecoder::open(media_type, bytes, &LIMITS, &DecodeBudget::new(&LIMITS))?;
    let facts = decoder.facts();
    let mut pages = Vec::new();
    while let Some(mut page) = decoder.next_page()? {
        // A page that is kept would hold its memory against the next one.
        page = GrayPage::new(page.pixels, page.dpi);
        pages.push(page);
    }
    Ok((facts, pages))
}

/// The only page.
pub(super) fn only_page(bytes: impl Into<Bytes>) -> GrayPage {
    let (facts, mut pages) = decode(bytes).unwrap();
    assert_eq!((facts.pages, pages.len()), (1, 1));
    let page = pages.remove(0);
    assert_eq!(page.pixels.dimensions(), (facts.width, facts.height));
    page
}

/// A gray picture, all of whose corners differ.
pub(super) fn corners(width: u32, height: u32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| {
        Luma([match (x < width / 2, y < height / 2) {
            (true, true) => 10,
            (false, true) => 90,
            (true, false) => 170,
            (false, false) => 250,
        }])
    })
}

/// A picture that does not compress to nothing.
pub(super) fn speckles(width: u32, height: u32) -> RgbImage {
    let mut seed = 7_u32;
    RgbImage::from_fn(width, height, |_, _| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [red, green, blue, _] = seed.to_be_bytes();
        image::Rgb([red, green, blue])
    })
}

/// The picture in a format.
pub(super) fn encode(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut picture = picture.into();
    if format == ImageFormat::Gif {
        // The only pixels that its encoder takes.
        picture = picture.into_rgba8().into();
    }
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// All formats that are read, each with a small picture.
pub(super) fn of_every_format() -> Vec<(ImageFormat, Vec<u8>)> {
    [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::WebP,
        ImageFormat::Tiff,
        ImageFormat::Bmp,
        ImageFormat::Gif,
    ]
    .into_iter()
    .map(|format| (format, encode(speckles(23, 17), format)))
    .collect()
}

/// A PNG of these chunks, with right checksums.
pub(super) fn png_of(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, body) in chunks {
        bytes.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
        bytes.extend(*name);
        bytes.extend(body);
        bytes.extend(checksum(name.as_slice(), body).to_be_bytes());
    }
    bytes
}

/// The header chunk of a PNG.
pub(super) fn png_header(width: u32, height: u32, depth: u8, colours: u8) -> (&'static [u8; 4], Vec<u8>) {
    let mut body = [width.to_be_bytes(), height.to_be_bytes()].concat();
    body.extend([depth, colours, 0, 0, 0]);
    (b"IHDR", body)
}

fn checksum(name: &[u8], body: &[u8]) -> u32 {
    !name.iter().chain(body).fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 {
                sum >> 1 ^ 0xedb8_8320
            } else {
                sum >> 1
            }
        })
    })
}

/// An entry of a TIFF directory: its tag, type and value.
type Entry = (u16, u16, u32);

/// A little-endian TIFF of pages, each with its entries and bytes; the offset and length of the strip are added.
pub(super) fn tiff_of(pages: &[(Vec<Entry>, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    for (place, (entries, strip)) in pages.iter().enumerate() {
        let mut entries = entries.clone();
        let directory_length = 2 + (entries.len() + 2) * 12 + 4;
        let strip_at = u32::try_from(bytes.len() + directory_length).unwrap();
        let strip_length = u32::try_from(strip.len()).unwrap();
        entries.extend([(273, 4, strip_at), (279, 4, strip_length)]);
        entries.sort_unstable();
        bytes.extend(u16::try_from(entries.len()).unwrap().to_le_bytes());
        for (tag, kind, value) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(1_u32.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        let next = if place + 1 == pages.len() {
            0
        } else {
            strip_at + strip_length
        };
        bytes.extend(next.to_le_bytes());
        bytes.extend(strip);
    }
    bytes
}

/// The entries of a page of gray or black and white.
pub(super) fn gray_entries(width: u32, height: u32, bits: u32, compression: u32, meaning: u32) -> Vec<Entry> {
    vec![
        (256, 4, width),
        (257, 4, height),
        (258, 3, bits),
        (259, 3, compression),
        (262, 3, meaning),
        (277, 3, 1),
    ]
}
