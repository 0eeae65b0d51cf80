//! A face as numbers.

/// 128 numbers that describe a face, such that the faces of one person lie near each other. They tell a person as a
/// fingerprint does, so they do not show themselves in a log.
#[derive(Clone, PartialEq)]
pub struct Embedding([f32; Self::DIMENSIONS]);

impl Embedding {
    /// How many numbers there are.
    pub const DIMENSIONS: usize = 128;
    /// How many bytes they are, 4 each.
    pub const BYTES: usize = Self::DIMENSIONS * 4;
    /// How many sums are kept side by side: what fits into the registers of common processors.
    const LANES: usize = 16;

    /// `None` when one of them is no finite number.
    pub fn new(numbers: [f32; Self::DIMENSIONS]) -> Option<Self> {
        numbers
            .iter()
            .all(|number| number.is_finite())
            .then_some(Self(numbers))
    }

    /// What it consists of.
    pub(super) fn numbers(&self) -> [f32; Self::DIMENSIONS] {
        self.0
    }

    /// The square of the Euclidean distance: 0 for the same face, and under 0.36 (0.6 squared) for what the network was
    /// trained to call the same person.
    pub fn squared_distance(&self, other: &Self) -> f32 {
        let mut sums = [0.0; Self::LANES];
        let (ours, _) = self.0.as_chunks::<{ Self::LANES }>();
        let (theirs, _) = other.0.as_chunks::<{ Self::LANES }>();
        for (ours, theirs) in ours.iter().zip(theirs) {
            for lane in 0..Self::LANES {
                let difference = ours[lane] - theirs[lane];
                sums[lane] += difference * difference;
            }
        }
        sums.iter().sum()
    }

    /// The Euclidean distance.
    pub fn distance(&self, other: &Self) -> f32 {
        self.squared_distance(other).sqrt()
    }

    /// What lies in the middle; `None` of none.
    pub fn mean<'a>(embeddings: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        let mut sums = [0.0; Self::DIMENSIONS];
        let mut count = 0.0_f32;
        for embedding in embeddings {
            count += 1.0;
            for (sum, number) in sums.iter_mut().zip(embedding.0) {
                *sum += number;
            }
        }
        Self::new(sums.map(|sum| sum / count))
    }

    /// The numbers one after the other, each with its lowest byte first.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    /// What [`to_bytes`](Self::to_bytes) wrote; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.as_chunks::<4>();
        let numbers: [[u8; 4]; Self::DIMENSIONS] = numbers.try_into().ok()?;
        let whole = rest.is_empty();
        whole
            .then(|| Self::new(numbers.map(f32::from_le_bytes)))
            .flatten()
    }
}

impl std::fmt::Debug for Embedding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Embedding([REDACTED])")
    }
}

/// Embeddings for tests.
#[cfg(feature = "test-support")]
impl Embedding {
    /// The one that has this number in its first place, and else zeros: at this distance from that of 0.
    pub fn at(first: f32) -> Self {
        let mut numbers = [0.0; Self::DIMENSIONS];
        numbers[0] = first;
        Self(numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embedding(number_at: impl Fn(u16) -> f32) -> Embedding {
        let numbers = std::array::from_fn(|place| number_at(u16::try_from(place).expect("below 128")));
        Embedding::new(numbers).expect("finite numbers")
    }

    #[test]
    fn the_distance_is_euclidean() {
        let (zero, one) = (embedding(|_| 0.0), embedding(|_| 1.0));
        assert!((zero.distance(&one) - 128.0_f32.sqrt()).abs() < 1e-5);
        assert!(zero.distance(&zero) == 0.0);
        let steps = embedding(f32::from);
        let expected: f32 = (0..128_u16).map(|number| f32::from(number).powi(2)).sum();
        assert!((steps.squared_distance(&zero) / expected - 1.0).abs() < 1e-5);
    }

    #[test]
    fn the_mean_is_in_the_middle() {
        let mean = Embedding::mean([&embedding(|_| 1.0), &embedding(|_| 2.0), &embedding(|_| 6.0)]);
        assert_eq!(mean, Some(embedding(|_| 3.0)));
        assert_eq!(Embedding::mean([]), None);
    }

    #[test]
    fn bytes_lead_back_to_the_numbers_and_nothing_else_does() {
        let embedding = embedding(|place| 0.1 * f32::from(place) - 3.0);
        let bytes = embedding.to_bytes();
        assert_eq!(bytes.len(), Embedding::BYTES);
        assert_eq!(Embedding::from_bytes(&bytes), Some(embedding));
        assert_eq!(Embedding::from_bytes(&bytes[4..]), None);
        assert_eq!(Embedding::from_bytes(&[bytes.as_slice(), &[0]].concat()), None);
        let no_numbers = f32::NAN.to_le_bytes().repeat(Embedding::DIMENSIONS);
        assert_eq!(Embedding::from_bytes(&no_numbers), None);
    }

    #[test]
    fn an_embedding_does_not_show_itself() {
        assert!(!format!("{:?}", embedding(|_| 0.25)).contains("0.25"));
    }
}
