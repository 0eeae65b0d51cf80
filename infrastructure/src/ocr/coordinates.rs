//! Maps coordinates of a preprocessed image back to the page.

use domain::ocr::Bounds;

/// An affine map from a preprocessed image to the page: `x = xx * u + xy * v + x0`, `y = yx * u + yy * v + y0`.
/// Coordinates run along the edges of pixels, so that pixel `i` reaches from `i` to `i + 1`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CoordinateMap {
    pub(super) xx: f64,
    pub(super) xy: f64,
    pub(super) x0: f64,
    pub(super) yx: f64,
    pub(super) yy: f64,
    pub(super) y0: f64,
}

impl CoordinateMap {
    /// The identity.
    pub(super) const UNMOVED: Self = Self {
        xx: 1.0,
        xy: 0.0,
        x0: 0.0,
        yx: 0.0,
        yy: 1.0,
        y0: 0.0,
    };

    /// Maps a point.
    pub(super) fn of(&self, u: f64, v: f64) -> (f64, f64) {
        (
            self.xx * u + self.xy * v + self.x0,
            self.yx * u + self.yy * v + self.y0,
        )
    }

    /// This map after `inner`.
    pub(super) fn under(&self, inner: &Self) -> Self {
        let (x0, y0) = self.of(inner.x0, inner.y0);
        Self {
            xx: self.xx * inner.xx + self.xy * inner.yx,
            xy: self.xx * inner.xy + self.xy * inner.yy,
            x0,
            yx: self.yx * inner.xx + self.yy * inner.yx,
            yy: self.yx * inner.xy + self.yy * inner.yy,
            y0,
        }
    }

    /// The bounding box, in whole pixels, of a mapped box (left, top, right, bottom) on a page of that size; `None` when it
    /// is outside.
    pub(super) fn bounds(&self, found: [i32; 4], width: u32, height: u32) -> Option<Bounds> {
        let [left, top, right, bottom] = found.map(f64::from);
        let corners =
            [(left, top), (right, top), (left, bottom), (right, bottom)].map(|(u, v)| self.of(u, v));
        let span = |values: [f64; 4], limit: u32| {
            let from = values.into_iter().fold(f64::MAX, f64::min).round();
            let to = values.into_iter().fold(f64::MIN, f64::max).round();
            let from = to_pixels(from).min(limit);
            let to = to_pixels(to).min(limit);
            (to > from).then(|| (from, to - from))
        };
        let (x, width) = span(corners.map(|corner| corner.0), width)?;
        let (y, height) = span(corners.map(|corner| corner.1), height)?;
        Some(Bounds { x, y, width, height })
    }
}

/// Converts a coordinate to pixels; negative ones become 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates"
)]
pub(super) fn to_pixels(coordinate: f64) -> u32 {
    coordinate as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_clipped_to_the_page_and_gone_outside_of_it() {
        let unmoved = CoordinateMap::UNMOVED;
        let clipped = unmoved.bounds([-5, 30, 20, 90], 60, 40).unwrap();
        assert_eq!(
            clipped,
            Bounds {
                x: 0,
                y: 30,
                width: 20,
                height: 10
            }
        );
        assert_eq!(unmoved.bounds([61, 0, 70, 10], 60, 40), None);
    }
}
