//! Logins: how they are renewed, seen and ended, and the password that they begin with.

use super::session_dto::{PasswordRequest, RefreshRequest, SessionPageDto};
use crate::{
    accounts::dto::TokensDto,
    api_error::{ApiError, BAD_REQUEST, FORBIDDEN, JSON_BODY, NOT_FOUND, TOO_MANY, UNAUTHORIZED},
    authentication::{AUTHENTICATED, Bearer},
    fields::RawField,
    http::ClientOrigin,
    json_body::JsonBody,
    paging::page_request,
    services::Services,
    tags::Tag,
};
use domain::ids::SessionId;
use poem::web::Data;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
    payload::Json,
};
use std::sync::Arc;
use uuid::Uuid;

/// The operations of logins.
pub struct SessionsApi;

#[derive(ApiResponse)]
enum LoggedOut {
    /// No session lives on the token any more.
    #[oai(status = 204)]
    NoContent,
}

#[derive(ApiResponse)]
enum SessionEnded {
    /// The session's tokens count no more.
    #[oai(status = 204)]
    NoContent,
}

#[derive(ApiResponse)]
enum PasswordChanged {
    /// The password is the new one; the other sessions have ended.
    #[oai(status = 204)]
    NoContent,
}

#[OpenApi(tag = "Tag::Accounts")]
impl SessionsApi {
    /// Renew a session
    ///
    /// Exchanges the refresh token for new tokens; it counts once. One that is used a second time ends the session, for
    /// it may be stolen; only the token just before the current one is merely refused for ten seconds.
    #[oai(path = "/token/refresh", method = "post", operation_id = "refreshToken")]
    async fn refresh(
        &self,
        services: Data<&Arc<Services>>,
        origin: ClientOrigin,
        body: JsonBody<RefreshRequest>,
    ) -> Result<Json<TokensDto>, ApiError<{ JSON_BODY | UNAUTHORIZED }>> {
        let token = body.0.parse()?;
        let tokens = services.sessions.refresh(&token, origin.0).await?;
        Ok(Json(tokens.into()))
    }

    /// Log out
    ///
    /// Ends the session that the refresh token belongs to, its access tokens included.
    #[oai(path = "/logout", method = "post", operation_id = "logout")]
    async fn log_out(
        &self,
        services: Data<&Arc<Services>>,
        origin: ClientOrigin,
        body: JsonBody<RefreshRequest>,
    ) -> Result<LoggedOut, ApiError<JSON_BODY>> {
        services.sessions.log_out(&body.0.parse()?, origin.0).await?;
        Ok(LoggedOut::NoContent)
    }

    /// Change my password
    ///
    /// Ends every other session of mine. After too many wrong current passwords one must wait. Not for API keys.
    #[oai(path = "/user/password", method = "put", operation_id = "changePassword")]
    async fn change_password(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        origin: ClientOrigin,
        body: JsonBody<PasswordRequest>,
    ) -> Result<PasswordChanged, ApiError<{ AUTHENTICATED | FORBIDDEN | JSON_BODY | TOO_MANY }>> {
        let session = sender.0.session()?;
        let (current, new) = body.0.parse()?;
        let profiles = &services.profiles;
        profiles
            .change_password(&sender.0.user, session, current, new, origin.0)
            .await?;
        Ok(PasswordChanged::NoContent)
    }

    /// List my sessions
    ///
    /// A page of the logins that still count, newest first. Not for API keys.
    #[oai(path = "/user/sessions", method = "get", operation_id = "listSessions")]
    async fn list_sessions(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// How many at most: 1 to 100; 20 when left out.
        limit: Query<Option<RawField<u16>>>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<RawField<String>>>,
    ) -> Result<Json<SessionPageDto>, ApiError<{ AUTHENTICATED | FORBIDDEN | BAD_REQUEST }>> {
        let current = sender.0.session()?;
        let page = page_request(limit.0, cursor.0)?;
        let page = services.sessions.list(sender.0.user.id, page).await?;
        Ok(Json(SessionPageDto::new(page, current)))
    }

    /// End a session
    ///
    /// Logs out somewhere else, or here. Not for API keys.
    #[oai(path = "/user/sessions/:id", method = "delete", operation_id = "endSession")]
    async fn end_session(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        origin: ClientOrigin,
        /// The session.
        id: Path<Uuid>,
    ) -> Result<SessionEnded, ApiError<{ AUTHENTICATED | FORBIDDEN | NOT_FOUND }>> {
        sender.0.session()?;
        let user = sender.0.user.id;
        services.sessions.end(user, SessionId(id.0), origin.0).await?;
        Ok(SessionEnded::NoContent)
    }
}
