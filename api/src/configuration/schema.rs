//! The JSON Schema of the configuration, and the documentation that is made of it.

use super::{
    Settings,
    source::{join, variable},
};
use schemars::{Schema, generate::SchemaSettings, transform::transform_subschemas};
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Write};

const INTRODUCTION: &str = "\
# Configuration

<!-- `make docs` writes this file. The sentences are the comments of the keys in api/src/configuration. -->

Values come from built-in defaults, then `ocellus.toml` (or `--config FILE`), then the environment: `http.port` is
`[http] port = 8081` in the file and `OCELLUS__HTTP__PORT=8081` in the environment. Any variable with `_FILE` behind its name
reads the value from a file: `OCELLUS__AUTH__SIGNING_KEY_FILE=/run/secrets/key`. Lists are arrays in the file, and separated by
commas in the environment. At start every mistake is reported at once, unknown keys included, and the program exits with
status 2.

`ocellus config --schema` prints the JSON Schema of the file. Where a default stands in words, there is no value to write.
";

/// The JSON Schema (draft 2020-12) of the configuration file.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.transforms.push(Box::new(make_optional));
    });
    settings
        .into_generator()
        .into_root_schema_for::<Settings>()
        .to_value()
}

/// Every key can be left out, and none can be null.
fn make_optional(schema: &mut Schema) {
    schema.remove("required");
    if let Some(kinds) = schema.get_mut("type")
        && let Value::Array(list) = kinds
    {
        list.retain(|kind| kind != "null");
        if let [kind] = list.as_slice() {
            *kinds = kind.clone();
        }
    }
    transform_subschemas(&mut make_optional, schema);
}

/// Every key with its schema, in alphabetical order, those without a section first.
pub(super) fn keys(schema: &Value) -> Vec<(String, &Value)> {
    fn collect<'a>(schema: &'a Value, section: &str, found: &mut Vec<(String, &'a Value)>) {
        let properties = schema["properties"].as_object().into_iter().flatten();
        let (sections, keys): (BTreeMap<_, _>, BTreeMap<_, _>) =
            properties.partition(|(_, property)| property["properties"].is_object());
        found.extend(keys.into_iter().map(|(name, key)| (join(section, name), key)));
        for (name, inner) in sections {
            collect(inner, &join(section, name), found);
        }
    }
    let mut found = Vec::new();
    collect(schema, "", &mut found);
    found
}

/// How values of a schema are written; completes the sentence "must be".
pub(super) fn form(schema: &Value) -> String {
    if let Some(title) = schema["title"].as_str() {
        return title.to_owned();
    }
    if let Some(variants) = schema["oneOf"].as_array() {
        let names: Vec<_> = variants
            .iter()
            .filter_map(|variant| variant["const"].as_str())
            .collect();
        return format!("one of {}", names.join(", "));
    }
    let range = match (&schema["minimum"], &schema["maximum"]) {
        (Value::Null, _) => String::new(),
        (least, Value::Null) => format!(", at least {least}"),
        (least, most) => format!(" from {least} to {most}"),
    };
    match schema["type"].as_str() {
        Some("boolean") => "true or false".to_owned(),
        Some("integer") => format!("a whole number{range}"),
        Some("number") => format!("a number{range}"),
        Some("array") => format!("a list; each item is {}", form(&schema["items"])),
        _ => "a section of keys".to_owned(),
    }
}

/// `docs/configuration.md`: a table of keys for each section.
pub fn documentation() -> String {
    let schema = schema();
    let mut text = INTRODUCTION.to_owned();
    let mut current = None;
    for (key, declared) in keys(&schema) {
        let section = key.split_once('.').map_or("", |(section, _)| section);
        if current.as_deref() != Some(section) {
            if !section.is_empty() {
                let about = description(&schema["properties"][section]);
                // Writing into a text does not fail.
                let _ = write!(text, "\n## {section}\n\n{about}\n");
            }
            text.push_str(
                "\n| key | value | default | environment variable | description |\n|---|---|---|---|---|\n",
            );
            current = Some(section.to_owned());
        }
        let (form, default) = (form(declared), default(declared));
        let (variable, description) = (variable(&key), description(declared));
        let _ = writeln!(
            text,
            "| `{key}` | {form} | {default} | `{variable}` | {description} |"
        );
    }
    text
}

fn description(schema: &Value) -> String {
    let lines = schema["description"].as_str().unwrap_or_default().lines();
    lines.collect::<Vec<_>>().join(" ")
}

fn default(schema: &Value) -> String {
    match (&schema["default"], schema["x-default"].as_str()) {
        (Value::Null, words) => words.unwrap_or("none").to_owned(),
        (Value::String(text), _) => format!("`{text}`"),
        (value, _) => format!("`{value}`"),
    }
}
