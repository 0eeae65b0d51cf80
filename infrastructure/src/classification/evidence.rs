//! What spoke for a label, and where.

use super::network::{Maps, Network};
use domain::predictions::{InputSize, Probabilities};
use rten::ThreadPool;
use std::sync::Arc;

/// The cells of the grid on each side where a model has no maps. What is covered at once is two by two cells, so the model
/// runs (8 - 1)² = 49 times.
const CELLS: u32 = 8;

/// How strongly each part of what the model saw spoke for a label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Evidence {
    /// At least 0, row by row.
    pub(super) values: Vec<f32>,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) kind: Kind,
}

/// What the values mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// How much the model's own output for this place is above the mean of those for all labels.
    Maps,
    /// The probability that is lost when this place is covered.
    Occlusion,
}

impl Evidence {
    /// What counts as the strongest evidence: the largest value, but no less than what rounding and noise make.
    pub(super) fn strongest(&self) -> f32 {
        let least = match self.kind {
            Kind::Maps => 0.1,
            Kind::Occlusion => 0.01,
        };
        self.values.iter().copied().fold(least, f32::max)
    }

    /// From the model's own maps; `None` when one of them holds what is no number.
    pub(super) fn of_maps(maps: &Maps, label: usize) -> Option<Self> {
        let places = maps.height * maps.width;
        let outputs: Vec<&[f32]> = maps.values.chunks_exact(places).collect();
        let own = outputs.get(label)?;
        let count = f32::from(u16::try_from(outputs.len()).ok()?);
        // Probabilities do not change when all outputs grow alike, so what they have in common is no evidence.
        let values: Vec<f32> = (0..places)
            .map(|place| own[place] - outputs.iter().map(|output| output[place] / count).sum::<f32>())
            .collect();
        let usable = maps.values.iter().chain(&values).all(|value| value.is_finite());
        usable.then(|| Self {
            values: values.into_iter().map(|value| value.max(0.0)).collect(),
            height: maps.height,
            width: maps.width,
            kind: Kind::Maps,
        })
    }
}

/// Why there is no evidence.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nobody waits for it any more, or it took too long.
    Unwanted,
    /// The model answered with what is no number.
    Unusable,
    /// The engine broke down, as it says.
    Engine(String),
}

/// Covers one part after the other with gray and sees how much of the label's probability is lost (Zeiler and Fergus,
/// 2014). `wanted` is asked between the runs.
pub(super) fn occlusion(
    network: &Network,
    pool: &Arc<ThreadPool>,
    input: &[f32],
    size: InputSize,
    label: usize,
    wanted: impl Fn() -> bool,
) -> Result<Evidence, Failure> {
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
    Ok(Evidence {
        values: values.collect(),
        height: rows as usize,
        width: columns as usize,
        kind: Kind::Occlusion,
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
    fn evidence_is_what_the_label_has_above_the_others() {
        let maps = Maps {
            values: vec![3.0, 0.0, -1.0, 4.0, 1.0, 4.0, -3.0, 2.0],
            height: 2,
            width: 2,
        };
        let evidence = Evidence::of_maps(&maps, 0).unwrap();
        assert_eq!(evidence.values, [1.0, 0.0, 1.0, 1.0]);
        assert_eq!(Evidence::of_maps(&maps, 1).unwrap().values, [0.0, 2.0, 0.0, 0.0]);
        assert_eq!(evidence.strongest().to_bits(), 1.0_f32.to_bits());
        let none = Evidence {
            values: vec![1e-9],
            ..evidence
        };
        assert!(none.strongest() > 0.01, "what rounding makes is no evidence");
        assert_eq!(Evidence::of_maps(&maps, 2), None);
    }

    #[test]
    fn maps_of_what_is_no_number_are_no_evidence() {
        for bad in [f32::NAN, f32::INFINITY] {
            let maps = Maps {
                values: vec![0.0, bad],
                height: 1,
                width: 1,
            };
            assert_eq!(Evidence::of_maps(&maps, 0), None);
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
