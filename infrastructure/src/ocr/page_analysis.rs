//! Measures a page before recognition: letter height, direction of lines and skew.

use super::{
    components::{Component, components},
    deskew::{Skew, skew},
    histogram::Histogram,
    page_image::PageImage,
};
use image::GrayImage;

/// Larger pages are analyzed at half their size, or a quarter.
const MOST_PIXELS: u64 = 5_000_000;
/// Smaller components are dots, accents and dirt.
const LEAST_HEIGHT: u32 = 4;
/// The fewest letters from which the direction of lines is estimated.
const FEWEST_LETTERS: usize = 12;
/// Lines are vertical when their profile is this much sharper in that direction.
const UPRIGHT_SHARPNESS: f64 = 1.4;

/// Measurements of a page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PageAnalysis {
    /// The bounding boxes of the letters, in pixels of the page.
    pub(super) letters: Vec<Component>,
    /// The height across their line that three quarters of the letters reach, in pixels of the page: close to the height
    /// of an `x`, which few marks are below, also where capitals and digits are many. `None` when there are none or they hang together.
    pub(super) letter_height: Option<f64>,
    /// Whether the lines run from top to bottom or from bottom to top.
    pub(super) upright: bool,
    /// Skew in degrees clockwise; 0 when it is uncertain.
    pub(super) skew: f64,
}

impl PageAnalysis {
    /// Analyzes a page with dark letters.
    pub(super) fn of(page: &GrayImage, histogram: &Histogram) -> Self {
        let mut factor = 1;
        while u64::from(page.width()) * u64::from(page.height()) / u64::from(factor * factor) > MOST_PIXELS {
            factor *= 2;
        }
        let smaller = (factor > 1).then(|| {
            PageImage::new(page.clone())
                .scaled(1.0 / f64::from(factor))
                .pixels
        });
        let pixels = smaller.as_ref().unwrap_or(page);
        let level = match &smaller {
            Some(smaller) => Histogram::of(smaller).threshold(),
            None => histogram.threshold(),
        };
        let mut letters: Vec<Component> = components(pixels, level)
            .into_iter()
            .filter(|component| is_letter(component, pixels))
            .collect();
        if letters.len() > FEWEST_LETTERS {
            // Dirt and ruled lines are far from the median size.
            let usual = median(
                letters
                    .iter()
                    .map(|letter| letter.height().max(letter.width()))
                    .collect(),
            );
            letters.retain(|letter| {
                let size = letter.height().max(letter.width());
                size * 3 >= usual && size <= usual * 4
            });
        }
        let (skew, upright) = direction(&letters);
        let across = |letter: &Component| if upright { letter.width() } else { letter.height() };
        let letter_height = (!letters.is_empty() && !touching(&letters, upright))
            .then(|| f64::from(lower_quartile(letters.iter().map(across).collect())) * f64::from(factor));
        for letter in &mut letters {
            letter.left *= factor;
            letter.top *= factor;
            letter.right *= factor;
            letter.bottom *= factor;
        }
        Self {
            letters,
            letter_height,
            upright,
            skew,
        }
    }
}

/// Whether a component may be a letter or several that touch: neither a dot nor a ruled line nor a picture.
fn is_letter(component: &Component, page: &GrayImage) -> bool {
    let (width, height) = (component.width(), component.height());
    let (long, short) = (width.max(height), width.min(height));
    long >= LEAST_HEIGHT && short >= 1 && long <= 12 * short && short * 2 <= page.width().min(page.height())
}

/// Whether letters touch, as in script and blurred print: components are then longer along the line than across it.
fn touching(letters: &[Component], upright: bool) -> bool {
    let wide = letters.iter().filter(|letter| {
        let (along, across) = (letter.width(), letter.height());
        let (along, across) = if upright { (across, along) } else { (along, across) };
        2 * along > 3 * across
    });
    wide.count() * 3 > letters.len()
}

/// The skew of the lines, and whether they are vertical.
fn direction(letters: &[Component]) -> (f64, bool) {
    if letters.len() < FEWEST_LETTERS {
        return (0.0, false);
    }
    let bin = f64::from(median(letters.iter().map(Component::height).collect())) / 4.0;
    let middle = |from: u32, to: u32| f64::from(from + to) / 2.0;
    // Letters stand on a baseline, which may be at any side of the image.
    let lying = [
        skew(
            letters
                .iter()
                .map(|l| (middle(l.left, l.right), f64::from(l.bottom))),
            bin,
        ),
        skew(
            letters
                .iter()
                .map(|l| (middle(l.left, l.right), f64::from(l.top))),
            bin,
        ),
    ];
    let standing = [
        skew(
            letters
                .iter()
                .map(|l| (middle(l.top, l.bottom), f64::from(l.right))),
            bin,
        ),
        skew(
            letters
                .iter()
                .map(|l| (middle(l.top, l.bottom), f64::from(l.left))),
            bin,
        ),
    ];
    let sharpest = |skews: [Skew; 2]| {
        if skews[0].sharpness >= skews[1].sharpness {
            skews[0]
        } else {
            skews[1]
        }
    };
    let (lying, standing) = (sharpest(lying), sharpest(standing));
    if standing.sharpness > UPRIGHT_SHARPNESS * lying.sharpness {
        // The sign of the slope is opposite for vertical lines.
        (-standing.sure_degrees(), true)
    } else {
        (lying.sure_degrees(), false)
    }
}

fn lower_quartile(mut values: Vec<u32>) -> u32 {
    let quarter = values.len() / 4;
    *values.select_nth_unstable(quarter).1
}

fn median(mut values: Vec<u32>) -> u32 {
    let middle = values.len() / 2;
    *values.select_nth_unstable(middle).1
}
