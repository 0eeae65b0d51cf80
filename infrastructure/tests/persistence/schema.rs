//! Connecting and migrating.

use crate::{
    databases::{TestDatabase, on_every_database},
    samples::stored_user,
};
use domain::operations::HealthProbe;
use infrastructure::persistence::{DatabaseError, DatabaseSettings, SeaStore};
use std::{os::unix::fs::PermissionsExt, time::Duration};
use tempfile::TempDir;

on_every_database![
    stores_that_start_at_once_all_migrate,
    a_second_migration_keeps_what_is_stored,
    a_migration_that_was_interrupted_is_finished_by_the_next_start,
    a_schema_newer_than_the_program_is_refused_by_name,
    a_schema_that_was_not_migrated_is_older,
    a_store_that_answers_passes_its_probe_and_a_closed_one_does_not,
];

async fn stores_that_start_at_once_all_migrate(database: TestDatabase) {
    let starts = (0..6).map(|_| {
        let database = database.clone();
        tokio::spawn(async move { database.store().await })
    });
    for start in starts.collect::<Vec<_>>() {
        let store = start.await.expect("every start succeeds");
        store.check_schema().await.expect("the schema is current");
    }
}

async fn a_second_migration_keeps_what_is_stored(database: TestDatabase) {
    let ada = stored_user(&database.store().await, "ada").await;
    let store = database.store().await;
    let outcome = domain::store::Store::read(&store)
        .users()
        .find_by_username(&ada.username)
        .await;
    assert!(outcome.expect("a read").is_some());
}

async fn a_migration_that_was_interrupted_is_finished_by_the_next_start(database: TestDatabase) {
    if !database.url.starts_with("mysql") {
        // Elsewhere a migration is one transaction.
        return;
    }
    let store = database.store().await;
    let ada = stored_user(&store, "ada").await;
    // As if the process had ended after some of the statements of the last change that it had begun.
    database.execute("DELETE FROM seaql_migrations").await;
    database.execute("DROP TABLE codes").await;
    database.execute("DROP TABLE kept_answers").await;
    database.execute("DROP INDEX tasks_image_id ON tasks").await;
    store.migrate().await.expect("the schema is finished");
    store.check_schema().await.expect("the schema is current");
    let users = domain::store::Store::read(&store).users();
    assert!(
        users
            .find_by_username(&ada.username)
            .await
            .expect("a read")
            .is_some()
    );
    database.execute("DROP INDEX tasks_image_id ON tasks").await;
}

async fn a_schema_newer_than_the_program_is_refused_by_name(database: TestDatabase) {
    let store = database.store().await;
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_future', 0)";
    database.execute(newer).await;
    for outcome in [store.migrate().await, store.check_schema().await] {
        let error = outcome.expect_err("the schema is refused");
        let DatabaseError::SchemaNewer { migration } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(migration, "m29991231_000001_future");
        assert!(error.to_string().contains(migration));
    }
}

async fn a_schema_that_was_not_migrated_is_older(database: TestDatabase) {
    let error = database
        .connect()
        .await
        .check_schema()
        .await
        .expect_err("there is no schema");
    let DatabaseError::SchemaOlder { migration } = error else {
        panic!("{error:?}");
    };
    assert_eq!(migration, "m20261121_000001_accounts");
}

async fn a_store_that_answers_passes_its_probe_and_a_closed_one_does_not(database: TestDatabase) {
    let store = database.connect().await;
    store.probe().await.expect("the database answers");
    store.clone().close().await.expect("the store closes");
    store.probe().await.expect_err("nobody answers");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_as_the_reason_and_the_password_is_not() {
    for scheme in ["postgres", "mysql"] {
        let url = format!("{scheme}://ocellus:hunter2@127.0.0.1:1/ocellus");
        let settings = DatabaseSettings {
            acquire_timeout: Duration::from_millis(500),
            ..DatabaseSettings::new(url.into())
        };
        let error = SeaStore::connect(&settings)
            .await
            .err()
            .expect("nothing listens there");
        assert!(matches!(error, DatabaseError::Unreachable(_)));
        assert!(error.to_string().contains("refused"), "{error}");
        assert!(!format!("{error} {error:?} {settings:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn addresses_of_no_supported_database_are_refused() {
    for url in [
        "",
        "ocellus.db",
        "oracle://user:hunter2@host/db",
        "sqlite::memory:",
        "sqlite://",
        "postgres://[hunter2",
        "mysql://[hunter2",
        "mysql://user:hunter2@host",
    ] {
        let error = SeaStore::connect(&DatabaseSettings::new(url.into())).await.err();
        let error = error.expect("the address is refused");
        assert!(matches!(error, DatabaseError::Address(_)), "{url}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_new_file_and_its_folder_are_for_their_owner_alone() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("deep/data/ocellus.db");
    let url = format!("sqlite://{}", file.display());
    let store = TestDatabase { url }.store().await;
    stored_user(&store, "ada").await;
    let entries = std::fs::read_dir(folder.path().join("deep/data")).expect("the folder is there");
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{entry:?}");
        names.push(entry.file_name());
    }
    names.sort();
    assert_eq!(names, ["ocellus.db", "ocellus.db-shm", "ocellus.db-wal"]);
    let mode = folder
        .path()
        .join("deep")
        .metadata()
        .expect("a folder")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}
