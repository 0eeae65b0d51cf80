//! Reads values and collects mistakes.
//!
//! serde stops at the first mistake, and no crate for configurations goes on. Since every key has a default, a key with
//! a mistake is noted and removed, and the rest is deserialized again until nothing is wrong.

use super::schema::{form, keys};
use config::{Config, ConfigError, Environment, File, FileFormat};
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};
use serde_path_to_error::Segment;
use std::{fmt, path::Path};

const PREFIX: &str = "OCELLUS";
const SEPARATOR: &str = "__";
const FILE_SUFFIX: &str = "_FILE";
const DEFAULT_FILE: &str = "ocellus.toml";
/// How alike an unknown key and a known key must be, from 0 to 1, for the known key to be suggested.
const ALIKE: f64 = 0.7;

/// Every mistake of a configuration, each with its key.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<(String, String)>);

impl Mistakes {
    /// Adds a mistake. `message` describes the right value, and never shows the wrong one.
    pub fn note(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.0.push((key.into(), message.into()));
    }

    /// Gives `settings` where there are no mistakes.
    pub(super) fn none_or_else<T>(self, settings: T) -> Result<T, Self> {
        if self.0.is_empty() {
            Ok(settings)
        } else {
            Err(self)
        }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the configuration has mistakes:")?;
        self.0
            .iter()
            .try_for_each(|(key, message)| write!(formatter, "\n  {key}: {message}"))
    }
}

impl std::error::Error for Mistakes {}

/// The environment variable of a key.
pub(super) fn variable(key: &str) -> String {
    format!(
        "{PREFIX}{SEPARATOR}{}",
        key.replace('.', SEPARATOR).to_uppercase()
    )
}

/// Reads the named file, else `ocellus.toml` if there is one, and over it the environment.
pub(super) fn read(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
    mistakes: &mut Mistakes,
) -> Value {
    let mut builder = Config::builder();
    let default = Path::new(DEFAULT_FILE);
    if let Some(path) = file.or_else(|| default.exists().then_some(default)) {
        let source = File::from(path).format(FileFormat::Toml);
        match Config::builder().add_source(source).build() {
            Ok(table) => builder = builder.add_source(table),
            Err(error) => mistakes.note(path.display().to_string(), without_excerpt(&error)),
        }
    }
    let variables = environment.filter_map(|(name, value)| resolve(name, value, mistakes));
    let variables = Environment::with_prefix(PREFIX)
        .separator(SEPARATOR)
        .source(Some(variables.collect()));
    let read = builder
        .add_source(variables)
        .build()
        .and_then(Config::try_deserialize);
    read.unwrap_or_else(|error| {
        mistakes.note("the environment", error.to_string());
        Value::Object(Map::new())
    })
}

/// Replaces a variable that names a file by one with the content of the file, without its last line break. Foreign
/// variables are left out.
fn resolve(name: String, value: String, mistakes: &mut Mistakes) -> Option<(String, String)> {
    let key = name.strip_prefix(PREFIX)?.strip_prefix(SEPARATOR)?;
    let Some(key) = key.strip_suffix(FILE_SUFFIX) else {
        return Some((name, value));
    };
    match std::fs::read_to_string(value) {
        Ok(content) => {
            let content = content.trim_end_matches(['\n', '\r']).to_owned();
            Some((name.trim_end_matches(FILE_SUFFIX).to_owned(), content))
        }
        Err(error) => {
            let key = key.to_lowercase().replace(SEPARATOR, ".");
            mistakes.note(key, format!("its file cannot be read: {error}"));
            None
        }
    }
}

/// An error without the lines of the file that it quotes: they may hold a secret.
fn without_excerpt(error: &ConfigError) -> String {
    let text = error.to_string();
    let lines = text.lines().filter(|line| !line.contains('|'));
    lines.collect::<Vec<_>>().join(" ")
}

/// Deserializes the given values, with defaults for the rest. A key with a mistake is noted and gets its
/// default.
pub(super) fn deserialize<T: DeserializeOwned>(
    mut given: Value,
    schema: &Value,
    mistakes: &mut Mistakes,
) -> T {
    convert(&mut given, schema);
    remove_out_of_range(&mut given, schema, "", mistakes);
    loop {
        let mut whole = given.clone();
        let default = &schema["properties"]["data_dir"]["default"];
        let data_dir = given
            .get("data_dir")
            .unwrap_or(default)
            .as_str()
            .unwrap_or_default();
        add_defaults(&mut whole, schema, data_dir);
        let error = match serde_path_to_error::deserialize(&whole) {
            Ok(settings) => return settings,
            Err(error) => error,
        };
        let path: Vec<&Segment> = error.path().iter().collect();
        let (key, declared) = locate(&path, schema, mistakes);
        let removed = remove(&mut given, &path);
        // A mistake in a value that was not given is one in a default.
        let removed = removed.unwrap_or_else(|| panic!("the default of {key} is wrong: {error}"));
        if declared.is_null() {
            note_unknown(&key, &removed, schema, mistakes);
        } else {
            mistakes.note(key, format!("must be {}", form(declared)));
        }
    }
}

/// Converts values to the types of their schema: in the environment, everything is text.
fn convert(value: &mut Value, schema: &Value) {
    let takes = |kind: &str| match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(|one| one == kind),
        one => one == kind,
    };
    let converted = match &mut *value {
        Value::Object(values) => {
            for (name, value) in values {
                convert(value, &schema["properties"][name]);
            }
            None
        }
        Value::Array(items) => {
            for item in items {
                convert(item, &schema["items"]);
            }
            None
        }
        Value::String(text) if takes("array") => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(items.collect())
        }
        Value::String(text) if takes("boolean") => text.parse().ok().map(Value::Bool),
        Value::String(text) if takes("number") => {
            text.parse().ok().and_then(Number::from_f64).map(Value::Number)
        }
        Value::String(text) if takes("integer") && !takes("string") => {
            text.replace('_', "").parse::<u64>().ok().map(Value::from)
        }
        Value::Number(_) | Value::Bool(_) if takes("string") => Some(Value::String(value.to_string())),
        _ => None,
    };
    if let Some(converted) = converted {
        *value = converted;
    }
}

/// Adds the defaults of keys that are not set. `{data_dir}` in them becomes the folder.
fn add_defaults(value: &mut Value, schema: &Value, data_dir: &str) {
    let (Value::Object(values), Some(properties)) = (value, schema["properties"].as_object()) else {
        return;
    };
    for (name, property) in properties {
        if property["properties"].is_object() {
            let section = values.entry(name).or_insert_with(|| Value::Object(Map::new()));
            add_defaults(section, property, data_dir);
        } else if let Some(default) = property.get("default") {
            let default = match default {
                Value::String(text) => text.replace("{data_dir}", data_dir).into(),
                _ => default.clone(),
            };
            values.entry(name).or_insert(default);
        }
    }
}

/// The key at a path, and its schema, which is null where the key is unknown. Items of a list are counted as they were
/// given, before others were removed.
fn locate<'a>(path: &[&Segment], schema: &'a Value, mistakes: &Mistakes) -> (String, &'a Value) {
    path.iter()
        .fold((String::new(), schema), |(key, schema), segment| match segment {
            Segment::Map { key: name } => (join(&key, name), &schema["properties"][name]),
            Segment::Seq { index } => {
                let list = format!("{key}[");
                let removed = mistakes
                    .0
                    .iter()
                    .filter(|(key, _)| key.starts_with(&list))
                    .count();
                (format!("{list}{}]", index + removed), &schema["items"])
            }
            Segment::Enum { .. } | Segment::Unknown => (key, schema),
        })
}

pub(super) fn join(section: &str, name: &str) -> String {
    if section.is_empty() {
        name.to_owned()
    } else {
        format!("{section}.{name}")
    }
}

fn remove(value: &mut Value, path: &[&Segment]) -> Option<Value> {
    match (value, path) {
        (Value::Object(values), [Segment::Map { key }]) => values.remove(key),
        (Value::Object(values), [Segment::Map { key }, rest @ ..]) => remove(values.get_mut(key)?, rest),
        (Value::Array(items), [Segment::Seq { index }]) => {
            (*index < items.len()).then(|| items.remove(*index))
        }
        _ => None,
    }
}

/// Notes every key below an unknown one, with the known key that is most like it.
fn note_unknown(key: &str, value: &Value, schema: &Value, mistakes: &mut Mistakes) {
    if let Value::Object(values) = value {
        for (name, value) in values {
            note_unknown(&join(key, name), value, schema, mistakes);
        }
        return;
    }
    let nearest = keys(schema)
        .into_iter()
        .map(|(known, _)| (strsim::normalized_damerau_levenshtein(key, &known), known))
        .max_by(|one, other| one.0.total_cmp(&other.0));
    let hint = match nearest {
        Some((likeness, known)) if likeness >= ALIKE => format!("; did you mean {known}?"),
        _ => String::new(),
    };
    mistakes.note(key, format!("there is no such key{hint}"));
}

/// Notes and removes every number outside of the range of its schema.
fn remove_out_of_range(value: &mut Value, schema: &Value, section: &str, mistakes: &mut Mistakes) {
    let Value::Object(values) = value else {
        return;
    };
    values.retain(|name, value| {
        let (key, declared) = (join(section, name), &schema["properties"][name]);
        remove_out_of_range(value, declared, &key, mistakes);
        let (least, most) = (declared["minimum"].as_f64(), declared["maximum"].as_f64());
        let is_outside = value.as_f64().is_some_and(|number| {
            least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most)
        });
        if is_outside {
            mistakes.note(key, format!("must be {}", form(declared)));
        }
        !is_outside
    });
}
