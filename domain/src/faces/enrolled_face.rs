//! What is kept of a user's face.

use crate::{
    clock::Timestamp,
    faces::FaceQuality,
    ids::{FaceId, UserId},
    images::BlobKey,
};

/// An encrypted [`Embedding`](super::Embedding), and the name of the key that opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedEmbedding {
    /// Names the key; at most 32 characters.
    pub key_id: String,
    /// What the cipher made of it.
    pub bytes: Vec<u8>,
}

/// The face that a user logs in with; a user has one.
#[derive(Debug, Clone, PartialEq)]
pub struct EnrolledFace {
    /// Names the enrolment: another of the same user has another id, and one that was made later a greater one.
    pub id: FaceId,
    /// Whose face it is.
    pub user_id: UserId,
    /// The mean of the photos' embeddings.
    pub embedding: SealedEmbedding,
    /// What made the embedding; those of other models cannot be compared with it. At most 64 characters.
    pub model: String,
    /// How many photos it was made from.
    pub photos: u32,
    /// Of the least clear photo.
    pub quality: FaceQuality,
    /// Whether the photos lie in the blob store under [`photo_keys`](Self::photo_keys).
    pub photos_kept: bool,
    /// When the face was enrolled.
    pub enrolled_at: Timestamp,
}

impl EnrolledFace {
    /// Where the photos lie; none where they were not kept.
    pub fn photo_keys(&self) -> Vec<BlobKey> {
        let kept = if self.photos_kept { self.photos } else { 0 };
        (1..=kept)
            .map(|number| BlobKey::of_face_photo(self.id, number))
            .collect()
    }
}

impl FaceId {
    /// The least id of a minute before this one. Faces are not added in the exact order of their ids: clocks differ, and
    /// commits take a moment.
    #[must_use]
    pub fn moments_before(self) -> Self {
        // The first 48 of the 128 bits are milliseconds.
        let minute = 60_000 << 80;
        Self(uuid::Uuid::from_u128(self.0.as_u128().saturating_sub(minute)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use uuid::Uuid;

    #[test]
    fn only_photos_that_were_kept_have_keys() {
        let face = |photos_kept| EnrolledFace {
            id: FaceId(Uuid::from_u128(0xab)),
            user_id: UserId(Uuid::nil()),
            embedding: SealedEmbedding {
                key_id: "key".into(),
                bytes: vec![],
            },
            model: "model".into(),
            photos: 3,
            quality: FaceQuality::new(0.5),
            photos_kept,
            enrolled_at: Timestamp::new(DateTime::UNIX_EPOCH),
        };
        assert_eq!(face(false).photo_keys(), []);
        let keys = face(true).photo_keys();
        assert_eq!(keys.len(), 3);
        assert_eq!(
            keys[2].as_str(),
            "faces/ab/00000000-0000-0000-0000-0000000000ab/3"
        );
    }
}
