//! The operations of admins on the accounts of others.

use super::admin_dto::{AccessRequest, ManagedUserDto, ManagedUserPageDto, parse_search};
use crate::{
    api_error::{ApiError, BAD_REQUEST, CONFLICT, FORBIDDEN, JSON_BODY, NOT_FOUND},
    authentication::{AUTHENTICATED, Bearer},
    fields::RawField,
    json_body::JsonBody,
    paging::page_request,
    services::Services,
    tags::Tag,
};
use domain::ids::UserId;
use poem::web::Data;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use std::sync::Arc;
use uuid::Uuid;

/// The operations of admins.
pub struct AdminApi;

#[derive(ApiResponse)]
enum UserRemoved {
    /// The user and everything the user owned is deleted.
    #[oai(status = 204)]
    NoContent,
}

#[OpenApi(tag = "Tag::Admin")]
impl AdminApi {
    /// List the users
    ///
    /// A page of them, newest first. For admins; not for API keys.
    #[oai(path = "/admin/users", method = "get", operation_id = "listUsers")]
    async fn list_users(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// A part of the name or the e-mail, without case; all users when left out.
        q: Query<Option<RawField<String>>>,
        /// How many at most: 1 to 100; 20 when left out.
        limit: Query<Option<RawField<u16>>>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<RawField<String>>>,
    ) -> Result<Json<ManagedUserPageDto>, ApiError<{ AUTHENTICATED | FORBIDDEN | BAD_REQUEST }>> {
        sender.0.admin()?;
        let search = parse_search(q.0)?;
        let page = page_request(limit.0, cursor.0)?;
        let page = services.administration.list_users(search, page).await?;
        Ok(Json(page.into()))
    }

    /// Disable or enable a user
    ///
    /// Ends the sessions of a disabled user and rejects their logins and API keys until the user is enabled again. Images and
    /// texts are kept. Admins cannot disable their own account. For admins; not for API keys.
    #[oai(path = "/admin/users/:id", method = "put", operation_id = "setUserDisabled")]
    async fn set_user_disabled(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// The user.
        id: Path<Uuid>,
        body: JsonBody<AccessRequest>,
    ) -> Result<
        Json<ManagedUserDto>,
        ApiError<{ AUTHENTICATED | FORBIDDEN | NOT_FOUND | CONFLICT | JSON_BODY }>,
    > {
        let admin = sender.0.admin()?;
        let disabled = body.0.parse()?;
        let administration = &services.administration;
        let user = administration.set_disabled(admin, UserId(id.0), disabled).await?;
        Ok(Json(user.into()))
    }

    /// Delete a user
    ///
    /// Deletes the user and everything the user owns, as `DELETE /user` does. Admins cannot delete their own account here. For
    /// admins; not for API keys.
    #[oai(
        path = "/admin/users/:id",
        method = "delete",
        operation_id = "deleteOtherUser"
    )]
    async fn delete_other_user(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// The user.
        id: Path<Uuid>,
    ) -> Result<UserRemoved, ApiError<{ AUTHENTICATED | FORBIDDEN | NOT_FOUND | CONFLICT }>> {
        let admin = sender.0.admin()?;
        let administration = &services.administration;
        administration.delete_user(admin, UserId(id.0)).await?;
        Ok(UserRemoved::NoContent)
    }
}
