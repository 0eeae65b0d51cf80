//! Bringing the schema up to date.

use super::{DatabaseError, SeaStore};
use migration::Migrator;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, QueryOrder, Statement};
use sea_orm_migration::{MigratorTrait, SchemaManager, seaql_migrations};

/// Names the lock under which processes migrate one after the other. Any number does that nobody else uses.
const MIGRATION_LOCK: i64 = 0x006f_6365_6c6c_7573;

/// The same on `MySQL`, where such names are the server's and not the database's, so each database has its own. There
/// is no waiting without end that every version knows: an hour is more than any change takes.
const TAKE_NAMED_LOCK: &str = "SELECT GET_LOCK(CONCAT('ocellus.', MD5(DATABASE())), 3600)";
const RELEASE_NAMED_LOCK: &str = "DO RELEASE_LOCK(CONCAT('ocellus.', MD5(DATABASE())))";

/// A change of the schema, and waiting for somebody else's, may take as long as it needs. `MySQL` limits neither.
const LIFT_LIMIT: &str = "SET @ocellus_limit = 0 \
    /*M! , @ocellus_limit = @@max_statement_time, SESSION max_statement_time = 0 */";
const LIMIT_AGAIN: &str =
    "SET @ocellus_limit = @ocellus_limit /*M! , SESSION max_statement_time = @ocellus_limit */";

impl SeaStore {
    /// Applies the changes that the schema lacks, all or none. Of several processes that start at once, one does it
    /// and the others wait.
    ///
    /// `MySQL` and `MariaDB` commit with every statement that changes the schema, so there it is not all or none: a
    /// change that was interrupted is applied again by the next start, and each is written to bear that.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::SchemaNewer`], and nothing is changed, when the schema has a change that this program does
    /// not know; [`DatabaseError::Failed`] when the database is down or a change fails.
    pub async fn migrate(&self) -> Result<(), DatabaseError> {
        // On SQLite the transaction itself is the lock.
        let work = self.transaction().await?;
        match work.get_database_backend() {
            DbBackend::Postgres => {
                work.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
                let lock = format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
                work.execute_unprepared(&lock).await?;
                apply(&work).await?;
            }
            DbBackend::MySql => {
                work.execute_unprepared(LIFT_LIMIT).await?;
                take_named_lock(&work).await?;
                // The transaction ends with the first change, but its connection stays the same, and the lock is the
                // connection's: it outlives every commit, and has to be given back whatever happens.
                let outcome = apply(&work).await;
                work.execute_unprepared(RELEASE_NAMED_LOCK).await?;
                work.execute_unprepared(LIMIT_AGAIN).await?;
                outcome?;
            }
            _ => apply(&work).await?,
        }
        Ok(work.commit().await?)
    }

    /// Shows that the schema is the one this program was made for, and changes nothing: for starts without
    /// [`SeaStore::migrate`].
    ///
    /// # Errors
    ///
    /// [`DatabaseError::SchemaNewer`] or [`DatabaseError::SchemaOlder`] when it is another,
    /// [`DatabaseError::Failed`] when the database is down.
    pub async fn check_schema(&self) -> Result<(), DatabaseError> {
        let work = self.transaction().await?;
        let applied = applied(&work).await?;
        work.rollback().await?;
        refuse_newer(&applied)?;
        match known().into_iter().find(|migration| !applied.contains(migration)) {
            Some(migration) => Err(DatabaseError::SchemaOlder { migration }),
            None => Ok(()),
        }
    }
}

async fn take_named_lock(work: &DatabaseTransaction) -> Result<(), DatabaseError> {
    let statement = Statement::from_string(DbBackend::MySql, TAKE_NAMED_LOCK);
    let row = work.query_one_raw(statement).await?;
    let taken: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
    if taken == Some(1) {
        return Ok(());
    }
    let failure = "another process has been changing the schema for an hour";
    Err(DbErr::Custom(failure.to_owned()).into())
}

async fn apply(work: &DatabaseTransaction) -> Result<(), DatabaseError> {
    refuse_newer(&applied(work).await?)?;
    Ok(Migrator::up(work, None).await?)
}

fn refuse_newer(applied: &[String]) -> Result<(), DatabaseError> {
    let known = known();
    match applied.iter().rfind(|migration| !known.contains(migration)) {
        Some(migration) => Err(DatabaseError::SchemaNewer {
            migration: migration.clone(),
        }),
        None => Ok(()),
    }
}

/// The changes that this program knows, oldest first.
fn known() -> Vec<String> {
    let migrations = Migrator::migrations();
    migrations
        .iter()
        .map(|migration| migration.name().to_owned())
        .collect()
}

/// The changes that the schema has, oldest first.
async fn applied(work: &DatabaseTransaction) -> Result<Vec<String>, DatabaseError> {
    if !SchemaManager::new(work).has_table("seaql_migrations").await? {
        return Ok(Vec::new());
    }
    let rows = seaql_migrations::Entity::find()
        .order_by_asc(seaql_migrations::Column::Version)
        .all(work)
        .await?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}
