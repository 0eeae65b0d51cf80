//! What requests and answers of API keys look like.

use crate::{
    fields::{FieldErrors, RawField},
    paging::write_cursor,
};
use application::Error;
use chrono::{DateTime, Utc};
use domain::{
    accounts::{ApiKey, ApiKeyName, ApiKeySecret},
    clock::Timestamp,
    page::Page,
};
use poem_openapi::Object;
use uuid::Uuid;

/// A new API key.
#[derive(Object)]
#[oai(rename = "ApiKeyRequest")]
pub struct ApiKeyRequest {
    /// What I call it: 1 to 64 characters.
    name: RawField<String>,
    /// From when on it counts no more; it counts until it is withdrawn when left out.
    expires_at: Option<RawField<DateTime<Utc>>>,
}

impl ApiKeyRequest {
    /// Name and end; every field that is malformed is named.
    pub fn parse(self) -> Result<(ApiKeyName, Option<Timestamp>), Error> {
        let mut fields = FieldErrors::default();
        let name = |text: String| ApiKeyName::parse(&text);
        let name = fields.required("name", self.name, name, "must have 1 to 64 visible characters");
        let moment = |moment| Some(Timestamp::new(moment));
        let rule = "must be a time such as 2030-01-31T12:00:00Z";
        let expires_at = fields.optional("expires_at", self.expires_at, moment, rule);
        let Some(name) = name else {
            return Err(fields.into_error());
        };
        fields.finish()?;
        Ok((name, expires_at))
    }
}

/// An API key, without its secret.
#[derive(Object)]
#[oai(rename = "ApiKey")]
pub struct ApiKeyDto {
    /// Names the key.
    id: Uuid,
    /// What I call it.
    name: String,
    /// The beginning of the key, to know it again by.
    prefix: String,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was used last, within a minute.
    #[oai(skip_serializing_if_is_none)]
    last_used_at: Option<DateTime<Utc>>,
    /// From when on it counts no more.
    #[oai(skip_serializing_if_is_none)]
    expires_at: Option<DateTime<Utc>>,
}

impl From<ApiKey> for ApiKeyDto {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id.0,
            name: key.name.as_str().to_owned(),
            prefix: key.prefix,
            created_at: key.created_at.to_utc(),
            last_used_at: key.last_used_at.map(Timestamp::to_utc),
            expires_at: key.expires_at.map(Timestamp::to_utc),
        }
    }
}

/// An API key with its secret, shown once.
#[derive(Object)]
#[oai(rename = "NewApiKey")]
pub struct NewApiKeyDto {
    /// Names the key.
    id: Uuid,
    /// What I call it.
    name: String,
    /// The key itself, for the `Authorization` header: `Bearer` and this. Nobody can be shown it again.
    key: String,
    /// The beginning of the key, to know it again by.
    prefix: String,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// From when on it counts no more.
    #[oai(skip_serializing_if_is_none)]
    expires_at: Option<DateTime<Utc>>,
}

impl NewApiKeyDto {
    /// A key that was just made.
    pub fn new(key: ApiKey, secret: &ApiKeySecret) -> Self {
        Self {
            id: key.id.0,
            name: key.name.as_str().to_owned(),
            key: secret.expose().to_owned(),
            prefix: key.prefix,
            created_at: key.created_at.to_utc(),
            expires_at: key.expires_at.map(Timestamp::to_utc),
        }
    }
}

/// A page of API keys.
#[derive(Object)]
#[oai(rename = "ApiKeyPage")]
pub struct ApiKeyPageDto {
    /// Newest first.
    items: Vec<ApiKeyDto>,
    /// The `cursor` of the next page; absent on the last.
    #[oai(skip_serializing_if_is_none)]
    next_cursor: Option<String>,
}

impl From<Page<ApiKey>> for ApiKeyPageDto {
    fn from(page: Page<ApiKey>) -> Self {
        Self {
            items: page.items.into_iter().map(ApiKeyDto::from).collect(),
            next_cursor: page.next.map(write_cursor),
        }
    }
}
