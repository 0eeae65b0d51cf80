//! The documentation of the configuration and its schema.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{repository_root, run_program};

const PAGE: &str = "docs/configuration.md";

#[test]
fn the_page_of_the_configuration_is_the_one_that_the_program_prints() {
    let kept = std::fs::read_to_string(repository_root().join(PAGE)).unwrap_or_default();
    assert!(
        kept == printed("--docs"),
        "{PAGE} is not up to date; `make docs` writes it"
    );
}

#[test]
fn the_schema_is_valid_and_knows_the_keys_of_the_page() {
    let schema = schema();
    jsonschema::meta::validate(&schema).expect("a JSON Schema");
    let mut in_schema = BTreeSet::new();
    collect_keys(&schema, "", &mut in_schema);
    let page = printed("--docs");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let in_page: BTreeSet<String> = rows
        .filter_map(|row| row.split_once('`'))
        .map(|(key, _)| key.to_owned())
        .collect();
    assert!(in_page.contains("rate_limits.login.per_network"), "{in_page:?}");
    assert_eq!(in_schema, in_page);
}

#[test]
fn the_schema_tells_right_from_wrong() {
    let schema = jsonschema::validator_for(&schema()).expect("a JSON Schema");
    let right = json!({
        "data_dir": "/srv/ocellus",
        "http": {"port": 8080, "max_upload_bytes": 1000, "allowed_origins": ["https://a.example"]},
        "database": {"tls": "verify-full"},
    });
    assert!(schema.is_valid(&right) && schema.is_valid(&json!({})));
    for wrong in [
        json!({"http": {"prot": 8080}}),
        json!({"http": {"port": 70000}}),
        json!({"http": null}),
        json!({"database": {"tls": "perhaps"}}),
        json!({"database": {"pool_size": 1}}),
        json!({"faces": {"enabled": "perhaps"}}),
    ] {
        assert!(!schema.is_valid(&wrong), "{wrong}");
    }
}

fn schema() -> Value {
    serde_json::from_str(&printed("--schema")).expect("JSON")
}

/// What `ocellus config` prints.
fn printed(argument: &str) -> String {
    let done = run_program(&["config", argument], &[]);
    assert_eq!(done.code, Some(0), "{}", done.errors);
    done.output
}

fn collect_keys(schema: &Value, section: &str, keys: &mut BTreeSet<String>) {
    match schema["properties"].as_object() {
        None => {
            keys.insert(section.to_owned());
        }
        Some(properties) => {
            for (name, property) in properties {
                let key = if section.is_empty() {
                    name.clone()
                } else {
                    format!("{section}.{name}")
                };
                collect_keys(property, &key, keys);
            }
        }
    }
}
