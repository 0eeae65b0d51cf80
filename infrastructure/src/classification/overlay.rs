//! Draws an attribution as a colour map, over its image or alone.

use super::preprocessing::{Frame, resized};
use domain::predictions::{Attribution, InputSize};
use fast_image_resize::{FilterType, ResizeError};
use image::{
    Luma, Rgb, RgbImage, Rgba, RgbaImage,
    imageops::{self, FilterType as Interpolation},
};

/// The longer side of a heat map, at most.
const MAX_SIDE: u32 = 1600;

/// The opacity of the colour map where the attribution is highest.
const OPACITY: f32 = 0.7;

/// Draws the colour map over the image. `frame` is the part of the image that the model saw; the rest stays as it is.
/// `scale` is the value that gets the last colour.
pub(super) fn over_image(
    image: &RgbImage,
    frame: Frame,
    attribution: &Attribution,
    scale: f32,
) -> Result<RgbImage, ResizeError> {
    let size = size_of(image);
    let whole = Frame {
        left: 0.0,
        top: 0.0,
        width: f64::from(image.width()),
        height: f64::from(image.height()),
    };
    let mut drawn = resized(image, whole, size, FilterType::Bilinear)?;
    for (x, y, strength) in strengths(image, frame, attribution, scale) {
        let (colour, opacity) = colour(strength);
        let below = drawn.get_pixel(x, y).0;
        let blend =
            |part: usize| byte(f32::from(below[part]) * (1.0 - opacity) + f32::from(colour[part]) * opacity);
        drawn.put_pixel(x, y, Rgb([blend(0), blend(1), blend(2)]));
    }
    Ok(drawn)
}

/// Draws the colour map alone, on a transparent ground. Laid over the image it gives [`over_image`].
pub(super) fn alone(image: &RgbImage, frame: Frame, attribution: &Attribution, scale: f32) -> RgbaImage {
    let size = size_of(image);
    let mut drawn = RgbaImage::new(size.width, size.height);
    for (x, y, strength) in strengths(image, frame, attribution, scale) {
        let ([red, green, blue], opacity) = colour(strength);
        drawn.put_pixel(x, y, Rgba([red, green, blue, byte(opacity * 255.0)]));
    }
    drawn
}

/// The size of the heat map of an image: its own, unless its longer side is over [`MAX_SIDE`].
fn size_of(image: &RgbImage) -> InputSize {
    let longer = u64::from(image.width().max(image.height()).max(1));
    let shown = longer.min(u64::from(MAX_SIDE));
    let side =
        |side: u32| u32::try_from(u64::from(side) * shown / longer).map_or(MAX_SIDE, |side| side.max(1));
    InputSize {
        height: side(image.height()),
        width: side(image.width()),
    }
}

/// The pixels of the heat map inside the frame, each with its strength from 0 to 1.
fn strengths(
    image: &RgbImage,
    frame: Frame,
    attribution: &Attribution,
    scale: f32,
) -> impl Iterator<Item = (u32, u32, f32)> {
    let size = size_of(image);
    let across = f64::from(size.width) / f64::from(image.width().max(1));
    let down = f64::from(size.height) / f64::from(image.height().max(1));
    let (left, right) = pixels(frame.left * across, frame.width * across, size.width);
    let (top, bottom) = pixels(frame.top * down, frame.height * down, size.height);
    let cells =
        image::ImageBuffer::<Luma<f32>, _>::from_fn(attribution.columns, attribution.rows, |column, row| {
            let value = attribution.value(row, column);
            Luma([(value / scale).clamp(0.0, 1.0)])
        });
    let map = imageops::resize(&cells, right - left, bottom - top, Interpolation::Triangle);
    let (width, height) = map.dimensions();
    (0..height)
        .flat_map(move |y| (0..width).map(move |x| (x, y)))
        .map(move |(x, y)| (left + x, top + y, map.get_pixel(x, y).0[0]))
}

/// The first pixel of a span, and the one behind its last.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the side of the heat map"
)]
fn pixels(from: f64, length: f64, side: u32) -> (u32, u32) {
    let place = |place: f64| place.round().clamp(0.0, f64::from(side)) as u32;
    (place(from), place(from + length))
}

/// The colour of a strength from 0 to 1 (Turbo), and its opacity.
fn colour(strength: f32) -> ([u8; 3], f32) {
    let colour = colorous::TURBO.eval_continuous(f64::from(strength));
    (colour.as_array(), OPACITY * strength * (2.0 - strength))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of a byte"
)]
fn byte(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUND: Rgb<u8> = Rgb([90, 120, 60]);

    fn quarters(values: [f32; 4]) -> Attribution {
        Attribution {
            rows: 2,
            columns: 2,
            values: values.to_vec(),
        }
    }

    fn whole(width: u32, height: u32) -> Frame {
        Frame {
            left: 0.0,
            top: 0.0,
            width: f64::from(width),
            height: f64::from(height),
        }
    }

    #[test]
    fn the_strongest_cell_is_red_and_cells_without_attribution_leave_the_image_as_it_is() {
        let image = RgbImage::from_pixel(500, 400, GROUND);
        let (frame, attribution) = (whole(500, 400), quarters([0.0, 2.0, 0.0, 0.0]));
        let drawn = over_image(&image, frame, &attribution, 2.0).unwrap();
        assert_eq!(drawn.dimensions(), (500, 400));
        let Rgb([red, green, blue]) = *drawn.get_pixel(490, 10);
        assert!(red > green + 50 && red > blue + 50, "{red} {green} {blue}");
        for place in [(50, 50), (50, 350), (450, 390)] {
            assert_eq!(drawn[place], GROUND, "{place:?}");
        }
    }

    #[test]
    fn the_map_alone_is_what_the_overlay_lays_over_the_image() {
        let image = RgbImage::from_pixel(60, 40, GROUND);
        let (frame, attribution) = (whole(60, 40), quarters([0.0, 1.0, 0.3, 0.6]));
        let over = over_image(&image, frame, &attribution, 1.0).unwrap();
        let mut laid = RgbaImage::from_pixel(60, 40, Rgba([GROUND.0[0], GROUND.0[1], GROUND.0[2], 255]));
        let map = alone(&image, frame, &attribution, 1.0);
        assert_eq!(map.get_pixel(0, 0).0[3], 0, "the ground is transparent");
        imageops::overlay(&mut laid, &map, 0, 0);
        for (x, y, pixel) in over.enumerate_pixels() {
            let other = laid.get_pixel(x, y);
            assert!(
                (0..3).all(|part| pixel.0[part].abs_diff(other.0[part]) <= 2),
                "{x} {y} {pixel:?} {other:?}"
            );
        }
    }

    #[test]
    fn the_part_that_the_model_did_not_see_keeps_its_colours() {
        let image = RgbImage::from_pixel(600, 400, GROUND);
        let frame = Frame {
            left: 100.0,
            width: 400.0,
            ..whole(600, 400)
        };
        let attribution = quarters([1.0; 4]);
        let drawn = over_image(&image, frame, &attribution, 1.0).unwrap();
        assert_eq!([drawn[(99, 200)], drawn[(500, 200)]], [GROUND; 2]);
        assert!(drawn[(100, 200)] != GROUND && drawn[(499, 200)] != GROUND);
        let map = alone(&image, frame, &attribution, 1.0);
        assert_eq!((map[(99, 200)].0[3], map[(500, 200)].0[3]), (0, 0));
    }

    #[test]
    fn a_heat_map_has_the_size_of_its_image_up_to_1600_pixels() {
        for (size, expected) in [
            ((1, 1), (1, 1)),
            ((1_600, 900), (1_600, 900)),
            ((65_535, 1), (1_600, 1)),
            ((1, 65_535), (1, 1_600)),
            ((5_000, 4_000), (1_600, 1_280)),
        ] {
            let image = RgbImage::from_pixel(size.0, size.1, GROUND);
            let (frame, attribution) = (whole(size.0, size.1), quarters([1.0; 4]));
            let drawn = over_image(&image, frame, &attribution, 1.0).unwrap();
            assert_eq!(drawn.dimensions(), expected);
            assert_eq!(alone(&image, frame, &attribution, 1.0).dimensions(), expected);
        }
    }
}
