//! Words in pictures.

use font8x8::{BASIC_FONTS, LATIN_FONTS, UnicodeFonts};
use image::{Rgb, RgbImage};

/// The pixels of a side of a character.
pub(super) const SIDE: u32 = 8;

/// The pixels that a text takes from left to right, each pixel of its letters so many wide.
pub(super) fn width(text: &str, scale: u32) -> u32 {
    u32::try_from(text.chars().count())
        .unwrap_or(u32::MAX)
        .saturating_mul(SIDE * scale)
}

/// Writes a text; what has no room at the right is left away. A character that there is none of becomes a question mark.
pub(super) fn write(picture: &mut RgbImage, text: &str, left: u32, top: u32, scale: u32, ink: Rgb<u8>) {
    for (place, character) in (0..).zip(text.chars()) {
        let glyph = BASIC_FONTS
            .get(character)
            .or_else(|| LATIN_FONTS.get(character))
            .or_else(|| BASIC_FONTS.get('?'))
            .unwrap_or_default();
        for (row, bits) in (0..).zip(glyph) {
            for column in (0..SIDE).filter(|column| bits >> column & 1 == 1) {
                let (x, y) = (left + (place * SIDE + column) * scale, top + row * scale);
                for (x, y) in (x..x + scale).flat_map(|x| (y..y + scale).map(move |y| (x, y))) {
                    if let Some(pixel) = picture.get_pixel_mut_checked(x, y) {
                        *pixel = ink;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_drawn_within_the_picture_alone() {
        let paper = Rgb([255; 3]);
        let mut picture = RgbImage::from_pixel(20, 10, paper);
        write(&mut picture, "aé≠日 and more", 1, 1, 1, Rgb([0; 3]));
        assert!(picture.pixels().any(|pixel| *pixel != paper));
        assert_eq!(width("aé", 2), 32);
    }
}
