//! Facts of the headers: size, pages, orientation, density.

use super::samples::{corners, decode, encode, gray_entries, only_page, png_header, png_of, tiff_of};
use domain::images::ImageError;
use image::{GrayImage, ImageFormat};

/// The metadata that tells the orientation, as JPEG carries it.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut metadata = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    metadata.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let length = u16::try_from(metadata.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &metadata, &jpeg[2..]].concat()
}

/// The grays of the four corners, from the top left in reading order.
fn corners_of(page: &GrayImage) -> [u8; 4] {
    let (right, bottom) = (page.width() - 1, page.height() - 1);
    [(0, 0), (right, 0), (0, bottom), (right, bottom)].map(|(x, y)| {
        // Compression changes the grays a little.
        (page.get_pixel(x, y).0[0] + 5) / 10 * 10
    })
}

#[test]
fn every_orientation_is_turned_upright() {
    let stored = encode(corners(48, 32), ImageFormat::Jpeg);
    let expected = [
        [10, 90, 170, 250],
        [90, 10, 250, 170],
        [250, 170, 90, 10],
        [170, 250, 10, 90],
        [10, 170, 90, 250],
        [170, 10, 250, 90],
        [250, 90, 170, 10],
        [90, 250, 10, 170],
    ];
    for (orientation, expected) in (1..).zip(expected) {
        let page = only_page(with_orientation(&stored, orientation));
        assert_eq!(corners_of(&page.pixels), expected, "orientation {orientation}");
        let upright = if orientation > 4 { (32, 48) } else { (48, 32) };
        assert_eq!(page.pixels.dimensions(), upright, "orientation {orientation}");
    }
}

#[test]
fn a_tiff_is_turned_upright_too() {
    let mut entries = gray_entries(2, 1, 8, 1, 1);
    entries.push((274, 3, 6));
    let page = only_page(tiff_of(&[(entries, vec![1, 2])]));
    assert_eq!(
        (page.pixels.dimensions(), page.pixels.into_raw()),
        ((1, 2), vec![1, 2])
    );
}

#[test]
fn pages_are_counted_and_too_many_are_refused() {
    let page = (gray_entries(1, 1, 8, 1, 1), vec![7]);
    let (facts, pages) = decode(tiff_of(&vec![page.clone(); 5])).unwrap();
    assert_eq!((facts.pages, pages.len()), (5, 5));
    assert!(matches!(
        decode(tiff_of(&vec![page; 6])),
        Err(ImageError::TooManyPages { limit: 5 })
    ));
}

#[test]
fn reduced_images_and_masks_of_a_tiff_are_no_pages() {
    let of_kind = |kind: u32, gray: u8| {
        let mut entries = gray_entries(1, 1, 8, 1, 1);
        entries.push((254, 4, kind));
        (entries, vec![gray])
    };
    // A reduced image, a page, its mask, and a page of several.
    let (facts, pages) = decode(tiff_of(&[
        of_kind(1, 1),
        of_kind(0, 2),
        of_kind(4, 3),
        of_kind(2, 4),
    ]))
    .unwrap();
    let grays: Vec<u8> = pages
        .into_iter()
        .flat_map(|page| page.pixels.into_raw())
        .collect();
    assert_eq!((facts.pages, grays), (2, vec![2, 4]));
}

#[test]
fn no_pixels_and_too_many_are_refused_from_the_header_alone() {
    for (width, height) in [(50_000, 50_000), (1_001, 1_000), (65_536, 1), (1, 65_536)] {
        let png = png_of(&[png_header(width, height, 8, 2), (b"IDAT", vec![])]);
        assert!(
            matches!(
                decode(png),
                Err(ImageError::Dimensions {
                    max_pixels: 1_000_000
                })
            ),
            "{width}x{height}"
        );
        let tiff = tiff_of(&[(gray_entries(width, height, 8, 1, 1), vec![0])]);
        assert!(
            matches!(decode(tiff), Err(ImageError::Dimensions { .. })),
            "{width}x{height}"
        );
    }
    let mut gif = encode(corners(4, 4), ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0xff; 4]);
    assert!(matches!(decode(gif), Err(ImageError::Dimensions { .. })));
    let mut jpeg = encode(corners(8, 8), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
    assert!(matches!(decode(jpeg), Err(ImageError::Dimensions { .. })));
}

#[test]
fn the_density_is_read_where_it_is_stated() {
    let mut density = 11_811_u32.to_be_bytes().repeat(2);
    density.push(1);
    let compressed = vec![0x78, 0x01, 0x01, 2, 0, 0xfd, 0xff, 0, 9, 0, 0x0b, 0, 0x0a];
    let png = png_of(&[
        png_header(1, 1, 8, 0),
        (b"pHYs", density),
        (b"IDAT", compressed),
        (b"IEND", vec![]),
    ]);
    let page = only_page(png);
    assert_eq!((page.dpi, page.pixels.into_raw()), (Some(300), vec![9]));
    assert_eq!(only_page(encode(corners(4, 4), ImageFormat::WebP)).dpi, None);
}

#[test]
fn extreme_shapes_are_images_like_any_other() {
    for (width, height) in [(1, 1), (1, 4_999), (4_999, 1)] {
        for format in [
            ImageFormat::Png,
            ImageFormat::Jpeg,
            ImageFormat::Tiff,
            ImageFormat::Bmp,
            ImageFormat::Gif,
        ] {
            let page = only_page(encode(corners(width, height), format));
            assert_eq!(page.pixels.dimensions(), (width, height), "{format:?}");
        }
    }
}
