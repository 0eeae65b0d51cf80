//! API keys: how programs act for their user.

use super::api_key_dto::{ApiKeyPageDto, ApiKeyRequest, NewApiKeyDto};
use crate::{
    api_error::{ApiError, BAD_REQUEST, FORBIDDEN, JSON_BODY, NOT_FOUND, TOO_MANY},
    authentication::{AUTHENTICATED, Bearer},
    fields::RawField,
    http::ClientOrigin,
    json_body::JsonBody,
    paging::page_request,
    services::Services,
    tags::Tag,
};
use domain::ids::ApiKeyId;
use poem::web::Data;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use std::sync::Arc;
use uuid::Uuid;

/// The operations of API keys.
pub struct ApiKeysApi;

#[derive(ApiResponse)]
enum KeyMade {
    /// The key, whose secret is shown this once.
    #[oai(status = 201)]
    Created(
        Json<NewApiKeyDto>,
        /// Where the key is withdrawn.
        #[oai(header = "Location")]
        String,
    ),
}

#[derive(ApiResponse)]
enum KeyWithdrawn {
    /// The key counts no more.
    #[oai(status = 204)]
    NoContent,
}

#[OpenApi(tag = "Tag::Accounts")]
impl ApiKeysApi {
    /// Make an API key
    ///
    /// A program that sends the key as its bearer token may do what I may, save seeing or managing keys and sessions, the
    /// password and the account's deletion. Not for API keys.
    #[oai(path = "/user/api-keys", method = "post", operation_id = "createApiKey")]
    async fn create_api_key(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        origin: ClientOrigin,
        body: JsonBody<ApiKeyRequest>,
    ) -> Result<KeyMade, ApiError<{ AUTHENTICATED | FORBIDDEN | JSON_BODY | TOO_MANY }>> {
        sender.0.session()?;
        let (name, expires_at) = body.0.parse()?;
        let keys = &services.api_keys;
        let (key, secret) = keys.create(sender.0.user.id, name, expires_at, origin.0).await?;
        let location = format!("/user/api-keys/{}", key.id);
        Ok(KeyMade::Created(Json(NewApiKeyDto::new(key, &secret)), location))
    }

    /// List my API keys
    ///
    /// A page of them, newest first, without their secrets. Not for API keys.
    #[oai(path = "/user/api-keys", method = "get", operation_id = "listApiKeys")]
    async fn list_api_keys(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// How many at most: 1 to 100; 20 when left out.
        limit: Query<Option<RawField<u16>>>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<RawField<String>>>,
    ) -> Result<Json<ApiKeyPageDto>, ApiError<{ AUTHENTICATED | FORBIDDEN | BAD_REQUEST }>> {
        sender.0.session()?;
        let page = page_request(limit.0, cursor.0)?;
        let page = services.api_keys.list(sender.0.user.id, page).await?;
        Ok(Json(page.into()))
    }

    /// Withdraw an API key
    ///
    /// Not for API keys.
    #[oai(path = "/user/api-keys/:id", method = "delete", operation_id = "deleteApiKey")]
    async fn delete_api_key(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        origin: ClientOrigin,
        /// The key.
        id: Path<Uuid>,
    ) -> Result<KeyWithdrawn, ApiError<{ AUTHENTICATED | FORBIDDEN | NOT_FOUND }>> {
        sender.0.session()?;
        let user = sender.0.user.id;
        services.api_keys.delete(user, ApiKeyId(id.0), origin.0).await?;
        Ok(KeyWithdrawn::NoContent)
    }
}
