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
    /// A database of its own on the `MariaDB` of the tests.
    Mariadb,
}

/// A database of a server's own, on a database server.
#[derive(Debug, Clone)]
pub struct OwnDatabase {
    kind: Database,
    /// The server's address and login, with a database that always exists.
    server: String,
    /// The database's name.
    pub name: String,
    /// The address to configure.
    pub url: String,
}

impl OwnDatabase {
    /// Makes an empty database on `PostgreSQL` or `MariaDB`. It is dropped with the [`crate::Server`] that it is given to.
    #[must_use]
    pub fn create(kind: Database) -> Self {
        let (variable, default) = match kind {
            Database::Sqlite => panic!("a file needs no server"),
            Database::Postgres => (
                "OCELLUS_TEST_POSTGRES_URL",
                "postgres://ocellus_test:ocellus_test@127.0.0.1:5432/postgres",
            ),
            Database::Mariadb => (
                "OCELLUS_TEST_MARIADB_URL",
                "mysql://ocellus_test:ocellus_test@127.0.0.1:3306/information_schema",
            ),
        };
        let server = std::env::var(variable).unwrap_or_else(|_| default.to_owned());
        // Every `RandomState` has keys of its own, which is all the chance that a name needs.
        let name = format!(
            "ocellus_test_{:016x}",
            RandomState::new().hash_one(std::process::id())
        );
        let (base, _) = server.rsplit_once('/').expect("an address with a database");
        let database = Self {
            kind,
            url: format!("{base}/{name}"),
            server,
            name,
        };
        // From template0, which nobody can be logged in to: somebody in template1 would make this fail. The encoding is
        // said, since a server set up without a locale would take another.
        let options = match kind {
            Database::Mariadb => "CHARACTER SET utf8mb4",
            _ => "TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'",
        };
        let statement = format!("CREATE DATABASE {} {options}", database.name);
        let [program, arguments @ ..] = &database.client(&statement)[..] else {
            unreachable!("a command has a name")
        };
        let done = Command::new(program)
            .args(arguments)
            .output()
            .expect("the client is installed; tools/install_packages.sh test does it");
        assert!(
            done.status.success(),
            "no database could be made (tools/start_*.sh start the servers): {}",
            String::from_utf8_lossy(&done.stderr)
        );
        database
    }

    /// The command that removes it.
    pub(crate) fn removal(&self) -> Vec<String> {
        let force = if self.kind == Database::Postgres {
            " WITH (FORCE)"
        } else {
            ""
        };
        self.client(&format!("DROP DATABASE IF EXISTS {}{force}", self.name))
    }

    /// Every row of every table, as the server's own client shows it.
    pub fn text(&self) -> String {
        let tables = self.execute(&format!(
            "SELECT table_name FROM information_schema.tables WHERE table_schema IN ('public', '{}')",
            self.name
        ));
        let rows = tables.split_whitespace();
        rows.map(|table| self.execute(&format!("SELECT * FROM {table}")))
            .collect()
    }

    /// Runs a statement in the database, behind the service's back.
    pub fn execute(&self, statement: &str) -> String {
        let [program, arguments @ ..] = &self.client_in(&self.url, statement)[..] else {
            unreachable!("a command has a name")
        };
        let done = Command::new(program).args(arguments).output();
        let done = done.expect("the client is installed");
        let errors = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{statement}: {errors}");
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    fn client(&self, statement: &str) -> Vec<String> {
        self.client_in(&self.server, statement)
    }

    fn client_in(&self, url: &str, statement: &str) -> Vec<String> {
        let words: Vec<String> = if self.kind == Database::Mariadb {
            let (login, place) = url
                .trim_start_matches("mysql://")
                .split_once('@')
                .expect("an address with a login");
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            let (host, name) = place.split_once('/').expect("an address with a database");
            let (host, port) = host.split_once(':').unwrap_or((host, "3306"));
            vec![
                "mariadb".to_owned(),
                "--batch".to_owned(),
                "--skip-column-names".to_owned(),
                format!("--host={host}"),
                format!("--port={port}"),
                format!("--user={user}"),
                format!("--password={password}"),
                format!("--execute={statement}"),
                name.to_owned(),
            ]
        } else {
            let words = [
                "psql",
                "--quiet",
                "--no-psqlrc",
                "--tuples-only",
                "--no-align",
                "--dbname",
                url,
            ];
            let words = words.iter().copied().chain(["--command", statement]);
            words.map(str::to_owned).collect()
        };
        words
    }

    /// The address of the database when its server is reached through another port of this machine.
    pub fn url_through(&self, port: u16) -> String {
        let (login, _) = self.url.split_once('@').expect("an address with a login");
        format!("{login}@127.0.0.1:{port}/{}", self.name)
    }

    /// The host and port that its server listens on.
    pub fn address(&self) -> &str {
        let (_, rest) = self.url.split_once('@').expect("an address with a login");
        rest.split('/').next().expect("a host before the database")
    }
}
