//! Finds text whose gray is within a few values of the paper's, such as black letters on a transparent page that was
//! flattened to near black.

use super::histogram::Histogram;
use image::{GrayImage, imageops};

/// The least share of pixels of exactly the paper's gray value: drawn pages reach it, photographs do not.
const PAPER_SHARE: f64 = 0.6;
/// The largest difference between low-contrast text and paper, in gray values.
const MAX_CONTRAST: u8 = 12;
/// The least share of pixels that low-contrast text has.
const TEXT_SHARE: f64 = 0.005;

/// A page that may have low-contrast text.
pub(super) struct LowContrastText {
    paper: u8,
    page: GrayImage,
}

impl LowContrastText {
    /// Returns the page when it may have low-contrast text.
    #[expect(clippy::cast_precision_loss, reason = "counts of pixels are far below 2^52")]
    pub(super) fn of(page: &GrayImage, histogram: &Histogram) -> Option<Self> {
        let all = histogram.all() as f64;
        let (paper, most) = histogram.most_frequent();
        let low_contrast: u64 = (0..=u8::MAX)
            .zip(histogram.counts)
            .filter(|(level, _)| *level != paper && level.abs_diff(paper) <= MAX_CONTRAST)
            .map(|(_, count)| count)
            .sum();
        let found = most as f64 >= PAPER_SHARE * all && low_contrast as f64 >= TEXT_SHARE * all;
        found.then(|| Self {
            paper,
            page: page.clone(),
        })
    }

    /// The page with all pixels that differ from the paper in black on white.
    pub(super) fn high_contrast(self) -> GrayImage {
        let mut page = self.page;
        for pixel in page.iter_mut() {
            *pixel = if *pixel == self.paper { u8::MAX } else { 0 };
        }
        // The engine is trained on letters with soft edges.
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

    fn low_contrast_text(page: &GrayImage) -> Option<LowContrastText> {
        LowContrastText::of(page, &Histogram::of(page))
    }

    #[test]
    fn text_of_almost_the_gray_of_the_paper_is_made_black() {
        let high_contrast = low_contrast_text(&page(1, 0)).unwrap().high_contrast();
        assert_eq!(
            (
                high_contrast.get_pixel(5, 5).0[0],
                high_contrast.get_pixel(30, 30).0[0]
            ),
            (0, 255)
        );
    }

    #[test]
    fn usual_ink_and_bare_paper_have_no_low_contrast_text() {
        assert!(low_contrast_text(&page(0, 255)).is_none());
        assert!(low_contrast_text(&page(255, 255)).is_none());
    }
}
