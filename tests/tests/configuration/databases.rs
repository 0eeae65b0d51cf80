//! Databases that cannot be used stop the start, naming the key that is to blame.

use tests::{Database, Options, OwnDatabase, Server, run_program};

use crate::MISCONFIGURED;

/// What the program complains of with these settings.
fn complaint(settings: &[(&str, &str)]) -> String {
    let mut all = vec![("OCELLUS__HTTP__PORT", "0")];
    all.extend(settings);
    let done = run_program(&["serve"], &all);
    assert_eq!(done.code, MISCONFIGURED, "{}", done.errors);
    for text in [&done.errors, &done.output] {
        assert!(!text.contains("canary") && !text.contains("panicked"), "{text}");
    }
    done.errors
}

/// The address of a database that is there.
fn address(kind: Database) -> &'static str {
    let server = Server::shared(kind);
    server.setting("OCELLUS__DATABASE__URL").expect("a server's own")
}

#[test]
fn a_login_that_is_refused_and_a_database_that_is_not_there_are_told() {
    for kind in [Database::Postgres, Database::Mariadb] {
        let url = address(kind);
        let (scheme, rest) = url.split_once("://").expect("an address");
        let (login, place) = rest.split_once('@').expect("a login");
        let (host, _) = place.split_once('/').expect("a database");
        for wrong in [
            format!("{scheme}://ocellus_nobody:canary@{place}"),
            format!("{scheme}://{login}@{host}/ocellus_no_such_database"),
            format!("{scheme}://{login}@127.0.0.1:1/ocellus"),
        ] {
            let complaint = complaint(&[("OCELLUS__DATABASE__URL", &wrong)]);
            assert!(complaint.contains("database.url:"), "{complaint}");
        }
    }
}

#[test]
fn a_server_that_nobody_vouches_for_is_refused_where_that_is_demanded() {
    for kind in [Database::Postgres, Database::Mariadb] {
        let complaint = complaint(&[
            ("OCELLUS__DATABASE__URL", address(kind)),
            ("OCELLUS__DATABASE__TLS", "verify-full"),
        ]);
        assert!(complaint.contains("database.tls:"), "{complaint}");
    }
}

#[test]
fn certificates_that_are_none_are_refused() {
    let settings = [
        ("OCELLUS__DATABASE__URL", "postgres://host/db"),
        ("OCELLUS__DATABASE__CA", "/etc/ca.pem"),
        ("OCELLUS__STORAGE__URL", "s3://eyes"),
        ("OCELLUS__STORAGE__S3__CA", "/etc/ca.pem"),
    ];
    let both = complaint(&settings);
    assert!(
        both.contains("database.ca:") && both.contains("storage.s3.ca:"),
        "{both}"
    );
}

#[test]
fn a_schema_newer_than_the_program_is_refused_by_the_name_of_its_change() {
    let own = OwnDatabase::create(Database::Postgres);
    let options = Options::default().keeping(own.clone());
    let server = Server::start(options.setting("OCELLUS__DATABASE__URL", &own.url));
    own.execute("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_future', 0)");
    let complaint = complaint(&[("OCELLUS__DATABASE__URL", &own.url)]);
    assert!(
        complaint.contains("database.url:") && complaint.contains("m29991231_000001_future"),
        "{complaint}"
    );
    drop(server);
}
