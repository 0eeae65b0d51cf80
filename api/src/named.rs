//! Domain enums in requests and responses.

use domain::named::Named;
use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef, Registry},
    types::{ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type},
};
use serde_json::Value;
use std::borrow::Cow;

/// A variant of a domain enum by its name. Its schema has the name, the description and the variants of the enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<E>(pub E);

impl<E: Named> Type for Name<E> {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;

    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        E::TYPE_NAME.into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Reference(E::TYPE_NAME.to_owned())
    }

    fn register(registry: &mut Registry) {
        registry.create_schema::<Self, _>(E::TYPE_NAME.to_owned(), |_| MetaSchema {
            description: Some(E::DESCRIPTION),
            enum_items: E::NAMES.iter().map(|name| Value::from(*name)).collect(),
            ..MetaSchema::new("string")
        });
    }

    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self::RawElementValueType> + 'a> {
        Box::new(self.as_raw_value().into_iter())
    }
}

impl<E: Named> ToJSON for Name<E> {
    fn to_json(&self) -> Option<Value> {
        Some(self.0.to_string().into())
    }
}

impl<E: Named> ParseFromParameter for Name<E> {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        let unknown = |_| ParseError::custom("Expect a valid enumeration value.");
        value.parse().map(Self).map_err(unknown)
    }
}

impl<E: Named> ParseFromJSON for Name<E> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        let value = value.unwrap_or_default();
        match value.as_str().and_then(|name| name.parse().ok()) {
            Some(variant) => Ok(Self(variant)),
            None => Err(ParseError::expected_type(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::accounts::Role;

    #[test]
    fn a_variant_is_read_and_written_by_its_name() {
        let admin = Name(Role::Admin);
        assert_eq!(admin.to_json(), Some("admin".into()));
        assert_eq!(Name::parse_from_json(Some("admin".into())).ok(), Some(admin));
        assert_eq!(Name::parse_from_parameter("admin").ok(), Some(admin));
        for unknown in [Some("root".into()), Some(1.into()), None] {
            assert!(Name::<Role>::parse_from_json(unknown).is_err());
        }
        assert!(Name::<Role>::parse_from_parameter("Admin").is_err());
    }
}
