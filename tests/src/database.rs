//! The databases that the service runs on.

use std::hash::{BuildHasher, RandomState};
use std::process::Command;

/// Which kind of database a server uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// A file in the server's data folder, as with no configuration at all.
    Sqlite,
    /// A database of its own on the `PostgreSQL` of the tests.
    Postgres,
}

/// A database of a server's own in `PostgreSQL`.
#[derive(Debug, Clone)]
pub struct PostgresDatabase {
    /// The server's address and login, with a database that always exists.
    pub(crate) server: String,
    /// The database's name.
    pub name: String,
    /// The address to configure.
    pub url: String,
}

impl PostgresDatabase {
    /// Makes an empty database. It is dropped with the [`crate::Server`] that it is given to.
    #[must_use]
    pub fn create() -> Self {
        let server = std::env::var("OCELLUS_TEST_POSTGRES_URL")
            .unwrap_or_else(|_| "postgres://ocellus_test:ocellus_test@127.0.0.1:5432/postgres".to_owned());
        // Every `RandomState` has keys of its own, which is all the chance that a name needs.
        let name = format!(
            "ocellus_test_{:016x}",
            RandomState::new().hash_one(std::process::id())
        );
        // From template0, which nobody can be logged in to: somebody in template1 would make this fail. The encoding is
        // said, since a server set up without a locale would take another.
        let statement = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
        let done = Command::new("psql")
            .args([
                "--quiet",
                "--no-psqlrc",
                "--dbname",
                &server,
                "--command",
                &statement,
            ])
            .output()
            .expect("psql is installed; tools/install_packages.sh test does it");
        assert!(
            done.status.success(),
            "no database could be made (tools/start_postgres.sh starts PostgreSQL): {}",
            String::from_utf8_lossy(&done.stderr)
        );
        let (base, _) = server.rsplit_once('/').expect("an address with a database");
        let url = format!("{base}/{name}");
        Self { server, name, url }
    }

    /// The address of the database when `PostgreSQL` is reached through another port of this machine.
    pub fn url_through(&self, port: u16) -> String {
        let (login, _) = self.url.split_once('@').expect("an address with a login");
        format!("{login}@127.0.0.1:{port}/{}", self.name)
    }

    /// The host and port that `PostgreSQL` listens on.
    pub fn address(&self) -> &str {
        let (_, rest) = self.url.split_once('@').expect("an address with a login");
        rest.split('/').next().expect("a host before the database")
    }
}
