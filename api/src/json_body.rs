//! JSON bodies, with every bad field named.

use crate::problem::Problem;
use application::{Error, FieldError};
use poem::{Request, RequestBody, error::ReadBodyError};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    error::ContentTypeError,
    payload::{Json, Payload},
    registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry},
    types::{ParseFromJSON, Type},
};
use serde_json::{Map, Value};

/// The most bytes of a JSON body.
const MAX_BYTES: usize = 64 * 1024;

/// A JSON object as the body of a request.
pub struct JsonBody<T>(pub T);

impl<'a, T: ParseFromJSON> ApiExtractor<'a> for JsonBody<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType {
            content_type: "application/json",
            schema: T::schema_ref(),
        }];
        Some(MetaRequest {
            description: None,
            content,
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        let content_type = request
            .content_type()
            .ok_or(ContentTypeError::ExpectContentType)?;
        if !<Json<T> as Payload>::check_content_type(content_type) {
            return Err(ContentTypeError::NotSupported {
                content_type: content_type.to_owned(),
            }
            .into());
        }
        let bytes = body
            .take()?
            .into_bytes_limit(MAX_BYTES)
            .await
            .map_err(|error| match error {
                ReadBodyError::PayloadTooLarge => Problem::request_too_large(),
                _ => Problem::malformed_body("The request body could not be read."),
            })?;
        Ok(Self(parse(&bytes)?))
    }
}

fn parse<T: ParseFromJSON>(bytes: &[u8]) -> Result<T, Problem> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| Problem::malformed_body(&format!("The body is not JSON: {}.", place(&error))))?;
    let Value::Object(object) = &value else {
        return Err(Problem::malformed_body("The body must be a JSON object."));
    };
    let faults = faults::<T>(object);
    if !faults.is_empty() {
        return Err(Problem::from_error(Error::InvalidRequest(faults)));
    }
    T::parse_from_json(Some(value)).map_err(|_| Problem::malformed_body("The body does not fit its schema."))
}

fn place(error: &serde_json::Error) -> String {
    format!("it breaks at line {}, column {}", error.line(), error.column())
}

/// What is wrong with the fields, by the schema that the documentation shows.
fn faults<T: Type>(object: &Map<String, Value>) -> Vec<FieldError> {
    let schema = Registry::new().create_fake_schema::<T>();
    let fault = |(name, property): &(&'static str, MetaSchemaRef)| {
        let required = schema.required.contains(name);
        let message = match object.get(*name) {
            None | Some(Value::Null) => required.then(|| "is missing".to_owned()),
            Some(value) => match property {
                MetaSchemaRef::Inline(property) => type_fault(property, value),
                MetaSchemaRef::Reference(_) => None,
            },
        };
        message.map(|message| FieldError::new(*name, message))
    };
    schema.properties.iter().filter_map(fault).collect()
}

fn type_fault(schema: &MetaSchema, value: &Value) -> Option<String> {
    let fits = match schema.ty {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    };
    if !fits {
        let article = if schema.ty.starts_with(['a', 'i', 'o']) {
            "an"
        } else {
            "a"
        };
        return Some(format!("must be {article} {}", schema.ty));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem_openapi::Object;

    #[derive(Debug, Object)]
    struct Sample {
        name: String,
        age: u8,
        note: Option<String>,
    }

    fn parse_sample(text: &str) -> Result<Sample, Vec<String>> {
        parse::<Sample>(text.as_bytes()).map_err(|problem| {
            let problem = poem_openapi::types::ToJSON::to_json(&problem).expect("JSON");
            let errors = problem["errors"].as_array().cloned().unwrap_or_default();
            errors
                .iter()
                .map(|error| error["field"].as_str().expect("a name").to_owned())
                .collect()
        })
    }

    #[test]
    fn a_body_that_fits_is_parsed_and_unknown_fields_are_passed_over() {
        let sample = parse_sample(r#"{"name": "Ada", "age": 36, "more": 1}"#).expect("parsed");
        assert_eq!((sample.name.as_str(), sample.age, sample.note), ("Ada", 36, None));
    }

    #[test]
    fn every_missing_field_and_every_field_of_another_type_is_named() {
        assert_eq!(
            parse_sample(r#"{"age": "36", "note": 1}"#).expect_err("refused"),
            ["name", "age", "note"]
        );
    }

    #[test]
    fn what_is_no_json_object_is_refused() {
        for text in ["", "{", "[]", "null", "\"name\"", "{\"name\": \"\u{0}"] {
            assert!(parse_sample(text).expect_err("refused").is_empty(), "{text:?}");
        }
    }
}
