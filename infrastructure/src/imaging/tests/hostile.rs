//! Damaged and malicious images.

use super::samples::{decode, encode, gray_entries, of_every_format, png_header, png_of, speckles, tiff_of};
use domain::images::ImageError;
use image::ImageFormat;

#[test]
fn a_file_that_was_cut_off_is_corrupt() {
    for (format, whole) in of_every_format() {
        // A GIF ends with the end code of its picture, the length of the next block and the end mark: without these
        // the picture is whole all the same.
        let needed = match format {
            ImageFormat::Gif => whole.len() - 8,
            _ => whole.len() - 1,
        };
        for length in (12..=needed).rev().step_by(7) {
            let cut = decode(whole[..length].to_vec());
            assert!(
                matches!(cut, Err(ImageError::Corrupt)),
                "{format:?} cut to {length}: {cut:?}"
            );
        }
    }
}

#[test]
fn bytes_after_the_end_are_ignored() {
    for (format, mut bytes) in of_every_format() {
        bytes.extend(b"and something else entirely");
        assert!(decode(bytes).is_ok(), "{format:?}");
    }
}

#[test]
fn a_wrong_checksum_is_corrupt() {
    let mut png = encode(speckles(9, 9), ImageFormat::Png);
    let middle = png.len() / 2;
    png[middle] ^= 1;
    assert!(matches!(decode(png), Err(ImageError::Corrupt)));
}

#[test]
fn pages_that_go_round_in_circles_are_corrupt() {
    let page = (gray_entries(1, 1, 8, 1, 1), vec![7]);
    let mut looped = tiff_of(&[page.clone(), page]);
    let length = looped.len();
    // The pointer of the last page is before its one byte.
    looped[length - 5..length - 1].copy_from_slice(&8_u32.to_le_bytes());
    assert!(matches!(decode(looped), Err(ImageError::Corrupt)));
}

#[test]
fn pages_that_are_too_many_pixels_together_are_refused() {
    // Every page by itself is within the limits.
    let limits = crate::imaging::DecodeLimits {
        max_pixels: 1_000_000,
        max_pages: 100,
    };
    let page = (gray_entries(1_000, 1_000, 8, 1, 1), vec![0]);
    let opened = crate::imaging::PageDecoder::open(
        domain::images::MediaType::Tiff,
        tiff_of(&vec![page; 11]).into(),
        &limits,
        &crate::imaging::DecodeBudget::new(&limits),
    );
    assert!(matches!(opened.err(), Some(ImageError::Dimensions { .. })));
}

#[test]
fn a_page_that_takes_more_than_the_whole_budget_is_refused() {
    // Four bytes for each of its pixels, where three are to be had.
    let tiff = tiff_of(&[(gray_entries(1_000, 1_000, 32, 1, 1), vec![0; 4_000_000])]);
    assert!(matches!(decode(tiff), Err(ImageError::Dimensions { .. })));
}

#[test]
fn a_tiff_whose_lists_are_endless_is_corrupt() {
    let mut tiff = tiff_of(&[(gray_entries(1, 1, 8, 1, 1), vec![7; 3])]);
    let entry = tiff
        .windows(2)
        .position(|tag| tag == 273_u16.to_le_bytes())
        .unwrap();
    tiff[entry + 4..entry + 8].copy_from_slice(&1_000_000_u32.to_le_bytes());
    assert!(matches!(decode(tiff), Err(ImageError::Corrupt)));
}

#[test]
fn colours_of_many_tiff_pages_are_refused_before_they_are_decompressed() {
    let mut entries = gray_entries(1_000, 1_000, 8, 1, 2);
    entries.retain(|entry| entry.0 != 277);
    entries.push((277, 3, 3));
    let limits = crate::imaging::DecodeLimits {
        max_pixels: 1_010_000,
        max_pages: 100,
    };
    for (count, refused) in [(6, false), (7, true)] {
        let pages = vec![(entries.clone(), vec![0; 3_000_000]); count];
        let opened = crate::imaging::PageDecoder::open(
            domain::images::MediaType::Tiff,
            tiff_of(&pages).into(),
            &limits,
            &crate::imaging::DecodeBudget::of_bytes(10_000_000),
        );
        assert_eq!(opened.is_err(), refused, "{count} pages");
    }
}

#[test]
fn a_palette_or_profile_that_lies_does_no_harm() {
    let no_palette = png_of(&[png_header(2, 2, 8, 3), (b"IDAT", vec![]), (b"IEND", vec![])]);
    assert!(matches!(decode(no_palette), Err(ImageError::Corrupt)));
    let no_picture = png_of(&[png_header(2, 2, 8, 0), (b"IEND", vec![])]);
    assert!(matches!(decode(no_picture), Err(ImageError::Corrupt)));
}

#[test]
fn no_change_of_a_few_bytes_does_more_than_make_an_image_corrupt() {
    let mut seed = 1_u32;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % below
    };
    for (_, whole) in of_every_format() {
        for _ in 0..300 {
            let mut changed = whole.clone();
            for _ in 0..=random(4) {
                // Not the first bytes, by which the kind is known.
                let at = 12 + random(changed.len() - 12);
                changed[at] = [0, 0xff, 0x7f, 1, changed[at] ^ 0x10][random(5)];
            }
            // Any result is accepted; the call must return.
            let _ = decode(changed);
        }
    }
}
