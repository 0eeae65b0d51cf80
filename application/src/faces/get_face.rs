//! Showing what is known of a user's face.

use crate::Error;
use domain::{faces::EnrolledFace, ids::UserId, store::Store};
use std::sync::Arc;

/// Tells when and how a user's face was enrolled.
pub struct GetFace {
    /// Where faces are kept.
    pub store: Arc<dyn Store>,
}

impl GetFace {
    /// [`Error::NotFound`] when the user has none.
    pub async fn execute(&self, user: UserId) -> Result<EnrolledFace, Error> {
        self.store.read().faces().find(user).await?.ok_or(Error::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::{faces::face_fixtures as faces, fixtures};
    use domain::store::test_support::{MockRepositories, MockStore};

    #[tokio::test]
    async fn a_user_has_a_face_or_none() {
        for known in [true, false] {
            let mut reads = MockRepositories::default();
            reads
                .faces
                .expect_find()
                .withf(|user| *user == fixtures::owner())
                .returning(move |_| Ok(known.then(|| faces::enrolled(0.0))));
            let get = GetFace {
                store: Arc::new(MockStore::reading(reads)),
            };
            let found = get.execute(fixtures::owner()).await.map_err(|error| error.code());
            let expected = if known {
                Ok(faces::enrolled(0.0))
            } else {
                Err(ErrorCode::NotFound)
            };
            assert_eq!(found, expected);
        }
    }
}
