//! API keys: create, list and delete.

use crate::{Context, Error, FieldError};
use domain::{
    accounts::{ApiKey, ApiKeyName, ApiKeySecret, EventKind, Origin, SecretGenerator},
    clock::Timestamp,
    ids::{ApiKeyId, UserId},
    page::{Page, PageRequest},
};
use std::sync::Arc;

/// The limit of keys per user.
const MAX_KEYS: u64 = 100;

/// The API keys of users, with which programs act for them.
pub struct ApiKeys {
    context: Context,
    secrets: Arc<dyn SecretGenerator>,
}

impl ApiKeys {
    /// Creates the service. `secrets` generates the keys.
    pub fn new(context: Context, secrets: Arc<dyn SecretGenerator>) -> Self {
        Self { context, secrets }
    }

    /// Creates a key, and returns it with its secret, which is not stored.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] if `expires_at` is not in the future, [`Error::TooManyApiKeys`] over the limit of 100 keys,
    /// [`Error::Unauthenticated`] if the user was deleted.
    pub async fn create(
        &self,
        user: UserId,
        name: ApiKeyName,
        expires_at: Option<Timestamp>,
        origin: Origin,
    ) -> Result<(ApiKey, ApiKeySecret), Error> {
        let now = self.context.now();
        if expires_at.is_some_and(|expires_at| expires_at <= now) {
            let error = FieldError::new("expires_at", "must be in the future");
            return Err(Error::InvalidRequest(vec![error]));
        }
        let secret = ApiKeySecret::new(&self.secrets.token());
        let key = ApiKey {
            id: ApiKeyId(self.context.new_id()),
            user_id: user,
            name,
            prefix: secret.prefix(),
            digest: secret.digest(),
            created_at: now,
            last_used_at: None,
            expires_at,
        };
        self.insert(&key, &origin).await?;
        Ok((key, secret))
    }

    async fn insert(&self, key: &ApiKey, origin: &Origin) -> Result<(), Error> {
        let user = key.user_id;
        self.context
            .transact(|tx| {
                Box::pin(async move {
                    // The lock serializes concurrent requests, so that they cannot exceed the limit together.
                    tx.users().lock(user).await?.ok_or(Error::Unauthenticated)?;
                    if tx.api_keys().count(user).await? >= MAX_KEYS {
                        return Err(Error::TooManyApiKeys { limit: MAX_KEYS });
                    }
                    tx.api_keys().insert(key).await?;
                    let created = EventKind::ApiKeyCreated;
                    self.context
                        .record_event(tx, user, created, origin.clone())
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Returns a page of the user's keys, newest first, expired ones included.
    pub async fn list(&self, user: UserId, page: PageRequest) -> Result<Page<ApiKey>, Error> {
        Ok(self.context.read().api_keys().list(user, page).await?)
    }

    /// Deletes a key of the user. It is no longer accepted.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if the user has no such key.
    pub async fn delete(&self, user: UserId, id: ApiKeyId, origin: Origin) -> Result<(), Error> {
        let origin = &origin;
        self.context
            .transact(|tx| {
                Box::pin(async move {
                    if !tx.api_keys().delete(user, id).await? {
                        return Err(Error::NotFound);
                    }
                    let deleted = EventKind::ApiKeyDeleted;
                    self.context
                        .record_event(tx, user, deleted, origin.clone())
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}
