//! Buckets that cannot be used stop the start, naming the key that is to blame.

use tests::{S3Server, run_program};

use crate::MISCONFIGURED;

/// Starts the program on the server's bucket with these settings in place of the right ones; gives what it complains of.
fn complaint(server: &S3Server, wrong: &[(&str, &str)]) -> String {
    let url = format!("s3://{}", S3Server::BUCKET);
    let endpoint = format!("http://{}", server.address());
    let mut settings = vec![
        ("OCELLUS__HTTP__PORT", "0"),
        ("OCELLUS__STORAGE__URL", url.as_str()),
        ("OCELLUS__STORAGE__S3__ENDPOINT", endpoint.as_str()),
        ("OCELLUS__STORAGE__S3__ALLOW_HTTP", "true"),
        ("OCELLUS__STORAGE__S3__ACCESS_KEY_ID", S3Server::ACCESS_KEY_ID),
        (
            "OCELLUS__STORAGE__S3__SECRET_ACCESS_KEY",
            S3Server::SECRET_ACCESS_KEY,
        ),
    ];
    settings.extend(wrong);
    let done = run_program(&["serve"], &settings);
    assert_eq!(done.code, MISCONFIGURED, "{}", done.errors);
    for text in [&done.errors, &done.output] {
        assert!(!text.contains("canary") && !text.contains("panicked"), "{text}");
    }
    done.errors
}

#[test]
fn a_bucket_that_cannot_be_opened_stops_the_start_and_the_key_is_named() {
    let server = S3Server::start();
    for (setting, value, key) in [
        ("OCELLUS__STORAGE__URL", "s3://ears", "storage.url"),
        (
            "OCELLUS__STORAGE__S3__ACCESS_KEY_ID",
            "nobody",
            "storage.s3.access_key_id",
        ),
        (
            "OCELLUS__STORAGE__S3__SECRET_ACCESS_KEY",
            "another canary",
            "storage.s3.secret_access_key",
        ),
        (
            "OCELLUS__STORAGE__S3__ENDPOINT",
            "http://127.0.0.1:1",
            "storage.s3.endpoint",
        ),
    ] {
        let complaint = complaint(&server, &[(setting, value)]);
        assert!(complaint.contains(&format!("{key}:")), "{key} in {complaint}");
    }
}

#[test]
fn settings_of_a_bucket_that_cannot_be_are_named_before_anything_is_asked() {
    let server = S3Server::start();
    for (setting, value, key) in [
        ("OCELLUS__STORAGE__URL", "s3://Canary_Eyes", "storage.url"),
        (
            "OCELLUS__STORAGE__S3__ENDPOINT",
            "s3.example.org",
            "storage.s3.endpoint",
        ),
        ("OCELLUS__STORAGE__S3__ALLOW_HTTP", "false", "storage.s3.endpoint"),
        (
            "OCELLUS__STORAGE__S3__ALLOW_HTTP",
            "perhaps",
            "storage.s3.allow_http",
        ),
        ("OCELLUS__STORAGE__S3__REGION", "Over there", "storage.s3.region"),
        (
            "OCELLUS__STORAGE__S3__ACCESS_KEY_ID",
            "",
            "storage.s3.access_key_id",
        ),
        (
            "OCELLUS__STORAGE__S3__ENCRYPTION",
            "rot13",
            "storage.s3.encryption",
        ),
    ] {
        let complaint = complaint(&server, &[(setting, value)]);
        assert!(complaint.contains(&format!("{key}:")), "{key} in {complaint}");
    }
    assert!(server.files().is_empty(), "nothing was asked");
}
