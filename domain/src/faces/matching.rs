//! When two faces are taken for one person's.

use super::{Embedding, Neighbour};

/// The distances that decide. All are Euclidean, between embeddings of the same model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaceMatching {
    /// At most so far from a user's face is a face that is shown with his name.
    pub threshold: f32,
    /// At most so far is one that is shown without a name: it meets everybody's, so by chance somebody's is near.
    pub identify_threshold: f32,
    /// At least so much farther must the second nearest user's be then.
    pub identify_margin: f32,
}

impl FaceMatching {
    /// Whether the face is that of the user who is named.
    pub fn verifies(&self, shown: &Embedding, enrolled: &Embedding) -> bool {
        shown.distance(enrolled) <= self.threshold
    }

    /// Whether every face is near enough to every other to be enrolled together.
    pub fn agree(&self, faces: &[Embedding]) -> bool {
        let later = |place: usize| faces.iter().skip(place + 1);
        faces
            .iter()
            .enumerate()
            .all(|(place, face)| later(place).all(|other| self.verifies(face, other)))
    }

    /// Whether the nearest of all faces is beyond doubt the one that is shown. `nearest` is ordered, the nearest first.
    pub fn identifies(&self, nearest: &[Neighbour]) -> bool {
        match nearest {
            [] => false,
            [best] => best.distance <= self.identify_threshold,
            [best, second, ..] => {
                best.distance <= self.identify_threshold
                    && second.distance - best.distance >= self.identify_margin
            }
        }
    }

    /// Whether a face is so near another user's that neither could be identified reliably.
    pub fn confuses(&self, nearest: &Neighbour) -> bool {
        nearest.distance < self.identify_threshold + self.identify_margin
    }
}

impl Default for FaceMatching {
    /// Photos of one person are 0.015 to 0.55 apart, of different people 0.66 and more, in the sets it was measured on.
    fn default() -> Self {
        Self {
            threshold: 0.5,
            identify_threshold: 0.4,
            identify_margin: 0.1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{FaceId, UserId};
    use uuid::Uuid;

    fn face(first: f32) -> Embedding {
        let mut numbers = [0.0; Embedding::DIMENSIONS];
        numbers[0] = first;
        Embedding::new(numbers).expect("finite numbers")
    }

    fn at(distance: f32) -> Neighbour {
        Neighbour {
            face_id: FaceId(Uuid::nil()),
            user_id: UserId(Uuid::nil()),
            distance,
        }
    }

    #[test]
    fn a_face_is_the_users_up_to_the_threshold() {
        let matching = FaceMatching::default();
        assert!(matching.verifies(&face(0.5), &face(0.0)));
        assert!(!matching.verifies(&face(0.501), &face(0.0)));
    }

    #[test]
    fn faces_agree_when_each_is_near_every_other() {
        let matching = FaceMatching::default();
        assert!(matching.agree(&[face(0.0), face(0.3), face(0.5)]));
        assert!(!matching.agree(&[face(0.0), face(0.3), face(0.6)]));
        assert!(!matching.agree(&[face(0.0), face(0.0), face(0.6)]));
        assert!(!matching.agree(&[face(0.6), face(0.0), face(0.0)]));
    }

    #[test]
    fn a_face_without_a_name_must_be_nearer_and_nearer_than_to_anybody_else() {
        let matching = FaceMatching::default();
        assert!(matching.identifies(&[at(0.4)]) && !matching.identifies(&[at(0.41)]));
        assert!(matching.identifies(&[at(0.3), at(0.41)]));
        assert!(!matching.identifies(&[at(0.3), at(0.35)]));
        assert!(!matching.identifies(&[at(0.45), at(0.9)]));
        assert!(!matching.identifies(&[]));
    }

    #[test]
    fn faces_that_the_margin_would_refuse_confuse() {
        let matching = FaceMatching::default();
        assert!(matching.confuses(&at(0.49)) && !matching.confuses(&at(0.51)));
    }
}
