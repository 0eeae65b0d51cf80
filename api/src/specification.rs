//! The `OpenAPI` document as clients are generated from it: printed, served and shown alike.
//!
//! Some of what the framework writes is valid, but generators stumble over it, or pass it on to whoever uses the client.
//! That is set right here, and nothing else: every object keeps its order.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;
use std::fmt;

/// The document with what generators stumble over set right.
pub fn set_right(document: &str) -> serde_json::Result<String> {
    let mut json: Json = serde_json::from_str(document)?;
    json.set_right();
    serde_json::to_string_pretty(&json)
}

/// JSON whose objects keep their order.
enum Json {
    Object(Vec<(String, Json)>),
    Array(Vec<Json>),
    Other(Value),
}

impl Json {
    fn set_right(&mut self) {
        match self {
            Self::Object(fields) => {
                for (name, value) in fields {
                    match (name.as_str(), &mut *value) {
                        ("content", Self::Object(kinds)) => rename(kinds, media_type),
                        ("headers", Self::Object(headers)) => rename(headers, header_name),
                        ("allOf", Self::Array(schemas)) => schemas.retain(|schema| !schema.is_description()),
                        _ => {}
                    }
                    value.set_right();
                }
            }
            Self::Array(items) => items.iter_mut().for_each(Self::set_right),
            Self::Other(_) => {}
        }
    }

    /// Whether it is a schema that only describes: what a field's documentation adds to the schema that it refers to.
    /// The same description stands beside, and a generator for Python leaves out whatever has two parts of which one is
    /// an enumeration.
    fn is_description(&self) -> bool {
        matches!(self, Self::Object(fields) if fields.len() == 1 && fields[0].0 == "description")
    }
}

fn rename(fields: &mut [(String, Json)], renamed: fn(&str) -> String) {
    for (name, _) in fields {
        *name = renamed(name);
    }
}

/// A media type without its parameters: JSON is in UTF-8 anyway.
fn media_type(declared: &str) -> String {
    declared
        .split_once(';')
        .map_or(declared, |(media_type, _)| media_type)
        .to_owned()
}

/// The name of a header as people write it, where it is in capitals.
fn header_name(declared: &str) -> String {
    if declared == "ETAG" {
        return "ETag".to_owned();
    }
    if declared.contains(char::is_lowercase) {
        return declared.to_owned();
    }
    let words = declared.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_owned() + &rest.to_lowercase()
    });
    words.collect::<Vec<_>>().join("-")
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Object(fields) => serializer.collect_map(fields.iter().map(|(name, value)| (name, value))),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Other(value) => value.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Json::Object(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Other(value.into()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Other(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Other(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Other(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Other(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Other(Value::Null))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(document: &str) -> String {
        let pretty = set_right(document).expect("JSON");
        pretty.lines().map(str::trim).collect()
    }

    #[test]
    fn media_types_lose_their_parameters_and_headers_their_capitals() {
        assert_eq!(
            right(r#"{"content": {"application/json; charset=utf-8": {}, "image/png": {}}}"#),
            r#"{"content": {"application/json": {},"image/png": {}}}"#
        );
        assert_eq!(
            right(r#"{"headers": {"ETAG": 1, "RETRY-AFTER": -1, "WWW-Authenticate": 0.5}}"#),
            r#"{"headers": {"ETag": 1,"Retry-After": -1,"WWW-Authenticate": 0.5}}"#
        );
    }

    #[test]
    fn what_only_describes_is_no_part_of_a_schema() {
        assert_eq!(
            right(r##"{"description": "A", "allOf": [{"$ref": "#/B"}, {"description": "A"}]}"##),
            r##"{"description": "A","allOf": [{"$ref": "#/B"}]}"##
        );
    }

    #[test]
    fn everything_else_stays_as_it_is_and_where_it_is() {
        let document = r#"{"z": [true,null,"a; b"],"a": {"ETAG": {},"text/x; y": {}}}"#;
        assert_eq!(right(document), document);
    }
}
