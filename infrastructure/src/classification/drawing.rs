//! Evidence over a picture.

use super::{
    evidence::{Evidence, Kind},
    lettering,
    preprocessing::{Frame, resized},
};
use domain::predictions::InputSize;
use fast_image_resize::{FilterType, ResizeError};
use image::{Rgb, RgbImage};

/// The longest side of the picture in a heat map, and what a small one is enlarged to.
const LONGEST: u32 = 1024;
const SMALL: u32 = 384;
/// The least width, so that the legend has room.
const LEAST_WIDTH: u32 = 384;
/// The legend.
const LEGEND: u32 = 76;
const MARGIN: u32 = 8;
const BAR: u32 = 12;
const PAPER: Rgb<u8> = Rgb([255, 255, 255]);
const INK: Rgb<u8> = Rgb([32, 32, 32]);
/// From no evidence to the most: darker with each step, so that it is read without colours, too.
const RAMP: [[f32; 3]; 5] = [
    [255.0, 250.0, 200.0],
    [254.0, 215.0, 90.0],
    [250.0, 145.0, 40.0],
    [215.0, 50.0, 30.0],
    [120.0, 0.0, 40.0],
];
/// How much of the picture the strongest evidence covers.
const COVER: f32 = 0.75;

/// A picture of the evidence for a label: the image in gray, what spoke for the label in colours over it, and beneath it
/// what the colours mean. `frame` is what the model saw of the image; a line marks it where that is not all.
pub(super) fn draw(
    image: &RgbImage,
    frame: Frame,
    evidence: &Evidence,
    label: &str,
) -> Result<RgbImage, ResizeError> {
    let (width, height) = shown(image.width(), image.height());
    let all = Frame {
        left: 0.0,
        top: 0.0,
        width: f64::from(image.width()),
        height: f64::from(image.height()),
    };
    let picture = resized(image, all, InputSize { height, width }, FilterType::Bilinear)?;
    let scale = [
        f64::from(width) / f64::from(image.width()),
        f64::from(height) / f64::from(image.height()),
    ];
    let seen = Seen {
        left: to_f32(frame.left * scale[0]),
        top: to_f32(frame.top * scale[1]),
        width: to_f32(frame.width * scale[0]),
        height: to_f32(frame.height * scale[1]),
    };
    let mut drawn = RgbImage::from_pixel(width.max(LEAST_WIDTH), height + LEGEND, PAPER);
    let strongest = evidence.strongest();
    for (x, y, pixel) in picture.enumerate_pixels() {
        let gray = gray(*pixel);
        let strength = seen
            .place(x, y)
            .map_or(0.0, |(across, down)| between(evidence, across, down) / strongest);
        drawn.put_pixel(x, y, over(gray, strength));
    }
    seen.outline(&mut drawn, width, height);
    legend(&mut drawn, height, evidence, label);
    Ok(drawn)
}

/// The size in which an image is shown.
fn shown(width: u32, height: u32) -> (u32, u32) {
    let longest = width.max(height).max(1);
    let wanted = longest.clamp(SMALL, LONGEST);
    let side = |side: u32| {
        let scaled = u64::from(side) * u64::from(wanted) / u64::from(longest);
        u32::try_from(scaled).unwrap_or(LONGEST).clamp(1, LONGEST)
    };
    (side(width), side(height))
}

/// What the model saw, in pixels of the drawing.
struct Seen {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
}

impl Seen {
    /// Where the middle of a pixel is in what was seen, from 0 to 1; `None` outside.
    fn place(&self, x: u32, y: u32) -> Option<(f32, f32)> {
        let across = (pixels(x) + 0.5 - self.left) / self.width;
        let down = (pixels(y) + 0.5 - self.top) / self.height;
        let within = |share: f32| (0.0..=1.0).contains(&share);
        (within(across) && within(down)).then_some((across, down))
    }

    /// Marks the border where it lies inside the picture.
    fn outline(&self, drawn: &mut RgbImage, width: u32, height: u32) {
        for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
            let inside = self.place(x, y).is_some();
            let right = x + 1 < width && self.place(x + 1, y).is_some() != inside;
            let below = y + 1 < height && self.place(x, y + 1).is_some() != inside;
            if right || below {
                drawn.put_pixel(x, y, if (x + y) / 4 % 2 == 0 { INK } else { PAPER });
            }
        }
    }
}

/// The evidence between the middles of its cells.
fn between(evidence: &Evidence, across: f32, down: f32) -> f32 {
    let (columns, rows) = (evidence.width, evidence.height);
    let (left, right, x) = neighbours(across, columns);
    let (above, below, y) = neighbours(down, rows);
    let at = |row: usize, column: usize| evidence.values[row * columns + column];
    let upper = at(above, left) * (1.0 - x) + at(above, right) * x;
    let lower = at(below, left) * (1.0 - x) + at(below, right) * x;
    upper * (1.0 - y) + lower * y
}

/// The two cells beside a place, and how near it is to the second.
fn neighbours(share: f32, cells: usize) -> (usize, usize, f32) {
    let place = (share * pixels(u32::try_from(cells).unwrap_or(u32::MAX)) - 0.5).max(0.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at least 0 and at most as many as there are cells"
    )]
    let first = (place as usize).min(cells - 1);
    (first, (first + 1).min(cells - 1), place.fract())
}

fn gray(Rgb([red, green, blue]): Rgb<u8>) -> f32 {
    // Rec. 601.
    0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue)
}

/// A gray pixel under evidence from 0 to 1.
fn over(gray: f32, strength: f32) -> Rgb<u8> {
    let share = strength * COVER;
    Rgb(colour(strength).map(|part| byte(gray * (1.0 - share) + part * share)))
}

/// The colour of evidence from 0 to 1.
fn colour(strength: f32) -> [f32; 3] {
    let (first, second, share) = neighbours(
        // The ends of the ramp are the middles of its first and last cell.
        (strength * 4.0 + 0.5) / 5.0,
        RAMP.len(),
    );
    std::array::from_fn(|part| RAMP[first][part] * (1.0 - share) + RAMP[second][part] * share)
}

fn legend(drawn: &mut RgbImage, top: u32, evidence: &Evidence, label: &str) {
    let width = drawn.width();
    let title = format!("evidence for: {label}");
    let room = width - 2 * MARGIN;
    let scale = if lettering::width(&title, 2) <= room { 2 } else { 1 };
    lettering::write(drawn, &title, MARGIN, top + MARGIN, scale, INK);
    let bar = top + MARGIN + 2 * lettering::SIDE + 6;
    for x in 0..room {
        let strength = pixels(x) / pixels(room.max(2) - 1);
        for y in 0..BAR {
            drawn.put_pixel(MARGIN + x, bar + y, over(160.0, strength));
        }
    }
    let words = bar + BAR + 6;
    let most = format!("{:.2}", evidence.strongest());
    lettering::write(drawn, "0", MARGIN, words, 1, INK);
    let right = width - MARGIN - lettering::width(&most, 1);
    lettering::write(drawn, &most, right, words, 1, INK);
    let meaning = match evidence.kind {
        Kind::Maps => "output above the labels' mean",
        Kind::Occlusion => "probability lost when covered",
    };
    let middle = (width - lettering::width(meaning, 1)) / 2;
    lettering::write(drawn, meaning, middle, words, 1, INK);
}

/// A number of pixels, as all pictures here are small.
fn pixels(count: u32) -> f32 {
    u16::try_from(count).map_or(f32::MAX, f32::from)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "places in pictures of at most 1024 pixels"
)]
fn to_f32(place: f64) -> f32 {
    place as f32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "held between 0 and 255"
)]
fn byte(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(values: [f32; 4]) -> Evidence {
        Evidence {
            values: values.to_vec(),
            height: 2,
            width: 2,
            kind: Kind::Maps,
        }
    }

    fn all_of(width: u32, height: u32) -> Frame {
        Frame {
            left: 0.0,
            top: 0.0,
            width: f64::from(width),
            height: f64::from(height),
        }
    }

    /// How red a pixel is beside its other parts.
    fn warmth(picture: &RgbImage, x: u32, y: u32) -> i32 {
        let Rgb([red, _, blue]) = *picture.get_pixel(x, y);
        i32::from(red) - i32::from(blue)
    }

    #[test]
    fn colours_lie_where_the_evidence_is() {
        let image = RgbImage::from_pixel(500, 400, Rgb([90; 3]));
        let drawn = draw(&image, all_of(500, 400), &evidence([0.0, 2.0, 0.0, 0.0]), "x").unwrap();
        assert_eq!((drawn.width(), drawn.height()), (500, 400 + LEGEND));
        assert!(warmth(&drawn, 450, 50) > 40, "{:?}", drawn.get_pixel(450, 50));
        for (x, y) in [(50, 50), (50, 350), (450, 350)] {
            assert_eq!(warmth(&drawn, x, y), 0, "{x} {y}");
        }
    }

    #[test]
    fn what_the_model_did_not_see_stays_gray_behind_a_line() {
        let image = RgbImage::from_pixel(600, 400, Rgb([10, 200, 60]));
        let frame = Frame {
            left: 100.0,
            width: 400.0,
            ..all_of(600, 400)
        };
        let drawn = draw(&image, frame, &evidence([1.0; 4]), "x").unwrap();
        assert_eq!(warmth(&drawn, 50, 200), 0);
        assert_ne!(warmth(&drawn, 300, 200), 0);
        let line: std::collections::HashSet<_> = (0..400).map(|y| drawn.get_pixel(99, y).0).collect();
        assert_eq!(line, std::collections::HashSet::from([INK.0, PAPER.0]));
    }

    #[test]
    fn no_evidence_leaves_the_image_gray() {
        let image = RgbImage::from_pixel(400, 400, Rgb([10, 200, 60]));
        let drawn = draw(&image, all_of(400, 400), &evidence([0.0; 4]), "x").unwrap();
        assert!((0..400).all(|x| warmth(&drawn, x, 200) == 0));
    }

    #[test]
    fn the_drawing_is_bounded_whatever_the_image_is() {
        for (width, height) in [(1, 1), (65_535, 1), (1, 65_535), (5_000, 4_000)] {
            let image = RgbImage::from_pixel(width, height, Rgb([9; 3]));
            let drawn = draw(
                &image,
                all_of(width, height),
                &evidence([1.0; 4]),
                &"long label ".repeat(6),
            )
            .unwrap();
            assert!(
                (LEAST_WIDTH..=LONGEST).contains(&drawn.width()),
                "{width}x{height}"
            );
            assert!(
                (LEGEND + 1..=LONGEST + LEGEND).contains(&drawn.height()),
                "{width}x{height}"
            );
        }
    }
}
