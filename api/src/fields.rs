//! Parsing of request fields: an error names every malformed field, not only the first.

use application::{Error, FieldError};
use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef, Registry},
    types::{ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type},
};
use serde_json::Value;
use std::borrow::Cow;

/// Collects the errors of the fields of a request.
#[derive(Debug, Default)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Returns the parsed value, or records the rule that the field breaks.
    fn check<T>(&mut self, field: &str, parsed: Option<T>, must_be: &str) -> Option<T> {
        if parsed.is_none() {
            self.0.push(FieldError::new(field, must_be));
        }
        parsed
    }

    /// Parses a required field, or records the rule that it breaks.
    pub fn required<T, U>(
        &mut self,
        field: &str,
        given: RawField<T>,
        parse: impl FnOnce(T) -> Option<U>,
        must_be: &str,
    ) -> Option<U> {
        self.check(field, given.0.and_then(parse), must_be)
    }

    /// Parses an optional field, or records the rule that it breaks.
    pub fn optional<T, U>(
        &mut self,
        field: &str,
        given: Option<RawField<T>>,
        parse: impl FnOnce(T) -> Option<U>,
        must_be: &str,
    ) -> Option<U> {
        given.and_then(|given| self.check(field, given.0.and_then(parse), must_be))
    }

    /// Fails if an error was recorded.
    pub fn finish(self) -> Result<(), Error> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.into_error())
        }
    }

    /// Converts the recorded errors to one error.
    pub fn into_error(self) -> Error {
        Error::InvalidRequest(self.0)
    }
}

/// A parameter or field before validation. `None` is a value that is missing or of the wrong type, so that its error is
/// reported together with those of the other fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawField<T>(pub Option<T>);

impl<T: Type> Type for RawField<T> {
    const IS_REQUIRED: bool = T::IS_REQUIRED;
    type RawValueType = T::RawValueType;
    type RawElementValueType = T::RawElementValueType;

    fn name() -> Cow<'static, str> {
        T::name()
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        self.0.as_ref().and_then(Type::as_raw_value)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self::RawElementValueType> + 'a> {
        Box::new(self.0.iter().flat_map(Type::raw_element_iter))
    }
}

impl<T: ParseFromParameter> ParseFromParameter for RawField<T> {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        Ok(Self(T::parse_from_parameter(value).ok()))
    }
}

impl<T: ParseFromJSON> ParseFromJSON for RawField<T> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        // The framework would also parse a string from a number or a boolean.
        let value = value.filter(|value| is_of_type(&T::schema_ref(), value));
        Ok(Self(value.and_then(|value| T::parse_from_json(Some(value)).ok())))
    }
}

/// Whether a value has the JSON type of its schema.
fn is_of_type(schema: &MetaSchemaRef, value: &Value) -> bool {
    match schema {
        // Enums and objects, which are parsed strictly.
        MetaSchemaRef::Reference(_) => true,
        MetaSchemaRef::Inline(schema) => match schema.ty {
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "array" => value.as_array().is_some_and(|items| {
                let of_type = |item| schema.items.as_ref().is_none_or(|ty| is_of_type(ty, item));
                items.iter().all(of_type)
            }),
            _ => value.is_object(),
        },
    }
}

impl<T: ToJSON> ToJSON for RawField<T> {
    fn to_json(&self) -> Option<Value> {
        self.0.to_json()
    }
}

/// A value of a response that is null when absent. The specification marks it nullable, unlike an `Option`.
pub struct Nullable<T>(pub Option<T>);

impl<T: Type> Type for Nullable<T> {
    const IS_REQUIRED: bool = true;
    type RawValueType = T::RawValueType;
    type RawElementValueType = T::RawElementValueType;

    fn name() -> Cow<'static, str> {
        format!("nullable_{}", T::name()).into()
    }

    fn schema_ref() -> MetaSchemaRef {
        match T::schema_ref() {
            MetaSchemaRef::Inline(schema) => MetaSchemaRef::Inline(Box::new(MetaSchema {
                nullable: true,
                ..*schema
            })),
            reference @ MetaSchemaRef::Reference(_) => reference,
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        self.0.as_ref().and_then(Type::as_raw_value)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self::RawElementValueType> + 'a> {
        Box::new(self.0.iter().flat_map(Type::raw_element_iter))
    }
}

impl<T: ToJSON> ToJSON for Nullable<T> {
    fn to_json(&self) -> Option<Value> {
        Some(self.0.as_ref().and_then(ToJSON::to_json).unwrap_or(Value::Null))
    }
}

impl<T: ParseFromJSON> ParseFromJSON for Nullable<T> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        let parsed = Option::<T>::parse_from_json(value);
        parsed.map(Self).map_err(ParseError::propagate)
    }
}
