use super::Repositories;
use crate::{
    faces::{EnrolledFace, FaceReader, FaceRepository, SealedEmbedding},
    ids::{FaceId, UserId},
    store::StoreError,
};
use async_trait::async_trait;

impl Repositories {
    /// Returns at most `limit` matching faces with greater ids than `after`, in the order of their ids.
    fn faces_after(
        &self,
        after: Option<FaceId>,
        limit: u64,
        matches: impl Fn(&EnrolledFace) -> bool,
    ) -> Vec<EnrolledFace> {
        let mut faces: Vec<EnrolledFace> = self.state().faces.values().cloned().collect();
        faces.retain(|face| after.is_none_or(|after| face.id > after) && matches(face));
        faces.sort_by_key(|face| face.id);
        faces.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        faces
    }
}

#[async_trait]
impl FaceReader for Repositories {
    async fn find(&self, user: UserId) -> Result<Option<EnrolledFace>, StoreError> {
        Ok(self.state().faces.get(&user).cloned())
    }

    async fn list(&self, after: Option<FaceId>, limit: u64) -> Result<Vec<EnrolledFace>, StoreError> {
        Ok(self.faces_after(after, limit, |_| true))
    }

    async fn count(&self) -> Result<u64, StoreError> {
        Ok(self.state().faces.len() as u64)
    }

    async fn list_not_sealed_with(
        &self,
        key_id: &str,
        after: Option<FaceId>,
        limit: u64,
    ) -> Result<Vec<EnrolledFace>, StoreError> {
        Ok(self.faces_after(after, limit, |face| face.embedding.key_id != key_id))
    }
}

#[async_trait]
impl FaceRepository for Repositories {
    async fn put(&self, face: &EnrolledFace) -> Result<(), StoreError> {
        let mut state = self.state();
        state.require_user(face.user_id)?;
        state.faces.insert(face.user_id, face.clone());
        Ok(())
    }

    async fn delete(&self, user: UserId) -> Result<bool, StoreError> {
        Ok(self.state().faces.remove(&user).is_some())
    }

    async fn reseal(&self, id: FaceId, embedding: &SealedEmbedding) -> Result<(), StoreError> {
        if let Some(face) = self.state().faces.values_mut().find(|face| face.id == id) {
            face.embedding = embedding.clone();
        }
        Ok(())
    }
}
