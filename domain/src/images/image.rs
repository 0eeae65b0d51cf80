//! Images.

use super::{Filename, MediaType, Sha256Digest};
use crate::{
    clock::Timestamp,
    ids::{FaceId, ImageId, UserId},
};

/// An uploaded image: who uploaded what and when. The bytes lie in the blob store under [`Image::blob_key`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Names the image; ordered by upload.
    pub id: ImageId,
    /// Who uploaded it.
    pub owner_id: UserId,
    /// The name it was uploaded under.
    pub filename: Filename,
    /// What its bytes show it to be.
    pub media_type: MediaType,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// Pixels of the first page as a person sees it, orientation applied.
    pub width: u32,
    /// Pixels of the first page as a person sees it, orientation applied.
    pub height: u32,
    /// How many pages it has; 1 for all but TIFF.
    pub pages: u32,
    /// Digest of the bytes.
    pub sha256: Sha256Digest,
    /// When the upload began.
    pub uploaded_at: Timestamp,
}

impl Image {
    /// Where the bytes lie.
    pub fn blob_key(&self) -> BlobKey {
        BlobKey::of_image(self.id)
    }
}

/// Where a blob lies in the blob store: lower-case letters, digits, `-` and `/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BlobKey(String);

impl BlobKey {
    /// The key of an image's bytes. The last, random byte of the id spreads the blobs over 256 folders.
    pub fn of_image(id: ImageId) -> Self {
        let name = id.to_string();
        Self(format!("images/{}/{name}", &name[name.len() - 2..]))
    }

    /// The key of a photo, counted from 1, that a face was enrolled with.
    pub fn of_face_photo(id: FaceId, number: u32) -> Self {
        let name = id.to_string();
        Self(format!("faces/{}/{name}/{number}", &name[name.len() - 2..]))
    }

    /// The image whose bytes lie there; `None` for a key that is no image's.
    pub fn image(&self) -> Option<ImageId> {
        let (_, name) = self.0.rsplit_once('/')?;
        let image = ImageId(name.parse().ok()?);
        (Self::of_image(image) == *self).then_some(image)
    }

    /// A key as it was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_key_is_spread_by_the_random_end_of_the_id() {
        let key = BlobKey::of_image(ImageId(Uuid::from_u128(0xab)));
        assert_eq!(key.as_str(), "images/ab/00000000-0000-0000-0000-0000000000ab");
    }

    #[test]
    fn the_image_of_a_key_is_known_and_other_keys_are_no_images() {
        let image = ImageId(Uuid::from_u128(0xab));
        assert_eq!(BlobKey::of_image(image).image(), Some(image));
        for other in [
            "",
            "images",
            "00000000-0000-0000-0000-0000000000ab",
            "images/cd/00000000-0000-0000-0000-0000000000ab",
            "backup/images/ab/00000000-0000-0000-0000-0000000000ab",
            "images/ab/000000000000000000000000000000ab",
        ] {
            assert_eq!(BlobKey::from_stored(other.to_owned()).image(), None, "{other}");
        }
    }
}
