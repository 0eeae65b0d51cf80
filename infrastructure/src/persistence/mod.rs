//! The database: every repository of the domain over sea-orm, on `SQLite`, `PostgreSQL`, `MariaDB` and `MySQL`.

mod api_keys;
mod blob_deletions;
mod codes;
mod connection;
mod entities;
mod error;
mod events;
mod faces;
mod idempotency_keys;
mod identities;
mod images;
mod mysql;
mod outgoing_mails;
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
use domain::store::{Reader, Store, StoreError, Transaction};
use error::store_error;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use std::time::Duration;

/// What a repository runs on: a pool or one transaction.
trait Connection: ConnectionTrait + Send + Sync {}

impl<C: ConnectionTrait + Send + Sync> Connection for C {}

/// Every repository, written once over a pool or a transaction.
struct SqlRepositories<C> {
    connection: C,
}

macro_rules! provide_repositories {
    (
        readable { $($(#[$doc:meta])* $name:ident: $reader:path, $repository:path;)* }
        transactional { $($(#[$only_doc:meta])* $only:ident: $only_repository:path;)* }
    ) => {
        impl<C: Connection> Reader for SqlRepositories<C> {
            $(fn $name(&self) -> &dyn $reader {
                self
            })*
        }

        #[async_trait]
        impl Transaction for SqlRepositories<DatabaseTransaction> {
            $(fn $name(&self) -> &dyn $repository {
                self
            })*
            $(fn $only(&self) -> &dyn $only_repository {
                self
            })*

            async fn commit(self: Box<Self>) -> Result<(), StoreError> {
                self.connection.commit().await.map_err(store_error)
            }
        }
    };
}

domain::for_each_repository!(provide_repositories);

/// The store in a relational database. Clones share its connections.
#[derive(Clone)]
pub struct SeaStore {
    reads: SqlRepositories<DatabaseConnection>,
    /// Where transactions run. `SQLite` has one writer at a time, so there they queue for a single connection in the
    /// order they came, and reads never wait for them; elsewhere it is the pool of the reads.
    writes: DatabaseConnection,
}

impl Clone for SqlRepositories<DatabaseConnection> {
    fn clone(&self) -> Self {
        let connection = self.connection.clone();
        Self { connection }
    }
}

impl SeaStore {
    fn new(reads: DatabaseConnection, writes: DatabaseConnection) -> Self {
        let reads = SqlRepositories { connection: reads };
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

#[async_trait]
impl Store for SeaStore {
    fn read(&self) -> &dyn Reader {
        &self.reads
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        let connection = self.transaction().await.map_err(store_error)?;
        Ok(Box::new(SqlRepositories { connection }))
    }

    async fn back_off(&self, attempt: u32) {
        metrics::counter!("ocellus_transaction_retries_total").increment(1);
        tokio::time::sleep(backoff(attempt)).await;
    }
}

/// The pause after a failed attempt: 4 ms after the first, doubled after each further one up to half a second, and less by a
/// random part of its half, so that transactions that collided do not collide again.
fn backoff(attempt: u32) -> Duration {
    let longest = Duration::from_millis(4 << attempt.saturating_sub(1).min(7));
    longest.mul_f64(1.0 - fastrand::f64() / 2.0)
}
