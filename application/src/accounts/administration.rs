//! What admins, and the operator on the command line, do with the accounts of others.

use super::profile::{delete_account, revoke_codes};
use crate::{Context, Error};
use domain::{
    accounts::{EventKind, Role, User, UserSearch, Username},
    ids::UserId,
    page::{Page, PageRequest},
};

/// Manages the accounts of other users.
pub struct Administration {
    context: Context,
}

impl Administration {
    /// Creates the service.
    pub fn new(context: Context) -> Self {
        Self { context }
    }

    /// Returns a page of the users that match, or of all, newest first.
    pub async fn list_users(
        &self,
        matching: Option<UserSearch>,
        page: PageRequest,
    ) -> Result<Page<User>, Error> {
        Ok(self.context.read().users().list(matching, page).await?)
    }

    /// Disables or enables a user, and returns the user. Disabling ends the user's sessions and revokes mailed codes.
    ///
    /// Returns [`Error::OwnAccount`] for the admin's own account, and [`Error::NotFound`] for an unknown user.
    pub async fn set_disabled(&self, admin: UserId, id: UserId, disabled: bool) -> Result<User, Error> {
        if id == admin {
            return Err(Error::OwnAccount);
        }
        self.context
            .transact(|tx| {
                Box::pin(async move {
                    let mut user = tx.users().lock(id).await?.ok_or(Error::NotFound)?;
                    if user.disabled_at.is_some() == disabled {
                        return Ok(user);
                    }
                    user.disabled_at = disabled.then(|| self.context.now());
                    tx.users().update(&user).await?;
                    let kind = if disabled {
                        tx.sessions().delete_all(id, None).await?;
                        revoke_codes(tx, id).await?;
                        EventKind::Disabled
                    } else {
                        EventKind::Enabled
                    };
                    self.context.record_admin_event(tx, Some(admin), id, kind).await?;
                    Ok(user)
                })
            })
            .await
    }

    /// Deletes a user and everything the user owns.
    ///
    /// Returns [`Error::OwnAccount`] for the admin's own account, and [`Error::NotFound`] for an unknown user.
    pub async fn delete_user(&self, admin: UserId, id: UserId) -> Result<(), Error> {
        if id == admin {
            return Err(Error::OwnAccount);
        }
        let deleted = self
            .context
            .transact(|tx| Box::pin(delete_account(&self.context, tx, id, Some(admin))));
        deleted.await?.then_some(()).ok_or(Error::NotFound)
    }

    /// Makes a user an admin, on behalf of the operator. Returns [`Error::NotFound`] for an unknown username.
    pub async fn promote(&self, username: &Username) -> Result<User, Error> {
        let found = self.context.read().users().find_by_username(username).await?;
        let id = found.ok_or(Error::NotFound)?.id;
        self.context
            .transact(|tx| {
                Box::pin(async move {
                    let mut user = tx.users().lock(id).await?.ok_or(Error::NotFound)?;
                    if user.role != Role::Admin {
                        user.role = Role::Admin;
                        tx.users().update(&user).await?;
                        let promoted = EventKind::Promoted;
                        self.context.record_admin_event(tx, None, id, promoted).await?;
                    }
                    Ok(user)
                })
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorCode, fixtures, test_context::TestContext};
    use domain::accounts::{CodePurpose, Origin};

    const ADMIN: UserId = UserId(uuid::Uuid::from_u128(3));

    async fn set_disabled(test: &TestContext, disabled: bool) -> Result<User, ErrorCode> {
        let administration = Administration::new(test.context());
        let outcome = administration.set_disabled(ADMIN, fixtures::owner(), disabled);
        outcome.await.map_err(|error| error.code())
    }

    #[tokio::test]
    async fn users_are_listed_by_a_part_of_their_name_or_address() {
        let test = TestContext::with_ada().await;
        let administration = Administration::new(test.context());
        for (search, found) in [(None, 1), (Some("ADA@"), 1), (Some("eve"), 0)] {
            let matching = search.and_then(UserSearch::parse);
            let page = administration.list_users(matching, PageRequest::default()).await;
            assert_eq!(page.expect("a page").items.len(), found, "{search:?}");
        }
    }

    #[tokio::test]
    async fn disabling_ends_sessions_and_revokes_codes_and_can_be_undone() {
        let test = TestContext::with_ada().await.with_codes(CodePurpose::ALL).await;
        let id = fixtures::owner();
        test.write(async |tx| tx.sessions().insert(&fixtures::session()).await)
            .await;
        for _ in 0..2 {
            let user = set_disabled(&test, true).await.expect("disabled");
            assert_eq!(user.disabled_at, Some(fixtures::now()));
        }
        let stored = test.user(id).await.expect("stored");
        assert_eq!(stored.disabled_at, Some(fixtures::now()));
        let sessions = test.read().sessions();
        let left = sessions.list(id, fixtures::now(), PageRequest::default()).await;
        assert_eq!(left.expect("a read").items, []);
        for purpose in CodePurpose::ALL {
            assert_eq!(test.attempts_left(id, purpose).await, None);
        }
        for _ in 0..2 {
            let user = set_disabled(&test, false).await.expect("enabled");
            assert_eq!(user.disabled_at, None);
        }
        assert_eq!(test.user(id).await.expect("stored").disabled_at, None);
        // Repetitions change and record nothing.
        assert_eq!(test.events(id).await, [EventKind::Disabled, EventKind::Enabled]);
    }

    #[tokio::test]
    async fn deleting_a_user_records_the_admin_but_not_their_origin() {
        let test = TestContext::with_ada().await;
        let id = fixtures::owner();
        let administration = Administration::new(test.context());
        administration.delete_user(ADMIN, id).await.expect("deleted");
        assert!(test.user(id).await.is_none());
        let events = test.read().events().list(id, PageRequest::default()).await;
        let [event] = &events.expect("a read").items[..] else {
            panic!("one event")
        };
        assert_eq!(
            (event.kind, event.admin_id, &event.origin),
            (EventKind::AccountDeleted, Some(ADMIN), &Origin::default())
        );
    }

    #[tokio::test]
    async fn unknown_users_and_the_admins_own_account_are_rejected() {
        let test = TestContext::new();
        let administration = Administration::new(test.context());
        for (id, code) in [
            (fixtures::owner(), ErrorCode::NotFound),
            (ADMIN, ErrorCode::Conflict),
        ] {
            let disabled = administration.set_disabled(ADMIN, id, true).await;
            assert_eq!(disabled.expect_err("rejected").code(), code);
            let deleted = administration.delete_user(ADMIN, id).await;
            assert_eq!(deleted.expect_err("rejected").code(), code);
            assert_eq!(test.events(id).await, []);
        }
    }

    #[tokio::test]
    async fn a_known_user_is_promoted_once() {
        let test = TestContext::with_ada().await;
        let administration = Administration::new(test.context());
        for _ in 0..2 {
            let promoted = administration.promote(&fixtures::username("ADA")).await;
            assert_eq!(promoted.expect("promoted").role, Role::Admin);
        }
        let stored = test.user(fixtures::owner()).await.expect("stored");
        assert_eq!(
            (stored.role, stored.updated_at),
            (Role::Admin, fixtures::ada().updated_at)
        );
        assert_eq!(test.events(stored.id).await, [EventKind::Promoted]);
        let unknown = administration.promote(&fixtures::username("eve")).await;
        assert_eq!(unknown.expect_err("rejected").code(), ErrorCode::NotFound);
    }
}
