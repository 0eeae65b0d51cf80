//! The unit of work: reads go to the [`Store`], writes to a [`UnitOfWork`].

use crate::{
    BoxError,
    accounts::{SessionRepository, UserRepository},
    images::{BlobDeletionRepository, ImageRepository},
    ocr::TextRepository,
    operations::AnswerRepository,
    tasks::TaskRepository,
};
use async_trait::async_trait;

/// What a unique key holds already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// Another user has this name, compared without case.
    Username,
    /// Another user has this e-mail, compared without case.
    Email,
    /// The image was read in these languages already.
    Text,
    /// Another request holds this idempotency key.
    IdempotencyKey,
}

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The row would repeat a unique key. The unit of work can only be dropped.
    #[error("{0:?} is taken")]
    Conflict(Conflict),
    /// A row that this one belongs to is gone. The unit of work can only be dropped.
    #[error("the owner of the row is gone")]
    OwnerGone,
    /// The database is down, full, too slow or answered what it should not.
    #[error("the store is unavailable")]
    Unavailable(#[source] BoxError),
}

/// The repositories, over a pool or over one transaction.
pub trait Repositories: Send + Sync {
    /// Users.
    fn users(&self) -> &dyn UserRepository;
    /// Their logins.
    fn sessions(&self) -> &dyn SessionRepository;
    /// Uploaded images.
    fn images(&self) -> &dyn ImageRepository;
    /// Blobs that are to go.
    fn blob_deletions(&self) -> &dyn BlobDeletionRepository;
    /// What was read from images.
    fn texts(&self) -> &dyn TextRepository;
    /// Work that is done later.
    fn tasks(&self) -> &dyn TaskRepository;
    /// Answers that are kept for repeated requests.
    fn answers(&self) -> &dyn AnswerRepository;
}

/// Reads directly; opens units of work for writes.
#[async_trait]
pub trait Store: Repositories {
    /// Begins a transaction. Never hold one across hashing, recognition, blob or mail input and output.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError>;
}

/// One transaction. Dropping it without [`UnitOfWork::commit`] rolls it back.
#[async_trait]
pub trait UnitOfWork: Repositories {
    /// Makes everything that was written in it durable, at once.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// Stores made of mocks.
#[cfg(feature = "test-support")]
pub mod test_support {
    use super::{Repositories, Store, StoreError, UnitOfWork};
    use crate::{
        accounts::{MockSessionRepository, MockUserRepository, SessionRepository, UserRepository},
        images::{BlobDeletionRepository, ImageRepository, MockBlobDeletionRepository, MockImageRepository},
        ocr::{MockTextRepository, TextRepository},
        operations::{AnswerRepository, MockAnswerRepository},
        tasks::{MockTaskRepository, TaskRepository},
    };
    use async_trait::async_trait;
    use std::{
        collections::VecDeque,
        sync::{
            Arc, Mutex, PoisonError,
            atomic::{AtomicUsize, Ordering},
        },
    };

    /// One mock of each repository. A call that was not expected fails the test.
    #[derive(Default)]
    pub struct MockRepositories {
        /// Users.
        pub users: MockUserRepository,
        /// Their logins.
        pub sessions: MockSessionRepository,
        /// Images.
        pub images: MockImageRepository,
        /// Blobs that are to go.
        pub blob_deletions: MockBlobDeletionRepository,
        /// Texts.
        pub texts: MockTextRepository,
        /// Tasks.
        pub tasks: MockTaskRepository,
        /// Kept answers.
        pub answers: MockAnswerRepository,
    }

    impl Repositories for MockRepositories {
        fn users(&self) -> &dyn UserRepository {
            &self.users
        }
        fn sessions(&self) -> &dyn SessionRepository {
            &self.sessions
        }
        fn images(&self) -> &dyn ImageRepository {
            &self.images
        }
        fn blob_deletions(&self) -> &dyn BlobDeletionRepository {
            &self.blob_deletions
        }
        fn texts(&self) -> &dyn TextRepository {
            &self.texts
        }
        fn tasks(&self) -> &dyn TaskRepository {
            &self.tasks
        }
        fn answers(&self) -> &dyn AnswerRepository {
            &self.answers
        }
    }

    macro_rules! delegate_repositories {
        ($type:ty, $field:ident) => {
            impl Repositories for $type {
                fn users(&self) -> &dyn UserRepository {
                    self.$field.users()
                }
                fn sessions(&self) -> &dyn SessionRepository {
                    self.$field.sessions()
                }
                fn images(&self) -> &dyn ImageRepository {
                    self.$field.images()
                }
                fn blob_deletions(&self) -> &dyn BlobDeletionRepository {
                    self.$field.blob_deletions()
                }
                fn texts(&self) -> &dyn TextRepository {
                    self.$field.texts()
                }
                fn tasks(&self) -> &dyn TaskRepository {
                    self.$field.tasks()
                }
                fn answers(&self) -> &dyn AnswerRepository {
                    self.$field.answers()
                }
            }
        };
    }

    struct MockUnitOfWork {
        repositories: MockRepositories,
        commits: Arc<AtomicUsize>,
    }

    delegate_repositories!(MockUnitOfWork, repositories);

    #[async_trait]
    impl UnitOfWork for MockUnitOfWork {
        async fn commit(self: Box<Self>) -> Result<(), StoreError> {
            self.commits.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    }

    /// A store with mocks for reads, that hands out prepared units of work in order.
    #[derive(Default)]
    pub struct MockStore {
        reads: MockRepositories,
        works: Mutex<VecDeque<MockRepositories>>,
        commits: Arc<AtomicUsize>,
    }

    delegate_repositories!(MockStore, reads);

    impl MockStore {
        /// A store whose reads meet these mocks.
        pub fn reading(reads: MockRepositories) -> Self {
            Self {
                reads,
                ..Self::default()
            }
        }

        /// Adds the mocks that the next unit of work meets.
        #[must_use]
        pub fn then_work(self, work: MockRepositories) -> Self {
            self.works
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push_back(work);
            self
        }

        /// How many units of work were committed.
        pub fn commits(&self) -> usize {
            self.commits.load(Ordering::SeqCst)
        }
    }

    #[async_trait]
    impl Store for MockStore {
        async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
            let work = self
                .works
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front();
            let repositories = work.expect("a unit of work was begun that the test did not prepare");
            Ok(Box::new(MockUnitOfWork {
                repositories,
                commits: self.commits.clone(),
            }))
        }
    }
}
