//! Configurations as they are loaded.

use super::*;
use domain::faces::FaceMatching;
use std::io::Write;
use tempfile::NamedTempFile;

/// A certificate that is its own authority; its key was thrown away.
const CERTIFICATE: &str = include_str!("certificate.pem");

/// Loads variables, which are named without the prefix, over a file.
fn load_over(file: &str, variables: &[(&str, &str)]) -> Result<Settings, Mistakes> {
    let file = file_with(file);
    let variables = variables
        .iter()
        .map(|(name, value)| (format!("OCELLUS__{name}"), (*value).to_owned()));
    let foreign = [("PATH".to_owned(), "/bin".to_owned())];
    Settings::load(Some(file.path()), variables.chain(foreign), |_, _| {})
}

fn load(variables: &[(&str, &str)]) -> Settings {
    load_over("", variables).expect("no mistakes")
}

/// The message about mistakes.
#[track_caller]
fn complaint(variables: &[(&str, &str)]) -> String {
    load_over("", variables).expect_err("mistakes").to_string()
}

#[track_caller]
fn assert_named(complaint: &str, keys: &[&str]) {
    for key in keys {
        assert!(
            complaint.contains(&format!("\n  {key}: ")),
            "{key} in {complaint}"
        );
    }
    assert_eq!(complaint.lines().count(), keys.len() + 1, "{complaint}");
}

fn file_with(content: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(content.as_bytes()).expect("written");
    file
}

#[test]
fn nothing_needs_to_be_configured() {
    let settings = load(&[]);
    assert_eq!(
        (&*settings.http.address.0, settings.http.port),
        ("127.0.0.1", 8080)
    );
    assert_eq!(
        settings.database.url.0.expose_secret(),
        "sqlite://data/ocellus.db"
    );
    assert_eq!(settings.storage.url.0, Storage::Folder("data/blobs".into()));
    assert_eq!(settings.faces.models_dir.0, Path::new("data/models/faces"));
    assert_eq!(settings.faces.matching(), FaceMatching::default());
    assert!(!settings.faces.identify && !settings.faces.keep_photos && settings.faces.enabled.is_none());
    assert_eq!(settings.quotas.storage().bytes, Some(10 << 30));
    assert!(settings.workers.count() >= 1 && settings.queue.url.0.is_none());
    assert!(settings.mail.url.0.is_none() && !settings.auth.require_verified_email);
}

#[test]
fn files_are_in_the_data_folder_unless_they_have_a_place_of_their_own() {
    let settings = load(&[
        ("DATA_DIR", "/srv/ocellus"),
        ("STORAGE__URL", "file:///{data_dir}"),
    ]);
    assert_eq!(
        settings.database.url.0.expose_secret(),
        "sqlite:///srv/ocellus/ocellus.db"
    );
    assert_eq!(
        settings.faces.models_dir.0,
        Path::new("/srv/ocellus/models/faces")
    );
    assert_eq!(settings.storage.url.0, Storage::Folder("/{data_dir}".into()));
}

#[test]
fn the_environment_overrides_the_file_and_the_file_the_defaults() {
    let file = "data_dir = 'there'\n[http]\nport = 1\nmax_upload_bytes = 1000\nallowed_origins = ['https://a', 'https://b']\n\
        [ocr]\ntimeout = '2s'\n[quotas]\nimages_per_user = 0\n[auth]\nrequire_verified_email = 'true'\n";
    let settings = load_over(
        file,
        &[
            ("HTTP__PORT", "8_081"),
            ("OCR__LANGUAGES", "eng, spa"),
            ("AUTH__ACCESS_TOKEN_TTL", "5m"),
        ],
    );
    let settings = settings.expect("no mistakes");
    assert_eq!(settings.data_dir.0, Path::new("there"));
    assert_eq!(
        (settings.http.port, settings.http.max_upload_bytes.0),
        (8081, 1000)
    );
    assert_eq!(settings.http.allowed_origins.len(), 2);
    assert_eq!(settings.ocr.timeout.0, Duration::from_secs(2));
    assert_eq!(settings.ocr.allowed().map(|languages| languages.len()), Some(2));
    assert_eq!(settings.quotas.images_per_user.get(), None, "0 is no limit");
    assert_eq!(settings.auth.access_token_ttl.0, Duration::from_mins(5));
    assert!(settings.auth.require_verified_email);
}

#[test]
fn a_secret_can_come_from_a_file_of_its_own() {
    let secret = file_with("hidden\n");
    let name = secret.path().to_str().expect("a name");
    let token = load(&[("OPERATIONS__METRICS_TOKEN_FILE", name)])
        .operations
        .metrics_token;
    assert_eq!(token.expect("a token").0.expose_secret(), "hidden");
    assert_named(&complaint(&[("MAIL__URL_FILE", "/no/such/file")]), &["mail.url"]);
}

#[test]
fn every_mistake_is_named_at_once_and_no_value_is_shown() {
    let complaint = complaint(&[
        ("DATA_DIR", ""),
        ("HTTP__PORT", "70000"),
        ("HTTP__PROT", "canary"),
        ("NOBODY__KNOWS__THIS", "canary"),
        ("NOBODY__KNOWS__THAT", "canary"),
        ("OCR__TIMEOUT", "canary"),
        ("OCR__LANGUAGES", ""),
        ("OCR__MAX_PIXELS", "0"),
        ("DATABASE__URL", "oracle://user:canary@host"),
        ("DATABASE__POOL_SIZE", "1"),
        ("DATABASE__STATEMENT_TIMEOUT", "0s"),
        ("DATABASE__MIGRATE", "canary"),
        ("WORKERS__LEASE", "10ms"),
        ("FACES__THRESHOLD", "NaN"),
        ("FACES__IDENTIFY_MARGIN", "0.61"),
        (
            "OIDC__PROVIDERS",
            "http://canary.example=b, https://a.example=b, canary",
        ),
    ]);
    assert_named(
        &complaint,
        &[
            "data_dir",
            "http.port",
            "http.prot",
            "nobody.knows.this",
            "nobody.knows.that",
            "ocr.timeout",
            "ocr.languages",
            "ocr.max_pixels",
            "database.url",
            "database.pool_size",
            "database.statement_timeout",
            "database.migrate",
            "workers.lease",
            "faces.threshold",
            "faces.identify_margin",
            "oidc.providers[0]",
            "oidc.providers[2]",
        ],
    );
    assert!(!complaint.contains("canary"), "{complaint}");
    for hint in [
        "did you mean http.port?",
        "must be a whole number from 2 to 1000",
        "must be true or false",
    ] {
        assert!(complaint.contains(hint), "{complaint}");
    }
}

#[test]
fn a_file_that_is_absent_or_broken_is_a_mistake_and_not_shown() {
    let absent = Settings::load(Some(Path::new("/no/such.toml")), std::iter::empty(), |_, _| {});
    assert_named(&absent.expect_err("no file").to_string(), &["/no/such.toml"]);
    let broken = load_over("[auth]\nsigning_key = \"canary\n", &[("HTTP__PORT", "eighty")]);
    let broken = broken.expect_err("mistakes").to_string();
    assert!(
        broken.contains("line 2") && broken.contains("http.port") && !broken.contains("canary"),
        "{broken}"
    );
    let section =
        load_over("http = 'canary'\nworkers = [1]\n[queue.url]\na = 1\n", &[]).expect_err("no sections");
    assert_named(&section.to_string(), &["http", "queue.url", "workers"]);
}

#[test]
fn mistakes_that_the_caller_finds_are_named_with_the_rest() {
    let variables = [("OCELLUS__HTTP__PORT".to_owned(), "eighty".to_owned())].into_iter();
    let loaded = Settings::load(None, variables, |settings, mistakes| {
        assert_eq!(settings.http.port, 8080, "the default of a key with a mistake");
        mistakes.note("ocr.languages", "is not installed");
    });
    assert_named(
        &loaded.expect_err("mistakes").to_string(),
        &["http.port", "ocr.languages"],
    );
}

#[test]
fn no_key_is_taken_for_the_name_of_a_file() {
    let schema = schema();
    let keys = schema::keys(&schema);
    assert!(
        keys.len() > 50 && keys.iter().all(|(key, _)| !key.ends_with("_file")),
        "{keys:?}"
    );
}

#[test]
fn a_bucket_needs_an_encrypted_way_and_both_halves_of_a_key() {
    let mut variables = vec![
        ("STORAGE__URL", "s3://eyes/ocellus"),
        ("STORAGE__S3__ENDPOINT", "http://127.0.0.1:9000"),
        ("STORAGE__S3__ACCESS_KEY_ID", "ocellus"),
    ];
    assert_named(
        &complaint(&variables),
        &["storage.s3.endpoint", "storage.s3.secret_access_key"],
    );
    assert_named(
        &complaint(&[("STORAGE__S3__SECRET_ACCESS_KEY", "canary")]),
        &["storage.s3.access_key_id"],
    );
    variables.extend([
        ("STORAGE__S3__SECRET_ACCESS_KEY", "canary"),
        ("STORAGE__S3__ALLOW_HTTP", "true"),
    ]);
    let settings = load(&variables);
    assert!(!format!("{settings:?}").contains("canary"));
    assert!(settings.storage.s3.keys().is_some());
}

#[test]
fn a_server_is_verified_where_certificates_are_given() {
    let server = ("DATABASE__URL", "postgres://host/db");
    let ca = ("DATABASE__CA", CERTIFICATE);
    assert_eq!(load(&[server]).database.tls(), None);
    assert_eq!(load(&[server, ca]).database.tls(), Some(TlsMode::VerifyFull));
    let settings = load(&[server, ca, ("DATABASE__TLS", "verify-ca")]);
    assert_eq!(settings.database.tls(), Some(TlsMode::VerifyCa));
    let unverified = complaint(&[server, ca, ("DATABASE__TLS", "require")]);
    assert_named(&unverified, &["database.tls"]);
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for wrong in [garbage, "/etc/ca.pem"] {
        assert_named(&complaint(&[server, ("DATABASE__CA", wrong)]), &["database.ca"]);
    }
    assert_named(
        &complaint(&[server, ("DATABASE__TLS", "canary")]),
        &["database.tls"],
    );
}

#[test]
fn a_database_in_a_file_has_no_connection_to_protect() {
    let complaint = complaint(&[("DATABASE__TLS", "verify-ca"), ("DATABASE__CA", CERTIFICATE)]);
    assert_named(&complaint, &["database.tls", "database.ca"]);
}

#[test]
fn without_a_user_name_a_face_must_be_at_least_as_near_as_with_one() {
    let threshold = ("FACES__THRESHOLD", "0.35");
    let matching = load(&[threshold]).faces.matching();
    assert!((matching.identify_threshold - 0.35).abs() < f32::EPSILON);
    let farther = ("FACES__IDENTIFY_THRESHOLD", "0.36");
    assert_named(&complaint(&[threshold, farther]), &["faces.identify_threshold"]);
}

#[test]
fn a_distance_is_one_that_can_tell_people_apart() {
    for distance in ["0.45", "0.6"] {
        load(&[("FACES__THRESHOLD", distance)]);
    }
    for distance in ["0", "0.61"] {
        assert_named(
            &complaint(&[
                ("FACES__THRESHOLD", distance),
                ("FACES__IDENTIFY_THRESHOLD", "0.01"),
            ]),
            &["faces.threshold"],
        );
    }
}
