//! Making admins.

use super::EventLog;
use crate::Error;
use domain::{
    accounts::{EventKind, Role, User, Username},
    store::Store,
};
use std::sync::Arc;

/// Makes a user an admin, on the word of who runs the service.
pub struct PromoteUser {
    /// Where users are kept.
    pub store: Arc<dyn Store>,
    /// Where it is written down.
    pub events: Arc<EventLog>,
}

impl PromoteUser {
    /// The admin, who may have been one before; [`Error::NotFound`] when nobody has the name.
    pub async fn execute(&self, username: &Username) -> Result<User, Error> {
        let found = self.store.read().users().find_by_username(username).await?;
        let id = found.ok_or(Error::NotFound)?.id;
        let unit = self.store.begin().await?;
        let mut user = unit.users().lock(id).await?.ok_or(Error::NotFound)?;
        if user.role == Role::Admin {
            return Ok(user);
        }
        user.role = Role::Admin;
        unit.users().update(&user).await?;
        self.events
            .record_by(&*unit, None, id, EventKind::Promoted)
            .await?;
        unit.commit().await?;
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    async fn promote(found: Option<User>, work: MockRepositories) -> (Result<User, Error>, usize) {
        let mut reads = MockRepositories::default();
        reads
            .users
            .expect_find_by_username()
            .withf(|name| *name == fixtures::username("ada"))
            .returning(move |_| Ok(found.clone()));
        let store = Arc::new(MockStore::reading(reads).then_work(work));
        let promote = PromoteUser {
            store: store.clone(),
            events: fixtures::event_log(),
        };
        let outcome = promote.execute(&fixtures::username("ada")).await;
        (outcome, store.commits())
    }

    fn locking(found: Option<User>) -> MockRepositories {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(move |_| Ok(found.clone()));
        work
    }

    #[tokio::test]
    async fn a_user_becomes_an_admin() {
        let mut work = locking(Some(fixtures::ada()));
        work.users
            .expect_update()
            .withf(|user| user.role == Role::Admin && user.updated_at == fixtures::ada().updated_at)
            .times(1)
            .returning(|_| Ok(()));
        let work = fixtures::recording(work, EventKind::Promoted);
        let (outcome, commits) = promote(Some(fixtures::ada()), work).await;
        assert_eq!((outcome.expect("promoted").role, commits), (Role::Admin, 1));
    }

    #[tokio::test]
    async fn an_admin_stays_one() {
        let (outcome, commits) = promote(Some(fixtures::admin()), locking(Some(fixtures::admin()))).await;
        assert_eq!((outcome.expect("an admin").role, commits), (Role::Admin, 0));
    }

    #[tokio::test]
    async fn nobody_is_not_promoted() {
        for found in [None, Some(fixtures::ada())] {
            let (outcome, commits) = promote(found, locking(None)).await;
            assert_eq!(
                (outcome.expect_err("absent").code(), commits),
                (ErrorCode::NotFound, 0)
            );
        }
    }
}
