//! Ink that is hardly another gray than the paper: letters that nobody meant to hide, such as black ones on what was
//! transparent and became nearly black.

use super::histogram::Histogram;
use image::{GrayImage, imageops};

/// The share of pixels that have exactly the gray value of the paper: drawn pages have it, photographs do not.
const PAPER_SHARE: f64 = 0.6;
/// Ink is hidden when it differs from the paper by at most so many gray values.
const HARDLY: u8 = 12;
/// The least share of all pixels that hidden ink has.
const INK_SHARE: f64 = 0.005;

/// A page on which there may be hidden ink.
pub(super) struct HiddenInk {
    paper: u8,
    page: GrayImage,
}

impl HiddenInk {
    /// Looks for ink that differs from the paper, but hardly; `None` when there is none.
    #[expect(clippy::cast_precision_loss, reason = "counts of pixels are far below 2^52")]
    pub(super) fn of(page: &GrayImage, histogram: &Histogram) -> Option<Self> {
        let all = histogram.all() as f64;
        let (paper, most) = histogram.most_frequent();
        let hardly: u64 = (0..=u8::MAX)
            .zip(histogram.counts)
            .filter(|(level, _)| *level != paper && level.abs_diff(paper) <= HARDLY)
            .map(|(_, count)| count)
            .sum();
        let hidden = most as f64 >= PAPER_SHARE * all && hardly as f64 >= INK_SHARE * all;
        hidden.then(|| Self {
            paper,
            page: page.clone(),
        })
    }

    /// The page with everything that is not exactly paper in black on white.
    pub(super) fn uncovered(self) -> GrayImage {
        let mut page = self.page;
        for pixel in page.iter_mut() {
            *pixel = if *pixel == self.paper { u8::MAX } else { 0 };
        }
        // Engines know letters with soft edges.
        imageops::fast_blur(&page, 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    fn page(ink: u8, paper: u8) -> GrayImage {
        GrayImage::from_fn(50, 50, |x, y| Luma([if x < 10 && y < 10 { ink } else { paper }]))
    }

    fn hidden(page: &GrayImage) -> Option<HiddenInk> {
        HiddenInk::of(page, &Histogram::of(page))
    }

    #[test]
    fn ink_of_almost_the_colour_of_the_paper_is_uncovered() {
        let uncovered = hidden(&page(1, 0)).unwrap().uncovered();
        assert_eq!(
            (uncovered.get_pixel(5, 5).0[0], uncovered.get_pixel(30, 30).0[0]),
            (0, 255)
        );
    }

    #[test]
    fn usual_ink_and_bare_paper_hide_nothing() {
        assert!(hidden(&page(0, 255)).is_none());
        assert!(hidden(&page(255, 255)).is_none());
    }
}
