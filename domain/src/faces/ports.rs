//! What faces need from outside.

use super::{DescribedFace, Embedding, EnrolledFace, Photo, SealedEmbedding};
use crate::{
    BoxError,
    ids::{FaceId, UserId},
    images::ImageError,
    store::StoreError,
};
use async_trait::async_trait;

/// Stored faces.
#[async_trait]
pub trait FaceReader: Send + Sync {
    /// The user's face; `None` when he has none.
    async fn find(&self, user: UserId) -> Result<Option<EnrolledFace>, StoreError>;
    /// At most `limit` faces with greater ids than `after`, in the order of their ids.
    async fn list(&self, after: Option<FaceId>, limit: u64) -> Result<Vec<EnrolledFace>, StoreError>;
    /// How many there are.
    async fn count(&self) -> Result<u64, StoreError>;
    /// Those of [`list`](Self::list) that are sealed with another key than this one.
    async fn list_not_sealed_with(
        &self,
        key_id: &str,
        after: Option<FaceId>,
        limit: u64,
    ) -> Result<Vec<EnrolledFace>, StoreError>;
}

/// [`FaceReader`] and the changes, which only a [`Transaction`](crate::store::Transaction) can make.
#[async_trait]
pub trait FaceRepository: FaceReader {
    /// Adds a face in the place of the one that its user had. [`StoreError::OwnerDeleted`] when its user is gone. Only where
    /// the user is locked.
    async fn put(&self, face: &EnrolledFace) -> Result<(), StoreError>;
    /// Removes the user's face; false if none is enrolled.
    async fn delete(&self, user: UserId) -> Result<bool, StoreError>;
    /// Seals a face anew; nothing when it is gone.
    async fn reseal(&self, id: FaceId, embedding: &SealedEmbedding) -> Result<(), StoreError>;
}

/// Encrypts embeddings under a key of the service, each bound to its user.
#[cfg_attr(feature = "test-support", mockall::automock)]
pub trait EmbeddingCipher: Send + Sync {
    /// Names the key that seals.
    fn key_id(&self) -> String;
    /// Encrypts, each time to something else.
    fn seal(&self, user: UserId, embedding: &Embedding) -> Result<SealedEmbedding, BoxError>;
    /// What was sealed for this user. An error when its key is not known, and when it was changed or sealed for another.
    fn open(&self, user: UserId, sealed: &SealedEmbedding) -> Result<Embedding, BoxError>;
}

/// Why a photo was not described.
#[derive(Debug, thiserror::Error)]
pub enum FaceError {
    /// The photo cannot be decoded.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// No face is large and clear enough.
    #[error("there is no face that is large and clear enough")]
    NoFace,
    /// There is more than one.
    #[error("there is more than one face")]
    SeveralFaces,
    /// Faces are switched off.
    #[error("faces are switched off")]
    Disabled,
    /// The models are not there, or not the right ones.
    #[error("the models of faces are not there")]
    NotLoaded,
    /// Every engine is taken and as many wait as may.
    #[error("all engines are busy")]
    Busy,
    /// The engine broke down.
    #[error("the engine is unavailable")]
    Unavailable(#[source] BoxError),
}

/// Finds and describes faces.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait FaceEngine: Send + Sync {
    /// What describes: only embeddings of the same model can be compared.
    fn model(&self) -> String;
    /// [`FaceError::Disabled`] or [`FaceError::NotLoaded`] where no photo would be looked at. Quick.
    fn check(&self) -> Result<(), FaceError>;
    /// The only face of a photo, as its metadata says it is to be turned. Waits for its turn.
    async fn describe(&self, photo: Photo) -> Result<DescribedFace, FaceError>;
}
