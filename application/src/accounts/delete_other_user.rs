//! Deleting the account of another user.

use super::DeleteUser;
use crate::Error;
use domain::ids::UserId;
use std::sync::Arc;

/// Removes another user and everything he owned, as an admin may.
pub struct DeleteOtherUser {
    /// How accounts are deleted.
    pub delete_user: Arc<DeleteUser>,
}

impl DeleteOtherUser {
    /// [`Error::OwnAccount`] when the admin means himself, [`Error::NotFound`] when there is no such user.
    pub async fn execute(&self, admin: UserId, id: UserId) -> Result<(), Error> {
        if id == admin {
            return Err(Error::OwnAccount);
        }
        if self.delete_user.remove(id, Some(admin)).await? {
            Ok(())
        } else {
            Err(Error::NotFound)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    async fn delete(store: MockStore, id: UserId) -> Result<(), ErrorCode> {
        let delete_user = Arc::new(DeleteUser {
            store: Arc::new(store),
            clock: fixtures::clock(),
            events: fixtures::event_log(),
        });
        let delete = DeleteOtherUser { delete_user };
        let outcome = delete.execute(fixtures::admin().id, id).await;
        outcome.map_err(|error| error.code())
    }

    #[tokio::test]
    async fn another_user_is_deleted_as_he_would_delete_himself() {
        let store = MockStore::default().then_work(fixtures::deleting(Some(fixtures::admin().id)));
        assert_eq!(delete(store, fixtures::owner()).await, Ok(()));
    }

    #[tokio::test]
    async fn nobody_and_oneself_cannot_be_deleted() {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| Ok(None));
        let store = MockStore::default().then_work(work);
        assert_eq!(delete(store, fixtures::owner()).await, Err(ErrorCode::NotFound));
        let outcome = delete(MockStore::default(), fixtures::admin().id).await;
        assert_eq!(outcome, Err(ErrorCode::Conflict));
    }
}
