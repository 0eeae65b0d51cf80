//! The store: a [`Reader`] for reads, a [`Transaction`] for writes.
//!
//! Writes need a transaction, because only [`Transaction`] hands out repositories that can write:
//!
//! ```compile_fail,E0599
//! async fn delete(store: &dyn domain::store::Store, id: domain::ids::UserId) {
//!     store.read().users().delete(id).await;
//! }
//! ```
//!
//! ```
//! use domain::{ids::UserId, store::{Store, StoreError}};
//!
//! async fn delete(store: &dyn Store, id: UserId) -> Result<(), StoreError> {
//!     store.transact(|tx| Box::pin(async move { tx.users().delete(id).await })).await
//! }
//! ```

use crate::BoxError;
use async_trait::async_trait;
use std::pin::Pin;

/// A unique key that a new or changed row would repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// Another user has this name, compared without case.
    Username,
    /// Another user has this e-mail address, compared without case.
    Email,
    /// The image has a text in these languages.
    Text,
    /// Another request holds this idempotency key.
    IdempotencyKey,
    /// The identity is linked to a user.
    Identity,
}

/// Why the store did not do what was asked. After an error the transaction can only be dropped.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The row would repeat a unique key.
    #[error("{0:?} is taken")]
    Conflict(Conflict),
    /// A row that this one refers to does not exist any more.
    #[error("the owner of the row is gone")]
    OwnerDeleted,
    /// The database rolled the transaction back because of a deadlock, a lock timeout or a serialization failure.
    /// Running it again may succeed: [`transact`](#method.transact) does that.
    #[error("the transaction conflicts with another one")]
    SerializationFailure(#[source] BoxError),
    /// The database is down, full or too slow, or answered with an unexpected error.
    #[error("the store is unavailable")]
    Unavailable(#[source] BoxError),
}

/// Calls a macro with every repository: `name: Reader, Repository` of those that can be read outside of a
/// transaction, then `name: Repository` of the rest.
#[macro_export]
macro_rules! for_each_repository {
    ($callback:ident) => {
        $callback! {
            readable {
                /// Users.
                users: $crate::accounts::UserReader, $crate::accounts::UserRepository;
                /// Sessions and their refresh tokens.
                sessions: $crate::accounts::SessionReader, $crate::accounts::SessionRepository;
                /// API keys.
                api_keys: $crate::accounts::ApiKeyReader, $crate::accounts::ApiKeyRepository;
                /// Rate limit windows, and the networks from which users logged in.
                rate_limits: $crate::accounts::RateLimitReader, $crate::accounts::RateLimitRepository;
                /// The outbox of mails.
                outgoing_mails: $crate::accounts::OutgoingMailReader, $crate::accounts::OutgoingMailRepository;
                /// Security events of accounts.
                events: $crate::accounts::EventReader, $crate::accounts::EventRepository;
                /// Identities at OpenID providers.
                identities: $crate::accounts::IdentityReader, $crate::accounts::IdentityRepository;
                /// Enrolled faces.
                faces: $crate::faces::FaceReader, $crate::faces::FaceRepository;
                /// Uploaded images.
                images: $crate::images::ImageReader, $crate::images::ImageRepository;
                /// Blobs that are scheduled for deletion.
                blob_deletions: $crate::images::BlobDeletionReader, $crate::images::BlobDeletionRepository;
                /// Recognized texts.
                texts: $crate::ocr::TextReader, $crate::ocr::TextRepository;
                /// Tasks.
                tasks: $crate::tasks::TaskReader, $crate::tasks::TaskRepository;
                /// Predictions, their feedback and their counts.
                predictions: $crate::predictions::PredictionReader, $crate::predictions::PredictionRepository;
            }
            transactional {
                /// Mailed codes.
                codes: $crate::accounts::CodeRepository;
                /// Idempotency keys and the responses that are stored under them.
                idempotency_keys: $crate::operations::IdempotencyRepository;
            }
        }
    };
}

macro_rules! declare_repositories {
    (
        readable { $($(#[$doc:meta])* $name:ident: $reader:path, $repository:path;)* }
        transactional { $($(#[$only_doc:meta])* $only:ident: $only_repository:path;)* }
    ) => {
        /// Repositories that can only read. Each call sees what is committed at that moment.
        pub trait Reader: Send + Sync {
            $($(#[$doc])* fn $name(&self) -> &dyn $reader;)*
        }

        /// One transaction, whose repositories can read and write. Dropping it rolls it back.
        #[async_trait]
        pub trait Transaction: Send + Sync {
            $($(#[$doc])* fn $name(&self) -> &dyn $repository;)*
            $($(#[$only_doc])* fn $only(&self) -> &dyn $only_repository;)*
            /// Makes everything that was written durable, or nothing of it.
            async fn commit(self: Box<Self>) -> Result<(), StoreError>;
        }
    };
}

for_each_repository!(declare_repositories);

/// The database. Use [`read`](Store::read) and [`transact`](#method.transact).
#[async_trait]
pub trait Store: Send + Sync {
    /// Repositories that can only read.
    fn read(&self) -> &dyn Reader;
    /// Begins a transaction. [`transact`](#method.transact) does that, commits, and retries.
    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError>;
    /// Waits before a transaction runs again, exponentially longer with each failed `attempt`, which counts from 1.
    async fn back_off(&self, attempt: u32);
}

/// A future on the heap that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An error that tells whether the transaction it ended may succeed when it runs again.
pub trait TransactionError: From<StoreError> {
    /// Returns whether the error is a [`StoreError::SerializationFailure`].
    fn is_serialization_failure(&self) -> bool;
}

impl TransactionError for StoreError {
    fn is_serialization_failure(&self) -> bool {
        matches!(self, Self::SerializationFailure(_))
    }
}

/// How often a transaction runs before its serialization failure is given to the caller.
const MAX_ATTEMPTS: u32 = 8;

impl dyn Store + '_ {
    /// Runs `operation` in a transaction, commits if it returns `Ok`, and rolls back otherwise.
    ///
    /// After a serialization failure the operation runs again, up to eight times in all, so it must not have effects
    /// outside of the transaction. Never hash, decode, recognize, or use blobs or mail in it.
    ///
    /// # Errors
    ///
    /// The operation's own error, or the store's if the transaction cannot begin or commit.
    pub async fn transact<'a, T, E, F>(&self, operation: F) -> Result<T, E>
    where
        E: TransactionError,
        F: for<'t> Fn(&'t (dyn Transaction + 'a)) -> BoxFuture<'t, Result<T, E>>,
    {
        let mut attempt = 1;
        loop {
            let outcome = self.attempt(&operation).await;
            match outcome {
                Err(error) if error.is_serialization_failure() && attempt < MAX_ATTEMPTS => {
                    self.back_off(attempt).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn attempt<'a, T, E, F>(&self, operation: &F) -> Result<T, E>
    where
        E: TransactionError,
        F: for<'t> Fn(&'t (dyn Transaction + 'a)) -> BoxFuture<'t, Result<T, E>>,
    {
        let transaction: Box<dyn Transaction> = self.begin().await?;
        let value = operation(&*transaction).await?;
        transaction.commit().await?;
        Ok(value)
    }
}

#[cfg(feature = "test-support")]
#[path = "store_mocks.rs"]
pub mod test_support;

#[cfg(test)]
mod tests {
    use super::{
        test_support::{MemoryStore, SequentialIds},
        *,
    };
    use crate::{
        accounts::{EventKind, Origin, SecurityEvent},
        clock::Timestamp,
        ids::{EventId, IdGenerator, UserId},
        page::PageRequest,
    };
    use std::sync::atomic::{AtomicUsize, Ordering};
    use uuid::Uuid;

    const USER: UserId = UserId(Uuid::from_u128(1));

    async fn events(store: &dyn Store) -> usize {
        let page = store.read().events().list(USER, PageRequest::default()).await;
        page.expect("a page").items.len()
    }

    /// Records an event and then ends with `outcome`; returns how often the operation ran.
    async fn transact(
        store: &MemoryStore,
        outcome: fn() -> Result<(), StoreError>,
    ) -> (Result<(), StoreError>, usize) {
        let (runs, ids, store): (_, _, &dyn Store) = (AtomicUsize::new(0), SequentialIds::default(), store);
        let (counted, ids) = (&runs, &ids);
        let result = store.transact(|tx| {
            Box::pin(async move {
                counted.fetch_add(1, Ordering::Relaxed);
                let event = SecurityEvent {
                    id: EventId(ids.next()),
                    user_id: Some(USER),
                    admin_id: None,
                    kind: EventKind::LoggedIn,
                    origin: Origin::default(),
                    created_at: Timestamp::new(chrono::DateTime::UNIX_EPOCH),
                };
                tx.events().record(&event).await?;
                outcome()
            })
        });
        (result.await, runs.into_inner())
    }

    #[tokio::test]
    async fn an_operation_that_succeeds_is_committed_once() {
        let store = MemoryStore::default();
        let (result, runs) = transact(&store, || Ok(())).await;
        assert!(result.is_ok());
        assert_eq!((runs, events(&store).await), (1, 1));
    }

    #[tokio::test]
    async fn an_operation_that_fails_is_rolled_back_and_not_repeated() {
        let store = MemoryStore::default();
        let (result, runs) = transact(&store, || Err(StoreError::OwnerDeleted)).await;
        assert!(matches!(result, Err(StoreError::OwnerDeleted)));
        assert_eq!((runs, events(&store).await), (1, 0));
    }

    #[tokio::test]
    async fn after_a_serialization_failure_the_operation_runs_again_up_to_a_bound() {
        for (conflicts, runs, recorded) in [(2, 3, 1), (MAX_ATTEMPTS, MAX_ATTEMPTS, 0)] {
            let store = MemoryStore::default();
            store.conflict_next_commits(conflicts as usize);
            let (result, counted) = transact(&store, || Ok(())).await;
            assert_eq!(result.is_ok(), recorded == 1);
            assert_eq!((counted, events(&store).await), (runs as usize, recorded));
        }
    }
}
