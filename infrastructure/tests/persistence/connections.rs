//! How connections to servers are limited and protected.

use crate::{
    databases::{TestDatabase, on},
    samples::{begin, stored_image, stored_user},
};
use domain::store::{Store, StoreError};
use infrastructure::persistence::{DatabaseError, DatabaseSettings, DatabaseTls, SeaStore};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, Statement};
use std::time::Duration;

on!(postgres: a_statement_that_takes_too_long_is_given_up, a_change_of_the_schema_may_take_its_time,
    a_server_that_nobody_vouches_for_is_not_trusted);
on!(mariadb: a_statement_that_takes_too_long_is_given_up, a_change_of_the_schema_may_take_its_time,
    a_server_that_nobody_vouches_for_is_not_trusted);

/// How long a statement may take.
const LIMIT: Duration = Duration::from_millis(300);

async fn limited(database: &TestDatabase, limit: Duration) -> SeaStore {
    let settings = DatabaseSettings {
        statement_timeout: limit,
        ..database.settings()
    };
    SeaStore::connect(&settings).await.expect("the database is there")
}

async fn a_statement_that_takes_too_long_is_given_up(database: TestDatabase) {
    let store = database.store().await;
    gives_up(&store, &limited(&database, LIMIT).await).await;
}

async fn a_change_of_the_schema_may_take_its_time(database: TestDatabase) {
    let limited = limited(&database, LIMIT).await;
    // Somebody else changes the schema for longer than any statement may take.
    let lock = if database.url.starts_with("mysql") {
        "SELECT GET_LOCK(CONCAT('ocellus.', MD5(DATABASE())), 10)"
    } else {
        "SELECT pg_advisory_lock(x'6f63656c6c7573'::bigint)"
    };
    let options = ConnectOptions::new(&database.url).max_connections(1).to_owned();
    let other = Database::connect(options).await.expect("a server");
    other.execute_unprepared(lock).await.expect("the lock is free");
    let ending = async {
        tokio::time::sleep(3 * LIMIT).await;
        other.close().await.expect("the connection closes");
    };
    let (migrated, ()) = tokio::join!(limited.migrate(), ending);
    migrated.expect("the schema is created in the end");
    // On the same connection the limit counts again.
    gives_up(&database.store().await, &limited).await;
}

/// Whoever wants rows that somebody holds waits for him, who never ends.
async fn gives_up(store: &SeaStore, limited: &SeaStore) {
    let ada = stored_user(store, "ada").await;
    let image = stored_image(store, &ada, 1).await;
    let holder = begin(store).await;
    let deleted = holder.images().delete(ada.id, image.id).await;
    assert!(deleted.expect("a lock"));
    let work = begin(limited).await;
    let waiting = work.images().delete(ada.id, image.id);
    let outcome = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    let outcome = outcome.expect("the server gives up long before");
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    drop(work);
    // The connection is as good as before.
    let found = limited
        .read()
        .images()
        .find(ada.id, image.id)
        .await
        .expect("a read");
    assert!(found.is_some());
}

async fn a_server_that_nobody_vouches_for_is_not_trusted(database: TestDatabase) {
    let settings = DatabaseSettings {
        tls: Some(DatabaseTls::VerifyFull),
        ..database.settings()
    };
    let error = SeaStore::connect(&settings).await.err().expect("a stranger");
    assert!(matches!(error, DatabaseError::Untrusted(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("ocellus_test:"), "{error}");
}

#[tokio::test]
async fn a_server_is_trusted_whose_certificate_is_given_and_for_its_name_alone() {
    crate::databases::postgres(async |database: TestDatabase| {
        let connection = Database::connect(&database.url).await.expect("a server");
        let asked = Statement::from_string(connection.get_database_backend(), "SHOW ssl_cert_file");
        let row = connection
            .query_one_raw(asked)
            .await
            .expect("a read")
            .expect("a row");
        let file: String = row.try_get_by_index(0).expect("text");
        let ca = std::fs::read_to_string(&file).expect("the certificate of the server of the tests");
        let trusting = |tls| DatabaseSettings {
            tls: Some(tls),
            ca: Some(ca.clone()),
            ..database.settings()
        };
        let store = SeaStore::connect(&trusting(DatabaseTls::VerifyCa)).await;
        let store = store.expect("somebody vouches for it");
        store.migrate().await.expect("it is used through that connection");
        store.close().await.expect("the store closes");
        // The certificate is for a name, and the tests call the server by its number.
        let error = SeaStore::connect(&trusting(DatabaseTls::VerifyFull)).await.err();
        assert!(matches!(error, Some(DatabaseError::Untrusted(_))), "{error:?}");
    })
    .await;
}
