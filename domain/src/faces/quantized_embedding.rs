//! A face in a quarter of the memory.

use super::Embedding;

/// An embedding rounded to steps of 1/254, from -1/2 to 1/2: what lies beyond counts as the end. It tells how far two faces
/// are apart at least, and reading it takes a quarter of the time.
#[derive(Clone, Copy)]
pub(super) struct QuantizedEmbedding([i8; Embedding::DIMENSIONS]);

impl QuantizedEmbedding {
    /// Steps from 0 to 1.
    const STEPS: f32 = 254.0;
    /// How many steps rounding may have put between two faces: half a step for each number of both, and the root of 128 (11.314).
    const MOST_ROUNDED: f32 = 11.32;

    pub(super) fn of(embedding: &Embedding) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast of floats stops at the ends"
        )]
        Self(embedding.numbers().map(|number| {
            let steps = (number * Self::STEPS).round();
            steps.clamp(-127.0, 127.0) as i8
        }))
    }

    /// The steps in twice the memory: what is compared with many is widened once, which makes each comparison twice as fast.
    pub(super) fn widened(&self) -> [i16; Embedding::DIMENSIONS] {
        self.0.map(i16::from)
    }

    /// The square of the distance in steps from a face that was [widened](Self::widened). Written so that compilers make it
    /// instructions for many numbers at once.
    pub(super) fn squared_steps(&self, from: &[i16; Embedding::DIMENSIONS]) -> i32 {
        let squares = from.iter().zip(&self.0).map(|(from, number)| {
            let difference = from - i16::from(*number);
            i32::from(difference) * i32::from(difference)
        });
        squares.sum()
    }

    /// What [`squared_steps`](Self::squared_steps) is at most for faces that are no farther apart than this: moving numbers
    /// to the ends brings them no farther apart, so only rounding can have.
    pub(super) fn most_squared_steps(distance: f32) -> i32 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast of floats stops at the ends"
        )]
        let most = (distance * Self::STEPS + Self::MOST_ROUNDED).powi(2).ceil() as i32;
        most
    }
}

impl std::fmt::Debug for QuantizedEmbedding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("QuantizedEmbedding([REDACTED])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(number: f32) -> Embedding {
        Embedding::new([number; Embedding::DIMENSIONS]).expect("a finite number")
    }

    fn squared_steps(one: f32, other: f32) -> i32 {
        QuantizedEmbedding::of(&face(one)).squared_steps(&QuantizedEmbedding::of(&face(other)).widened())
    }

    #[test]
    fn distances_are_counted_in_steps() {
        assert_eq!(squared_steps(0.1, 0.1), 0);
        assert_eq!(squared_steps(-0.5, 0.5), 254 * 254 * 128);
        assert_eq!(squared_steps(0.0, 10.0 / 254.0), 100 * 128);
        // Beyond the ends it is not known how far.
        assert_eq!(squared_steps(0.5, 9.0), 0);
    }

    #[test]
    fn nothing_is_ruled_out_for_having_been_rounded() {
        // Numbers that are rounded away from each other as far as can be.
        let (one, other) = (0.499 / 254.0, 0.501 / 254.0);
        let apart = face(one).distance(&face(other));
        assert_eq!(squared_steps(one, other), 128);
        assert!(squared_steps(one, other) <= QuantizedEmbedding::most_squared_steps(apart));
        assert!(
            QuantizedEmbedding::most_squared_steps(apart) < 150,
            "and yet little is let through"
        );
    }

    #[test]
    fn a_face_does_not_show_itself() {
        let shown = format!("{:?}", QuantizedEmbedding::of(&face(0.25)));
        assert_eq!(shown, "QuantizedEmbedding([REDACTED])");
    }
}
