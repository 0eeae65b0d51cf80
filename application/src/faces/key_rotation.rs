//! Rotation of the key that encrypts embeddings.

use crate::{Context, Error};
use domain::faces::{EmbeddingCipher, EnrolledFace};
use std::sync::Arc;

/// The number of faces in one transaction.
const BATCH: u64 = 100;

/// Encrypts embeddings with the current key that an earlier key encrypted, so that the earlier one can be removed.
pub struct FaceKeyRotation {
    context: Context,
    cipher: Arc<dyn EmbeddingCipher>,
}

impl FaceKeyRotation {
    /// Creates the service. `cipher` decrypts with every configured key and encrypts with the current one.
    pub fn new(context: Context, cipher: Arc<dyn EmbeddingCipher>) -> Self {
        Self { context, cipher }
    }

    /// Encrypts all embeddings of earlier keys again, and returns their number. One that no key decrypts is left as it is.
    pub async fn rotate(&self) -> Result<u64, Error> {
        let (mut count, mut after) = (0, None);
        loop {
            let key_id = self.cipher.key_id();
            let faces = self.context.read().faces();
            let faces = faces.list_not_sealed_with(&key_id, after, BATCH).await?;
            let Some(last) = faces.last() else {
                if count > 0 {
                    tracing::info!(count, "embeddings are encrypted with the current key");
                }
                return Ok(count);
            };
            after = Some(last.id);
            count += self.reseal(&faces).await?;
        }
    }

    async fn reseal(&self, faces: &[EnrolledFace]) -> Result<u64, Error> {
        let mut sealed = Vec::new();
        for face in faces {
            match self.cipher.open(face.user_id, &face.embedding) {
                Ok(embedding) => {
                    let embedding = self.cipher.seal(face.user_id, &embedding);
                    sealed.push((face.id, embedding.map_err(Error::Internal)?));
                }
                Err(error) => {
                    tracing::error!(user = %face.user_id, error = &*error as &dyn std::error::Error, "an embedding cannot be decrypted");
                }
            }
        }
        let sealed = &sealed;
        let resealed = self.context.transact(|tx| {
            Box::pin(async move {
                for (id, embedding) in sealed {
                    tx.faces().reseal(*id, embedding).await?;
                }
                Ok(sealed.len() as u64)
            })
        });
        resealed.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faces::fixtures as faces;
    use domain::faces::SealedEmbedding;

    #[tokio::test]
    async fn embeddings_of_earlier_keys_are_encrypted_again_and_undecryptable_ones_stay() {
        let sealed_with = |key: &str, face: EnrolledFace| EnrolledFace {
            embedding: SealedEmbedding {
                key_id: key.into(),
                ..face.embedding
            },
            ..face
        };
        let earlier = sealed_with("earlier", faces::enrolled_of(1, 0.5));
        let unknown = sealed_with("unknown", faces::enrolled_of(2, 0.5));
        let test = faces::enrolling(&[earlier, unknown.clone()]).await;
        let rotation = FaceKeyRotation::new(test.context(), faces::cipher());
        assert_eq!(rotation.rotate().await.expect("rotated"), 1);
        let stored = test.read().faces().list(None, 9).await.expect("a read");
        assert_eq!(stored, [faces::enrolled_of(1, 0.5), unknown]);
    }
}
