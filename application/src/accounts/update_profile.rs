//! Changing name and address.

use crate::Error;
use domain::{
    accounts::{Email, User, Username},
    clock::Clock,
    ids::UserId,
    store::Store,
};
use std::sync::Arc;

/// Gives a user another name and address.
pub struct UpdateProfile {
    /// Where users are kept.
    pub store: Arc<dyn Store>,
    /// When the change happened.
    pub clock: Arc<dyn Clock>,
}

impl UpdateProfile {
    /// The changed user; [`Error::UsernameTaken`] or [`Error::EmailTaken`] when another has them.
    pub async fn execute(&self, id: UserId, username: Username, email: Email) -> Result<User, Error> {
        let work = self.store.begin().await?;
        let mut user = work.users().lock(id).await?.ok_or(Error::Unauthenticated)?;
        user.rename(username, email, self.clock.now());
        work.users().update(&user).await?;
        work.commit().await?;
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::store::{
        Conflict, StoreError,
        test_support::{MockRepositories, MockStore},
    };

    async fn update(work: MockRepositories) -> (Result<User, Error>, usize) {
        let store = Arc::new(MockStore::default().then_work(work));
        let update = UpdateProfile {
            store: store.clone(),
            clock: fixtures::clock(),
        };
        let (name, email) = (
            fixtures::username("lovelace"),
            fixtures::email("lovelace@example.org"),
        );
        let outcome = update.execute(fixtures::ada().id, name, email).await;
        (outcome, store.commits())
    }

    #[tokio::test]
    async fn name_and_address_change_and_the_address_is_unverified_again() {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| Ok(Some(fixtures::ada())));
        work.users
            .expect_update()
            .withf(|user| !user.email_verified)
            .times(1)
            .returning(|_| Ok(()));
        let (outcome, commits) = update(work).await;
        let user = outcome.expect("updated");
        assert_eq!(
            (user.username.as_str(), user.email.as_str()),
            ("lovelace", "lovelace@example.org")
        );
        assert_eq!(commits, 1);
    }

    #[tokio::test]
    async fn a_taken_name_changes_nothing() {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| Ok(Some(fixtures::ada())));
        work.users
            .expect_update()
            .returning(|_| Err(StoreError::Conflict(Conflict::Username)));
        let (outcome, commits) = update(work).await;
        assert_eq!(outcome.expect_err("taken").code(), "username_taken");
        assert_eq!(commits, 0);
    }

    #[tokio::test]
    async fn a_user_who_was_just_deleted_is_no_longer_authenticated() {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| Ok(None));
        assert_eq!(update(work).await.0.expect_err("gone").code(), "unauthenticated");
    }
}
