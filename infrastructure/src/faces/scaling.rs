//! Photos of a size that faces are found in.

use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::{RgbImage, buffer::ConvertBuffer};

/// The longer side of what is looked at, in pixels. Detection takes as long as there are pixels, and finds faces of 80 of them:
/// a sixteenth of the side is enough, which is 120 pixels of 1920.
pub(super) const LONGER_SIDE: u32 = 1280;

/// The photo, made smaller until its longer side is at most [`LONGER_SIDE`]; a smaller one stays as it is.
pub(super) fn scaled(photo: RgbImage) -> RgbImage {
    let (width, height) = photo.dimensions();
    let longer = width.max(height);
    if longer <= LONGER_SIDE {
        return photo;
    }
    let side = |side: u32| {
        let scaled = (u64::from(side) * u64::from(LONGER_SIDE)).div_ceil(u64::from(longer));
        u32::try_from(scaled).unwrap_or(LONGER_SIDE).max(1)
    };
    let mut smaller = RgbImage::new(side(width), side(height));
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    match Resizer::new().resize(&photo, &mut smaller, &options) {
        Ok(()) => smaller,
        // Both are of the same kind and have pixels, so this does not happen; what it gives is as good.
        Err(error) => {
            tracing::warn!(%error, "a photo was made smaller in another way");
            image::imageops::thumbnail(&photo, smaller.width(), smaller.height()).convert()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_large_photos_are_made_smaller_and_keep_their_shape() {
        for (given, expected) in [
            ((1280, 1280), (1280, 1280)),
            ((640, 480), (640, 480)),
            ((2560, 1280), (1280, 640)),
            ((1080, 1920), (720, 1280)),
            ((65_000, 2), (1280, 1)),
        ] {
            let photo = RgbImage::from_pixel(given.0, given.1, image::Rgb([9, 99, 199]));
            let scaled = scaled(photo);
            assert_eq!(scaled.dimensions(), expected, "{given:?}");
            assert_eq!(scaled.get_pixel(0, 0).0, [9, 99, 199]);
        }
    }
}
