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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorCode, fixtures, test_context::TestContext};
    use chrono::TimeDelta;
    use domain::accounts::MockSecretGenerator;
    use uuid::Uuid;

    fn api_keys(test: &TestContext) -> ApiKeys {
        let mut secrets = MockSecretGenerator::new();
        secrets.expect_token().returning(|| "s3cret".to_owned().into());
        ApiKeys::new(test.context(), Arc::new(secrets))
    }

    async fn create(
        test: &TestContext,
        expires_at: Option<Timestamp>,
    ) -> Result<(ApiKey, ApiKeySecret), ErrorCode> {
        let name = ApiKeyName::parse("backup").expect("a valid name");
        let created = api_keys(test)
            .create(fixtures::owner(), name, expires_at, fixtures::origin())
            .await;
        created.map_err(|error| error.code())
    }

    async fn list(test: &TestContext) -> Vec<ApiKey> {
        let page = api_keys(test)
            .list(fixtures::owner(), PageRequest::default())
            .await;
        page.expect("a page").items
    }

    #[tokio::test]
    async fn a_created_key_is_stored_with_the_digest_of_its_secret() {
        let test = TestContext::with_ada().await;
        let expires_at = fixtures::now() + TimeDelta::days(1);
        let (key, secret) = create(&test, Some(expires_at)).await.expect("created");
        assert_eq!(secret.expose(), "oc_s3cret");
        assert_eq!(
            (&key.digest, key.prefix.as_str()),
            (&secret.digest(), "oc_s3cret")
        );
        assert_eq!(
            (key.user_id, key.expires_at, key.last_used_at),
            (fixtures::owner(), Some(expires_at), None)
        );
        assert_eq!(list(&test).await, [key]);
        assert_eq!(test.events(fixtures::owner()).await, [EventKind::ApiKeyCreated]);
    }

    #[tokio::test]
    async fn a_key_that_expires_now_one_over_the_limit_and_one_without_a_user_are_rejected() {
        let test = TestContext::with_ada().await;
        let expired = create(&test, Some(fixtures::now())).await;
        assert_eq!(expired.expect_err("rejected"), ErrorCode::InvalidRequest);
        let without_user = create(&TestContext::new(), None).await;
        assert_eq!(without_user.expect_err("rejected"), ErrorCode::Unauthenticated);
        for _ in 0..MAX_KEYS {
            create(&test, None).await.expect("created");
        }
        let one_more = create(&test, None).await;
        assert_eq!(one_more.expect_err("rejected"), ErrorCode::QuotaExceeded);
    }

    #[tokio::test]
    async fn users_see_and_delete_only_their_own_keys() {
        let test = TestContext::with_ada().await.with_user(fixtures::eve()).await;
        let of_eve = ApiKey {
            id: ApiKeyId(Uuid::from_u128(13)),
            user_id: fixtures::eve().id,
            ..fixtures::api_key()
        };
        test.write(async |tx| {
            tx.api_keys().insert(&fixtures::api_key()).await?;
            tx.api_keys().insert(&of_eve).await
        })
        .await;
        assert_eq!(list(&test).await, [fixtures::api_key()]);
        for (id, expected) in [
            (of_eve.id, Err(ErrorCode::NotFound)),
            (fixtures::api_key().id, Ok(())),
            (fixtures::api_key().id, Err(ErrorCode::NotFound)),
        ] {
            let deleted = api_keys(&test)
                .delete(fixtures::owner(), id, fixtures::origin())
                .await;
            assert_eq!(deleted.map_err(|error| error.code()), expected);
        }
        assert_eq!(list(&test).await, []);
        assert_eq!(test.events(fixtures::owner()).await, [EventKind::ApiKeyDeleted]);
    }
}
