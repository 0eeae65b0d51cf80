//! The pixels of a page during preprocessing, with their coordinates on the original page.
//!
//! Rotation by a few degrees is done here in fixed point: on a page of 1240 by 1755 pixels it took 15 ms, and
//! `imageproc::geometric_transformations::warp_into_with` 43 ms.

use super::{
    coordinates::{CoordinateMap, to_pixels},
    tesseract::LONGEST_SIDE,
};
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::{GrayImage, Luma, imageops};

/// The pixels of a page or of a part of it.
#[derive(Clone)]
pub(super) struct PageImage {
    pub(super) pixels: GrayImage,
    pub(super) coordinates: CoordinateMap,
    /// Degrees clockwise by which the page was rotated in total.
    pub(super) turned: f64,
}

impl PageImage {
    /// An unchanged page.
    pub(super) fn new(pixels: GrayImage) -> Self {
        Self {
            pixels,
            coordinates: CoordinateMap::UNMOVED,
            turned: 0.0,
        }
    }

    /// Rotates the page clockwise by quarter turns.
    pub(super) fn quarter_turned(self, quarters: u8) -> Self {
        let (width, height) = (f64::from(self.pixels.width()), f64::from(self.pixels.height()));
        let (pixels, [xx, xy, x0, yx, yy, y0]) = match quarters % 4 {
            0 => return self,
            1 => (
                imageops::rotate90(&self.pixels),
                [0.0, 1.0, 0.0, -1.0, 0.0, height],
            ),
            2 => (
                imageops::rotate180(&self.pixels),
                [-1.0, 0.0, width, 0.0, -1.0, height],
            ),
            _ => (
                imageops::rotate270(&self.pixels),
                [0.0, -1.0, width, 1.0, 0.0, 0.0],
            ),
        };
        self.moved(
            pixels,
            &CoordinateMap {
                xx,
                xy,
                x0,
                yx,
                yy,
                y0,
            },
            90.0 * f64::from(quarters % 4),
        )
    }

    /// Copies the part of `width` by `height` pixels at a corner.
    pub(super) fn part(&self, x: u32, y: u32, width: u32, height: u32) -> Self {
        let pixels = imageops::crop_imm(&self.pixels, x, y, width, height).to_image();
        let (x0, y0) = (f64::from(x), f64::from(y));
        let moved = CoordinateMap {
            x0,
            y0,
            ..CoordinateMap::UNMOVED
        };
        self.without_pixels().moved(pixels, &moved, 0.0)
    }

    /// Resizes the page by `factor`, to at least one pixel. Returns it unchanged when resampling fails, which happens only
    /// for impossible sizes.
    pub(super) fn scaled(self, factor: f64) -> Self {
        let (width, height) = (f64::from(self.pixels.width()), f64::from(self.pixels.height()));
        let longest = f64::from(LONGEST_SIDE);
        let mut pixels = GrayImage::new(
            to_pixels((width * factor).round().clamp(1.0, longest)),
            to_pixels((height * factor).round().clamp(1.0, longest)),
        );
        // Hamming is as sharp as bicubic for a shrunk page at the cost of bilinear; an enlarged one needs the wider filter.
        let filter = if factor < 1.0 {
            FilterType::Hamming
        } else {
            FilterType::CatmullRom
        };
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
        if Resizer::new()
            .resize(&self.pixels, &mut pixels, &options)
            .is_err()
        {
            return self;
        }
        let scale = CoordinateMap {
            xx: width / f64::from(pixels.width()),
            yy: height / f64::from(pixels.height()),
            ..CoordinateMap::UNMOVED
        };
        self.moved(pixels, &scale, 0.0)
    }

    /// Rotates the page clockwise by a few degrees and enlarges it to fit; new corners are `paper`.
    pub(super) fn slightly_turned(self, degrees: f64, paper: u8) -> Self {
        let (sine, cosine) = degrees.to_radians().sin_cos();
        let (width, height) = (f64::from(self.pixels.width()), f64::from(self.pixels.height()));
        let new_width = (width * cosine.abs() + height * sine.abs())
            .ceil()
            .min(f64::from(LONGEST_SIDE));
        let new_height = (width * sine.abs() + height * cosine.abs())
            .ceil()
            .min(f64::from(LONGEST_SIDE));
        // In pixels with y downwards a clockwise turn is (x cos - y sin, x sin + y cos); this is its way back.
        let back = CoordinateMap {
            xx: cosine,
            xy: sine,
            x0: (width - cosine * new_width - sine * new_height) / 2.0,
            yx: -sine,
            yy: cosine,
            y0: (height + sine * new_width - cosine * new_height) / 2.0,
        };
        let mut pixels = GrayImage::from_pixel(to_pixels(new_width), to_pixels(new_height), Luma([paper]));
        resample(&self.pixels, &mut pixels, &back);
        self.moved(pixels, &back, degrees)
    }

    fn moved(self, pixels: GrayImage, inner: &CoordinateMap, turned: f64) -> Self {
        Self {
            pixels,
            coordinates: self.coordinates.under(inner),
            turned: self.turned + turned,
        }
    }

    fn without_pixels(&self) -> Self {
        Self {
            pixels: GrayImage::default(),
            coordinates: self.coordinates,
            turned: self.turned,
        }
    }
}

/// Fills `to` from `from` by bilinear interpolation at the positions that `back` maps to. Pixels outside are left.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "fixed point: every coordinate is checked against the picture before it is used"
)]
fn resample(from: &GrayImage, to: &mut GrayImage, back: &CoordinateMap) {
    const ONE: f64 = 65_536.0;
    let (width, height) = (i64::from(from.width()), i64::from(from.height()));
    let source = from.as_raw();
    let row_length = from.width() as usize;
    let target_width = to.width() as usize;
    let (step_x, step_y) = ((back.xx * ONE) as i64, (back.yx * ONE) as i64);
    for (row, line) in (0_u32..).zip(to.chunks_exact_mut(target_width.max(1))) {
        // Centres of pixels, in 1/65536 of a pixel.
        let (start_x, start_y) = back.of(0.5, f64::from(row) + 0.5);
        let (mut x, mut y) = (((start_x - 0.5) * ONE) as i64, ((start_y - 0.5) * ONE) as i64);
        for pixel in line {
            let (left, top) = (x >> 16, y >> 16);
            if left >= 0 && top >= 0 && left + 1 < width && top + 1 < height {
                let at = top as usize * row_length + left as usize;
                let (right_share, lower_share) = (((x >> 8) & 0xff) as u32, ((y >> 8) & 0xff) as u32);
                let mix = |a: u8, b: u8| u32::from(a) * (256 - right_share) + u32::from(b) * right_share;
                let upper = mix(source[at], source[at + 1]);
                let lower = mix(source[at + row_length], source[at + row_length + 1]);
                *pixel = ((upper * (256 - lower_share) + lower * lower_share + 32_768) >> 16) as u8;
            }
            x += step_x;
            y += step_y;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ocr::Bounds;

    /// 60 x 40 with a dark block of 6 x 4 at (10, 20).
    fn page() -> GrayImage {
        GrayImage::from_fn(60, 40, |x, y| {
            Luma([if (10..16).contains(&x) && (20..24).contains(&y) {
                0
            } else {
                255
            }])
        })
    }

    fn ink(pixels: &GrayImage) -> [i32; 4] {
        let dark = pixels.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] < 128);
        dark.fold(
            [i32::MAX, i32::MAX, 0, 0],
            |[left, top, right, bottom], (x, y, _)| {
                let (x, y) = (x.cast_signed(), y.cast_signed());
                [left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1)]
            },
        )
    }

    fn found(image: &PageImage) -> Bounds {
        image.coordinates.bounds(ink(&image.pixels), 60, 40).unwrap()
    }

    #[test]
    fn a_box_is_found_again_after_turns_scales_and_cuts() {
        let expected = Bounds {
            x: 10,
            y: 20,
            width: 6,
            height: 4,
        };
        for quarters in 0..8 {
            assert_eq!(found(&PageImage::new(page()).quarter_turned(quarters)), expected);
            let larger = PageImage::new(page()).quarter_turned(quarters).scaled(3.0);
            assert_eq!(found(&larger), expected);
            assert_eq!(found(&larger.quarter_turned(1).scaled(0.5)), expected);
        }
        assert_eq!(found(&PageImage::new(page()).part(5, 7, 50, 30)), expected);
    }

    #[test]
    fn a_slight_turn_keeps_the_middle_and_widens_the_box_a_little() {
        for degrees in [-15.0, -3.0, 3.0, 15.0] {
            let image = PageImage::new(page()).slightly_turned(degrees, 255);
            let bounds = found(&image);
            let (middle_x, middle_y) = (2 * bounds.x + bounds.width, 2 * bounds.y + bounds.height);
            assert!(
                middle_x.abs_diff(26) <= 2 && middle_y.abs_diff(44) <= 2,
                "{degrees}: {bounds:?}"
            );
            assert!((image.turned - degrees).abs() < 1e-9);
        }
    }
}
