//! The rules of the house that a machine can hold.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tests::{repository_root, rust_sources};

/// The crates of this workspace, whose sources keep the rules.
const CRATES: [&str; 6] = [
    "domain",
    "application",
    "infrastructure",
    "api",
    "migration",
    "tests",
];

/// The folders of domain, application and api, one for each feature. Text is still `ocr` in domain and api.
const FEATURES: [&str; 8] = [
    "accounts",
    "images",
    "ocr",
    "text",
    "tasks",
    "faces",
    "predictions",
    "operations",
];

/// The further folders of api: the program is put together, configured and served there.
const INTERFACE: [&str; 3] = ["app", "configuration", "http"];

/// The further folders of domain.
const TEST_SUPPORT: [&str; 1] = ["memory_store"];

/// The folders of infrastructure.
const ADAPTERS: [&str; 10] = [
    "persistence",
    "blobs",
    "classification",
    "mail",
    "security",
    "ocr",
    "faces",
    "imaging",
    "queue",
    "system",
];

/// The limit of the lines of a file. Files are as long as their subject, which is seldom over 400 lines.
const MAX_LINES: usize = 600;

#[test]
fn the_domain_knows_nothing_but_itself() {
    assert_avoids("domain", &CRATES);
    assert_avoids(
        "domain",
        &[
            "tokio",
            "sea-orm",
            "sea-orm-migration",
            "sqlx",
            "poem",
            "poem-openapi",
            "serde",
            "serde_json",
        ],
    );
}

#[test]
fn the_application_knows_only_the_domain() {
    assert_avoids("application", &["infrastructure", "api", "migration", "tests"]);
    assert_avoids(
        "application",
        &[
            "sea-orm",
            "sea-orm-migration",
            "sqlx",
            "poem",
            "poem-openapi",
            "reqwest",
        ],
    );
    assert!(dependencies("application").contains("domain"));
}

#[test]
fn adapters_never_call_use_cases() {
    assert_avoids(
        "infrastructure",
        &["application", "api", "tests", "poem", "poem-openapi"],
    );
    assert!(dependencies("infrastructure").contains("domain"));
}

#[test]
fn migrations_know_only_the_database() {
    assert_avoids(
        "migration",
        &["domain", "application", "infrastructure", "api", "tests"],
    );
}

#[test]
fn only_the_app_and_main_name_infrastructure() {
    for path in rust_sources("api/src") {
        let place = relative(&path);
        if place == "api/src/main.rs" || place.starts_with("api/src/app/") {
            continue;
        }
        for (number, line) in code(&path) {
            assert!(
                !line.contains("infrastructure::"),
                "{place}:{number} names infrastructure"
            );
        }
    }
}

#[test]
fn every_line_knows_its_room() {
    for layer in ["domain", "application"] {
        for room in rooms(&format!("{layer}/src")) {
            assert!(
                FEATURES.contains(&room.as_str()) || TEST_SUPPORT.contains(&room.as_str()),
                "{layer}/src/{room} is no feature"
            );
        }
    }
    for room in rooms("api/src") {
        assert!(
            FEATURES.contains(&room.as_str()) || INTERFACE.contains(&room.as_str()),
            "api/src/{room} is no feature"
        );
    }
    for room in rooms("infrastructure/src") {
        assert!(
            ADAPTERS.contains(&room.as_str()),
            "infrastructure/src/{room} is no kind of adapter"
        );
    }
}

#[test]
fn no_file_is_too_long() {
    for path in every_source() {
        let lines = text(&path).lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines", relative(&path));
    }
}

#[test]
fn no_lint_is_silenced() {
    // In two halves, so that this file does not find itself.
    let silencers = [concat!("#[all", "ow("), concat!("#![all", "ow(")];
    for path in every_source() {
        for (number, line) in text(&path).lines().enumerate() {
            assert!(
                !silencers.iter().any(|silencer| line.contains(silencer)),
                "{}:{} silences a lint; expect it, with a reason",
                relative(&path),
                number + 1
            );
        }
    }
}

#[test]
fn names_say_what_a_file_is() {
    let empty = [
        "util", "utils", "manager", "managers", "helper", "helpers", "impl",
    ];
    for path in every_source() {
        let place = relative(&path);
        let words = place
            .trim_end_matches(".rs")
            .split(['/', '_', '-'])
            .map(str::to_lowercase);
        for word in words {
            assert!(!empty.contains(&word.as_str()), "{place}: “{word}” says nothing");
        }
    }
}

#[test]
fn unsafe_code_lives_in_adapters_and_says_why_it_is_sound() {
    let word = concat!("uns", "afe");
    for path in every_source() {
        let place = relative(&path);
        let lines: Vec<String> = text(&path).lines().map(str::to_owned).collect();
        for (number, line) in code(&path) {
            let begins = line.contains(&format!("{word} {{"))
                || line.trim_start().starts_with(&format!("{word} impl"));
            if !begins {
                continue;
            }
            assert!(
                place.starts_with("infrastructure/src/"),
                "{place}:{number} is no adapter"
            );
            let before = number.saturating_sub(6)..number;
            assert!(
                lines[before].iter().any(|line| line.contains("// SAFETY:")),
                "{place}:{number} has no SAFETY line"
            );
        }
    }
}

#[test]
fn every_service_has_unit_tests() {
    for path in rust_sources("application/src") {
        let content = text(&path);
        let is_service = content.contains("\n    pub async fn ");
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let beside = path.with_file_name(format!("{stem}_tests.rs"));
        assert!(
            !is_service || content.contains("#[cfg(test)]") || beside.is_file(),
            "{} has no unit tests",
            relative(&path)
        );
    }
}

fn assert_avoids(member: &str, avoided: &[&str]) {
    let used = dependencies(member);
    for other in avoided {
        assert!(!used.contains(*other), "{member} depends on {other}");
    }
}

/// What a crate of the workspace needs to be built; what its tests need does not count.
fn dependencies(member: &str) -> BTreeSet<String> {
    let done = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(repository_root())
        .output()
        .expect("cargo runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let metadata: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    let package = metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .find(|package| package["name"] == member)
        .unwrap_or_else(|| panic!("no crate {member} in the workspace"));
    package["dependencies"]
        .as_array()
        .expect("dependencies")
        .iter()
        .filter(|dependency| dependency["kind"] != "dev")
        .map(|dependency| dependency["name"].as_str().expect("a name").to_owned())
        .collect()
}

fn every_source() -> Vec<PathBuf> {
    CRATES.iter().flat_map(|name| rust_sources(name)).collect()
}

/// The folders directly inside a folder.
fn rooms(folder: &str) -> Vec<String> {
    std::fs::read_dir(repository_root().join(folder))
        .expect("a folder of sources")
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Lines that are not comments, with their numbers from 1.
fn code(path: &Path) -> Vec<(usize, String)> {
    text(path)
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(number, line)| (number + 1, line.to_owned()))
        .collect()
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn relative(path: &Path) -> String {
    path.strip_prefix(repository_root())
        .expect("a file of the repository")
        .to_string_lossy()
        .into_owned()
}

/// In the tables of SECURITY.md the last cell names tests: `` `path`: `name`, `name`; `path` ``.
#[test]
fn every_test_that_shows_a_promise_of_security_exists() {
    let root = repository_root();
    let text = std::fs::read_to_string(root.join("SECURITY.md")).expect("SECURITY.md is there");
    let items = text
        .lines()
        .filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit());
    let mut named = 0;
    for item in items {
        let shown_by = item.trim_end_matches([' ', '|']).rsplit(" | ").next();
        for place in shown_by.expect("a last cell").split("; ") {
            let mut quoted = place.split('`').skip(1).step_by(2);
            let Some(path) = quoted.next() else { continue };
            let source = std::fs::read_to_string(root.join(path));
            let source = source.unwrap_or_else(|error| panic!("{path}: {error}: {item}"));
            for name in quoted {
                let is_there = [format!("fn {name}("), format!("def {name}(")]
                    .iter()
                    .any(|definition| source.contains(definition));
                assert!(is_there, "{path} has no {name}: {item}");
                named += 1;
            }
        }
    }
    assert!(named > 100, "only {named} tests were found in SECURITY.md");
}
