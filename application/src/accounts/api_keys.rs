//! Making an API key.

use super::EventLog;
use crate::{Error, FieldError};
use domain::{
    accounts::{ApiKey, ApiKeyName, ApiKeySecret, EventKind, Origin, SecretGenerator},
    clock::{Clock, Timestamp},
    ids::{ApiKeyId, IdGenerator, UserId},
    store::{Store, StoreError},
};
use std::sync::Arc;

/// The most keys of a user.
const MOST_KEYS: u64 = 100;

/// Makes a key with which a program acts for its user.
pub struct CreateApiKey {
    /// Where keys are kept.
    pub store: Arc<dyn Store>,
    /// Makes the secret.
    pub secrets: Arc<dyn SecretGenerator>,
    /// When it was made.
    pub clock: Arc<dyn Clock>,
    /// Names the key.
    pub ids: Arc<dyn IdGenerator>,
    /// Where it is written down.
    pub events: Arc<EventLog>,
}

impl CreateApiKey {
    /// The key and its secret, which nobody can be shown again. [`Error::InvalidRequest`] when it would have expired
    /// already, [`Error::TooManyApiKeys`].
    pub async fn execute(
        &self,
        user: UserId,
        name: ApiKeyName,
        expires_at: Option<Timestamp>,
        origin: Origin,
    ) -> Result<(ApiKey, ApiKeySecret), Error> {
        let now = self.clock.now();
        if expires_at.is_some_and(|end| end <= now) {
            let fault = FieldError::new("expires_at", "must be in the future");
            return Err(Error::InvalidRequest(vec![fault]));
        }
        let secret = ApiKeySecret::new(&self.secrets.token());
        let key = ApiKey {
            id: ApiKeyId(self.ids.next()),
            user_id: user,
            name,
            prefix: secret.prefix(),
            digest: secret.digest(),
            created_at: now,
            last_used_at: None,
            expires_at,
        };
        let unit = self.store.begin().await?;
        // The lock keeps two that are made at once from going past the most together.
        unit.users().lock(user).await?.ok_or(Error::Unauthenticated)?;
        if unit.api_keys().count(user).await? >= MOST_KEYS {
            return Err(Error::TooManyApiKeys { limit: MOST_KEYS });
        }
        match unit.api_keys().insert(&key).await {
            Err(StoreError::OwnerGone) => return Err(Error::Unauthenticated),
            inserted => inserted?,
        }
        self.events
            .record(&*unit, user, EventKind::ApiKeyCreated, origin)
            .await?;
        unit.commit().await?;
        Ok((key, secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use chrono::TimeDelta;
    use domain::{
        accounts::MockSecretGenerator,
        store::test_support::{MockRepositories, MockStore},
    };

    async fn create(
        store: &Arc<MockStore>,
        expires_at: Option<Timestamp>,
    ) -> Result<(ApiKey, ApiKeySecret), Error> {
        let mut secrets = MockSecretGenerator::new();
        secrets.expect_token().returning(|| "s3cret".to_owned().into());
        let create = CreateApiKey {
            store: store.clone(),
            secrets: Arc::new(secrets),
            clock: fixtures::clock(),
            ids: fixtures::ids(),
            events: fixtures::event_log(),
        };
        let name = ApiKeyName::parse("backup").expect("a valid name");
        create
            .execute(fixtures::owner(), name, expires_at, fixtures::origin())
            .await
    }

    fn with_keys(count: u64) -> MockRepositories {
        let mut work = MockRepositories::default();
        work.users.expect_lock().returning(|_| Ok(Some(fixtures::ada())));
        work.api_keys.expect_count().returning(move |_| Ok(count));
        work
    }

    #[tokio::test]
    async fn the_secret_is_given_once_and_only_its_digest_is_kept() {
        let mut work = with_keys(MOST_KEYS - 1);
        work.api_keys
            .expect_insert()
            .withf(|key| {
                let secret = ApiKeySecret::presented("oc_s3cret").expect("a key");
                key.digest == secret.digest() && key.user_id == fixtures::owner()
            })
            .times(1)
            .returning(|_| Ok(()));
        let work = fixtures::recording(work, EventKind::ApiKeyCreated);
        let store = Arc::new(MockStore::default().then_work(work));
        let end = fixtures::now() + TimeDelta::days(1);
        let (key, secret) = create(&store, Some(end)).await.expect("made");
        assert_eq!((secret.expose(), key.prefix.as_str()), ("oc_s3cret", "oc_s3cret"));
        assert_eq!((key.expires_at, key.last_used_at), (Some(end), None));
        assert_eq!(store.commits(), 1);
    }

    #[tokio::test]
    async fn a_key_that_has_expired_already_and_one_too_many_are_refused() {
        let store = Arc::new(MockStore::default());
        let outcome = create(&store, Some(fixtures::now())).await;
        assert_eq!(outcome.expect_err("refused").code(), "invalid_request");
        let store = Arc::new(MockStore::default().then_work(with_keys(MOST_KEYS)));
        let outcome = create(&store, None).await;
        assert_eq!(outcome.expect_err("refused").code(), "quota_exceeded");
        assert_eq!(store.commits(), 0);
    }
}
