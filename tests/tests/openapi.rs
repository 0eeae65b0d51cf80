//! The specification: complete, and never changed by accident. Whether it is valid, and whether the program keeps to it,
//! `tools/check_specification.sh` shows.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::{Database, Server, repository_root};

const SNAPSHOT: &str = "tests/tests/snapshots/openapi.json";

#[tokio::test]
async fn the_specification_is_the_one_that_was_read_and_kept() {
    let client = Server::shared(Database::Sqlite).client().await;
    let path = repository_root().join(SNAPSHOT);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{SNAPSHOT}: {error}; `make openapi` writes it"));
    let kept: Value = serde_json::from_str(&text).expect("the snapshot is JSON");
    let mut differences = Vec::new();
    compare("", &kept, &client.specification().document, &mut differences);
    assert!(
        differences.is_empty(),
        "the specification changed; if that is meant, `make openapi` and read the difference:\n{}",
        differences.join("\n")
    );
}

#[tokio::test]
async fn every_operation_is_named_and_described() {
    let client = Server::shared(Database::Sqlite).client().await;
    let mut names = BTreeSet::new();
    for operation in client.specification().operations() {
        let place = format!("{} {}", operation.method, operation.path);
        let text = |field: &str| operation.description[field].as_str().unwrap_or_default().trim();
        assert!(!text("operationId").is_empty(), "{place} has no operationId");
        assert!(
            names.insert(text("operationId").to_owned()),
            "{place}: {} is taken",
            text("operationId")
        );
        assert!(
            !text("summary").is_empty() || !text("description").is_empty(),
            "{place} does not say what it does"
        );
        let tags = operation.description["tags"].as_array();
        assert!(tags.is_some_and(|tags| !tags.is_empty()), "{place} has no tag");
    }
}

#[tokio::test]
async fn every_error_says_what_it_means() {
    let client = Server::shared(Database::Sqlite).client().await;
    for operation in client.specification().operations() {
        let responses = operation.description["responses"].as_object().expect("responses");
        for (status, response) in responses {
            if !status.starts_with(['4', '5']) {
                continue;
            }
            let place = format!("{} {} {status}", operation.method, operation.path);
            assert!(
                response["description"]
                    .as_str()
                    .is_some_and(|text| !text.trim().is_empty()),
                "{place} has no description"
            );
            let readiness = operation.path == "/health/ready";
            assert!(
                readiness || response["content"]["application/problem+json"].is_object(),
                "{place} is not a problem: {response}"
            );
        }
    }
}

#[tokio::test]
async fn private_operations_declare_401_and_those_with_an_id_404() {
    let client = Server::shared(Database::Sqlite).client().await;
    for operation in client.specification().operations() {
        let declares = |status: &str| operation.description["responses"].get(status).is_some();
        let place = format!("{} {}", operation.method, operation.path);
        assert!(
            !operation.needs_login || declares("401"),
            "{place} does not declare 401"
        );
        assert!(
            !operation.path.contains('{') || declares("404"),
            "{place} does not declare 404"
        );
    }
}

/// Collects the places where two documents differ.
fn compare(place: &str, kept: &Value, served: &Value, differences: &mut Vec<String>) {
    match (kept, served) {
        (Value::Object(kept), Value::Object(served)) => {
            let keys: BTreeSet<&String> = kept.keys().chain(served.keys()).collect();
            for key in keys {
                let inner = format!("{place}/{key}");
                match (kept.get(key), served.get(key)) {
                    (Some(kept), Some(served)) => compare(&inner, kept, served, differences),
                    (Some(_), None) => differences.push(format!("- {inner}")),
                    _ => differences.push(format!("+ {inner}")),
                }
            }
        }
        _ if kept == served => {}
        _ => differences.push(format!("{place}: {kept} is now {served}")),
    }
}
