//! JSON bodies.

use crate::problem::Problem;
use poem::{Request, RequestBody, error::ReadBodyError};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    error::ContentTypeError,
    payload::{Json, Payload},
    registry::{MetaMediaType, MetaRequest, Registry},
    types::ParseFromJSON,
};
use serde_json::Value;

/// The most bytes of a JSON body.
const MAX_BYTES: usize = 64 * 1024;

/// A JSON object as the body of a request. Its fields are [`RawField`](crate::fields::RawField), so that all that are wrong
/// can be named.
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
    if !value.is_object() {
        return Err(Problem::malformed_body("The body must be a JSON object."));
    }
    T::parse_from_json(Some(value)).map_err(|_| Problem::malformed_body("The body does not fit its schema."))
}

fn place(error: &serde_json::Error) -> String {
    format!("it breaks at line {}, column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::RawField;
    use poem_openapi::Object;

    #[derive(Debug, Object)]
    struct Sample {
        name: RawField<String>,
        age: RawField<u8>,
    }

    #[test]
    fn a_body_that_fits_is_parsed_and_unknown_fields_are_passed_over() {
        let sample: Sample = parse(br#"{"name": "Ada", "age": 36, "more": 1}"#).expect("parsed");
        assert_eq!(
            (sample.name, sample.age),
            (RawField(Some("Ada".to_owned())), RawField(Some(36)))
        );
    }

    #[test]
    fn fields_that_are_missing_or_of_another_type_are_left_for_the_fields_check() {
        for text in [
            r#"{"age": "36"}"#,
            r#"{"name": true, "age": 1.5}"#,
            r#"{"name": 1, "age": -1}"#,
        ] {
            let sample: Sample = parse(text.as_bytes()).expect("parsed");
            assert_eq!(
                (sample.name, sample.age),
                (RawField(None), RawField(None)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_json_object_is_refused() {
        for text in ["", "{", "[]", "null", "\"name\"", "{\"name\": \"\u{0}"] {
            assert!(parse::<Sample>(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
