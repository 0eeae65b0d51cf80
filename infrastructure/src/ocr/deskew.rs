//! Estimates the skew of text lines from the positions of letters.

/// The largest skew that is found, in degrees to either side.
const WIDEST: f64 = 21.0;
/// Degrees between the directions of the first search; over a line of 100 letters that is about one letter.
const COARSE: f64 = 0.5;
/// Degrees between the directions of the second search.
const FINE: f64 = 0.1;
/// A direction is used when its projection profile is this much sharper than that of 0 degrees.
const CLEARLY_SHARPER: f64 = 1.15;
/// The most letters that are used: more do not change the result.
const MOST_POINTS: usize = 4000;

/// A direction of lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Skew {
    /// Degrees by which the second coordinate grows along the first.
    pub(super) degrees: f64,
    /// How often two points share a line, relative to random points: 1 is chance.
    pub(super) sharpness: f64,
    /// The same in the direction of 0 degrees.
    sharpness_as_is: f64,
}

impl Skew {
    /// The degrees, or 0 when the lines are about as sharp without deskewing.
    pub(super) fn sure_degrees(&self) -> f64 {
        if self.sharpness > CLEARLY_SHARPER * self.sharpness_as_is {
            self.degrees
        } else {
            0.0
        }
    }
}

/// The direction in which points fall on the fewest lines of a height of `bin`: the sum of squares of a projection
/// profile is largest there (Postl 1986).
pub(super) fn skew(points: impl Iterator<Item = (f64, f64)>, bin: f64) -> Skew {
    let all: Vec<(f64, f64)> = points.collect();
    let step = all.len().div_ceil(MOST_POINTS).max(1);
    let points: Vec<(f64, f64)> = all.into_iter().step_by(step).collect();
    let bin = bin.max(1.0);
    let mut bins = Bins::default();
    let mut best = (0.0, 0.0);
    let as_is = sharpness(&points, 0.0, bin, &mut bins);
    let mut search = |middle: f64, reach: f64, step: f64, best: &mut (f64, f64)| {
        let mut offset = -reach;
        while offset <= reach + step / 2.0 {
            let found = sharpness(&points, middle + offset, bin, &mut bins);
            if found > best.1 {
                *best = (middle + offset, found);
            }
            offset += step;
        }
    };
    search(0.0, WIDEST, COARSE, &mut best);
    search(best.0, COARSE, FINE, &mut best);
    Skew {
        degrees: best.0,
        sharpness: best.1,
        sharpness_as_is: as_is,
    }
}

/// Memory of one search, for all its directions.
#[derive(Default)]
struct Bins {
    /// Where each point lies across the lines, in bins.
    places: Vec<f64>,
    /// How many points each bin has.
    counts: Vec<u32>,
}

/// How often two points share a line in a direction, beside the chance of it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "bins are counted from the lowest point on and points are few"
)]
fn sharpness(points: &[(f64, f64)], degrees: f64, bin: f64, bins: &mut Bins) -> f64 {
    let Bins { places, counts } = bins;
    let slope = degrees.to_radians().tan();
    let cosine = degrees.to_radians().cos();
    let across = |point: &(f64, f64)| (point.1 - point.0 * slope) * cosine / bin;
    places.clear();
    places.extend(points.iter().map(across));
    let lowest = places.iter().copied().fold(f64::MAX, f64::min);
    counts.clear();
    for place in places {
        let line = (*place - lowest) as usize;
        if counts.len() <= line {
            counts.resize(line + 1, 0);
        }
        counts[line] += 1;
    }
    let pairs: f64 = counts
        .iter()
        .map(|count| f64::from(*count) * f64::from(*count))
        .sum();
    let number = points.len().max(1) as f64;
    pairs / (number * number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten lines of forty letters that fall by so many degrees.
    fn page(degrees: f64) -> Vec<(f64, f64)> {
        let (sine, cosine) = degrees.to_radians().sin_cos();
        let places = (0..400).map(|number| (f64::from(number % 40) * 15.0, f64::from(number / 40) * 40.0));
        places
            .map(|(x, y)| (x * cosine - y * sine, x * sine + y * cosine))
            .collect()
    }

    #[test]
    fn the_tilt_of_lines_is_found_to_a_fraction_of_a_degree() {
        for degrees in [-19.0, -7.3, -2.0, -0.7, 0.0, 0.6, 3.0, 11.2, 20.0] {
            let found = skew(page(degrees).into_iter(), 4.0);
            assert!((found.degrees - degrees).abs() <= 0.31, "{degrees}: {found:?}");
            assert!(
                (found.sure_degrees() - degrees).abs() <= 0.61,
                "{degrees}: {found:?}"
            );
        }
    }

    #[test]
    fn no_letters_have_no_tilt() {
        assert!(skew(std::iter::empty(), 4.0).sure_degrees().abs() < f64::EPSILON);
    }
}
