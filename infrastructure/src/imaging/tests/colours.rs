//! Colour pixels of decoded pages.

use super::samples::{LIMITS, decode, encode, gray_entries, only_page, speckles, tiff_of};
use crate::imaging::{DecodeBudget, DecodeLimits, decode_in_colour};
use domain::images::{ImageError, MediaType};
use image::{ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

fn colours_within(bytes: Vec<u8>, limits: &DecodeLimits) -> Result<RgbImage, ImageError> {
    let media_type = MediaType::sniff(&bytes).expect("the test made an image of a known kind");
    let page = decode_in_colour(media_type, bytes.into(), limits, &DecodeBudget::new(limits))?;
    Ok(page.pixels)
}

fn colours(bytes: Vec<u8>) -> RgbImage {
    colours_within(bytes, &LIMITS).unwrap()
}

#[test]
fn lossless_formats_give_the_colours_of_their_picture() {
    let picture = speckles(23, 17);
    for format in [
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Tiff,
        ImageFormat::Bmp,
    ] {
        assert_eq!(colours(encode(picture.clone(), format)), picture, "{format:?}");
    }
}

#[test]
fn a_gif_gives_the_colours_of_its_palette() {
    let picture = RgbImage::from_fn(4, 3, |x, y| {
        Rgb(if (x + y) % 2 == 0 {
            [250, 10, 20]
        } else {
            [0, 90, 200]
        })
    });
    assert_eq!(colours(encode(picture.clone(), ImageFormat::Gif)), picture);
}

#[test]
fn a_jpeg_gives_about_the_colours_of_its_picture() {
    let picture = RgbImage::from_fn(32, 32, |x, _| {
        Rgb(if x < 16 { [200, 40, 40] } else { [20, 90, 220] })
    });
    let seen = colours(encode(picture.clone(), ImageFormat::Jpeg));
    for (seen, expected) in seen.pixels().zip(picture.pixels()) {
        let off = seen
            .0
            .iter()
            .zip(expected.0)
            .map(|(seen, expected)| seen.abs_diff(expected));
        assert!(off.max().unwrap() < 24, "{seen:?} {expected:?}");
    }
}

#[test]
fn transparency_is_white_paper_in_colour_too() {
    let picture = RgbaImage::from_fn(2, 1, |x, _| Rgba([200, 100, 0, if x == 0 { 0 } else { 255 }]));
    for format in [
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Tiff,
        ImageFormat::Gif,
    ] {
        assert_eq!(
            colours(encode(picture.clone(), format)).into_raw(),
            [255, 255, 255, 200, 100, 0],
            "{format:?}"
        );
    }
}

#[test]
fn gray_images_have_equal_colour_values() {
    let gray = speckles(9, 5);
    let gray = image::DynamicImage::ImageRgb8(gray).into_luma8();
    let fax = tiff_of(&[(gray_entries(8, 1, 1, 2, 0), vec![0b0111_1010, 0])]);
    let bits = tiff_of(&[(gray_entries(4, 1, 2, 1, 1), vec![0b0001_1011])]);
    let mut files = vec![fax, bits];
    for format in [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::Tiff,
        ImageFormat::Bmp,
    ] {
        files.push(encode(gray.clone(), format));
    }
    for file in files {
        let expected: Vec<u8> = only_page(file.clone())
            .pixels
            .into_raw()
            .into_iter()
            .flat_map(|gray| [gray; 3])
            .collect();
        assert_eq!(colours(file).into_raw(), expected);
    }
}

#[test]
fn a_picture_in_colour_is_turned_upright() {
    let picture = RgbImage::from_fn(3, 1, |x, _| {
        Rgb([[255, 0, 0], [0, 255, 0], [0, 0, 255]][x as usize])
    });
    let mut entries = gray_entries(3, 1, 8, 1, 2);
    // Three samples, eight bits each by default of the one value, and a quarter turn.
    entries.retain(|(tag, _, _)| ![258, 277].contains(tag));
    entries.extend([(277, 3, 3), (258, 3, 8), (274, 3, 6)]);
    let seen = colours(tiff_of(&[(entries, picture.as_raw().clone())]));
    assert_eq!((seen.width(), seen.height()), (1, 3));
    assert_eq!(seen.into_raw(), picture.into_raw());
}

#[test]
fn only_the_first_page_is_decoded() {
    let page = |gray: u8| (gray_entries(1, 1, 8, 1, 1), vec![gray]);
    let broken = (gray_entries(2, 2, 8, 1, 1), vec![9]);
    let file = tiff_of(&[page(7), broken]);
    assert!(decode(file.clone()).is_err());
    assert_eq!(colours(file).into_raw(), [7; 3]);
}

#[test]
fn colours_that_take_more_than_the_whole_memory_are_refused() {
    let picture = encode(speckles(1_000, 1_000), ImageFormat::Png);
    assert!(decode(picture.clone()).is_ok());
    assert!(matches!(
        colours_within(picture, &LIMITS),
        Err(ImageError::Dimensions { .. })
    ));
}

#[test]
fn damaged_pictures_are_corrupt_in_colour_too() {
    for (format, whole) in super::samples::of_every_format() {
        let cut = colours_within(whole[..whole.len() / 2].to_vec(), &LIMITS);
        assert!(matches!(cut, Err(ImageError::Corrupt)), "{format:?}");
    }
}
