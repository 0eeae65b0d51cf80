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
