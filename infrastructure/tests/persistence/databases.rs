//! Fresh databases for tests. A server that is missing fails the tests that need it.

use domain::ids::IdGenerator;
use futures_util::FutureExt;
use infrastructure::{
    persistence::{DatabaseSettings, SeaStore},
    system::UuidV7Generator,
};
use sea_orm::{ConnectionTrait, Database, Statement};
use std::panic::{AssertUnwindSafe, resume_unwind};
use tempfile::TempDir;

/// Runs each scenario on each database, as a test of its own named `<database>::<scenario>`.
macro_rules! on_every_database {
    ($($scenario:ident),+ $(,)?) => {
        crate::databases::on!(sqlite: $($scenario),+);
        crate::databases::on!(postgres: $($scenario),+);
        crate::databases::on!(mariadb: $($scenario),+);
    };
}

macro_rules! on {
    ($database:ident: $($scenario:ident),+) => {
        mod $database {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $scenario() {
                    crate::databases::$database(super::$scenario).await;
                }
            )+
        }
    };
}

pub(crate) use {on, on_every_database};

/// A database of one test.
#[derive(Clone)]
pub(crate) struct TestDatabase {
    pub(crate) url: String,
}

impl TestDatabase {
    pub(crate) fn settings(&self) -> DatabaseSettings {
        DatabaseSettings::new(self.url.as_str().into())
    }

    /// A store, as a process of its own would have one, without a schema.
    pub(crate) async fn connect(&self) -> SeaStore {
        let store = SeaStore::connect(&self.settings()).await;
        store.expect("the test database is there")
    }

    /// A store with the current schema.
    pub(crate) async fn store(&self) -> SeaStore {
        let store = self.connect().await;
        store.migrate().await.expect("the schema is created");
        store
    }

    /// Runs a statement behind the store's back.
    pub(crate) async fn execute(&self, statement: &str) {
        execute(&self.url, statement).await;
    }
}

impl TestDatabase {
    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let connection = Database::connect(&self.url)
            .await
            .expect("the test database is there");
        let select = format!("SELECT COUNT(*) FROM {table}");
        let select = Statement::from_string(connection.get_database_backend(), select);
        let row = connection.query_one_raw(select).await.expect("a valid statement");
        let count = row.expect("a row").try_get_by_index(0).expect("a number");
        connection.close().await.expect("the connection closes");
        count
    }
}

async fn execute(url: &str, statement: &str) {
    let connection = Database::connect(url).await.expect("the test database is there");
    let outcome = connection.execute_unprepared(statement).await;
    outcome.expect("the statement is valid");
    connection.close().await.expect("the connection closes");
}

/// Runs a scenario on a new `SQLite` file.
pub(crate) async fn sqlite(scenario: impl AsyncFnOnce(TestDatabase)) {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("data/ocellus.db");
    let url = format!("sqlite://{}", path.display());
    scenario(TestDatabase { url }).await;
}

/// Runs a scenario on a new database of the `PostgreSQL` server at `OCELLUS_TEST_POSTGRES_URL`, whose role must be
/// allowed to create databases. The database is dropped however the scenario ends.
pub(crate) async fn postgres(scenario: impl AsyncFnOnce(TestDatabase)) {
    let server = std::env::var("OCELLUS_TEST_POSTGRES_URL")
        .unwrap_or_else(|_| "postgres://ocellus_test:ocellus_test@127.0.0.1:5432/postgres".to_owned());
    on_server(&server, "WITH (FORCE)", scenario).await;
}

/// The same on the `MariaDB` or `MySQL` server at `OCELLUS_TEST_MARIADB_URL`.
pub(crate) async fn mariadb(scenario: impl AsyncFnOnce(TestDatabase)) {
    let server = std::env::var("OCELLUS_TEST_MARIADB_URL")
        .unwrap_or_else(|_| "mysql://ocellus_test:ocellus_test@127.0.0.1:3306/information_schema".to_owned());
    on_server(&server, "", scenario).await;
}

async fn on_server(server: &str, how_to_drop: &str, scenario: impl AsyncFnOnce(TestDatabase)) {
    let name = format!("ocellus_test_{}", UuidV7Generator.next().simple());
    execute(server, &format!("CREATE DATABASE {name}")).await;
    let (address, _) = server.rsplit_once('/').expect("the address names a database");
    let url = format!("{address}/{name}");
    let outcome = AssertUnwindSafe(scenario(TestDatabase { url }))
        .catch_unwind()
        .await;
    execute(server, &format!("DROP DATABASE {name} {how_to_drop}")).await;
    outcome.unwrap_or_else(|panic| resume_unwind(panic));
}
