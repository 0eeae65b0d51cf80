//! Accounts.
#![expect(
    clippy::unused_async,
    reason = "operations are async, whether or not they wait"
)]

mod admin;
mod admin_dto;
mod api_key_dto;
mod api_keys;
mod code_dto;
mod codes;
mod dto;
mod event_dto;
mod events;
mod session_dto;
mod sessions;

use crate::{
    api_error::{ApiError, CONFLICT, FORBIDDEN, JSON_BODY, TOO_MANY, UNAUTHORIZED},
    authentication::{AUTHENTICATED, Bearer},
    http::{AcceptedLanguage, ClientOrigin},
    json_body::JsonBody,
    services::Services,
    tags::Tag,
};
pub use admin::AdminApi;
pub use api_keys::ApiKeysApi;
pub use codes::CodesApi;
pub use dto::{EMAIL_RULE, TokensDto, USERNAME_RULE};
use dto::{LoginRequest, OidcLoginRequest, ProfileRequest, RegisterRequest, UserDto};
pub use events::EventsApi;
use poem::web::Data;
use poem_openapi::{ApiResponse, OpenApi, payload::Json};
pub use sessions::SessionsApi;
use std::sync::Arc;

/// The operations of accounts.
pub struct AccountsApi;

/// The account was created.
#[derive(ApiResponse)]
pub enum Registered {
    /// The new user.
    #[oai(status = 201)]
    Created(
        Json<UserDto>,
        /// Where a logged-in user finds the account.
        #[oai(header = "Location")]
        String,
    ),
}

#[derive(ApiResponse)]
enum UserDeleted {
    /// The user and everything the user owned is deleted.
    #[oai(status = 204)]
    NoContent,
}

#[OpenApi(tag = "Tag::Accounts")]
impl AccountsApi {
    /// Register
    ///
    /// Creates an account. The name and the e-mail are unique without case; a common password is rejected. A code for
    /// `POST /email/verify` is mailed to the e-mail, in English or Spanish by `Accept-Language`.
    #[oai(path = "/register", method = "post", operation_id = "register")]
    async fn register(
        &self,
        services: Data<&Arc<Services>>,
        origin: ClientOrigin,
        language: AcceptedLanguage,
        body: JsonBody<RegisterRequest>,
    ) -> Result<Registered, ApiError<{ JSON_BODY | CONFLICT | TOO_MANY }>> {
        let registration = body.0.parse()?;
        let register = &services.registrations;
        let user = register.register(registration, language.0, origin.0).await?;
        Ok(Registered::Created(Json(user.into()), "/user".to_owned()))
    }

    /// Log in
    ///
    /// Opens a session for the user with this name or e-mail. A wrong password and an unknown user are answered alike. Over
    /// the rate limit, logins are accepted only from networks the user has used in the past year.
    #[oai(path = "/login", method = "post", operation_id = "login")]
    async fn log_in(
        &self,
        services: Data<&Arc<Services>>,
        origin: ClientOrigin,
        body: JsonBody<LoginRequest>,
    ) -> Result<Json<TokensDto>, ApiError<{ JSON_BODY | UNAUTHORIZED | FORBIDDEN | TOO_MANY }>> {
        let (username, password) = body.0.parse()?;
        let tokens = services
            .logins
            .with_password(&username, password, origin.0)
            .await?;
        Ok(Json(tokens.into()))
    }

    /// Log in with an OpenID provider
    ///
    /// Opens a session with an ID token of a configured issuer. The first login needs an e-mail that the issuer verified: it
    /// links the identity to the account with this e-mail, or creates one without a password. If the account's e-mail was
    /// unverified, its password, sessions, API keys, face and other identities are revoked, because another person may have
    /// registered it; its images and texts are kept. Invalid tokens are rate-limited by network.
    #[oai(path = "/login/oidc", method = "post", operation_id = "loginWithIdToken")]
    async fn log_in_with_identity(
        &self,
        services: Data<&Arc<Services>>,
        origin: ClientOrigin,
        body: JsonBody<OidcLoginRequest>,
    ) -> Result<Json<TokensDto>, ApiError<{ JSON_BODY | UNAUTHORIZED | FORBIDDEN | TOO_MANY }>> {
        let id_token = body.0.parse()?;
        let tokens = services.id_token_logins.log_in(id_token, origin.0).await?;
        Ok(Json(tokens.into()))
    }

    /// Show my account
    #[oai(path = "/user", method = "get", operation_id = "getUser")]
    async fn get_user(&self, sender: Bearer) -> Result<Json<UserDto>, ApiError<AUTHENTICATED>> {
        Ok(Json(sender.0.user.into()))
    }

    /// Change my name and e-mail
    ///
    /// A changed e-mail is unverified again: codes that were mailed before are revoked, and a code for `POST /email/verify` is
    /// mailed to it, in English or Spanish by `Accept-Language`. An API key can change only the name, because the e-mail can
    /// reset the password.
    #[oai(path = "/user", method = "put", operation_id = "updateUser")]
    async fn update_user(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        language: AcceptedLanguage,
        origin: ClientOrigin,
        body: JsonBody<ProfileRequest>,
    ) -> Result<Json<UserDto>, ApiError<{ AUTHENTICATED | JSON_BODY | CONFLICT | FORBIDDEN }>> {
        let (username, email) = body.0.parse()?;
        if email != sender.0.user.email {
            sender.0.session()?;
        }
        let user = services
            .profiles
            .update(sender.0.user.id, username, email, language.0, origin.0)
            .await?;
        Ok(Json(user.into()))
    }

    /// Delete my account
    ///
    /// Deletes the user and everything the user owns, and revokes every token of the user. Not for API keys.
    #[oai(path = "/user", method = "delete", operation_id = "deleteUser")]
    async fn delete_user(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
    ) -> Result<UserDeleted, ApiError<{ AUTHENTICATED | FORBIDDEN }>> {
        sender.0.session()?;
        services.profiles.delete(sender.0.user.id).await?;
        Ok(UserDeleted::NoContent)
    }
}
