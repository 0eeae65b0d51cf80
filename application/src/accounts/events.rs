//! The security events of accounts.

use crate::{Context, Error};
use domain::{
    accounts::SecurityEvent,
    ids::UserId,
    page::{Page, PageRequest},
};

/// Reads and deletes security events. [`Context`] records them.
pub struct Events {
    context: Context,
}

impl Events {
    /// Creates the service.
    pub fn new(context: Context) -> Self {
        Self { context }
    }

    /// Returns a page of the user's events, newest first.
    pub async fn list(&self, user: UserId, page: PageRequest) -> Result<Page<SecurityEvent>, Error> {
        Ok(self.context.read().events().list(user, page).await?)
    }

    /// Deletes expired events, and returns their number.
    pub async fn delete_expired(&self) -> Result<u64, Error> {
        let now = self.context.now();
        self.context
            .transact(|tx| Box::pin(async move { Ok(tx.events().delete_expired(now).await?) }))
            .await
    }
}
