//! Stores made of mocks.

use super::{Repositories, Store, StoreError, UnitOfWork};
use crate::{
    accounts::{
        ApiKeyRepository, CodeRepository, EventRepository, IdentityRepository, MailOrderRepository,
        MockApiKeyRepository, MockCodeRepository, MockEventRepository, MockIdentityRepository,
        MockMailOrderRepository, MockSessionRepository, MockThrottleRepository, MockUserRepository,
        SessionRepository, ThrottleRepository, UserRepository,
    },
    faces::{FaceRepository, MockFaceRepository},
    images::{BlobDeletionRepository, ImageRepository, MockBlobDeletionRepository, MockImageRepository},
    ocr::{MockTextRepository, TextRepository},
    operations::{AnswerRepository, MockAnswerRepository},
    predictions::{MockPredictionRepository, PredictionRepository},
    tasks::{MockTaskRepository, TaskRepository},
};
use async_trait::async_trait;
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
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
    /// API keys.
    pub api_keys: MockApiKeyRepository,
    /// What strangers tried.
    pub throttles: MockThrottleRepository,
    /// Codes.
    pub codes: MockCodeRepository,
    /// Mails to send.
    pub mail_orders: MockMailOrderRepository,
    /// What happened to accounts.
    pub events: MockEventRepository,
    /// Who users are to others.
    pub identities: MockIdentityRepository,
    /// Faces.
    pub faces: MockFaceRepository,
    /// Images.
    pub images: MockImageRepository,
    /// Blobs that are to go.
    pub blob_deletions: MockBlobDeletionRepository,
    /// Texts.
    pub texts: MockTextRepository,
    /// Tasks.
    pub tasks: MockTaskRepository,
    /// Predictions.
    pub predictions: MockPredictionRepository,
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
    fn api_keys(&self) -> &dyn ApiKeyRepository {
        &self.api_keys
    }
    fn throttles(&self) -> &dyn ThrottleRepository {
        &self.throttles
    }
    fn codes(&self) -> &dyn CodeRepository {
        &self.codes
    }
    fn mail_orders(&self) -> &dyn MailOrderRepository {
        &self.mail_orders
    }
    fn events(&self) -> &dyn EventRepository {
        &self.events
    }
    fn identities(&self) -> &dyn IdentityRepository {
        &self.identities
    }
    fn faces(&self) -> &dyn FaceRepository {
        &self.faces
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
    fn predictions(&self) -> &dyn PredictionRepository {
        &self.predictions
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
            fn api_keys(&self) -> &dyn ApiKeyRepository {
                self.$field.api_keys()
            }
            fn throttles(&self) -> &dyn ThrottleRepository {
                self.$field.throttles()
            }
            fn codes(&self) -> &dyn CodeRepository {
                self.$field.codes()
            }
            fn mail_orders(&self) -> &dyn MailOrderRepository {
                self.$field.mail_orders()
            }
            fn events(&self) -> &dyn EventRepository {
                self.$field.events()
            }
            fn identities(&self) -> &dyn IdentityRepository {
                self.$field.identities()
            }
            fn faces(&self) -> &dyn FaceRepository {
                self.$field.faces()
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
            fn predictions(&self) -> &dyn PredictionRepository {
                self.$field.predictions()
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
    fails: bool,
}

delegate_repositories!(MockUnitOfWork, repositories);

#[async_trait]
impl UnitOfWork for MockUnitOfWork {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        if self.fails {
            return Err(outage());
        }
        self.commits.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

fn outage() -> StoreError {
    StoreError::Unavailable("down".into())
}

/// What meets the next who begins a unit of work.
enum Prepared {
    Unit(Box<MockUnitOfWork>),
    Outage,
    Silence,
}

/// A store with mocks for reads, that hands out prepared units of work in order.
#[derive(Default)]
pub struct MockStore {
    reads: MockRepositories,
    works: Mutex<VecDeque<Prepared>>,
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
        self.then_unit(work, false)
    }

    /// Adds the mocks that the next unit of work meets, whose commit then fails.
    #[must_use]
    pub fn then_failing_commit(self, work: MockRepositories) -> Self {
        self.then_unit(work, true)
    }

    /// The next unit of work cannot be begun.
    #[must_use]
    pub fn then_outage(self) -> Self {
        self.then(Prepared::Outage)
    }

    /// Who begins the next unit of work gets no answer.
    #[must_use]
    pub fn then_silence(self) -> Self {
        self.then(Prepared::Silence)
    }

    fn then_unit(self, repositories: MockRepositories, fails: bool) -> Self {
        let commits = self.commits.clone();
        self.then(Prepared::Unit(Box::new(MockUnitOfWork {
            repositories,
            commits,
            fails,
        })))
    }

    fn then(self, prepared: Prepared) -> Self {
        self.prepared().push_back(prepared);
        self
    }

    fn prepared(&self) -> MutexGuard<'_, VecDeque<Prepared>> {
        self.works.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many of the prepared units of work were not begun yet.
    pub fn left(&self) -> usize {
        self.prepared().len()
    }

    /// How many units of work were committed.
    pub fn commits(&self) -> usize {
        self.commits.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Store for MockStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let prepared = self.prepared().pop_front();
        match prepared.expect("a unit of work was begun that the test did not prepare") {
            Prepared::Unit(unit) => Ok(unit),
            Prepared::Outage => Err(outage()),
            Prepared::Silence => std::future::pending().await,
        }
    }
}
