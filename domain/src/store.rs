//! The unit of work: reads go to the [`Store`], writes to a [`UnitOfWork`].

use crate::{
    BoxError,
    accounts::{
        ApiKeyRepository, CodeRepository, EventRepository, IdentityRepository, MailOrderRepository,
        SessionRepository, ThrottleRepository, UserRepository,
    },
    faces::FaceRepository,
    images::{BlobDeletionRepository, ImageRepository},
    ocr::TextRepository,
    operations::AnswerRepository,
    predictions::PredictionRepository,
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
    /// The identity is somebody's already.
    Identity,
}

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The row would repeat a unique key. The unit of work can only be dropped.
    #[error("{0:?} is taken")]
    Conflict(Conflict),
    /// A row that this one belongs to is gone. The unit of work can only be dropped.
    #[error("the owner of the row is gone")]
    OwnerDeleted,
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
    /// Keys of their programs.
    fn api_keys(&self) -> &dyn ApiKeyRepository;
    /// What strangers tried.
    fn throttles(&self) -> &dyn ThrottleRepository;
    /// Codes that were mailed.
    fn codes(&self) -> &dyn CodeRepository;
    /// Mails that are to be sent.
    fn mail_orders(&self) -> &dyn MailOrderRepository;
    /// What happened to their accounts.
    fn events(&self) -> &dyn EventRepository;
    /// Who users are to others.
    fn identities(&self) -> &dyn IdentityRepository;
    /// Faces that users log in with.
    fn faces(&self) -> &dyn FaceRepository;
    /// Uploaded images.
    fn images(&self) -> &dyn ImageRepository;
    /// Blobs that are to go.
    fn blob_deletions(&self) -> &dyn BlobDeletionRepository;
    /// What was read from images.
    fn texts(&self) -> &dyn TextRepository;
    /// Work that is done later.
    fn tasks(&self) -> &dyn TaskRepository;
    /// What classifiers said of images.
    fn predictions(&self) -> &dyn PredictionRepository;
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

#[cfg(feature = "test-support")]
#[path = "store_mocks.rs"]
pub mod test_support;
