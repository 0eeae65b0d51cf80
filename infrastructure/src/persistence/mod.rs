//! The database: every repository of the domain over sea-orm, on `SQLite`, `PostgreSQL`, `MariaDB` and `MySQL`.

mod answers;
mod api_keys;
mod blob_deletions;
mod codes;
mod connection;
mod entities;
mod error;
mod events;
mod faces;
mod identities;
mod images;
mod mail_orders;
mod mysql;
mod postgres;
mod predictions;
mod schema;
mod sessions;
mod sqlite;
mod tasks;
mod texts;
mod throttles;
mod users;

pub use connection::{DatabaseSettings, DatabaseTls};
pub use error::DatabaseError;

use async_trait::async_trait;
use domain::{
    accounts::{
        ApiKeyRepository, CodeRepository, EventRepository, IdentityRepository, MailOrderRepository,
        SessionRepository, ThrottleRepository, UserRepository,
    },
    faces::FaceRepository,
    images::{BlobDeletionRepository, ImageRepository},
    ocr::TextRepository,
    operations::AnswerRepository,
    predictions::PredictionRepository,
    store::{Repositories, Store, StoreError, UnitOfWork},
    tasks::TaskRepository,
};
use error::store_error;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};

/// What a repository runs on: a pool or one transaction.
trait Connection: ConnectionTrait + Send + Sync {}

impl<C: ConnectionTrait + Send + Sync> Connection for C {}

/// Every repository, written once over a pool or a transaction.
struct Sea<C> {
    connection: C,
}

impl<C: Connection> Repositories for Sea<C> {
    fn users(&self) -> &dyn UserRepository {
        self
    }
    fn sessions(&self) -> &dyn SessionRepository {
        self
    }
    fn api_keys(&self) -> &dyn ApiKeyRepository {
        self
    }
    fn throttles(&self) -> &dyn ThrottleRepository {
        self
    }
    fn codes(&self) -> &dyn CodeRepository {
        self
    }
    fn mail_orders(&self) -> &dyn MailOrderRepository {
        self
    }
    fn events(&self) -> &dyn EventRepository {
        self
    }
    fn identities(&self) -> &dyn IdentityRepository {
        self
    }
    fn faces(&self) -> &dyn FaceRepository {
        self
    }
    fn images(&self) -> &dyn ImageRepository {
        self
    }
    fn blob_deletions(&self) -> &dyn BlobDeletionRepository {
        self
    }
    fn texts(&self) -> &dyn TextRepository {
        self
    }
    fn tasks(&self) -> &dyn TaskRepository {
        self
    }
    fn predictions(&self) -> &dyn PredictionRepository {
        self
    }
    fn answers(&self) -> &dyn AnswerRepository {
        self
    }
}

/// The store in a relational database. Clones share its connections.
///
/// A write of several statements, like adding an image, is whole only in a unit of work.
#[derive(Clone)]
pub struct SeaStore {
    reads: Sea<DatabaseConnection>,
    /// Where units of work run. `SQLite` has one writer at a time, so there they queue for a single connection in the
    /// order they came, and reads never wait for them; elsewhere it is the pool of the reads.
    writes: DatabaseConnection,
}

impl Clone for Sea<DatabaseConnection> {
    fn clone(&self) -> Self {
        let connection = self.connection.clone();
        Self { connection }
    }
}

impl SeaStore {
    fn new(reads: DatabaseConnection, writes: DatabaseConnection) -> Self {
        let reads = Sea { connection: reads };
        Self { reads, writes }
    }

    /// Ends every connection once what runs on them is done. Whatever is asked afterwards is unavailable.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Failed`] when a connection does not end in order.
    pub async fn close(self) -> Result<(), DatabaseError> {
        self.writes.close().await?;
        Ok(self.reads.connection.close().await?)
    }

    /// A transaction that may read and then write. On `SQLite` it takes the write lock at once: taken between the
    /// two, it would fail whenever somebody else wrote meanwhile.
    async fn transaction(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.writes.begin_with_options(options).await
    }
}

impl Repositories for SeaStore {
    fn users(&self) -> &dyn UserRepository {
        self.reads.users()
    }
    fn sessions(&self) -> &dyn SessionRepository {
        self.reads.sessions()
    }
    fn api_keys(&self) -> &dyn ApiKeyRepository {
        self.reads.api_keys()
    }
    fn throttles(&self) -> &dyn ThrottleRepository {
        self.reads.throttles()
    }
    fn codes(&self) -> &dyn CodeRepository {
        self.reads.codes()
    }
    fn mail_orders(&self) -> &dyn MailOrderRepository {
        self.reads.mail_orders()
    }
    fn events(&self) -> &dyn EventRepository {
        self.reads.events()
    }
    fn identities(&self) -> &dyn IdentityRepository {
        self.reads.identities()
    }
    fn faces(&self) -> &dyn FaceRepository {
        self.reads.faces()
    }
    fn images(&self) -> &dyn ImageRepository {
        self.reads.images()
    }
    fn blob_deletions(&self) -> &dyn BlobDeletionRepository {
        self.reads.blob_deletions()
    }
    fn texts(&self) -> &dyn TextRepository {
        self.reads.texts()
    }
    fn tasks(&self) -> &dyn TaskRepository {
        self.reads.tasks()
    }
    fn predictions(&self) -> &dyn PredictionRepository {
        self.reads.predictions()
    }
    fn answers(&self) -> &dyn AnswerRepository {
        self.reads.answers()
    }
}

#[async_trait]
impl Store for SeaStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let connection = self.transaction().await.map_err(store_error)?;
        Ok(Box::new(Sea { connection }))
    }
}

#[async_trait]
impl UnitOfWork for Sea<DatabaseTransaction> {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.connection.commit().await.map_err(store_error)
    }
}
