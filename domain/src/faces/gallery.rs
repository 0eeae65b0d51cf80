//! The faces that a face without a name is compared with.

use super::{Embedding, quantized_embedding::QuantizedEmbedding};
use crate::ids::{FaceId, UserId};
use std::collections::HashMap;

/// A face in a gallery.
#[derive(Debug, Clone, PartialEq)]
pub struct GalleryEntry {
    /// The enrolment.
    pub face_id: FaceId,
    /// Whose it is.
    pub user_id: UserId,
    /// The face.
    pub embedding: Embedding,
}

/// How near somebody's face is to the one that is looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// The enrolment.
    pub face_id: FaceId,
    /// Whose it is.
    pub user_id: UserId,
    /// The Euclidean distance.
    pub distance: f32,
}

/// Faces in memory, one of each user, all of one model. They are compared one by one: a hundred thousand take two or three
/// milliseconds, so no index is kept. What that takes is reading them, so it is their quantized form that is read, and the
/// numbers themselves only of those that it does not rule out.
#[derive(Debug, Default)]
pub struct Gallery {
    entries: Vec<GalleryEntry>,
    /// Of the entry in the same place.
    quantized: Vec<QuantizedEmbedding>,
    places: HashMap<UserId, usize>,
}

impl Gallery {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a face, in the place of an earlier one of the same user; a later one stays.
    pub fn put(&mut self, entry: GalleryEntry) {
        if let Some(&place) = self.places.get(&entry.user_id) {
            if self.entries[place].face_id < entry.face_id {
                self.quantized[place] = QuantizedEmbedding::of(&entry.embedding);
                self.entries[place] = entry;
            }
        } else {
            self.places.insert(entry.user_id, self.entries.len());
            self.quantized.push(QuantizedEmbedding::of(&entry.embedding));
            self.entries.push(entry);
        }
    }

    /// Removes an enrolment; nothing when the user has another by now.
    pub fn remove(&mut self, gone: &Neighbour) {
        let Some(&place) = self.places.get(&gone.user_id) else {
            return;
        };
        if self.entries[place].face_id != gone.face_id {
            return;
        }
        self.places.remove(&gone.user_id);
        self.entries.swap_remove(place);
        self.quantized.swap_remove(place);
        // The last one stands there now.
        if let Some(moved) = self.entries.get(place) {
            self.places.insert(moved.user_id, place);
        }
    }

    /// The nearest two faces, the nearest first, without those of `except`; fewer where there are fewer.
    pub fn nearest_two(&self, shown: &Embedding, except: Option<UserId>) -> Vec<Neighbour> {
        let rounded = QuantizedEmbedding::of(shown).widened();
        let mut best: [Option<(f32, &GalleryEntry)>; 2] = [None; 2];
        // What is farther by its rounded numbers is farther than the second.
        let mut farthest = i32::MAX;
        for (entry, quantized) in self.entries.iter().zip(&self.quantized) {
            if quantized.squared_steps(&rounded) > farthest || except == Some(entry.user_id) {
                continue;
            }
            let distance = shown.squared_distance(&entry.embedding);
            let nearer_than = |other: Option<(f32, _)>| other.is_none_or(|(other, _)| distance < other);
            if nearer_than(best[0]) {
                best = [Some((distance, entry)), best[0]];
            } else if nearer_than(best[1]) {
                best[1] = Some((distance, entry));
            }
            if let Some((second, _)) = best[1] {
                farthest = QuantizedEmbedding::most_squared_steps(second.sqrt());
            }
        }
        let found = best.into_iter().flatten();
        found
            .map(|(squared, entry)| Neighbour {
                face_id: entry.face_id,
                user_id: entry.user_id,
                distance: squared.sqrt(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};
    use uuid::Uuid;

    fn face(first: f32) -> Embedding {
        let mut numbers = [0.0; Embedding::DIMENSIONS];
        numbers[0] = first;
        Embedding::new(numbers).expect("finite numbers")
    }

    fn user(number: u128) -> UserId {
        UserId(Uuid::from_u128(number))
    }

    fn entry(face_id: u128, user_id: u128, first: f32) -> GalleryEntry {
        GalleryEntry {
            face_id: FaceId(Uuid::from_u128(face_id)),
            user_id: user(user_id),
            embedding: face(first),
        }
    }

    fn gallery(entries: impl IntoIterator<Item = GalleryEntry>) -> Gallery {
        let mut gallery = Gallery::default();
        entries.into_iter().for_each(|entry| gallery.put(entry));
        gallery
    }

    fn near(gallery: &Gallery, first: f32, except: Option<UserId>) -> Vec<u128> {
        let found = gallery.nearest_two(&face(first), except);
        assert!(found.is_sorted_by(|one, other| one.distance <= other.distance));
        found.iter().map(|near| near.user_id.0.as_u128()).collect()
    }

    /// One with numbers that go a little beyond the ends of quantized ones.
    fn any_face() -> impl Strategy<Value = Embedding> {
        vec(-0.6_f32..0.6, Embedding::DIMENSIONS).prop_map(|numbers| {
            let numbers = numbers.try_into().expect("as many as asked for");
            Embedding::new(numbers).expect("finite numbers")
        })
    }

    #[test]
    fn the_nearest_two_are_found_whatever_the_order() {
        for order in [[1, 2, 3], [3, 2, 1], [2, 3, 1], [3, 1, 2]] {
            let entries =
                order.map(|number| entry(number, number, f32::from(u8::try_from(number).expect("small"))));
            let gallery = gallery(entries);
            assert_eq!(near(&gallery, 0.9, None), [1, 2]);
            assert_eq!(near(&gallery, 2.9, None), [3, 2]);
            assert_eq!(near(&gallery, 0.9, Some(user(1))), [2, 3]);
        }
        assert_eq!(near(&Gallery::default(), 1.0, None), []);
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_comparing_every_number_finds(
            faces in vec(any_face(), 0..20),
            shown in any_face(),
        ) {
            let entries = (1..).zip(faces).map(|(number, embedding)| GalleryEntry {
                embedding,
                ..entry(number, number, 0.0)
            });
            let entries: Vec<GalleryEntry> = entries.collect();
            let mut distances: Vec<f32> =
                entries.iter().map(|entry| shown.distance(&entry.embedding)).collect();
            distances.sort_by(f32::total_cmp);
            distances.truncate(2);
            let found = gallery(entries).nearest_two(&shown, None);
            let found: Vec<f32> = found.iter().map(|near| near.distance).collect();
            prop_assert_eq!(found, distances);
        }
    }

    #[test]
    fn a_user_has_one_face_the_last() {
        for entries in [
            [entry(1, 7, 0.0), entry(2, 7, 1.0)],
            [entry(2, 7, 1.0), entry(1, 7, 0.0)],
        ] {
            let gallery = gallery(entries);
            assert_eq!(gallery.len(), 1);
            assert!(gallery.nearest_two(&face(1.0), None)[0].distance < 1e-6);
        }
    }

    #[test]
    fn a_face_that_is_gone_is_not_found_and_the_others_are() {
        let mut gallery = gallery(
            (1..=4).map(|number| entry(number, number, f32::from(u8::try_from(number).expect("small")))),
        );
        let gone = gallery.nearest_two(&face(1.0), None)[0];
        gallery.remove(&gone);
        gallery.remove(&gone);
        assert_eq!((gallery.len(), near(&gallery, 1.0, None)), (3, vec![2, 3]));
        // The user enrolled again meanwhile: what is gone is the face before.
        gallery.put(entry(9, 1, 1.0));
        gallery.remove(&gone);
        assert_eq!(near(&gallery, 4.0, None), [4, 3]);
        assert_eq!(near(&gallery, 1.0, None), [1, 2]);
    }
}
