//! Gray pixels of decoded pages.

use super::samples::{encode, gray_entries, only_page, speckles, tiff_of};
use image::{DynamicImage, GrayAlphaImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, Rgba, RgbaImage};

#[test]
fn every_lossless_format_gives_the_same_grays() {
    let picture = speckles(23, 17);
    let expected = only_page(encode(picture.clone(), ImageFormat::Png)).pixels;
    for format in [ImageFormat::WebP, ImageFormat::Tiff, ImageFormat::Bmp] {
        assert_eq!(
            only_page(encode(picture.clone(), format)).pixels,
            expected,
            "{format:?}"
        );
    }
}

#[test]
fn transparency_is_white_paper() {
    let picture = RgbaImage::from_fn(4, 1, |x, _| Rgba([0, 0, 0, if x < 2 { 0 } else { 255 }]));
    for format in [
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Tiff,
        ImageFormat::Gif,
        ImageFormat::Bmp,
    ] {
        let page = only_page(encode(picture.clone(), format));
        assert_eq!(page.pixels.into_raw(), [255, 255, 0, 0], "{format:?}");
    }
    let gray: GrayAlphaImage = ImageBuffer::from_fn(2, 1, |x, _| LumaA([40, if x == 0 { 0 } else { 255 }]));
    assert_eq!(
        only_page(encode(gray, ImageFormat::Png)).pixels.into_raw(),
        [255, 40]
    );
}

#[test]
fn sixteen_bits_are_scaled_to_eight() {
    let gray: ImageBuffer<Luma<u16>, _> =
        ImageBuffer::from_fn(3, 1, |x, _| Luma([[0, 0x8000, 0xffff][x as usize]]));
    let colour: ImageBuffer<Rgb<u16>, _> =
        ImageBuffer::from_fn(2, 1, |x, _| Rgb([if x == 0 { 0 } else { 0xffff }; 3]));
    for format in [ImageFormat::Png, ImageFormat::Tiff] {
        let page = only_page(encode(DynamicImage::ImageLuma16(gray.clone()), format));
        assert_eq!(page.pixels.into_raw(), [0, 128, 255], "{format:?}");
        let page = only_page(encode(DynamicImage::ImageRgb16(colour.clone()), format));
        assert_eq!(page.pixels.into_raw(), [0, 255], "{format:?}");
    }
}

#[test]
fn black_and_white_is_the_right_way_round() {
    let bits = vec![0b1010_0000, 0b0100_0000];
    for (meaning, ones) in [(0, 0), (1, 255)] {
        let page = only_page(tiff_of(&[(gray_entries(3, 2, 1, 1, meaning), bits.clone())]));
        let zeros = 255 - ones;
        assert_eq!(
            page.pixels.into_raw(),
            [ones, zeros, ones, zeros, ones, zeros],
            "{meaning}"
        );
    }
}

#[test]
fn few_bits_are_spread_over_all_grays() {
    let page = only_page(tiff_of(&[(gray_entries(4, 1, 2, 1, 1), vec![0b0001_1011])]));
    assert_eq!(page.pixels.into_raw(), [0, 85, 170, 255]);
    let page = only_page(tiff_of(&[(gray_entries(3, 1, 4, 1, 1), vec![0x0f, 0x70])]));
    assert_eq!(page.pixels.into_raw(), [0, 255, 119]);
}

#[test]
fn a_fax_is_black_on_white() {
    // White 2, black 3, white 3, coded by itself: 0111 10 1000.
    let row = vec![0b0111_1010, 0b0000_0000];
    let expected = [255, 255, 0, 0, 0, 255, 255, 255];
    for (compression, strip) in [
        (2, row.clone()),
        // The same behind an end-of-line mark.
        (3, vec![0x00, 0x10 | 0b0111, 0b1010_0000]),
        // By difference to white: horizontal, the two runs, then the change at the end.
        (
            4,
            vec![0b0010_1111, 0b0100_0000, 0b0000_0100, 0b0000_0000, 0b0100_0000],
        ),
    ] {
        let strip = if compression == 2 {
            vec![0b0111_1010, 0b0000_0000]
        } else {
            strip
        };
        for (meaning, flip) in [(0, 0), (1, 255)] {
            let page = only_page(tiff_of(&[(
                gray_entries(8, 1, 1, compression, meaning),
                strip.clone(),
            )]));
            let seen: Vec<u8> = expected.iter().map(|gray| gray ^ flip).collect();
            assert_eq!(page.pixels.into_raw(), seen, "compression {compression}");
        }
        let mut entries = gray_entries(8, 1, 1, compression, 0);
        entries.push((266, 3, 2));
        let turned = strip.iter().map(|byte: &u8| byte.reverse_bits()).collect();
        assert_eq!(
            only_page(tiff_of(&[(entries, turned)])).pixels.into_raw(),
            expected
        );
    }
}

#[test]
fn a_fax_of_two_dimensions_repeats_the_row_above() {
    // End of line, 1, the row by itself; end of line, 0, three times no difference to the row above.
    let strip = vec![0x00, 0b0001_1011, 0b1101_0000, 0x00, 0b0010_1110];
    let mut entries = gray_entries(8, 2, 1, 3, 0);
    entries.push((292, 4, 1));
    let row = [255, 255, 0, 0, 0, 255, 255, 255];
    assert_eq!(
        only_page(tiff_of(&[(entries, strip)])).pixels.into_raw(),
        row.repeat(2)
    );
}

#[test]
fn a_tiff_strip_may_be_declared_taller_than_its_page() {
    let mut entries = gray_entries(2, 2, 8, 1, 1);
    entries.push((278, 4, u32::MAX));
    let page = only_page(tiff_of(&[(entries, vec![1, 2, 3, 4])]));
    assert_eq!(page.pixels.into_raw(), [1, 2, 3, 4]);
}

#[test]
fn a_colour_jpeg_has_the_grays_of_its_picture() {
    let picture = image::RgbImage::from_fn(32, 32, |x, _| {
        Rgb(if x < 16 { [200, 40, 40] } else { [20, 90, 220] })
    });
    let expected = only_page(encode(picture.clone(), ImageFormat::Png)).pixels;
    let seen = only_page(encode(picture, ImageFormat::Jpeg)).pixels;
    for (seen, expected) in seen.pixels().zip(expected.pixels()) {
        assert!(seen.0[0].abs_diff(expected.0[0]) < 12, "{seen:?} {expected:?}");
    }
}

#[test]
fn the_first_frame_of_a_gif_counts() {
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, 2, 1, &[0, 0, 0, 255, 255, 255]).unwrap();
    for index in 0..2 {
        encoder
            .write_frame(&gif::Frame::from_indexed_pixels(2, 1, vec![index, index], None))
            .unwrap();
    }
    drop(encoder);
    assert_eq!(only_page(bytes).pixels.into_raw(), [0, 0]);
}
