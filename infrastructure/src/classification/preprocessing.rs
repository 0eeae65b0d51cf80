//! From a picture to the numbers that a model takes, as torchvision does with a picture of Pillow: `Resize`, `CenterCrop`,
//! `ToTensor`, `Normalize`.

use domain::predictions::InputSize;
use fast_image_resize::{
    FilterType, ResizeAlg, ResizeError, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::U8x3,
};
use image::RgbImage;

/// What a picture is resized to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resize {
    /// The shorter side gets so many pixels, the longer one in proportion.
    ShorterSide(u32),
    /// Both sides, whatever the proportion was.
    Both(InputSize),
}

/// What is left of the resized picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Crop {
    /// All of it, which has this size.
    None(InputSize),
    /// So much of its middle.
    Middle(InputSize),
}

impl Crop {
    /// What is left.
    pub(super) fn size(self) -> InputSize {
        match self {
            Self::None(size) | Self::Middle(size) => size,
        }
    }
}

/// How a picture becomes the input of a model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Preprocessing {
    pub(super) size: InputSize,
    pub(super) resize: Resize,
    pub(super) crop: Crop,
    /// Of red, green and blue from 0 to 1: taken off, and what the rest is divided by.
    pub(super) mean: [f32; 3],
    pub(super) std: [f32; 3],
    pub(super) filter: FilterType,
}

/// The part of a picture that a model sees, in pixels of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Preprocessing {
    /// What the model sees of a picture of this size.
    pub(super) fn frame(&self, width: u32, height: u32) -> Frame {
        let resized = match self.resize {
            Resize::Both(size) => [size.width, size.height],
            // The longer side is rounded down.
            Resize::ShorterSide(side) if width <= height => [side, proportional(side, height, width)],
            Resize::ShorterSide(side) => [proportional(side, width, height), side],
        };
        let left = offset(resized[0], self.size.width);
        let top = offset(resized[1], self.size.height);
        let (across, down) = (
            f64::from(width) / f64::from(resized[0]),
            f64::from(height) / f64::from(resized[1]),
        );
        let (left, top) = (left * across, top * down);
        Frame {
            left,
            top,
            // Rounding must not lead out of the picture.
            width: (f64::from(self.size.width) * across).min(f64::from(width) - left),
            height: (f64::from(self.size.height) * down).min(f64::from(height) - top),
        }
    }

    /// The input of the model: all of red, then green, then blue, row by row. Only what is seen is resized, so that
    /// neither time nor memory grow with what is cut off.
    pub(super) fn prepare(&self, picture: &RgbImage) -> Result<Vec<f32>, ResizeError> {
        let frame = self.frame(picture.width(), picture.height());
        let seen = resized(picture, frame, self.size, self.filter)?;
        let mut input = Vec::with_capacity(seen.as_raw().len());
        for channel in 0..3 {
            let (mean, std) = (self.mean[channel], self.std[channel]);
            // Each value that a pixel can have, once.
            let values: Vec<f32> = (0..=u8::MAX)
                .map(|byte| (f32::from(byte) / 255.0 - mean) / std)
                .collect();
            input.extend(seen.pixels().map(|pixel| values[usize::from(pixel.0[channel])]));
        }
        Ok(input)
    }
}

/// A part of a picture in another size, with antialiasing, as Pillow does it.
pub(super) fn resized(
    picture: &RgbImage,
    part: Frame,
    size: InputSize,
    filter: FilterType,
) -> Result<RgbImage, ResizeError> {
    let source = TypedImageRef::<U8x3>::from_buffer(picture.width(), picture.height(), picture.as_raw());
    let mut resized = RgbImage::new(size.width, size.height);
    let target = TypedImage::<U8x3>::from_buffer(size.width, size.height, &mut resized);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(filter))
        .crop(part.left, part.top, part.width, part.height);
    if let (Ok(source), Ok(mut target)) = (source, target) {
        Resizer::new().resize_typed(&source, &mut target, &options)?;
    }
    Ok(resized)
}

fn proportional(side: u32, longer: u32, shorter: u32) -> u32 {
    let scaled = u64::from(side) * u64::from(longer) / u64::from(shorter.max(1));
    u32::try_from(scaled).unwrap_or(u32::MAX)
}

/// Where the middle begins: half of the rest, rounded as Python rounds.
fn offset(whole: u32, part: u32) -> f64 {
    (f64::from(whole.saturating_sub(part)) / 2.0).round_ties_even()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn usual(resize: Resize, edge: u32) -> Preprocessing {
        let size = InputSize {
            height: edge,
            width: edge,
        };
        Preprocessing {
            size,
            resize,
            crop: Crop::Middle(size),
            mean: [0.5, 0.0, 0.0],
            std: [0.5, 1.0, 2.0],
            filter: FilterType::Bilinear,
        }
    }

    #[test]
    fn the_shorter_side_is_resized_and_the_middle_is_seen() {
        // 400 x 300 becomes 341 x 256, of which 58 pixels are cut off at the left: 58.5 rounded to even.
        let frame = usual(Resize::ShorterSide(256), 224).frame(400, 300);
        let scale = 400.0 / 341.0;
        assert!((frame.left - 58.0 * scale).abs() < 1e-9, "{frame:?}");
        assert!((frame.width - 224.0 * scale).abs() < 1e-9, "{frame:?}");
        assert!((frame.top - 16.0 * 300.0 / 256.0).abs() < 1e-9, "{frame:?}");
        let turned = usual(Resize::ShorterSide(256), 224).frame(300, 400);
        assert!((turned.top - frame.left).abs() < 1e-9, "{turned:?}");
    }

    #[test]
    fn channels_follow_each_other_normalized() {
        let picture = RgbImage::from_pixel(9, 5, Rgb([255, 51, 102]));
        let input = usual(Resize::ShorterSide(4), 2).prepare(&picture).unwrap();
        let expected = [1.0, 1.0, 1.0, 1.0, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2];
        assert_eq!(input.len(), expected.len());
        for (found, expected) in input.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{input:?}");
        }
    }

    #[test]
    fn extreme_shapes_take_no_more_than_what_is_seen() {
        for (width, height) in [(65_535, 1), (1, 65_535), (1, 1), (3, 2)] {
            let picture = RgbImage::from_pixel(width, height, Rgb([128; 3]));
            let input = usual(Resize::ShorterSide(256), 224).prepare(&picture).unwrap();
            assert_eq!(input.len(), 3 * 224 * 224, "{width}x{height}");
        }
    }
}
