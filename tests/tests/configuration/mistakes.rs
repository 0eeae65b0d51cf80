//! Mistakes: all named at once, and no secret among them.

use tests::{run_program, run_program_in};

use crate::MISCONFIGURED;

#[test]
fn every_mistake_is_named_at_once() {
    let done = run_program(
        &["serve"],
        &[
            ("OCELLUS__HTTP__PORT", "eighty"),
            ("OCELLUS__HTTP__MAX_UPLOAD_BYTES", "many"),
            ("OCELLUS__AUTH__ACCESS_TOKEN_TTL", "a while"),
            ("OCELLUS__OCR__MAX_PAGES", "-1"),
            ("OCELLUS__DATABASE__URL", "mailto:somebody"),
            ("OCELLUS__STORAGE__URL", "ftp://somewhere"),
            ("OCELLUS__MAIL__URL", "mailto:somebody"),
            ("OCELLUS__AUTH__REQUIRE_VERIFIED_EMAIL", "perhaps"),
            ("OCELLUS__OIDC__FIREBASE_PROJECT", "no project"),
            ("OCELLUS__OIDC__PROVIDERS", "http://issuer.example=ocellus"),
            ("OCELLUS__HTTP__PROT", "80"),
            ("OCELLUS__NOBODY__KNOWS", "this"),
        ],
    );
    assert_eq!(done.code, MISCONFIGURED, "{}", done.errors);
    for key in [
        "http.port",
        "http.max_upload_bytes",
        "auth.access_token_ttl",
        "ocr.max_pages",
        "database.url",
        "storage.url",
        "mail.url",
        "auth.require_verified_email",
        "oidc.firebase_project",
        "oidc.providers",
        "http.prot",
        "nobody.knows",
    ] {
        assert!(done.errors.contains(key), "{key} is not named in {}", done.errors);
    }
    assert!(!done.errors.contains("panicked"), "{}", done.errors);
}

#[test]
fn mistakes_that_adapters_find_are_named_with_the_rest() {
    let settings = [
        ("OCELLUS__HTTP__PORT", "eighty"),
        ("OCELLUS__OCR__LANGUAGES", "eng,xyz,zzz"),
        ("OCELLUS__AUTH__SIGNING_KEY", "canary"),
        ("OCELLUS__FACES__ENCRYPTION_KEY", "canary"),
        ("OCELLUS__MAIL__URL", "smtp://ada:canary@"),
        ("OCELLUS__MAIL__FROM", "nobody"),
    ];
    let done = run_program(&["serve"], &settings);
    assert_eq!(done.code, MISCONFIGURED, "{}", done.errors);
    for named in [
        "http.port:",
        "ocr.languages: the language xyz",
        "ocr.languages: the language zzz",
        "auth.signing_key:",
        "faces.encryption_key:",
        "mail.url:",
        "mail.from:",
    ] {
        assert!(done.errors.contains(named), "{named} is not in {}", done.errors);
    }
    assert!(!done.errors.contains("canary"), "{}", done.errors);
    // A worker signs nothing.
    let done = run_program(&["worker"], &settings);
    assert_eq!(done.code, MISCONFIGURED, "{}", done.errors);
    assert!(done.errors.contains("ocr.languages:") && !done.errors.contains("auth.signing_key"));
}

#[test]
fn an_unknown_key_in_the_file_is_a_mistake() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("ocellus.toml"), "[http]\nprot = 80\n").expect("a file");
    let done = run_program_in(folder.path(), &["serve"], &[]);
    assert_eq!(done.code, MISCONFIGURED);
    assert!(done.errors.contains("http.prot"), "{}", done.errors);
}

#[test]
fn a_file_that_is_not_there_or_no_toml_is_a_mistake() {
    let folder = tempfile::tempdir().expect("a folder");
    let done = run_program_in(folder.path(), &["serve", "--config", "nowhere.toml"], &[]);
    assert_eq!(done.code, MISCONFIGURED);
    assert!(done.errors.contains("nowhere.toml"), "{}", done.errors);
    std::fs::write(folder.path().join("broken.toml"), "http = [").expect("a file");
    let done = run_program_in(folder.path(), &["serve", "--config", "broken.toml"], &[]);
    assert_eq!(done.code, MISCONFIGURED);
    assert!(done.errors.contains("broken.toml"), "{}", done.errors);
}

#[test]
fn a_language_that_is_not_installed_stops_the_start() {
    let done = run_program(
        &["serve"],
        &[
            ("OCELLUS__HTTP__PORT", "0"),
            ("OCELLUS__OCR__LANGUAGES", "eng,zzz"),
        ],
    );
    assert_eq!(done.code, MISCONFIGURED, "{}", done.errors);
    assert!(
        done.errors.contains("ocr.languages") && done.errors.contains("zzz"),
        "{}",
        done.errors
    );
}

#[test]
fn default_languages_that_may_not_be_asked_for_stop_the_start() {
    for (allowed, default) in [("spa", "eng"), ("eng", "eng,zzz")] {
        let done = run_program(
            &["serve"],
            &[
                ("OCELLUS__HTTP__PORT", "0"),
                ("OCELLUS__OCR__LANGUAGES", allowed),
                ("OCELLUS__OCR__DEFAULT_LANGUAGES", default),
            ],
        );
        assert_eq!(done.code, MISCONFIGURED, "{}", done.errors);
        assert!(done.errors.contains("ocr.default_languages"), "{}", done.errors);
    }
}

#[test]
fn a_mail_server_or_a_sender_that_cannot_be_stops_the_start() {
    for (command, url, from, key) in [
        ("serve", "smtp://ada:canary@", "eyes@example.org", "mail.url"),
        ("worker", "smtp://ada:canary@", "eyes@example.org", "mail.url"),
        (
            "serve",
            "smtp://ada:canary@mail.example?ca=nowhere.pem",
            "eyes@example.org",
            "mail.url",
        ),
        ("serve", "log:", "nobody", "mail.from"),
    ] {
        let settings = [("OCELLUS__MAIL__URL", url), ("OCELLUS__MAIL__FROM", from)];
        let done = run_program(&[command], &settings);
        assert_eq!(done.code, MISCONFIGURED, "{}", done.errors);
        assert!(
            done.errors.contains(key) && !done.errors.contains("canary"),
            "{}",
            done.errors
        );
    }
}

#[test]
fn no_mistake_shows_a_secret() {
    let done = run_program(
        &["serve"],
        &[
            ("OCELLUS__HTTP__PORT", "none"),
            (
                "OCELLUS__DATABASE__URL",
                "postgres://somebody:canary@127.0.0.1:1/nothing",
            ),
            ("OCELLUS__AUTH__SIGNING_KEY", "canary"),
        ],
    );
    assert_eq!(done.code, MISCONFIGURED);
    let done_later = run_program(
        &["serve"],
        &[
            ("OCELLUS__HTTP__PORT", "0"),
            (
                "OCELLUS__DATABASE__URL",
                "postgres://somebody:canary@127.0.0.1:1/nothing",
            ),
        ],
    );
    assert_ne!(done_later.code, Some(0), "there is no such database");
    for text in [
        done.errors,
        done.output,
        done_later.errors.clone(),
        done_later.output,
    ] {
        assert!(!text.contains("canary"), "{text}");
    }
    assert!(
        done_later.errors.contains("database.url"),
        "{}",
        done_later.errors
    );
}
