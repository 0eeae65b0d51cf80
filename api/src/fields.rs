//! Parsing at the edge: every bad field of a request is named, not the first only.

use application::{Error, FieldError};
use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef, Registry},
    types::{ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type},
};
use serde_json::Value;
use std::borrow::Cow;

/// Collects what is wrong with the fields of a request.
#[derive(Debug, Default)]
pub struct Fields(Vec<FieldError>);

impl Fields {
    /// Passes a parsed value on, or notes what the field must be.
    fn check<T>(&mut self, field: &str, parsed: Option<T>, must_be: &str) -> Option<T> {
        if parsed.is_none() {
            self.0.push(FieldError::new(field, must_be));
        }
        parsed
    }

    /// Passes a field that must be given on once it is parsed, or notes what it must be.
    pub fn required<T, U>(
        &mut self,
        field: &str,
        given: Given<T>,
        parse: impl FnOnce(T) -> Option<U>,
        must_be: &str,
    ) -> Option<U> {
        self.check(field, given.0.and_then(parse), must_be)
    }

    /// The same for what may be left out.
    pub fn optional<T, U>(
        &mut self,
        field: &str,
        given: Option<Given<T>>,
        parse: impl FnOnce(T) -> Option<U>,
        must_be: &str,
    ) -> Option<U> {
        given.and_then(|given| self.check(field, given.0.and_then(parse), must_be))
    }

    /// Fails when anything was noted.
    pub fn finish(self) -> Result<(), Error> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.into_error())
        }
    }

    /// What was noted, as an error.
    pub fn into_error(self) -> Error {
        Error::InvalidRequest(self.0)
    }
}

/// A parameter or field of which only the outermost form is known yet: `None` is a field that is missing or of another
/// type, so that its fault can be told with the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given<T>(pub Option<T>);

impl<T: Type> Type for Given<T> {
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

impl<T: ParseFromParameter> ParseFromParameter for Given<T> {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        Ok(Self(T::parse_from_parameter(value).ok()))
    }
}

impl<T: ParseFromJSON> ParseFromJSON for Given<T> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        // Strings would be parsed from numbers and truth values, too.
        let value = value.filter(|value| is_of_type(&T::schema_ref(), value));
        Ok(Self(value.and_then(|value| T::parse_from_json(Some(value)).ok())))
    }
}

/// Whether a value is of the JSON type that its schema names.
fn is_of_type(schema: &MetaSchemaRef, value: &Value) -> bool {
    match schema {
        // Enumerations and objects, which are parsed strictly.
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

impl<T: ToJSON> ToJSON for Given<T> {
    fn to_json(&self) -> Option<Value> {
        self.0.to_json()
    }
}

/// A value of an answer that is null where there is none: the documentation says so, which it does not of an `Option`.
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
