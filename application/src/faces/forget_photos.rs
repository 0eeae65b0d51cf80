//! Removing what was kept of a face.

use domain::{
    clock::Timestamp,
    ids::UserId,
    store::{StoreError, Transaction},
};

/// Schedules the photos of the user's face, where there are any, for deletion.
pub(crate) async fn forget_photos(
    unit: &dyn Transaction,
    user: UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let Some(face) = unit.faces().find(user).await? {
        for key in face.photo_keys() {
            unit.blob_deletions().schedule(&key, now).await?;
        }
    }
    Ok(())
}

/// Removes the user's face and its photos; false when he has none.
pub(crate) async fn remove_face(
    unit: &dyn Transaction,
    user: UserId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    forget_photos(unit, user, now).await?;
    unit.faces().delete(user).await
}
