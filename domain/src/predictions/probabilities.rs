//! What a classifier says of an image.

/// How many decimals a probability has: more say nothing, and these every parser of JSON reads back as they were.
const DECIMALS: f64 = 1e12;

/// A probability for each label of a model, in the order of the labels: each from 0 to 1, of twelve decimals; their sum is
/// 1, but for what was rounded.
#[derive(Debug, Clone, PartialEq)]
pub struct Probabilities(Vec<f64>);

impl Probabilities {
    /// The softmax of a model's outputs; `None` when there are none or one of them is no finite number.
    pub fn of_logits(logits: &[f32]) -> Option<Self> {
        if logits.is_empty() || !logits.iter().all(|logit| logit.is_finite()) {
            return None;
        }
        // Less the largest, so that no exponential overflows.
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers: Vec<f64> = logits
            .iter()
            .map(|logit| (f64::from(*logit) - f64::from(largest)).exp())
            .collect();
        let sum: f64 = powers.iter().sum();
        let round = |share: f64| (share * DECIMALS).round() / DECIMALS;
        Some(Self(powers.into_iter().map(|power| round(power / sum)).collect()))
    }

    /// The probabilities, in the order of the labels.
    pub fn as_slice(&self) -> &[f64] {
        &self.0
    }

    /// The position of the most probable label, the first of equals.
    pub fn most_probable(&self) -> usize {
        let mut best = 0;
        for (position, probability) in self.0.iter().enumerate() {
            if *probability > self.0[best] {
                best = position;
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_of_any_size_become_shares_of_one() {
        for logits in [
            &[0.0, 0.0][..],
            &[1.0, 2.0, 3.0],
            &[f32::MAX, f32::MIN, 0.0],
            &[-1e30, -1e30],
        ] {
            let probabilities = Probabilities::of_logits(logits).expect("finite");
            let sum: f64 = probabilities.as_slice().iter().sum();
            assert!((sum - 1.0).abs() < 1e-11, "{logits:?}: {sum}");
            assert!(
                probabilities
                    .as_slice()
                    .iter()
                    .all(|share| (0.0..=1.0).contains(share))
            );
        }
    }

    #[test]
    fn the_largest_output_wins_and_the_first_of_equals() {
        let winner = |logits: &[f32]| Probabilities::of_logits(logits).map(|found| found.most_probable());
        assert_eq!(winner(&[0.1, 7.0, -3.0]), Some(1));
        assert_eq!(winner(&[2.0, 2.0]), Some(0));
    }

    #[test]
    fn outputs_that_are_no_numbers_are_refused() {
        for logits in [
            &[][..],
            &[f32::NAN, 1.0],
            &[f32::INFINITY, 1.0],
            &[1.0, f32::NEG_INFINITY],
        ] {
            assert_eq!(Probabilities::of_logits(logits), None, "{logits:?}");
        }
    }
}
