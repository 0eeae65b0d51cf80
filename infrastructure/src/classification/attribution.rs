//! Measures which parts of an image speak for a label.

use super::network::{Maps, Network};
use domain::predictions::{Attribution, InputSize, Probabilities};
use rten::ThreadPool;
use std::sync::Arc;

/// The cells of the grid on each side where a model has no maps. What is covered at once is two by two cells, so the model
/// runs (8 - 1)² = 49 times.
const CELLS: u32 = 8;

/// An attribution, and the value below which it is noise.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    pub(super) attribution: Attribution,
    noise: f32,
}

/// The noise of logits, and of probabilities.
const MAP_NOISE: f32 = 0.1;
const OCCLUSION_NOISE: f32 = 0.01;

impl Measured {
    /// The value that is drawn as the strongest: the maximum, unless that is noise.
    pub(super) fn scale(&self) -> f32 {
        self.attribution.maximum().max(self.noise)
    }

    /// The attribution from the maps of the model: for each cell, the output for the label above the mean of all labels.
    /// `None` if an output is not finite.
    pub(super) fn of_maps(maps: &Maps, label: usize) -> Option<Self> {
        let places = maps.height * maps.width;
        let outputs: Vec<&[f32]> = maps.values.chunks_exact(places).collect();
        let own = outputs.get(label)?;
        let (rows, columns) = (maps.height.try_into().ok()?, maps.width.try_into().ok()?);
        let count = f32::from(u16::try_from(outputs.len()).ok()?);
        // Probabilities do not change if all outputs grow by the same amount, so the common part does not count.
        let values: Vec<f32> = (0..places)
            .map(|place| own[place] - outputs.iter().map(|output| output[place] / count).sum::<f32>())
            .collect();
        let usable = maps.values.iter().chain(&values).all(|value| value.is_finite());
        usable.then(|| Self {
            attribution: Attribution {
                rows,
                columns,
                values: values.into_iter().map(|value| value.max(0.0)).collect(),
            },
            noise: MAP_NOISE,
        })
    }
}

/// The reason why there is no attribution.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The client has disconnected, or the time limit has passed.
    Unwanted,
    /// An output of the model is not finite, or missing.
    Unusable,
    /// The engine failed, with its message.
    Engine(String),
}

/// The attribution by occlusion: covers one part of the image after the other with gray and measures how much of the
/// probability of the label is lost (Zeiler and Fergus, 2014). Stops between two runs if `wanted` is false.
pub(super) fn occlusion(
    network: &Network,
    pool: &Arc<ThreadPool>,
    input: &[f32],
    size: InputSize,
    label: usize,
    wanted: impl Fn() -> bool,
) -> Result<Measured, Failure> {
    let probability = |input: &[f32]| {
        if !wanted() {
            return Err(Failure::Unwanted);
        }
        let answer = network.answer(input, false, pool).map_err(Failure::Engine)?;
        let probabilities = Probabilities::of_logits(&answer.logits).ok_or(Failure::Unusable)?;
        probabilities
            .as_slice()
            .get(label)
            .copied()
            .ok_or(Failure::Unusable)
    };
    let whole = probability(input)?;
    let (rows, columns) = (size.height.clamp(1, CELLS), size.width.clamp(1, CELLS));
    let (mut lost, mut covered) = (
        vec![0.0; (rows * columns) as usize],
        vec![0.0; (rows * columns) as usize],
    );
    let mut part = input.to_vec();
    for row in 0..rows.saturating_sub(1).max(1) {
        for column in 0..columns.saturating_sub(1).max(1) {
            let (down, across) = ((row + 2).min(rows), (column + 2).min(columns));
            part.copy_from_slice(input);
            cover(&mut part, size, [row, down, rows], [column, across, columns]);
            let drop = (whole - probability(&part)?).max(0.0);
            for cell in (row..down).flat_map(|row| (column..across).map(move |column| row * columns + column))
            {
                lost[cell as usize] += drop;
                covered[cell as usize] += 1.0;
            }
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "shares of 1")]
    let values = lost
        .iter()
        .zip(&covered)
        .map(|(lost, times): (&f64, &f64)| (lost / times) as f32);
    Ok(Measured {
        attribution: Attribution {
            rows,
            columns,
            values: values.collect(),
        },
        noise: OCCLUSION_NOISE,
    })
}

/// Covers the cells from a first row and column to those behind the last, of so many in all, with the mean of all
/// pictures, which is 0.
fn cover(input: &mut [f32], size: InputSize, rows: [u32; 3], columns: [u32; 3]) {
    let bounds = |[from, to, of]: [u32; 3], side: u32| (from * side / of) as usize..(to * side / of) as usize;
    let (rows, columns) = (bounds(rows, size.height), bounds(columns, size.width));
    let width = size.width as usize;
    for plane in input.chunks_exact_mut(width * size.height as usize) {
        for row in plane.chunks_exact_mut(width).skip(rows.start).take(rows.len()) {
            row[columns.clone()].fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_attribution_of_a_label_is_its_output_above_the_mean_of_all() {
        let maps = Maps {
            values: vec![3.0, 0.0, -1.0, 4.0, 1.0, 4.0, -3.0, 2.0],
            height: 2,
            width: 2,
        };
        let mut measured = Measured::of_maps(&maps, 0).unwrap();
        assert_eq!(measured.attribution.values, [1.0, 0.0, 1.0, 1.0]);
        let other = Measured::of_maps(&maps, 1).unwrap();
        assert_eq!(other.attribution.values, [0.0, 2.0, 0.0, 0.0]);
        assert_eq!(measured.scale().to_bits(), 1.0_f32.to_bits());
        measured.attribution.values = vec![1e-9];
        assert!(
            measured.scale() > 0.01,
            "rounding errors are not drawn as attribution"
        );
        assert_eq!(Measured::of_maps(&maps, 2), None);
    }

    #[test]
    fn maps_with_an_output_that_is_not_finite_give_no_attribution() {
        for bad in [f32::NAN, f32::INFINITY] {
            let maps = Maps {
                values: vec![0.0, bad],
                height: 1,
                width: 1,
            };
            assert_eq!(Measured::of_maps(&maps, 0), None);
        }
    }

    #[test]
    fn only_the_cells_are_covered_and_in_every_colour() {
        let size = InputSize { height: 4, width: 8 };
        let mut input = vec![1.0; 3 * 32];
        cover(&mut input, size, [1, 2, 2], [2, 4, 4]);
        for plane in input.chunks_exact(32) {
            let covered: Vec<usize> = (0..32).filter(|place| plane[*place] == 0.0).collect();
            assert_eq!(covered, [20, 21, 22, 23, 28, 29, 30, 31]);
        }
    }
}
