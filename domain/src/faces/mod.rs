//! Faces that users log in with.

mod embedding;
mod enrolled_face;
mod gallery;
mod matching;
mod photo;
mod ports;
mod quantized_embedding;

pub use embedding::Embedding;
pub use enrolled_face::{EnrolledFace, SealedEmbedding};
pub use gallery::{Gallery, GalleryEntry, Neighbour};
pub use matching::FaceMatching;
pub use photo::{DescribedFace, FaceQuality, Photo};
pub use ports::{EmbeddingCipher, FaceEngine, FaceError, FaceReader, FaceRepository};
#[cfg(feature = "test-support")]
pub use ports::{MockEmbeddingCipher, MockFaceEngine};
