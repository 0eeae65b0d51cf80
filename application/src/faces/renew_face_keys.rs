//! Leaving a replaced encryption key behind.

use crate::Error;
use domain::{
    faces::{EmbeddingCipher, EnrolledFace},
    store::Store,
};
use std::sync::Arc;

/// How many faces are sealed anew at once.
const BATCH: u64 = 100;

/// Seals with the current key what was sealed with an earlier one, so that the earlier one can be thrown away.
pub struct RenewFaceKeys {
    /// Where faces are kept.
    pub store: Arc<dyn Store>,
    /// Opens with the earlier keys and seals with the current one.
    pub cipher: Arc<dyn EmbeddingCipher>,
}

impl RenewFaceKeys {
    /// How many faces were sealed anew. One that cannot be opened stays as it is.
    pub async fn execute(&self) -> Result<u64, Error> {
        let (mut count, mut after) = (0, None);
        loop {
            let key_id = self.cipher.key_id();
            let faces = self.store.read().faces();
            let faces = faces.list_not_sealed_with(&key_id, after, BATCH).await?;
            let Some(last) = faces.last() else {
                if count > 0 {
                    tracing::info!(count, "faces were sealed anew");
                }
                return Ok(count);
            };
            after = Some(last.id);
            count += self.renew(&faces).await?;
        }
    }

    async fn renew(&self, faces: &[EnrolledFace]) -> Result<u64, Error> {
        let unit = self.store.begin().await?;
        let mut count = 0;
        for face in faces {
            match self.cipher.open(face.user_id, &face.embedding) {
                Ok(embedding) => {
                    let sealed = self.cipher.seal(face.user_id, &embedding);
                    let sealed = sealed.map_err(Error::Internal)?;
                    unit.faces().reseal(face.id, &sealed).await?;
                    count += 1;
                }
                Err(error) => {
                    tracing::error!(user = %face.user_id, error = &*error as &dyn std::error::Error, "a face cannot be opened");
                }
            }
        }
        unit.commit().await?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faces::face_fixtures as faces;
    use domain::{
        faces::SealedEmbedding,
        store::test_support::{MockRepositories, MockStore},
    };

    #[tokio::test]
    async fn what_an_earlier_key_sealed_is_sealed_anew_and_what_no_key_opens_stays() {
        let unknown = EnrolledFace {
            embedding: SealedEmbedding {
                key_id: "unknown".into(),
                bytes: vec![],
            },
            ..faces::enrolled(0.0)
        };
        let mut reads = MockRepositories::default();
        let rows = vec![faces::enrolled(0.5), unknown];
        reads
            .faces
            .expect_list_not_sealed_with()
            .withf(|key, _, _| key == "current")
            .times(2)
            .returning(move |_, after, _| Ok(if after.is_none() { rows.clone() } else { vec![] }));
        let mut work = MockRepositories::default();
        work.faces
            .expect_reseal()
            .withf(|id, sealed| *id == faces::enrolled(0.5).id && sealed.key_id == "current")
            .times(1)
            .returning(|_, _| Ok(()));
        let store = Arc::new(MockStore::reading(reads).then_work(work));
        let renew = RenewFaceKeys {
            store: store.clone(),
            cipher: faces::cipher(),
        };
        assert_eq!((renew.execute().await.expect("renewed"), store.commits()), (1, 1));
    }
}
