//! The in-memory ports that unit tests of services share.

use crate::{
    Context, Error,
    accounts::{Logins, RateLimiter, SessionTokens, TokenLifetimes},
    fixtures,
};
use chrono::TimeDelta;
use domain::{
    accounts::{EventKind, MockAccessTokens, MockPasswordHasher, MockSecretGenerator, User, Username},
    ids::UserId,
    images::{Image, StorageQuota},
    page::{PageLimit, PageRequest},
    store::{
        Reader, Store, StoreError, Transaction,
        test_support::{ManualClock, MemoryStore, SequentialIds},
    },
};
use std::sync::Arc;

/// An in-memory store, a clock that starts at [`fixtures::now`], and sequential ids.
pub(crate) struct TestContext {
    pub(crate) store: MemoryStore,
    pub(crate) clock: Arc<ManualClock>,
    ids: Arc<SequentialIds>,
}

impl TestContext {
    /// Creates an empty store.
    pub(crate) fn new() -> Self {
        Self {
            store: MemoryStore::default(),
            clock: Arc::new(ManualClock::new(fixtures::now())),
            ids: Arc::default(),
        }
    }

    /// Creates a store with [`fixtures::ada`].
    pub(crate) async fn with_ada() -> Self {
        Self::new().with_user(fixtures::ada()).await
    }

    /// Adds a user.
    pub(crate) async fn with_user(self, user: User) -> Self {
        self.write(async |tx| tx.users().insert(&user).await).await;
        self
    }

    /// Adds an image of a user who exists.
    pub(crate) async fn with_image(self, image: Image) -> Self {
        let added = self.write(async |tx| tx.images().insert(&image, StorageQuota::default()).await);
        assert!(added.await, "there is no quota");
        self
    }

    /// The context of a service under test.
    pub(crate) fn context(&self) -> Context {
        Context {
            store: Arc::new(self.store.clone()),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
        }
    }

    /// The committed state.
    pub(crate) fn read(&self) -> &dyn Reader {
        self.store.read()
    }

    /// Changes the state in a transaction, which must succeed.
    pub(crate) async fn write<T>(
        &self,
        operation: impl AsyncFnOnce(&dyn Transaction) -> Result<T, StoreError>,
    ) -> T {
        let tx = self.store.begin().await.expect("a transaction");
        let value = operation(&*tx).await.expect("a valid change");
        tx.commit().await.expect("a commit");
        value
    }

    /// Runs a helper of a service in a transaction, and commits it if it succeeds.
    pub(crate) async fn run<T>(
        &self,
        operation: impl AsyncFnOnce(&dyn Transaction) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let tx = self.store.begin().await?;
        let value = operation(&*tx).await?;
        tx.commit().await?;
        Ok(value)
    }

    /// The user, as stored.
    pub(crate) async fn user(&self, id: UserId) -> Option<User> {
        self.write(async |tx| tx.users().lock(id).await).await
    }

    /// The user with this name, as stored.
    pub(crate) async fn user_named(&self, name: &str) -> Option<User> {
        let name = Username::parse(name).expect("a valid name");
        self.read().users().find_by_username(&name).await.expect("a read")
    }

    /// The kinds of the user's events, oldest first.
    pub(crate) async fn events(&self, user: UserId) -> Vec<EventKind> {
        let page = PageRequest {
            limit: PageLimit::LARGEST,
            after: None,
        };
        let page = self.read().events().list(user, page).await.expect("a read");
        page.items.iter().rev().map(|event| event.kind).collect()
    }

    /// Issues the access token `signed` and the refresh tokens `secret 1`, `secret 2` and so on.
    pub(crate) fn session_tokens(&self) -> Arc<SessionTokens> {
        let mut access_tokens = MockAccessTokens::new();
        access_tokens
            .expect_issue()
            .returning(|_| Ok("signed".to_owned().into()));
        let mut secrets = MockSecretGenerator::new();
        let mut count = 0;
        secrets.expect_token().returning(move || {
            count += 1;
            format!("secret {count}").into()
        });
        let lifetimes = TokenLifetimes {
            access: TimeDelta::minutes(15),
            refresh: TimeDelta::days(30),
        };
        let tokens = SessionTokens::new(
            self.context(),
            Arc::new(access_tokens),
            Arc::new(secrets),
            lifetimes,
        );
        Arc::new(tokens)
    }

    /// Logins that verify no password.
    pub(crate) fn logins(&self, rate_limiter: Arc<RateLimiter>) -> Arc<Logins> {
        let hasher = Arc::new(MockPasswordHasher::new());
        let logins = Logins::new(self.context(), hasher, rate_limiter, self.session_tokens(), false);
        Arc::new(logins)
    }
}
