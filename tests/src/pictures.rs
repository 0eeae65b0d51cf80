//! Pictures to upload, good and bad, made where they are used.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage};

use crate::repository::repository_root;

/// Noise that no two seeds share, so that its bytes are found again and do not compress.
fn noise(seed: u64, width: u32, height: u32) -> DynamicImage {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    GrayImage::from_fn(width, height, |_, _| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Luma([state.to_le_bytes()[3]])
    })
    .into()
}

/// A PNG of one colour: red, green and blue.
pub fn plain(colour: [u8; 3]) -> Vec<u8> {
    let picture = RgbImage::from_pixel(40, 30, Rgb(colour));
    encode(&picture.into(), ImageFormat::Png)
}

/// A PNG of noise.
pub fn picture(seed: u64, width: u32, height: u32) -> Vec<u8> {
    encode(&noise(seed, width, height), ImageFormat::Png)
}

/// A picture of 40 by 30 pixels in any format.
pub fn picture_as(format: ImageFormat, seed: u64) -> Vec<u8> {
    // WebP and GIF are not written in grey.
    encode(&noise(seed, 40, 30).to_rgb8().into(), format)
}

fn encode(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, format)
        .expect("a small picture can be encoded");
    bytes.into_inner()
}

/// An image that lies in `tests/images`.
pub fn bundled_image(name: &str) -> Vec<u8> {
    let path = repository_root().join("tests/images").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The first half of a file.
pub fn truncated(bytes: &[u8]) -> Vec<u8> {
    bytes[..bytes.len() / 2].to_vec()
}

/// A drawing with a script in it, which no browser should ever be handed as an image.
pub fn svg() -> Vec<u8> {
    b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>"
        .to_vec()
}

/// A few bytes that claim to be a PNG of any size.
pub fn png_that_claims_to_be(width: u32, height: u32) -> Vec<u8> {
    let mut header = Vec::new();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    // 8 bits of grey; deflate, adaptive filters, not interlaced.
    header.extend([8, 0, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [
        (b"IHDR", &header[..]),
        // An empty deflate stream.
        (b"IDAT", &[0x78, 0x9c, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01]),
        (b"IEND", &[]),
    ] {
        let length = u32::try_from(data.len()).expect("a short chunk");
        bytes.extend(length.to_be_bytes());
        let checked = [&kind[..], data].concat();
        bytes.extend(&checked);
        bytes.extend(cyclic_redundancy_check(&checked).to_be_bytes());
    }
    bytes
}

/// The checksum of PNG chunks, bit by bit: these are short.
fn cyclic_redundancy_check(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 {
                (sum >> 1) ^ 0xedb8_8320
            } else {
                sum >> 1
            }
        })
    })
}

/// A TIFF of many pages, each 8 by 8 white pixels.
pub fn tiff_of_pages(pages: u32) -> Vec<u8> {
    tiff(pages, &GrayImage::from_pixel(8, 8, Luma([255])))
}

/// A TIFF of many pages of text, each of which takes a while to read.
pub fn long_document(pages: u32) -> Vec<u8> {
    let page = image::load_from_memory(&bundled_image("a4.png")).expect("a bundled image is whole");
    tiff(pages, &page.into_luma8())
}

/// A TIFF of many equal pages, whose bytes are there only once.
fn tiff(pages: u32, page: &GrayImage) -> Vec<u8> {
    const PIXELS_AT: u32 = 8;
    const LONG: u16 = 4;
    let pixels = page.as_raw();
    let size = u32::try_from(pixels.len()).expect("a page of a few megabytes");
    let entries: [(u16, u32); 9] = [
        (256, page.width()),
        (257, page.height()),
        (258, 8),             // bits per sample
        (259, 1),             // not compressed
        (262, 1),             // black is zero
        (273, PIXELS_AT),     // where the strip starts
        (277, 1),             // samples per pixel
        (278, page.height()), // rows per strip
        (279, size),          // bytes of the strip
    ];
    let directory_size = 2 + 12 * 9 + 4;
    let first = PIXELS_AT + size;
    let mut bytes = b"II*\0".to_vec();
    bytes.extend(first.to_le_bytes());
    bytes.extend(pixels);
    for page in 1..=pages {
        bytes.extend(9_u16.to_le_bytes());
        for (tag, value) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(LONG.to_le_bytes());
            bytes.extend(1_u32.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        let next = if page == pages {
            0
        } else {
            first + directory_size * page
        };
        bytes.extend(next.to_le_bytes());
    }
    bytes
}
